#include <cli/db_commands.hpp>

#include <memory>

#include <CLI/CLI.hpp>

#include <boost/json/array.hpp>

#include <cli/command_tree.hpp>
#include <cli/db_server.hpp>
#include <cli/psql.hpp>

namespace tusk::cli {

namespace {

namespace json = boost::json;
using embedded::detached_server;

constexpr int highest_major = 99;

/// The fields that every answer about a server has.
json::object described(const detached_server& server) {
    return {{"name", server.name},
            {"url", server.url},
            {"pid", server.pid},
            {"version", server.version},
            {"data_dir", server.data_dir.string()},
            {"socket_dir", server.socket_dir.string()},
            {"port", server.port},
            {"ephemeral", server.ephemeral}};
}

json::object answer(const char* schema, json::object fields) {
    json::object out{{"schema", schema}};
    for (auto& field : fields) out.emplace(field.key(), std::move(field.value()));
    return out;
}

void add_name(CLI::App& command, std::string& name) {
    command.add_option("--name", name, "The name of the server; \"default\" when not given")
        ->option_text("NAME");
}

// --- up
// ---------------------------------------------------------------------------------------------------------------

exit_code up(const up_request& wanted, command_tree& tree) {
    auto& to = tree.to();
    const auto result = bring_up(wanted, tree.variables());
    const auto& server = result.server;
    if (!result.already_running)
        to.note("started PostgreSQL " + server.version + " on " +
                (server.ephemeral ? "throwaway data" : server.data_dir.string()));
    else if (!wanted.settings.empty())
        to.note("the server was running already: what --set says counts from its next start");
    if (to.is_json()) {
        auto out = answer("tusk.db.up/1", described(server));
        out["tcp_url"] = nullptr;
        if (!result.tcp_url.empty()) out["tcp_url"] = result.tcp_url;
        out["already_running"] = result.already_running;
        to.object(out);
    } else {
        to.line(wanted.tcp ? result.tcp_url : server.url);
    }
    return exit_code::ok;
}

void add_place_options(CLI::App& command, up_request& wanted) {
    auto* data =
        command.add_option("--data", wanted.data_dir, "Keep the data in this directory")->option_text("DIR");
    data->check([](const std::string& given) { return given.empty() ? "the directory has no name" : ""; });
    command
        .add_flag("--ephemeral", wanted.ephemeral,
                  "Throwaway data instead, in memory if possible; gone with the server")
        ->excludes(data);
    command
        .add_option("--version", wanted.version, "The major version of PostgreSQL; the newest when not given")
        ->option_text("N")
        ->check(CLI::Range(1, highest_major));
}

void add_listen_options(CLI::App& command, up_request& wanted) {
    auto* port = command.add_option("--port", wanted.port, "The port; without TCP it only names the socket");
    port->option_text("N")->check(CLI::Range(1, 65535));
    command
        .add_option_function<std::string>(
            "--tcp", [&wanted](const std::string& given) { wanted.tcp = parse_tcp_address(given); },
            "Listen on TCP too, on 127.0.0.1 unless said otherwise; port 0 is any free one")
        ->option_text("[HOST:]PORT")
        ->check([](const std::string& given) {
            return parse_tcp_address(given)
                       ? ""
                       : "`" + given + "` is not [HOST:]PORT, such as 5433 or 127.0.0.1:5433";
        })
        ->excludes(port);
}

void add_server_options(CLI::App& command, up_request& wanted) {
    command
        .add_option_function<std::vector<std::string>>(
            "--set",
            [&wanted](const std::vector<std::string>& all) {
                for (const auto& given : all) wanted.settings.push_back(parse_setting(given).value());
            },
            "A setting of postgresql.conf; may be given again")
        ->option_text("NAME=VALUE")
        ->allow_extra_args(false)
        ->check([](const std::string& given) {
            return parse_setting(given) ? "" : "`" + given + "` is not NAME=VALUE, such as work_mem=64MB";
        });
    command
        .add_option_function<int>(
            "--timeout", [&wanted](int seconds) { wanted.timeout = std::chrono::seconds{seconds}; },
            "How long the server may take until it answers; 60 when not given")
        ->option_text("SECONDS")
        ->check(CLI::Range(1, 86400));
}

void add_up(command_tree& tree, CLI::App& db) {
    auto wanted = std::make_shared<up_request>();
    auto& command =
        tree.add_command(db, "up", "Start a server, or find it when it runs already; print its URL",
                         [&tree, wanted] { return up(*wanted, tree); });
    add_name(command, wanted->name);
    add_place_options(command, *wanted);
    add_listen_options(command, *wanted);
    add_server_options(command, *wanted);
    tree.answers_in_json(command);
    command.footer("Examples:\n"
                   "  export DATABASE_URL=$(tusk db up)\n"
                   "  tusk db up --name test --ephemeral --set log_statement=all\n"
                   "  tusk db up --tcp 5433                   for clients that do not know unix sockets");
}

// --- down
// -------------------------------------------------------------------------------------------------------------

exit_code down(const std::vector<detached_server>& servers, output& to) {
    json::array stopped;
    json::array failed;
    auto status = exit_code::ok;
    for (const auto& server : servers) {
        try {
            take_down(server);
        } catch (const problem& why) {
            if (!to.is_json()) to.report(why);
            failed.push_back({{"name", server.name}, {"message", why.message()}, {"remedy", why.remedy()}});
            status = why.status();
            continue;
        }
        stopped.push_back({{"name", server.name}, {"pid", server.pid}, {"ephemeral", server.ephemeral}});
        to.note("stopped \"" + server.name + "\"; its data is " +
                (server.ephemeral ? "gone" : "in " + server.data_dir.string()));
    }
    if (to.is_json()) to.object({{"schema", "tusk.db.down/1"}, {"stopped", stopped}, {"failed", failed}});
    return status;
}

void add_down_command(command_tree& tree, CLI::App& db) {
    struct request {
        std::string name = "default";
        bool all = false;
    };
    auto wanted = std::make_shared<request>();
    auto& command =
        tree.add_command(db, "down", "Stop a server; throwaway data goes with it", [&tree, wanted] {
            return down(wanted->all ? embedded::list_detached() : std::vector{find_running(wanted->name)},
                        tree.to());
        });
    add_name(command, wanted->name);
    command.add_flag("--all", wanted->all, "Stop all servers that `tusk db list` shows")
        ->excludes(command.get_option("--name"));
    tree.answers_in_json(command);
}

// --- url, list, psql
// --------------------------------------------------------------------------------------------------

void add_url(command_tree& tree, CLI::App& db) {
    auto name = std::make_shared<std::string>("default");
    auto& command = tree.add_command(db, "url", "Print the URL of a running server", [&tree, name] {
        const auto server = find_running(*name);
        if (tree.to().is_json())
            tree.to().object({{"schema", "tusk.db.url/1"}, {"name", server.name}, {"url", server.url}});
        else
            tree.to().line(server.url);
        return exit_code::ok;
    });
    add_name(command, *name);
    tree.answers_in_json(command);
}

exit_code list(output& to) {
    const auto servers = embedded::list_detached();
    if (to.is_json()) {
        json::array all;
        for (const auto& server : servers) all.push_back(described(server));
        to.object({{"schema", "tusk.db.list/1"}, {"servers", all}});
    } else if (servers.empty()) {
        to.note("no server is running; `tusk db up` starts one");
    } else {
        std::vector<output::row> rows;
        for (const auto& server : servers)
            rows.push_back({server.name, server.version, std::to_string(server.pid),
                            std::to_string(server.port), server.ephemeral ? "throwaway" : "lasting",
                            server.url, server.data_dir.string()});
        to.table({"NAME", "VERSION", "PID", "PORT", "DATA", "URL", "DIRECTORY"}, rows);
    }
    return exit_code::ok;
}

void add_list(command_tree& tree, CLI::App& db) {
    auto& command =
        tree.add_command(db, "list", "Show the servers that run", [&tree] { return list(tree.to()); });
    tree.answers_in_json(command);
}

void add_psql(command_tree& tree, CLI::App& db) {
    auto name = std::make_shared<std::string>("default");
    auto& command =
        tree.add_command(db, "psql", "Open psql on a running server", [&tree, name]() -> exit_code {
            become_psql(find_running(*name), tree.rest(), tree.to(), tree.variables());
        });
    add_name(command, *name);
    tree.takes_rest(command);
    command.footer("What stands behind -- goes to psql:\n"
                   "  tusk db psql -- -c 'select version()'");
}

} // namespace

void add_db_commands(command_tree& tree) {
    auto& db = tree.add_family("db", "Run PostgreSQL servers of your own: no root, no container");
    add_up(tree, db);
    add_down_command(tree, db);
    add_url(tree, db);
    add_list(tree, db);
    add_psql(tree, db);
}

} // namespace tusk::cli
