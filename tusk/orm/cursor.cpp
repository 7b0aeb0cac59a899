#include <tusk/orm/cursor.hpp>

#include <cstdint>

namespace tusk::orm::detail {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64(std::string_view bytes) {
    std::string out;
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : bytes) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        for (held += 8; held >= 6; held -= 6) out += alphabet[(bits >> (held - 6)) & 63];
    }
    if (held > 0) out += alphabet[(bits << (6 - held)) & 63];
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    std::string out;
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const auto value = alphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out += static_cast<char>((bits >> held) & 0xff);
    }
    return out;
}

/// FNV-1a. It tells listings apart and finds damage; it proves nothing about who made the cursor.
std::string checksum(std::string_view shape, std::string_view body) {
    std::uint32_t h = 2166136261U;
    const auto add = [&](std::string_view s) {
        for (const char c : s) h = (h ^ static_cast<unsigned char>(c)) * 16777619U;
        h = (h ^ 0xffU) * 16777619U;
    };
    add(shape);
    add(body);
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((h >> shift) & 0xff);
    return out;
}

} // namespace

std::string pack_cursor(std::string_view shape, const std::vector<std::string>& values) {
    std::string body;
    for (const auto& v : values) body += std::to_string(v.size()) + ':' + v;
    return to_base64(checksum(shape, body) + body);
}

std::optional<std::vector<std::string>> unpack_cursor(std::string_view shape, std::string_view cursor) {
    const auto bytes = from_base64(cursor);
    if (!bytes || bytes->size() < 4) return std::nullopt;
    const std::string_view body = std::string_view{*bytes}.substr(4);
    if (checksum(shape, body) != bytes->substr(0, 4)) return std::nullopt;
    std::vector<std::string> out;
    for (std::size_t at = 0; at < body.size();) {
        std::size_t size = 0;
        for (; at < body.size() && body[at] >= '0' && body[at] <= '9' && size <= body.size(); ++at)
            size = size * 10 + static_cast<std::size_t>(body[at] - '0');
        if (at >= body.size() || body[at] != ':' || size > body.size() - at - 1) return std::nullopt;
        out.emplace_back(body.substr(at + 1, size));
        at += 1 + size;
    }
    return out;
}

} // namespace tusk::orm::detail
