#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <tusk/types/codec.hpp>

/// Codecs of `bytea`.
namespace tusk {

/// The value of a `bytea`.
using bytes = std::vector<std::byte>;

namespace detail {
/// The number of bytes in the text form of a bytea (`\x` and hexadecimal digits, or the old escape format);
/// false when the text is neither.
bool measure_bytea_text(std::string_view text, std::size_t& size) noexcept;
/// Writes the bytes of a text that was measured.
void read_bytea_text(std::string_view text, std::byte* out) noexcept;
/// `\x` and hexadecimal digits.
void write_bytea_text(value_sink& out, std::span<const std::byte> value);

struct bytea_codec {
    static constexpr oid_t natural = oid::bytea;
    static bool accepts(oid_t type, bool) noexcept { return type == oid::bytea; }
    static bool binary_target(oid_t type) noexcept { return type == oid::bytea; }
    static codec_errc encode_binary(value_sink& out, oid_t, std::span<const std::byte> value) {
        out.put(value);
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t, std::span<const std::byte> value) {
        write_bytea_text(out, value);
        return codec_errc::ok;
    }
};
} // namespace detail

template <>
struct codec<bytes> : detail::bytea_codec {
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, bytes& out) {
        if (n == 0)
            out.clear();
        else
            out.assign(p, p + n);
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, bytes& out) {
        std::size_t size = 0;
        if (!detail::measure_bytea_text(text, size)) return codec_errc::malformed;
        out.resize(size);
        detail::read_bytea_text(text, out.data());
        return codec_errc::ok;
    }
};

/// A view: as a field it points into the receive buffer, is valid until the next row is read, and takes
/// binary columns only.
template <>
struct codec<std::span<const std::byte>> : detail::bytea_codec {
    static bool accepts(oid_t type, bool binary) noexcept { return binary && type == oid::bytea; }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n,
                                    std::span<const std::byte>& out) noexcept {
        out = {p, n};
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view, std::span<const std::byte>&) noexcept {
        return codec_errc::wrong_type;
    }
};

/// As arguments only.
template <std::size_t Extent>
struct codec<std::span<std::byte, Extent>> : detail::bytea_codec {};
template <std::size_t Extent>
    requires(Extent != std::dynamic_extent)
struct codec<std::span<const std::byte, Extent>> : detail::bytea_codec {};

/// A bytea of exactly N bytes, such as a digest; any other length is `out_of_range`.
template <std::size_t N>
struct codec<std::array<std::byte, N>> : detail::bytea_codec {
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n,
                                    std::array<std::byte, N>& out) noexcept {
        if (n != N) return codec_errc::out_of_range;
        std::copy_n(p, n, out.begin());
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, std::array<std::byte, N>& out) noexcept {
        std::size_t size = 0;
        if (!detail::measure_bytea_text(text, size)) return codec_errc::malformed;
        if (size != N) return codec_errc::out_of_range;
        detail::read_bytea_text(text, out.data());
        return codec_errc::ok;
    }
};

} // namespace tusk
