#include <tusk/core/trace_context.hpp>

#include <algorithm>
#include <span>

namespace tusk {

namespace {

constexpr std::size_t version_at = 0, trace_at = 3, span_at = 36, flags_at = 53, length = 55;

bool any(std::span<const std::uint8_t> bytes) noexcept {
    return std::ranges::any_of(bytes, [](std::uint8_t b) { return b != 0; });
}

std::string hexadecimal(std::span<const std::uint8_t> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const auto b : bytes) {
        out += digits[b >> 4U];
        out += digits[b & 15U];
    }
    return out;
}

int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool read(std::string_view text, std::span<std::uint8_t> into) noexcept {
    for (std::size_t i = 0; i < into.size(); ++i) {
        const int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        into[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return true;
}

} // namespace

bool trace_context::is_valid() const noexcept { return any(trace_id) && any(span_id); }

std::string trace_context::trace_id_text() const { return hexadecimal(trace_id); }
std::string trace_context::span_id_text() const { return hexadecimal(span_id); }

std::string trace_context::traceparent() const {
    return "00-" + trace_id_text() + "-" + span_id_text() + (sampled ? "-01" : "-00");
}

std::optional<trace_context> parse_traceparent(std::string_view header) noexcept {
    if (header.size() < length) return std::nullopt;
    if (header[2] != '-' || header[span_at - 1] != '-' || header[flags_at - 1] != '-') return std::nullopt;
    std::array<std::uint8_t, 1> version{}, flags{};
    trace_context out;
    if (!read(header.substr(version_at, 2), version) || !read(header.substr(trace_at, 32), out.trace_id) ||
        !read(header.substr(span_at, 16), out.span_id) || !read(header.substr(flags_at, 2), flags))
        return std::nullopt;
    if (version[0] == 0xFF || (version[0] == 0 && header.size() != length)) return std::nullopt;
    if (header.size() > length && header[length] != '-') return std::nullopt;
    out.sampled = (flags[0] & 1U) != 0;
    if (!out.is_valid()) return std::nullopt;
    return out;
}

} // namespace tusk
