#include <tusk/embedded/server_options.hpp>

#include <algorithm>
#include <string_view>

namespace tusk::embedded {

namespace {

constexpr std::size_t longest_identifier = 63; // NAMEDATALEN - 1: the server would cut the rest off silently

bool is_word(std::string_view text, std::string_view more) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [more](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               more.find(c) != std::string_view::npos;
    });
}

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

failure wrong(std::string what) { return failure{errc::invalid_configuration, std::move(what)}; }

failure check_identifier(const char* option, const std::string& name) {
    if (name.empty() || name.size() > longest_identifier || has_nul(name))
        return wrong(std::string{option} + " must have 1 to 63 bytes, none of them NUL");
    return {};
}

} // namespace

failure server_options::check() const {
    if (auto problem = check_identifier("database", database_)) return problem;
    if (auto problem = check_identifier("user", user_)) return problem;
    if (port_ == 0 && tcp_host_.empty()) return wrong("port 0 (any free port) needs listen_tcp");
    if (has_nul(tcp_host_)) return wrong("listen_tcp: a host has no NUL");
    if (primary_data_dir_.empty() != primary_url_.empty() || has_nul(primary_url_))
        return wrong("standby_of needs the data directory and the URL of the primary");
    if (is_standby() && !is_ephemeral()) return wrong("a standby is ephemeral: it takes no data_dir");
    if (startup_timeout_ <= std::chrono::milliseconds::zero())
        return wrong("startup_timeout must be positive");
    for (const auto& [setting, value] : settings_) {
        if (!is_word(setting, "_."))
            return wrong("setting \"" + setting + "\" is not a name of postgresql.conf");
        if (has_nul(value)) return wrong("setting " + setting + ": a value has no NUL");
    }
    // A name becomes the name of a file.
    if (!is_word(name_, "_-.") || name_.front() == '.')
        return wrong("the name of a server has letters, digits, '_', '-' and '.', and no '.' in front: \"" +
                     name_ + "\"");
    return {};
}

} // namespace tusk::embedded
