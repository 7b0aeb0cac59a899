#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <tusk/types/codec.hpp>

/// Codecs of macaddr and macaddr8. Source: PostgreSQL `utils/adt/mac.c`, `mac8.c`.
namespace tusk {

namespace detail {
/// Reads pairs of hexadecimal digits with one kind of separator after every so many of them, or none.
bool read_mac_text(std::string_view text, std::span<std::byte> out) noexcept;
/// Writes `3 * octets.size() - 1` characters: pairs with colons.
void write_mac_text(char* out, std::span<const std::byte> octets) noexcept;
} // namespace detail

/// A hardware address of N bytes; ordered by its bytes.
template <std::size_t N>
class mac_address {
public:
    static constexpr std::size_t size = N;
    static constexpr std::size_t text_size = 3 * N - 1;

    /// All zero.
    constexpr mac_address() noexcept = default;
    constexpr explicit mac_address(const std::array<std::byte, N>& octets) noexcept : octets_{octets} {}
    /// The eight bytes of a six-byte address: FF:FE goes into the middle.
    template <std::size_t M>
        requires(N == 8 && M == 6)
    constexpr explicit mac_address(const mac_address<M>& address) noexcept {
        const auto from = address.bytes();
        octets_ = {from[0], from[1], from[2], std::byte{0xff}, std::byte{0xfe}, from[3], from[4], from[5]};
    }

    /// What the server takes: `08:00:2b:01:02:03`, also with hyphens, with a separator after every second
    /// (`.` or `-`) or third (`:` or `-`) byte, or with none. `nullopt` for anything else.
    static std::optional<mac_address> parse(std::string_view text) noexcept {
        std::array<std::byte, N> octets;
        if (!detail::read_mac_text(text, octets)) return std::nullopt;
        return mac_address{octets};
    }

    /// `08:00:2b:01:02:03`
    std::string to_string() const {
        std::string text(text_size, '\0');
        detail::write_mac_text(text.data(), octets_);
        return text;
    }
    constexpr std::span<const std::byte, N> bytes() const noexcept { return octets_; }

    friend constexpr bool operator==(const mac_address&, const mac_address&) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(const mac_address&,
                                                      const mac_address&) noexcept = default;

private:
    std::array<std::byte, N> octets_{};
};

/// EUI-48, the value of a `macaddr`.
using macaddr = mac_address<6>;
/// EUI-64, the value of a `macaddr8`.
using macaddr8 = mac_address<8>;

template <std::size_t N>
    requires(N == 6 || N == 8)
struct codec<mac_address<N>> {
    static constexpr oid_t natural = N == 6 ? oid::macaddr : oid::macaddr8;
    static bool accepts(oid_t type, bool) noexcept { return type == natural; }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, mac_address<N>& out) noexcept {
        if (n != N) return codec_errc::malformed;
        std::array<std::byte, N> octets;
        std::memcpy(octets.data(), p, N);
        out = mac_address<N>{octets};
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, mac_address<N>& out) noexcept {
        const auto parsed = mac_address<N>::parse(text);
        if (!parsed) return codec_errc::malformed;
        out = *parsed;
        return codec_errc::ok;
    }
    static bool binary_target(oid_t type) noexcept { return type == natural; }
    static codec_errc encode_binary(value_sink& out, oid_t, const mac_address<N>& value) {
        out.put(value.bytes());
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t, const mac_address<N>& value) {
        detail::write_mac_text(reinterpret_cast<char*>(out.append(mac_address<N>::text_size)), value.bytes());
        return codec_errc::ok;
    }
};

} // namespace tusk

template <std::size_t N>
struct std::hash<tusk::mac_address<N>> {
    std::size_t operator()(const tusk::mac_address<N>& value) const noexcept {
        return std::hash<std::string_view>{}({reinterpret_cast<const char*>(value.bytes().data()), N});
    }
};
