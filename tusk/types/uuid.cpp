#include <tusk/types/uuid.hpp>

#include <tusk/types/detail/hexadecimal.hpp>

namespace tusk {

std::optional<uuid> uuid::parse(std::string_view text) noexcept {
    if (text.starts_with('{')) {
        if (!text.ends_with('}')) return std::nullopt;
        text.remove_prefix(1);
        text.remove_suffix(1);
    }
    std::array<std::byte, size> octets;
    for (std::size_t i = 0; i < size; ++i) {
        if (text.size() < 2) return std::nullopt;
        const int high = detail::hexadecimal_digit(text[0]);
        const int low = detail::hexadecimal_digit(text[1]);
        if (high < 0 || low < 0) return std::nullopt;
        octets[i] = static_cast<std::byte>(high * 16 + low);
        text.remove_prefix(2);
        if (i % 2 == 1 && i + 1 < size && text.starts_with('-')) text.remove_prefix(1);
    }
    if (!text.empty()) return std::nullopt;
    return uuid{octets};
}

void uuid::write(char* out) const noexcept {
    for (std::size_t i = 0; i < size; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        const auto octet = std::to_integer<unsigned>(octets_[i]);
        *out++ = detail::hexadecimal_digits[octet >> 4];
        *out++ = detail::hexadecimal_digits[octet & 15];
    }
}

std::string uuid::to_string() const {
    std::string text(36, '\0');
    write(text.data());
    return text;
}

} // namespace tusk
