#include <tusk/types/lsn.hpp>

#include <tusk/types/detail/hexadecimal.hpp>

namespace tusk {

namespace {

bool read_half(std::string_view text, std::uint64_t& out) noexcept {
    if (text.empty() || text.size() > 8) return false;
    out = 0;
    for (const char c : text) {
        const int digit = detail::hexadecimal_digit(c);
        if (digit < 0) return false;
        out = out << 4 | static_cast<std::uint64_t>(digit);
    }
    return true;
}

char* write_half(char* out, std::uint64_t half) noexcept {
    int shift = 28;
    while (shift > 0 && half >> shift == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) *out++ = "0123456789ABCDEF"[half >> shift & 15];
    return out;
}

} // namespace

std::optional<lsn> lsn::parse(std::string_view text) noexcept {
    const std::size_t slash = text.find('/');
    if (slash == text.npos) return std::nullopt;
    std::uint64_t high = 0, low = 0;
    if (!read_half(text.substr(0, slash), high) || !read_half(text.substr(slash + 1), low))
        return std::nullopt;
    return lsn{high << 32 | low};
}

std::size_t lsn::write(char* out) const noexcept {
    char* at = write_half(out, position_ >> 32);
    *at++ = '/';
    return static_cast<std::size_t>(write_half(at, position_ & 0xffffffff) - out);
}

std::string lsn::to_string() const {
    char text[max_text];
    return {text, write(text)};
}

} // namespace tusk
