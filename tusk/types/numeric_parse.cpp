// Reading decimal text into tusk::numeric.
#include <tusk/types/numeric.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace tusk {

namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// `lower` is in lower case.
bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

/// A decimal literal without its sign, taken apart.
struct decimal_parts {
    std::string_view integer;
    std::string_view fraction;
    std::int64_t exponent = 0;
};

std::string_view take_digits(std::string_view& text) noexcept {
    const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
    const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(digits.size());
    return digits;
}

/// An exponent that does not even fit an int is cut to one that is out of range for sure.
std::int64_t read_exponent(std::string_view digits, bool negative) noexcept {
    constexpr std::int64_t huge = std::numeric_limits<std::int32_t>::max();
    std::int64_t value = 0;
    for (const char c : digits) value = std::min(value * 10 + (c - '0'), huge);
    return negative ? -value : value;
}

bool split_decimal(std::string_view text, decimal_parts& out) noexcept {
    out.integer = take_digits(text);
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        out.fraction = take_digits(text);
    }
    if (out.integer.empty() && out.fraction.empty()) return false;
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        const bool negative = text.starts_with('-');
        if (negative || text.starts_with('+')) text.remove_prefix(1);
        const std::string_view digits = take_digits(text);
        if (digits.empty()) return false;
        out.exponent = read_exponent(digits, negative);
    }
    return text.empty();
}

/// Division that rounds down, and its remainder.
constexpr std::int64_t floor_by_4(std::int64_t n) noexcept { return n >= 0 ? n / 4 : -((3 - n) / 4); }

} // namespace

codec_errc numeric::parse_decimal(std::string_view text, bool negative, numeric& out) {
    decimal_parts parts;
    if (!split_decimal(text, parts)) return codec_errc::malformed;
    const std::int64_t scale =
        std::max<std::int64_t>(0, static_cast<std::int64_t>(parts.fraction.size()) - parts.exponent);
    if (scale > max_scale) return codec_errc::out_of_range;

    // The significant digits are those from the first that is not zero to the last that is not zero.
    const std::size_t total = parts.integer.size() + parts.fraction.size();
    const auto digit = [&parts](std::size_t i) {
        const char c = i < parts.integer.size() ? parts.integer[i] : parts.fraction[i - parts.integer.size()];
        return static_cast<std::uint16_t>(c - '0');
    };
    std::size_t first = 0;
    std::size_t last = total;
    while (first < last && digit(first) == 0) ++first;
    while (last > first && digit(last - 1) == 0) --last;

    // The decimal exponent of digit i is `top - i`.
    const std::int64_t top = static_cast<std::int64_t>(parts.integer.size()) - 1 + parts.exponent;
    if (first == last)
        out.set_special(kind::positive);
    else {
        const std::int64_t high = top - static_cast<std::int64_t>(first);
        const std::int64_t low = top - static_cast<std::int64_t>(last) + 1;
        if (high >= max_integer_digits) return codec_errc::out_of_range;
        const std::int64_t weight = floor_by_4(high);
        const auto size = static_cast<std::size_t>(weight - floor_by_4(low) + 1);
        std::uint16_t* const groups = out.resize(size);
        std::fill_n(groups, size, std::uint16_t{0});
        static constexpr std::uint16_t worth[] = {1, 10, 100, 1000};
        for (std::size_t i = first; i < last; ++i) {
            const std::int64_t exponent = top - static_cast<std::int64_t>(i);
            const std::int64_t group = floor_by_4(exponent);
            auto& at = groups[weight - group];
            at = static_cast<std::uint16_t>(at + digit(i) * worth[exponent - group * 4]);
        }
        out.weight_ = static_cast<std::int32_t>(weight);
        out.kind_ = negative ? kind::negative : kind::positive;
    }
    out.scale_ = static_cast<std::uint16_t>(scale);
    return codec_errc::ok;
}

codec_errc numeric::parse_into(std::string_view text, numeric& out) {
    if (equals_ignoring_case(text, "nan")) {
        out.set_special(kind::nan);
        return codec_errc::ok;
    }
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (equals_ignoring_case(text, "infinity") || equals_ignoring_case(text, "inf")) {
        out.set_special(negative ? kind::negative_infinity : kind::positive_infinity);
        return codec_errc::ok;
    }
    return parse_decimal(text, negative, out);
}

std::optional<numeric> numeric::parse(std::string_view text) {
    std::optional<numeric> value{std::in_place};
    if (parse_into(text, *value) != codec_errc::ok) value.reset();
    return value;
}

numeric numeric::from_double(double value) {
    if (std::isnan(value)) return nan();
    if (std::isinf(value)) return value > 0 ? infinity() : negative_infinity();
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    numeric out;
    // Every finite double lies within the limits.
    static_cast<void>(parse_into({text, static_cast<std::size_t>(end - text)}, out));
    return out;
}

} // namespace tusk
