#include <tusk/types/macaddr.hpp>

#include <tusk/types/detail/hexadecimal.hpp>

namespace tusk::detail {

namespace {

/// Which separators may stand after every `group` bytes.
bool is_separator(char c, std::size_t group) noexcept {
    switch (group) {
    case 1:
    case 3: return c == ':' || c == '-';
    case 2: return c == '.' || c == '-';
    default: return false;
    }
}

} // namespace

bool read_mac_text(std::string_view text, std::span<std::byte> out) noexcept {
    std::size_t group = 0; // bytes between separators, known when the first one comes
    char separator = '\0';
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (i != 0 && !text.empty() && hexadecimal_digit(text.front()) < 0) {
            if (separator == '\0') {
                separator = text.front();
                group = i;
                if (!is_separator(separator, group)) return false;
            }
            if (text.front() != separator || i % group != 0) return false;
            text.remove_prefix(1);
        } else if (group != 0 && i % group == 0) {
            return false;
        }
        if (text.size() < 2) return false;
        const int high = hexadecimal_digit(text[0]);
        const int low = hexadecimal_digit(text[1]);
        if (high < 0 || low < 0) return false;
        out[i] = static_cast<std::byte>(high * 16 + low);
        text.remove_prefix(2);
    }
    return text.empty();
}

void write_mac_text(char* out, std::span<const std::byte> octets) noexcept {
    for (std::size_t i = 0; i < octets.size(); ++i) {
        if (i != 0) *out++ = ':';
        const auto octet = std::to_integer<unsigned>(octets[i]);
        *out++ = hexadecimal_digits[octet >> 4];
        *out++ = hexadecimal_digits[octet & 15];
    }
}

} // namespace tusk::detail
