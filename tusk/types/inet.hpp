#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <tusk/types/codec.hpp>

/// Codecs of inet and cidr. Source: PostgreSQL `utils/adt/network.c`.
namespace tusk {

/// An IPv4 or IPv6 address with the length of its network prefix: the value of an `inet` (a host, and the
/// network it is in) or a `cidr` (a network). Ordered as the server orders them: IPv4 first, then by network,
/// prefix length and address. The `cidr` flag changes how it prints, not what it equals.
class inet {
public:
    /// As in `boost::asio::ip::address_v4::bytes_type` and `address_v6::bytes_type`, in network order.
    using v4_bytes = std::array<unsigned char, 4>;
    using v6_bytes = std::array<unsigned char, 16>;

    /// 0.0.0.0
    constexpr inet() noexcept = default;
    /// A prefix that is longer than the address cannot be sent (`errc::value_out_of_range`).
    explicit inet(const v4_bytes& address, std::uint8_t prefix_length = 32) noexcept;
    explicit inet(const v6_bytes& address, std::uint8_t prefix_length = 128) noexcept;

    /// `192.168.0.1`, `2001:db8::1`, `::ffff:10.0.0.1`, each with an optional `/24`. An IPv4 address has all
    /// four numbers, and there is no scope. Anything else is `nullopt`.
    static std::optional<inet> parse(std::string_view text) noexcept;

    /// As the server prints it: the prefix length is left out for a single host, but not for a `cidr`.
    std::string to_string() const;
    /// The address alone.
    std::string address() const;

    bool is_v4() const noexcept { return size_ == 4; }
    bool is_v6() const noexcept { return size_ == 16; }
    /// 4 or 16 bytes in network order.
    std::span<const unsigned char> bytes() const noexcept { return {octets_.data(), size_}; }
    /// The address, when it is of that family.
    std::optional<v4_bytes> to_v4_bytes() const noexcept;
    std::optional<v6_bytes> to_v6_bytes() const noexcept;
    std::uint8_t prefix_length() const noexcept { return prefix_; }
    /// 32 or 128.
    std::uint8_t max_prefix_length() const noexcept { return static_cast<std::uint8_t>(size_ * 8); }
    /// The prefix is not longer than the address.
    bool ok() const noexcept { return prefix_ <= max_prefix_length(); }

    /// Came from a `cidr`, or was made by `network()`.
    bool is_cidr() const noexcept { return cidr_; }
    /// The network: all bits behind the prefix are zero.
    inet network() const noexcept;
    /// Whether `other` lies in this network or is it (the server's `>>=`).
    bool contains(const inet& other) const noexcept;

    friend bool operator==(const inet& a, const inet& b) noexcept { return (a <=> b) == 0; }
    friend std::strong_ordering operator<=>(const inet& a, const inet& b) noexcept;

private:
    friend struct codec<inet>;

    bool has_host_bits() const noexcept;
    /// Writes `to_string()` to at most `max_text` characters; returns how many.
    std::size_t write(char* out, bool with_prefix) const noexcept;
    bool prints_prefix() const noexcept { return cidr_ || prefix_ != max_prefix_length(); }
    static constexpr std::size_t max_text = 49;

    std::array<unsigned char, 16> octets_{}; // those past size_ stay zero
    std::uint8_t size_ = 4;
    std::uint8_t prefix_ = 32;
    bool cidr_ = false;
};

/// A value with bits behind its prefix is `out_of_range` for a `cidr` parameter.
template <>
struct codec<inet> {
    static constexpr oid_t natural = oid::inet;
    static bool accepts(oid_t type, bool) noexcept { return type == oid::inet || type == oid::cidr; }
    static codec_errc decode_binary(oid_t type, const std::byte* p, std::size_t n, inet& out) noexcept;
    static codec_errc decode_text(oid_t type, std::string_view text, inet& out) noexcept;
    static bool binary_target(oid_t type) noexcept { return type == oid::inet || type == oid::cidr; }
    static codec_errc encode_binary(value_sink& out, oid_t type, const inet& value);
    static codec_errc encode_text(value_sink& out, oid_t type, const inet& value);
};

} // namespace tusk

template <>
struct std::hash<tusk::inet> {
    std::size_t operator()(const tusk::inet& value) const noexcept {
        const auto bytes = value.bytes();
        const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
        return std::hash<std::string_view>{}(text) ^ value.prefix_length();
    }
};
