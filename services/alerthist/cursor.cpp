#include <services/alerthist/cursor.hpp>

#include <array>
#include <charconv>

#include <services/alerthist/alertmanager.hpp>

namespace tusk::alerthist {

namespace {

/// The kind of listing and its format come first, so that a cursor of another kind or time is recognised.
constexpr std::string_view alert_prefix = "a1:";
constexpr std::string_view event_prefix = "e1:";
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t longest = 400;

/// Base64 for URLs, without padding. Source: RFC 4648 section 5.
std::string encode_base64url(std::string_view text) {
    std::string out;
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        for (count += 8; count >= 6; count -= 6) out += alphabet[(bits >> (count - 6)) & 63];
    }
    if (count > 0) out += alphabet[(bits << (6 - count)) & 63];
    return out;
}

std::optional<std::string> decode_base64url(std::string_view text) {
    if (text.size() > longest) return std::nullopt;
    std::string out;
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        const auto digit = alphabet.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        bits = (bits << 6) | static_cast<unsigned>(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out += static_cast<char>((bits >> count) & 255);
    }
    if (encode_base64url(out) != text) return std::nullopt; // one text for one cursor
    return out;
}

template <class Int>
bool take_number(std::string_view& from, Int& out) {
    const auto [end, ec] = std::from_chars(from.data(), from.data() + from.size(), out);
    if (ec != std::errc{}) return false;
    from.remove_prefix(static_cast<std::size_t>(end - from.data()));
    return true;
}

/// "<microseconds>:" at the beginning.
bool take_instant(std::string_view& from, instant& out) {
    std::int64_t microseconds = 0;
    if (!take_number(from, microseconds) || !from.starts_with(':')) return false;
    from.remove_prefix(1);
    // Years 0001 to 9999, which is what a body can hold: beyond, the server has no such timestamp.
    constexpr std::int64_t first = -62'135'596'800'000'000 - 86'400'000'000;
    constexpr std::int64_t last = 253'402'300'800'000'000 + 86'400'000'000;
    out = instant{std::chrono::microseconds{microseconds}};
    return microseconds >= first && microseconds <= last;
}

std::string key(std::string_view prefix, instant at) {
    return std::string{prefix} + std::to_string(at.time_since_epoch().count()) + ":";
}

} // namespace

std::string alert_cursor::encode() const {
    return encode_base64url(key(alert_prefix, starts_at) + fingerprint);
}

std::optional<alert_cursor> alert_cursor::decode(std::string_view text) {
    const auto plain = decode_base64url(text);
    if (!plain || !plain->starts_with(alert_prefix)) return std::nullopt;
    auto rest = std::string_view{*plain}.substr(alert_prefix.size());
    alert_cursor out;
    if (!take_instant(rest, out.starts_at) || !is_fingerprint(rest)) return std::nullopt;
    out.fingerprint = rest;
    return out;
}

std::string event_cursor::encode() const {
    return encode_base64url(key(event_prefix, happened_at) + std::to_string(id));
}

std::optional<event_cursor> event_cursor::decode(std::string_view text) {
    const auto plain = decode_base64url(text);
    if (!plain || !plain->starts_with(event_prefix)) return std::nullopt;
    auto rest = std::string_view{*plain}.substr(event_prefix.size());
    event_cursor out;
    if (!take_instant(rest, out.happened_at) || !take_number(rest, out.id) || !rest.empty())
        return std::nullopt;
    return out;
}

} // namespace tusk::alerthist
