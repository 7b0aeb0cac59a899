#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tusk/types/codec.hpp>

/// Codec of money. Source: PostgreSQL `utils/adt/cash.c`.
namespace tusk {

/// The value of a `money`: a number of the currency's smallest unit. Which currency that is, and how many of
/// them make a whole one, is the server's `lc_monetary`; a cent in most. Its text form depends on it too
/// (`$1,234.50`, `1.234,50 €`), so a text is read by its digits and its minus sign or parentheses alone: the
/// server always prints all digits of the smaller unit. As an argument of another type than `money` it is a
/// decimal number with two digits after the point.
class money {
public:
    constexpr money() noexcept = default;
    constexpr explicit money(std::int64_t minor_units) noexcept : minor_units_{minor_units} {}

    constexpr std::int64_t minor_units() const noexcept { return minor_units_; }
    /// A plain decimal number with two digits after the point: `-1234.50`.
    std::string to_string() const;

    friend constexpr bool operator==(money, money) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(money, money) noexcept = default;

private:
    std::int64_t minor_units_ = 0;
};

namespace detail {
codec_errc read_money_text(std::string_view text, std::int64_t& out) noexcept;
} // namespace detail

template <>
struct codec<money> {
    static constexpr oid_t natural = oid::money;
    static bool accepts(oid_t type, bool) noexcept { return type == oid::money; }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, money& out) noexcept {
        if (n != 8) return codec_errc::malformed;
        out = money{wire::load_big_endian<std::int64_t>(p)};
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, money& out) noexcept {
        std::int64_t minor_units = 0;
        const codec_errc result = detail::read_money_text(text, minor_units);
        if (result == codec_errc::ok) out = money{minor_units};
        return result;
    }
    static bool binary_target(oid_t type) noexcept { return type == oid::money; }
    static codec_errc encode_binary(value_sink& out, oid_t, money value) {
        out.put_int(value.minor_units());
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t, money value) {
        out.put(std::string_view{value.to_string()});
        return codec_errc::ok;
    }
};

} // namespace tusk
