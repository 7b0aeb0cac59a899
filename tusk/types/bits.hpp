#pragma once

#include <bitset>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/types/codec.hpp>

/// Codecs of bit and bit varying. Source: PostgreSQL `utils/adt/varbit.c`.
namespace tusk {

/// A string of bits: the value of a `bit(n)` or `bit varying`. Bit 0 is the leftmost one. Ordered as the
/// server does: bit by bit, and a string comes after its prefixes.
class bits {
public:
    bits() noexcept = default;
    explicit bits(std::size_t size, bool value = false);

    /// Ones and zeros; `nullopt` for anything else.
    static std::optional<bits> parse(std::string_view text);
    /// The first `size` bits of the octets, the highest bit of a byte first; as many as there are when `size`
    /// is more.
    static bits from_bytes(std::span<const std::byte> octets, std::size_t size);

    /// Ones and zeros.
    std::string to_string() const;
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    /// `i` must be below `size()`.
    bool operator[](std::size_t i) const noexcept { return (octets_[i / 8] & mask(i)) != std::byte{0}; }
    bits& set(std::size_t i, bool value = true) noexcept {
        if (value)
            octets_[i / 8] |= mask(i);
        else
            octets_[i / 8] &= ~mask(i);
        return *this;
    }
    void push_back(bool value) {
        if (size_ % 8 == 0) octets_.push_back(std::byte{0});
        set(size_++, value);
    }
    /// How many are one.
    std::size_t count() const noexcept;
    /// The highest bit of a byte first; those left over in the last byte are zero.
    std::span<const std::byte> bytes() const noexcept { return octets_; }

    friend bool operator==(const bits&, const bits&) noexcept = default;
    friend std::strong_ordering operator<=>(const bits& a, const bits& b) noexcept;

private:
    static constexpr std::byte mask(std::size_t i) noexcept {
        return std::byte{0x80} >> static_cast<int>(i % 8);
    }
    void clear_padding() noexcept;

    std::vector<std::byte> octets_;
    std::size_t size_ = 0;
};

namespace detail {
/// The number of bits in the binary form; false when the bytes are not exactly as many as it needs.
inline bool read_bit_count(const std::byte* p, std::size_t n, std::size_t& count) noexcept {
    if (n < 4) return false;
    const auto size = wire::load_big_endian<std::int32_t>(p);
    if (size < 0) return false;
    count = static_cast<std::size_t>(size);
    return n - 4 == (count + 7) / 8;
}
constexpr bool is_bit_type(oid_t type) noexcept { return type == oid::varbit || type == oid::bit; }
} // namespace detail

template <>
struct codec<bits> {
    static constexpr oid_t natural = oid::varbit;
    static bool accepts(oid_t type, bool) noexcept { return detail::is_bit_type(type); }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, bits& out) {
        std::size_t count = 0;
        if (!detail::read_bit_count(p, n, count)) return codec_errc::malformed;
        out = bits::from_bytes({p + 4, n - 4}, count);
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, bits& out) {
        auto parsed = bits::parse(text);
        if (!parsed) return codec_errc::malformed;
        out = std::move(*parsed);
        return codec_errc::ok;
    }
    static bool binary_target(oid_t type) noexcept { return detail::is_bit_type(type); }
    static codec_errc encode_binary(value_sink& out, oid_t, const bits& value) {
        if (value.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
            return codec_errc::out_of_range;
        out.put_int(static_cast<std::int32_t>(value.size()));
        out.put(value.bytes());
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t, const bits& value) {
        for (std::size_t i = 0; i < value.size(); ++i) out.put_byte(value[i] ? '1' : '0');
        return codec_errc::ok;
    }
};

/// Exactly N bits; any other length is `out_of_range`. As in `std::bitset::to_string()`, the leftmost bit has
/// the highest index.
template <std::size_t N>
    requires(N <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
struct codec<std::bitset<N>> {
    static constexpr oid_t natural = oid::varbit;
    static bool accepts(oid_t type, bool) noexcept { return detail::is_bit_type(type); }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, std::bitset<N>& out) noexcept {
        std::size_t count = 0;
        if (!detail::read_bit_count(p, n, count)) return codec_errc::malformed;
        if (count != N) return codec_errc::out_of_range;
        for (std::size_t i = 0; i < N; ++i)
            out[N - 1 - i] = (std::to_integer<unsigned>(p[4 + i / 8]) >> (7 - i % 8) & 1) != 0;
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, std::bitset<N>& out) noexcept {
        if (text.find_first_not_of("01") != text.npos) return codec_errc::malformed;
        if (text.size() != N) return codec_errc::out_of_range;
        for (std::size_t i = 0; i < N; ++i) out[N - 1 - i] = text[i] == '1';
        return codec_errc::ok;
    }
    static bool binary_target(oid_t type) noexcept { return detail::is_bit_type(type); }
    static codec_errc encode_binary(value_sink& out, oid_t, const std::bitset<N>& value) {
        out.put_int(static_cast<std::int32_t>(N));
        for (std::size_t begin = 0; begin < N; begin += 8) {
            unsigned octet = 0;
            for (std::size_t i = begin; i < begin + 8; ++i)
                octet = octet << 1 | (i < N && value[N - 1 - i] ? 1u : 0u);
            out.put_byte(static_cast<char>(octet));
        }
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t, const std::bitset<N>& value) {
        for (std::size_t i = 0; i < N; ++i) out.put_byte(value[N - 1 - i] ? '1' : '0');
        return codec_errc::ok;
    }
};

} // namespace tusk
