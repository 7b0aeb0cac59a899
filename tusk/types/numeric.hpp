#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tusk/types/basic.hpp>
#include <tusk/types/codec.hpp>

namespace tusk {

/// An exact decimal number: the value of PostgreSQL's `numeric`, with its display scale (`1.50` keeps its
/// zero), NaN and the infinities. It holds digits in base 10000, as the server does; up to eight of them (29
/// to 32 decimal digits) without memory of their own. It carries, compares and converts numbers; arithmetic
/// is the server's. Source: PostgreSQL `numeric.c`.
class numeric {
public:
    /// The server's limit of decimal digits before the point.
    static constexpr int max_integer_digits = 131072;
    /// The server's limit of decimal digits after the point.
    static constexpr int max_scale = 16383;

    /// Zero.
    numeric() noexcept = default;
    /// An integer, with scale 0.
    template <detail::sql_integer Int>
    numeric(Int value) noexcept {
        if constexpr (std::is_signed_v<Int>)
            set_integer(value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value),
                        value < 0);
        else
            set_integer(value, false);
    }
    numeric(const numeric& other);
    numeric(numeric&& other) noexcept;
    numeric& operator=(const numeric& other);
    numeric& operator=(numeric&& other) noexcept;
    ~numeric() = default;

    /// A decimal literal: optional sign, digits with an optional point, optional exponent; or `NaN`,
    /// `Infinity`, `inf` with an optional sign for the latter two, in any case. The digits after the point
    /// make the scale. `nullopt` for anything else, and past the server's limits.
    static std::optional<numeric> parse(std::string_view text);
    /// The shortest decimal that reads back as `value`: 0.1 becomes 0.1.
    static numeric from_double(double value);
    static numeric nan() noexcept { return numeric{kind::nan}; }
    static numeric infinity() noexcept { return numeric{kind::positive_infinity}; }
    static numeric negative_infinity() noexcept { return numeric{kind::negative_infinity}; }

    bool is_nan() const noexcept { return kind_ == kind::nan; }
    bool is_infinite() const noexcept {
        return kind_ == kind::positive_infinity || kind_ == kind::negative_infinity;
    }
    bool is_finite() const noexcept { return kind_ == kind::positive || kind_ == kind::negative; }
    bool is_zero() const noexcept { return kind_ == kind::positive && size_ == 0; }
    /// Below zero, minus infinity included.
    bool is_negative() const noexcept { return kind_ == kind::negative || kind_ == kind::negative_infinity; }
    /// Digits that are shown after the point.
    int scale() const noexcept { return scale_; }

    /// All digits without an exponent, exactly as the server prints it.
    std::string to_string() const;
    /// The nearest double; infinite when too large.
    double to_double() const;
    /// The value when it is an integer of 64 bits, else `nullopt`; nothing is rounded.
    std::optional<std::int64_t> to_int64() const noexcept;

    /// Compares values: 1.0 equals 1.00. As in PostgreSQL, NaN equals NaN and is above everything else.
    friend bool operator==(const numeric& a, const numeric& b) noexcept { return compare(a, b) == 0; }
    friend std::weak_ordering operator<=>(const numeric& a, const numeric& b) noexcept {
        return compare(a, b);
    }
    /// Equal values have equal hashes, whatever their scales.
    std::size_t hash() const noexcept;

private:
    friend struct codec<numeric>;

    enum class kind : std::uint16_t { // the values on the wire
        positive = 0x0000,
        negative = 0x4000,
        nan = 0xc000,
        positive_infinity = 0xd000,
        negative_infinity = 0xf000,
    };
    static constexpr std::size_t inline_digits = 8;

    explicit numeric(kind k) noexcept : kind_{k} {}

    static std::weak_ordering compare(const numeric& a, const numeric& b) noexcept;
    static codec_errc parse_into(std::string_view text, numeric& out);
    static codec_errc parse_decimal(std::string_view text, bool negative, numeric& out);
    static codec_errc from_wire(const std::byte* p, std::size_t n, numeric& out);
    void to_wire(value_sink& out) const;

    const std::uint16_t* digits() const noexcept { return size_ <= inline_digits ? inline_ : heap_.get(); }
    /// Makes room for `size` digits, whose values are whatever was there.
    std::uint16_t* resize(std::size_t size) {
        if (size > inline_digits) return grow(size);
        size_ = static_cast<std::uint32_t>(size);
        return inline_;
    }
    std::uint16_t* grow(std::size_t size);
    void set_special(kind k) noexcept;
    void set_integer(std::uint64_t magnitude, bool negative) noexcept;
    /// Drops zero digits at both ends; no digit left is zero, which has no sign.
    void normalise() noexcept;
    /// Digits past the scale do not exist: drops `excess` of base 10000 and what is too much of the last one
    /// left.
    void drop_hidden_digits(std::int32_t excess) noexcept;
    /// The digit worth 10000^exponent.
    unsigned digit_at(std::int32_t exponent) const noexcept;
    std::size_t text_size() const noexcept;
    void write_text(char* out) const noexcept;

    // The value is the sum of digits()[i] * 10000^(weight_ - i). Neither the first nor the last digit is
    // zero.
    std::unique_ptr<std::uint16_t[]> heap_;
    std::uint16_t inline_[inline_digits] = {};
    std::uint32_t size_ = 0;
    std::uint32_t heap_capacity_ = 0;
    std::int32_t weight_ = 0;
    kind kind_ = kind::positive;
    std::uint16_t scale_ = 0;
};

/// Columns of numeric and of the integer types; nothing is lost on the way.
template <>
struct codec<numeric> {
    static constexpr oid_t natural = oid::numeric;
    static bool accepts(oid_t type, bool) noexcept {
        return type == oid::numeric || type == oid::int4 || type == oid::int8 || type == oid::int2;
    }
    static codec_errc decode_binary(oid_t type, const std::byte* p, std::size_t n, numeric& out) {
        if (type == oid::numeric) [[likely]]
            return numeric::from_wire(p, n, out);
        std::int64_t integer = 0;
        if (!detail::load_integer(type, p, n, integer)) return codec_errc::malformed;
        out = numeric{integer};
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, numeric& out) {
        return numeric::parse_into(text, out);
    }
    static bool binary_target(oid_t type) noexcept { return type == oid::numeric; }
    static codec_errc encode_binary(value_sink& out, oid_t, const numeric& value) {
        value.to_wire(out);
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t, const numeric& value) {
        const std::size_t size = value.text_size();
        value.write_text(reinterpret_cast<char*>(out.append(size)));
        return codec_errc::ok;
    }
};

} // namespace tusk

template <>
struct std::hash<tusk::numeric> {
    std::size_t operator()(const tusk::numeric& value) const noexcept { return value.hash(); }
};
