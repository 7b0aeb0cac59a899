#include <tusk/migrate/text.hpp>

#include <algorithm>

namespace tusk::migrate {

namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::size_t characters_in(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

std::size_t line_begin(std::string_view text, std::size_t offset) {
    if (offset == 0) return 0;
    const auto before = text.rfind('\n', offset - 1);
    return before == std::string_view::npos ? 0 : before + 1;
}

/// Bytes of the character that begins with `first`; 0 when none does.
std::size_t length_of(unsigned char first) {
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first < 0xE0) return 2;
    if (first >= 0xE0 && first < 0xF0) return 3;
    if (first >= 0xF0 && first < 0xF5) return 4;
    return 0;
}

/// Overlong forms, surrogates and what lies beyond U+10FFFF.
bool is_forbidden(unsigned char first, unsigned char second) {
    return (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
           (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
}

} // namespace

text_position position_of(std::string_view text, std::size_t offset) {
    offset = std::min(offset, text.size());
    const auto lines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n');
    const auto begin = line_begin(text, offset);
    return {static_cast<std::size_t>(lines) + 1, characters_in(text.substr(begin, offset - begin)) + 1};
}

std::size_t offset_of_character(std::string_view text, std::size_t n) {
    for (std::size_t i = 0; i < text.size(); ++i)
        if (!is_continuation(text[i]) && n-- == 0) return i;
    return text.size();
}

std::string with_caret(std::string_view text, std::size_t offset) {
    offset = std::min(offset, text.size());
    const auto begin = line_begin(text, offset);
    auto line = text.substr(begin, text.find('\n', begin) - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::string out{line};
    out += '\n';
    const auto before = line.substr(0, std::min(offset - begin, line.size()));
    for (const char c : before)
        if (!is_continuation(c)) out += c == '\t' ? '\t' : ' ';
    return out + '^';
}

std::size_t find_invalid_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto first = static_cast<unsigned char>(text[i]);
        const auto length = length_of(first);
        if (length == 0 || i + length > text.size()) return i;
        for (std::size_t k = 1; k < length; ++k)
            if (!is_continuation(text[i + k])) return i;
        if (length > 2 && is_forbidden(first, static_cast<unsigned char>(text[i + 1]))) return i;
        i += length;
    }
    return std::string_view::npos;
}

std::string place(std::string_view file, text_position at) {
    return std::string{file} + ':' + std::to_string(at.line) + ':' + std::to_string(at.column);
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n\f\v";
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

} // namespace tusk::migrate
