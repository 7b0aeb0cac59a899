#include <tusk/net/service_file.hpp>

#include <array>
#include <string>

namespace tusk::conninfo {
namespace {

std::string_view trim(std::string_view line) {
    while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
    while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
    return line;
}

failure bad_line(std::string_view name, std::size_t number, std::string_view text) {
    return failure{errc::invalid_connection_string, "invalid service file " + std::string{name} + ", line " +
                                                        std::to_string(number) + ": " + std::string{text}};
}

failure add_line(settings& found, std::string_view line, std::string_view name, std::size_t number) {
    if (line.starts_with("ldap"))
        return bad_line(name, number, "LDAP lookups are not supported; write the settings here");
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) return bad_line(name, number, "expected key=value");
    const std::string_view key = line.substr(0, equals);
    if (is_space(key.back())) return bad_line(name, number, "no blanks are allowed around \"=\"");
    if (key == "service" || key == "servicefile")
        return bad_line(name, number, "a service cannot name another service");
    found.put_missing(
        {std::string{key}, std::string{line.substr(equals + 1)}, "service file " + std::string{name}});
    return {};
}

/// A place to look, and whether it is an error when nothing is there.
class candidate {
public:
    candidate(std::string path_, std::string name_, bool required_)
        : path{std::move(path_)}, name{std::move(name_)}, required{required_} {}
    std::string path;
    std::string name;
    bool required;
};

std::vector<candidate> candidates(const setting* service_file, const environment& env) {
    std::vector<candidate> found;
    if (service_file != nullptr) {
        // A path out of the string itself is not repeated in messages.
        const bool from_text = service_file->origin.empty();
        found.emplace_back(service_file->value,
                           from_text ? "named by the key servicefile" : '"' + service_file->value + '"',
                           true);
    } else if (const auto home = env.home_directory()) {
        const auto path = *home + "/.pg_service.conf";
        found.emplace_back(path, '"' + path + '"', false);
    }
    std::vector<std::string> directories{"/etc/postgresql-common", "/etc"};
    if (auto directory = env.variable("PGSYSCONFDIR")) directories.assign(1, *directory);
    for (const auto& directory : directories) {
        const auto path = directory + "/pg_service.conf";
        found.emplace_back(path, '"' + path + '"', false);
    }
    return found;
}

} // namespace

result<std::optional<settings>> parse_service(std::string_view text, std::string_view service,
                                              std::string_view name) {
    settings found;
    bool inside = false;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const std::string_view line = trim(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.find('\0') != std::string_view::npos) return bad_line(name, number, "NUL byte");
        if (line.empty() || line.front() == '#') continue;
        if (line.front() == '[') {
            if (inside) break; // the next section ends the wanted one
            const std::string_view rest = line.substr(1);
            inside = rest.starts_with(service) && rest.substr(service.size()).starts_with(']');
        } else if (inside) {
            if (failure f = add_line(found, line, name, number)) return f;
        }
    }
    return inside ? std::optional{std::move(found)} : std::nullopt;
}

result<settings> read_service(const setting& service, const setting* service_file, const environment& env) {
    std::string looked_at;
    for (const auto& place : candidates(service_file, env)) {
        if (!place.required && !env.exists(place.path)) continue;
        const auto file = env.read_file(place.path, false);
        if (!file)
            return invalid_setting(service,
                                   "the service file " + place.name + " is missing or cannot be read");
        if (file->truncated)
            return invalid_setting(service, "the service file " + place.name + " is too large");
        auto section = parse_service(file->text, service.value, place.name);
        if (!section) return section.error();
        if (*section) return std::move(**section);
        looked_at += (looked_at.empty() ? "" : ", ") + place.name;
    }
    if (looked_at.empty())
        return invalid_setting(service,
                               "there is no service file; create ~/.pg_service.conf or set PGSERVICEFILE");
    return invalid_setting(service, "no section of that name in service file " + looked_at);
}

} // namespace tusk::conninfo
