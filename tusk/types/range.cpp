#include <tusk/types/range.hpp>

#include <algorithm>
#include <limits>

#include <tusk/types/detail/quoting.hpp>

namespace tusk::detail {

namespace {

constexpr unsigned empty_flag = 0x01;
constexpr unsigned lower_inclusive_flag = 0x02;
constexpr unsigned upper_inclusive_flag = 0x04;
constexpr unsigned lower_infinite_flag = 0x08;
constexpr unsigned upper_infinite_flag = 0x10;
constexpr unsigned known_flags = 0x1f;

constexpr bound bound_of(bool inclusive) noexcept { return inclusive ? bound::inclusive : bound::exclusive; }

/// A length and so many bytes, taken from the front.
bool take_bytes(std::span<const std::byte>& from, std::optional<std::span<const std::byte>>& out) noexcept {
    if (from.size() < 4) return false;
    const auto length = wire::load_big_endian<std::int32_t>(from.data());
    from = from.subspan(4);
    if (length < 0 || static_cast<std::size_t>(length) > from.size()) return false;
    out = from.first(static_cast<std::size_t>(length));
    from = from.subspan(static_cast<std::size_t>(length));
    return true;
}

std::span<const std::byte> as_bytes(std::string_view text) noexcept {
    return std::as_bytes(std::span{text.data(), text.size()});
}

/// Takes a bound in which there are quotes or backslashes up to its end: a backslash takes the next character
/// as it is, and so does a quote a second one inside quotes.
bool unescape_bound(std::string_view& text, std::string& out) {
    bool quoted = false;
    while (!text.empty()) {
        const char c = text.front();
        if (!quoted && (c == ',' || c == ')' || c == ']')) return true;
        text.remove_prefix(1);
        if (c == '"') {
            if (!quoted || !text.starts_with('"')) {
                quoted = !quoted;
                continue;
            }
        } else if (c != '\\') {
            out += c;
            continue;
        }
        if (text.empty()) return false;
        out += text.front();
        text.remove_prefix(1);
    }
    return false;
}

/// A bound up to the character that ends it; nothing is an infinite one.
bool take_bound(std::string_view& text, std::string& unescaped,
                std::optional<std::span<const std::byte>>& out) {
    const std::size_t end = text.find_first_of(",)]\"\\");
    if (end == text.npos) return false;
    if (text[end] == '"' || text[end] == '\\') {
        if (!unescape_bound(text, unescaped)) return false;
        out = as_bytes(unescaped);
        return true;
    }
    if (end != 0) out = as_bytes(text.substr(0, end));
    text.remove_prefix(end);
    return true;
}

constexpr bool needs_quotes(char c) noexcept {
    constexpr std::string_view special = "\"\\()[],";
    return special.find(c) != special.npos || c == ' ' || (c >= '\t' && c <= '\r');
}

} // namespace

codec_errc split_range_bytes(const std::byte* p, std::size_t n, range_parts& out) noexcept {
    if (n == 0) return codec_errc::malformed;
    const auto flags = std::to_integer<unsigned>(*p);
    if ((flags & ~known_flags) != 0) return codec_errc::malformed;
    std::span<const std::byte> rest{p + 1, n - 1};
    out.empty = (flags & empty_flag) != 0;
    out.lower_bound = bound_of((flags & lower_inclusive_flag) != 0);
    out.upper_bound = bound_of((flags & upper_inclusive_flag) != 0);
    if (!out.empty) {
        if ((flags & lower_infinite_flag) == 0 && !take_bytes(rest, out.lower)) return codec_errc::malformed;
        if ((flags & upper_infinite_flag) == 0 && !take_bytes(rest, out.upper)) return codec_errc::malformed;
    }
    return rest.empty() ? codec_errc::ok : codec_errc::malformed;
}

codec_errc split_range_text(std::string_view text, range_parts& out) {
    out.empty = text == "empty";
    if (out.empty) return codec_errc::ok;
    if (!text.starts_with('[') && !text.starts_with('(')) return codec_errc::malformed;
    out.lower_bound = bound_of(text.front() == '[');
    text.remove_prefix(1);
    if (!take_bound(text, out.lower_unescaped, out.lower) || !text.starts_with(','))
        return codec_errc::malformed;
    text.remove_prefix(1);
    if (!take_bound(text, out.upper_unescaped, out.upper)) return codec_errc::malformed;
    if (text != "]" && text != ")") return codec_errc::malformed;
    out.upper_bound = bound_of(text.front() == ']');
    return codec_errc::ok;
}

std::byte range_flags(bool empty, bool has_lower, bool has_upper, bool lower_inclusive,
                      bool upper_inclusive) noexcept {
    if (empty) return static_cast<std::byte>(empty_flag);
    return static_cast<std::byte>(
        (has_lower ? 0 : lower_infinite_flag) | (has_upper ? 0 : upper_infinite_flag) |
        (lower_inclusive ? lower_inclusive_flag : 0) | (upper_inclusive ? upper_inclusive_flag : 0));
}

codec_errc finish_bound(value_sink& out, std::size_t start) noexcept {
    const std::size_t length = out.size() - start - 4;
    if (length > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
        return codec_errc::out_of_range;
    wire::store_big_endian(out.data() + start, static_cast<std::int32_t>(length));
    return codec_errc::ok;
}

void quote_bound(value_sink& out, std::size_t start) {
    const std::string_view text{reinterpret_cast<const char*>(out.data() + start), out.size() - start};
    if (text.empty() || std::any_of(text.begin(), text.end(), needs_quotes)) put_in_quotes(out, start, '"');
}

} // namespace tusk::detail
