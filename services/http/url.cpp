#include <services/http/url.hpp>

#include <algorithm>

#include <services/http/headers.hpp>

namespace tusk::http {

namespace {

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            if (text.size() - i < 3) return std::nullopt;
            const int high = hex_digit(text[i + 1]);
            const int low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

} // namespace

std::optional<std::string> percent_decode(std::string_view text) { return decode(text, false); }

std::optional<std::string> form_decode(std::string_view text) { return decode(text, true); }

std::optional<query_list> parse_query(std::string_view text) {
    query_list parameters;
    while (!text.empty()) {
        const auto end = text.find('&');
        const auto piece = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (piece.empty()) continue;

        const auto equals = piece.find('=');
        auto name = form_decode(piece.substr(0, equals));
        auto value =
            form_decode(equals == std::string_view::npos ? std::string_view{} : piece.substr(equals + 1));
        if (!name || !value) return std::nullopt;
        parameters.emplace_back(std::move(*name), std::move(*value));
    }
    return parameters;
}

std::optional<target_parts> split_target(std::string_view target) noexcept {
    target = target.substr(0, target.find('#'));
    if (target == "*") return target_parts{target, {}};
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!iequals(target.substr(0, scheme.size()), scheme)) continue;
        target.remove_prefix(scheme.size());
        const auto authority = std::min(target.find_first_of("/?"), target.size());
        if (authority == 0) return std::nullopt;
        target.remove_prefix(authority);
        if (target.empty()) target = "/";
        if (target.front() == '?') return target_parts{"/", target.substr(1)};
        break;
    }
    if (target.empty() || target.front() != '/') return std::nullopt;
    const auto question = target.find('?');
    if (question == std::string_view::npos) return target_parts{target, {}};
    return target_parts{target.substr(0, question), target.substr(question + 1)};
}

} // namespace tusk::http
