#pragma once

namespace tusk::detail {

/// The value of a hexadecimal digit in either case, or -1.
constexpr int hexadecimal_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

inline constexpr char hexadecimal_digits[] = "0123456789abcdef";

} // namespace tusk::detail
