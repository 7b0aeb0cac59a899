#include <tusk/types/money.hpp>

namespace tusk {

std::string money::to_string() const {
    const std::uint64_t units = static_cast<std::uint64_t>(minor_units_);
    std::string digits = std::to_string(minor_units_ < 0 ? 0 - units : units);
    if (digits.size() < 3) digits.insert(0, 3 - digits.size(), '0');
    digits.insert(digits.size() - 2, 1, '.');
    return minor_units_ < 0 ? '-' + digits : digits;
}

namespace detail {

codec_errc read_money_text(std::string_view text, std::int64_t& out) noexcept {
    constexpr std::string_view minus_sign = "\xe2\x88\x92"; // U+2212, which some locales use
    const bool negative = text.find_first_of("-(") != text.npos || text.find(minus_sign) != text.npos;
    bool has_digit = false;
    out = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') continue; // signs, currencies, what separates groups
        has_digit = true;
        const int digit = negative ? '0' - c : c - '0';
        if (__builtin_mul_overflow(out, 10, &out) || __builtin_add_overflow(out, digit, &out))
            return codec_errc::out_of_range;
    }
    return has_digit ? codec_errc::ok : codec_errc::malformed;
}

} // namespace detail

} // namespace tusk
