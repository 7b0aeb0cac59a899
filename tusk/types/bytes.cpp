#include <tusk/types/bytes.hpp>

#include <tusk/types/detail/hexadecimal.hpp>

namespace tusk::detail {

namespace {

bool is_hex_form(std::string_view text) noexcept { return text.starts_with("\\x"); }

constexpr bool is_octal(char c) noexcept { return c >= '0' && c <= '7'; }

/// Three octal digits of at most 377 at the start of `text`.
bool is_octal_byte(std::string_view text) noexcept {
    return text.size() >= 3 && text[0] <= '3' && is_octal(text[0]) && is_octal(text[1]) && is_octal(text[2]);
}

bool measure_hex(std::string_view digits, std::size_t& size) noexcept {
    if (digits.size() % 2 != 0) return false;
    for (const char c : digits)
        if (hexadecimal_digit(c) < 0) return false;
    size = digits.size() / 2;
    return true;
}

/// Printable characters stand for themselves, a backslash is doubled, the rest is `\ooo`.
bool measure_escape(std::string_view text, std::size_t& size) noexcept {
    size = 0;
    for (std::size_t i = 0; i < text.size(); ++size) {
        if (text[i] != '\\')
            ++i;
        else if (text.substr(i + 1).starts_with('\\'))
            i += 2;
        else if (is_octal_byte(text.substr(i + 1)))
            i += 4;
        else
            return false;
    }
    return true;
}

} // namespace

bool measure_bytea_text(std::string_view text, std::size_t& size) noexcept {
    return is_hex_form(text) ? measure_hex(text.substr(2), size) : measure_escape(text, size);
}

void read_bytea_text(std::string_view text, std::byte* out) noexcept {
    if (is_hex_form(text)) {
        for (std::size_t i = 2; i < text.size(); i += 2)
            *out++ = static_cast<std::byte>(hexadecimal_digit(text[i]) * 16 + hexadecimal_digit(text[i + 1]));
        return;
    }
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] != '\\')
            *out++ = static_cast<std::byte>(text[i++]);
        else if (text[i + 1] == '\\') {
            *out++ = std::byte{'\\'};
            i += 2;
        } else {
            *out++ = static_cast<std::byte>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                            (text[i + 3] - '0'));
            i += 4;
        }
    }
}

void write_bytea_text(value_sink& out, std::span<const std::byte> value) {
    std::byte* at = out.append(2 + value.size() * 2);
    *at++ = std::byte{'\\'};
    *at++ = std::byte{'x'};
    for (const std::byte b : value) {
        const auto octet = std::to_integer<unsigned>(b);
        *at++ = static_cast<std::byte>(hexadecimal_digits[octet >> 4]);
        *at++ = static_cast<std::byte>(hexadecimal_digits[octet & 15]);
    }
}

} // namespace tusk::detail
