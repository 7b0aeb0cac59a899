#include <cli/db_server.hpp>

#include <algorithm>
#include <charconv>

#include <unistd.h>

#include <cli/problem.hpp>
#include <cli/suggest.hpp>
#include <tusk/client/blocking.hpp>
#include <tusk/embedded/server.hpp>

namespace tusk::cli {

namespace fs = std::filesystem;

namespace {

using embedded::detached_server;

std::optional<detached_server> running_named(const std::string& name) {
    for (auto& server : embedded::list_detached())
        if (server.name == name) return std::move(server);
    return std::nullopt;
}

/// What follows `tusk db …` to mean this server.
std::string name_option(const std::string& name) { return name == "default" ? "" : " --name " + name; }

void refuse_nonsense(const up_request& wanted, const embedded::server_options& options) {
    const auto* const remedy = "`tusk db up --help` shows what it takes";
    // Names that begin with a dash are options that somebody forgot the value before.
    if (wanted.name.starts_with('-'))
        throw usage_problem("the name of a server does not begin with '-': \"" + wanted.name + "\"", remedy);
    if (const auto nonsense = options.check()) throw problem{exit_code::usage, nonsense, remedy};
}

embedded::server_options options_for(const up_request& wanted, const std::optional<detached_server>& before,
                                     const environment& variables) {
    embedded::server_options options;
    options.detach().name(wanted.name).version(wanted.version).startup_timeout(wanted.timeout);
    if (wanted.tcp)
        options.listen_tcp(wanted.tcp->host, wanted.tcp->port);
    else if (wanted.port)
        options.port(*wanted.port);
    for (const auto& [name, value] : wanted.settings) options.setting(name, value);
    refuse_nonsense(wanted, options);

    if (wanted.ephemeral) return options;
    if (!wanted.data_dir.empty()) return options.data_dir(wanted.data_dir);
    if (!before) return options.data_dir(default_data_dir(wanted.name, ::geteuid() == 0, variables));
    return before->ephemeral ? options : options.data_dir(before->data_dir); // as it runs
}

[[noreturn]] void throw_differs(const detached_server& running, const std::string& how) {
    throw problem{
        failure{errc::invalid_configuration, "the server \"" + running.name + "\" is already running " + how},
        "`tusk db down" + name_option(running.name) + "` stops it; or choose another name with --name"};
}

/// What the library does not mind, and the user said.
void check_as_wanted(const up_request& wanted, const up_result& found) {
    const auto& running = found.server;
    if (wanted.ephemeral && !running.ephemeral)
        throw_differs(running, "on lasting data in " + running.data_dir.string());
    if (wanted.tcp && found.tcp_url.empty()) throw_differs(running, "without TCP");
    const auto port = wanted.tcp ? wanted.tcp->port : wanted.port.value_or(0);
    if (port != 0 && port != running.port)
        throw_differs(running, "with port " + std::to_string(running.port));
}

std::string start_remedy(const up_request& wanted, const failure& cause) {
    const auto down = "`tusk db down" + name_option(wanted.name) + "`";
    if (cause.code() == errc::invalid_configuration)
        return down + " stops it; or choose another name with --name";
    if (cause.code() == errc::timeout)
        return "give it more time with --timeout; after a crash it recovers first";
    if (!wanted.settings.empty()) return "see whether the server can take what --set says";
    return "remove the cause, choose other data with --data, or take a throwaway server with --ephemeral";
}

/// That a process is there does not mean that it answers.
void check_answers(const detached_server& running, std::chrono::seconds timeout) {
    const auto until = deadline::in(timeout);
    auto problem_of = [&](const failure& cause) {
        const auto pid = std::to_string(running.pid);
        return problem{exit_code::connection,
                       failure{cause}.add_context("the server \"" + running.name + "\" (pid " + pid +
                                                  ") runs but does not answer"),
                       "look at its log, or end it with `kill -QUIT " + pid + "` and start it again"};
    };
    // Without the process's environment: PGPORT and its like mean other servers.
    auto config = parse_connect_config(running.url, environment{});
    if (!config) throw problem_of(config.error());
    config->connect_timeout(timeout);
    const auto session = blocking::connection::try_open(*config, connection_settings{}, until);
    if (!session) throw problem_of(session.error());
}

} // namespace

std::optional<tcp_address> parse_tcp_address(std::string_view text) {
    tcp_address address;
    if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
        auto host = text.substr(0, colon);
        const bool in_brackets = host.starts_with('[') && host.ends_with(']');
        if (in_brackets) host = host.substr(1, host.size() - 2);
        const bool has_colon = host.find(':') != std::string_view::npos;
        if (host.empty() || has_colon != in_brackets) return std::nullopt;
        address.host = host;
        text.remove_prefix(colon + 1);
    }
    const auto* const end = text.data() + text.size();
    const auto done = std::from_chars(text.data(), end, address.port);
    if (text.empty() || done.ec != std::errc{} || done.ptr != end) return std::nullopt;
    return address;
}

std::optional<std::pair<std::string, std::string>> parse_setting(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == 0 || equals == std::string_view::npos) return std::nullopt;
    return std::pair{std::string{text.substr(0, equals)}, std::string{text.substr(equals + 1)}};
}

up_result bring_up(const up_request& wanted, const environment& variables) {
    const auto before = running_named(wanted.name);
    const auto started = embedded::server::start(options_for(wanted, before, variables));
    if (!started) throw problem{started.error(), start_remedy(wanted, started.error())};
    auto now = running_named(wanted.name);
    if (!now)
        throw problem{
            failure{errc::environment, "the server \"" + wanted.name + "\" started and has ended since"},
            "start it again; if it ends again, its log says why"};
    up_result result{*std::move(now), started->tcp_url(), false};
    result.already_running = before && before->pid == result.server.pid;
    check_as_wanted(wanted, result);
    if (result.already_running) check_answers(result.server, wanted.timeout);
    return result;
}

detached_server find_running(const std::string& name) {
    std::vector<std::string> names;
    for (auto& server : embedded::list_detached()) {
        if (server.name == name) return std::move(server);
        names.push_back(server.name);
    }
    auto remedy = "`tusk db up" + name_option(name) + "` starts it; `tusk db list` shows those that run";
    if (const auto similar = closest(name, names); !similar.empty())
        remedy = "did you mean \"" + similar + "\"? " + remedy;
    throw problem{failure{errc::environment, "no server named \"" + name + "\" is running"}, remedy};
}

void take_down(const detached_server& server) {
    const auto stopped = embedded::stop_detached(server.name);
    if (!stopped)
        throw problem{stopped.error(), "end it with `kill -QUIT " + std::to_string(server.pid) +
                                           "`; what it left is cleared away by `tusk db list`"};
}

fs::path default_data_dir(const std::string& name, bool is_root, const environment& variables) {
    if (const auto base = variables.variable("TUSK_DATA_DIR")) return fs::path{*base} / name;
    if (is_root) return fs::path{"/var/lib/tusk/db"} / name;
    // Relative ones are to be ignored (XDG Base Directory Specification).
    if (const auto base = variables.variable("XDG_DATA_HOME"); base && base->starts_with('/'))
        return fs::path{*base} / "tusk/db" / name;
    if (const auto home = variables.home_directory()) return fs::path{*home} / ".local/share/tusk/db" / name;
    throw problem{failure{errc::environment, "no place for the data: there is no home directory"},
                  "say where with --data or TUSK_DATA_DIR, or take a throwaway server with --ephemeral"};
}

} // namespace tusk::cli
