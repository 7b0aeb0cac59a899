#include <tusk/net/conninfo_settings.hpp>

namespace tusk::conninfo {

void settings::put(setting s) {
    const auto [at, is_new] = index_.try_emplace(s.key, list_.size());
    if (is_new)
        list_.push_back(std::move(s));
    else
        list_[at->second] = std::move(s);
}

void settings::put_missing(setting s) {
    if (index_.try_emplace(s.key, list_.size()).second) list_.push_back(std::move(s));
}

const setting* settings::find(std::string_view key) const noexcept {
    const auto at = index_.find(std::string{key});
    return at == index_.end() ? nullptr : &list_[at->second];
}

failure malformed(std::string_view text) {
    return failure{errc::invalid_connection_string, "invalid connection string: " + std::string{text}};
}

failure invalid_setting(const setting& s, std::string_view text) {
    std::string message = "invalid connection setting " + s.key;
    if (!s.origin.empty()) message += " (from " + s.origin + ")";
    return failure{errc::invalid_connection_string, message + ": " + std::string{text}};
}

} // namespace tusk::conninfo
