#include <services/http/websocket.hpp>

#include <algorithm>

namespace tusk::http {

namespace {

bool has_token(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        auto one = list.substr(0, comma);
        while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
        while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
        if (iequals(one, word)) return true;
        if (comma == std::string_view::npos) break;
        list.remove_prefix(comma + 1);
    }
    return false;
}

/// 16 bytes in base64.
bool is_key(std::string_view text) {
    return text.size() == 24 && text.ends_with("==") && std::all_of(text.begin(), text.end() - 2, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '+' || c == '/';
           });
}

response not_a_handshake(const request& of, unsigned status, std::string_view why) {
    auto answer = error_response(status, status == 403 ? "AUTHORIZATION_ERROR" : "BAD_REQUEST", why, of.id());
    if (status == 426) {
        answer.set_header("Upgrade", "websocket");
        answer.set_header("Sec-WebSocket-Version", "13");
        answer.set_header("Connection", "close");
    }
    return answer;
}

} // namespace

response upgrade_to_websocket(const request& of, const websocket_options& options, websocket_session run) {
    const bool asked = has_token(of.header("Upgrade").value_or(""), "websocket") &&
                       has_token(of.header("Connection").value_or(""), "upgrade");
    if (of.method() != "GET" || !asked || of.header("Sec-WebSocket-Version").value_or("") != "13")
        return not_a_handshake(of, 426, "This resource speaks WebSocket, version 13.");
    if (!is_key(of.header("Sec-WebSocket-Key").value_or("")))
        return not_a_handshake(of, 400, "Sec-WebSocket-Key must be 16 bytes in base64.");
    const auto& allowed = options.origins();
    const auto origin = of.header("Origin");
    if (origin && !allowed.empty() && std::find(allowed.begin(), allowed.end(), *origin) == allowed.end())
        return not_a_handshake(of, 403, "Pages of this origin may not connect.");
    response answer{200}; // the server writes 101 itself
    answer.set_upgrade(std::make_shared<const websocket_upgrade>(options, std::move(run)));
    return answer;
}

} // namespace tusk::http
