#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tusk/types/codec.hpp>

/// Codec of tid. Source: PostgreSQL `utils/adt/tid.c`.
namespace tusk {

/// Where a row version is stored (`ctid`): a block of the table and an item in it, counted from 1.
struct tid {
    std::uint32_t block = 0;
    std::uint16_t offset = 0;

    /// `(0,1)`
    std::string to_string() const;
    friend constexpr bool operator==(tid, tid) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(tid, tid) noexcept = default;
};

namespace detail {
codec_errc read_tid_text(std::string_view text, tid& out) noexcept;
} // namespace detail

template <>
struct codec<tid> {
    static constexpr oid_t natural = oid::tid;
    static bool accepts(oid_t type, bool) noexcept { return type == oid::tid; }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, tid& out) noexcept {
        if (n != 6) return codec_errc::malformed;
        out = {wire::load_big_endian<std::uint32_t>(p), wire::load_big_endian<std::uint16_t>(p + 4)};
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, tid& out) noexcept {
        return detail::read_tid_text(text, out);
    }
    static bool binary_target(oid_t type) noexcept { return type == oid::tid; }
    static codec_errc encode_binary(value_sink& out, oid_t, tid value) {
        out.put_int(value.block);
        out.put_int(value.offset);
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t, tid value) {
        out.put(std::string_view{value.to_string()});
        return codec_errc::ok;
    }
};

} // namespace tusk
