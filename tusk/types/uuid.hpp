#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <tusk/types/codec.hpp>

namespace tusk {

/// A universally unique identifier: 16 bytes, in network order. Ordered as PostgreSQL orders `uuid`: by its
/// bytes.
class uuid {
public:
    static constexpr std::size_t size = 16;

    /// The nil identifier, all zero.
    constexpr uuid() noexcept = default;
    constexpr explicit uuid(const std::array<std::byte, size>& octets) noexcept : octets_{octets} {}

    /// What PostgreSQL accepts: 32 hexadecimal digits of either case, a hyphen or none after every four of
    /// them, and optional braces around all. Anything else is `nullopt`.
    static std::optional<uuid> parse(std::string_view text) noexcept;

    /// 36 characters in lower case: `a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11`.
    std::string to_string() const;
    /// Writes the 36 characters of `to_string()`, without a NUL.
    void write(char* out) const noexcept;

    constexpr std::span<const std::byte, size> bytes() const noexcept { return octets_; }
    constexpr bool is_nil() const noexcept { return *this == uuid{}; }

    friend constexpr bool operator==(const uuid&, const uuid&) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(const uuid&, const uuid&) noexcept = default;

private:
    std::array<std::byte, size> octets_{};
};

template <>
struct codec<uuid> {
    static constexpr oid_t natural = oid::uuid;
    static constexpr std::size_t natural_size = uuid::size;
    static bool accepts(oid_t type, bool) noexcept { return type == oid::uuid; }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, uuid& out) noexcept {
        if (n != uuid::size) return codec_errc::malformed;
        std::array<std::byte, uuid::size> octets;
        std::memcpy(octets.data(), p, octets.size());
        out = uuid{octets};
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, uuid& out) noexcept {
        const auto parsed = uuid::parse(text);
        if (!parsed) return codec_errc::malformed;
        out = *parsed;
        return codec_errc::ok;
    }
    static bool binary_target(oid_t type) noexcept { return type == oid::uuid; }
    static codec_errc encode_binary(value_sink& out, oid_t, const uuid& value) {
        out.put(value.bytes());
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t, const uuid& value) {
        value.write(reinterpret_cast<char*>(out.append(36)));
        return codec_errc::ok;
    }
};

} // namespace tusk

template <>
struct std::hash<tusk::uuid> {
    std::size_t operator()(const tusk::uuid& id) const noexcept {
        std::uint64_t half[2];
        std::memcpy(half, id.bytes().data(), sizeof half);
        // Time-ordered identifiers differ in a few bits only: a multiplication spreads them.
        const std::uint64_t mixed = (half[0] ^ (half[1] >> 32 | half[1] << 32)) * 0x9e3779b97f4a7c15u;
        return static_cast<std::size_t>(mixed ^ (mixed >> 32));
    }
};
