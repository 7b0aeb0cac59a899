#include <tusk/embedded/server_options.hpp>

#include <algorithm>
#include <string_view>

#include <tusk/embedded/detail/config_file.hpp>
#include <tusk/embedded/detail/posix.hpp>

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

result<std::string> init_script::text() const {
    if (sql) return *sql;
    constexpr std::size_t limit = std::size_t{256} << 20;
    if (auto found = detail::read_file(name, limit)) return *std::move(found);
    return failure{errc::environment, "cannot read the init script " + name};
}

server_options& server_options::config_file(const std::filesystem::path& file) {
    auto found = detail::read_config_file(file);
    if (!found) throw error{found.error()};
    for (auto& [name, value] : *found) setting(std::move(name), std::move(value));
    return *this;
}

server_options& server_options::init_file(const std::filesystem::path& given) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(given, ignored)) {
        init_scripts_.push_back({given.string(), {}});
        return *this;
    }
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator{given, ignored})
        if (entry.path().extension() == ".sql") files.push_back(entry.path().string());
    std::sort(files.begin(), files.end());
    for (auto& name : files) init_scripts_.push_back({std::move(name), {}});
    return *this;
}

server_options& server_options::init_sql(std::string sql) {
    init_scripts_.push_back({"given as text", std::move(sql)});
    return *this;
}

server_options& server_options::tls(bool on) {
    tls_ = on;
    if (on && tcp_host_.empty()) listen_tcp();
    return *this;
}

failure server_options::check() const {
    if (auto problem = check_identifier("database", database_)) return problem;
    if (auto problem = check_identifier("user", user_)) return problem;
    if (port_ == 0 && tcp_host_.empty()) return wrong("port 0 (any free port) needs listen_tcp");
    if (tls_ && tcp_host_.empty()) return wrong("tls needs TCP: a unix socket knows no TLS");
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
