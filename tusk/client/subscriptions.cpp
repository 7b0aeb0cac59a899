#include <tusk/client/subscriptions.hpp>

namespace tusk::detail {

std::string quoted_identifier(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
    return out;
}

bool subscriptions::remove(std::string_view channel) {
    const auto at = wanted_.find(channel);
    if (at == wanted_.end()) return false;
    wanted_.erase(at);
    return true;
}

std::string subscriptions::changes() {
    std::string sql;
    const auto add = [&](const char* command, const std::string& channel) {
        if (!sql.empty()) sql += "; ";
        sql += command;
        sql += quoted_identifier(channel);
    };
    for (const auto& channel : active_)
        if (wanted_.find(channel) == wanted_.end()) add("unlisten ", channel);
    for (const auto& channel : wanted_)
        if (active_.find(channel) == active_.end()) add("listen ", channel);
    under_way_ = wanted_;
    return sql;
}

} // namespace tusk::detail
