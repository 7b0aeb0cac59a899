#include <tusk/net/passfile.hpp>

namespace tusk::conninfo {
namespace {

/// Takes the field and its colon off `line` when the field matches. Compares as libpq does: a colon that
/// `wanted` has too needs no backslash ("::1" matches "::1" and "\:\:1").
bool match_field(std::string_view& line, std::string_view wanted) {
    if (line.starts_with("*:")) {
        line.remove_prefix(2);
        return true;
    }
    std::size_t matched = 0;
    for (std::size_t i = 0; i < line.size(); ++i, ++matched) {
        if (line[i] == ':' && matched == wanted.size()) {
            line.remove_prefix(i + 1);
            return true;
        }
        if (line[i] == '\\') ++i;
        if (i == line.size() || matched == wanted.size() || line[i] != wanted[matched]) return false;
    }
    return false;
}

std::string unescape_password(std::string_view field) {
    std::string out;
    for (std::size_t i = 0; i < field.size() && field[i] != ':'; ++i) {
        if (field[i] == '\\' && i + 1 < field.size()) ++i;
        out += field[i];
    }
    return out;
}

/// The next line without its end; takes it off `text`.
std::string_view take_line(std::string_view& text) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    while (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

/// The file's text when it may be used; else a warning, or nothing when it is missing.
std::optional<std::string> read_passfile(connect_config& config, const environment& env) {
    auto file = env.read_file(config.passfile());
    if (!file) return std::nullopt;
    const char* problem = nullptr;
    if (!file->regular)
        problem = "is not a plain file";
    else if ((file->mode & 077u) != 0)
        problem = "has group or world access; its permissions must be 0600 or less (chmod 0600)";
    else if (file->truncated)
        problem = "is too large";
    if (problem == nullptr) return std::move(file->text);
    auto warnings = config.warnings();
    warnings.push_back("password file \"" + config.passfile() + "\" " + problem + "; it was ignored");
    config.warnings(std::move(warnings));
    return std::nullopt;
}

} // namespace

std::optional<std::string> find_password(std::string_view text, std::string_view host, std::string_view port,
                                         std::string_view database, std::string_view user) {
    while (!text.empty()) {
        std::string_view line = take_line(text);
        if (line.empty() || line.front() == '#' || line.find('\0') != std::string_view::npos) continue;
        if (match_field(line, host) && match_field(line, port) && match_field(line, database) &&
            match_field(line, user))
            return unescape_password(line);
    }
    return std::nullopt;
}

void apply_passfile(connect_config& config, const environment& env,
                    std::string_view default_socket_directory) {
    if (!config.password().empty()) {
        config.passfile({});
        return;
    }
    if (config.passfile().empty()) {
        const auto home = env.home_directory();
        if (!home) return;
        config.passfile(*home + "/.pgpass");
    }
    const auto text = read_passfile(config, env);
    if (!text) return;
    auto hosts = config.hosts();
    for (auto& host : hosts) {
        std::string_view name = host.host.empty() ? host.hostaddr : host.host;
        if (name == default_socket_directory) name = "localhost";
        host.password =
            find_password(*text, name, std::to_string(host.port), config.database(), config.user())
                .value_or("");
    }
    config.hosts(std::move(hosts));
}

} // namespace tusk::conninfo
