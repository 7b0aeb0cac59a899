// alerthist: keeps the history of Prometheus alerts. docs/alerthist.md is its manual.
#include <cstdlib>
#include <iostream>

#include <CLI/CLI.hpp>

#include <services/alerthist/api.hpp>
#include <services/alerthist/service.hpp>

namespace {

namespace alerthist = tusk::alerthist;

constexpr int exit_failure = 1;
constexpr int exit_usage = 2;

struct command_line {
    std::string config_file;
    std::string listen;
    std::string database_url;
    bool check_config = false;
    bool demo = false;
};

void declare(CLI::App& app, command_line& into) {
    app.add_option("--config", into.config_file, "YAML file with settings")->type_name("FILE");
    app.add_option("--listen", into.listen,
                   "Where to listen; port 0 takes a free one (default 127.0.0.1:8080)")
        ->type_name("HOST:PORT");
    app.add_option("--database-url", into.database_url,
                   "postgres://…, or embedded://[DIR] for a server of its own with its data in DIR")
        ->type_name("URL");
    app.add_flag("--check-config", into.check_config, "Check all settings, show them and exit");
    app.add_flag("--demo", into.demo, "Post made-up alerts to itself, to have something to look at");
    app.set_version_flag("--version", "alerthist " + std::string{alerthist::version()});
    app.footer("Settings come from flags, then the environment (DATABASE_URL, DB_HOST, …), then the file.");
}

alerthist::config_sources sources_of(const command_line& from) {
    alerthist::config_sources out;
    out.environment(tusk::environment::process());
    if (!from.config_file.empty()) out.file(from.config_file);
    if (!from.listen.empty()) out.listen(from.listen);
    if (!from.database_url.empty()) out.database_url(from.database_url);
    return out;
}

void announce(const std::string& address) {
    std::cout << "listening on " << address << "\n\nhttp://" << address << "/\n\n"
              << alerthist::sample_commands(address) << std::flush;
}

int serve(alerthist::config settings, const command_line& given) {
    try {
        settings.demo = given.demo;
        alerthist::service service{std::move(settings),
                                   [&given] { return alerthist::load_config(sources_of(given)); }};
        service.start();
        announce(service.address());
        service.run();
        return EXIT_SUCCESS;
    } catch (const std::exception& e) {
        std::cerr << "alerthist: " << e.what() << '\n';
        return exit_failure;
    }
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app{"Keeps the history of Prometheus alerts in PostgreSQL", "alerthist"};
    command_line given;
    declare(app, given);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? EXIT_SUCCESS : exit_usage;
    }
    auto settings = alerthist::load_config(sources_of(given));
    if (!settings) {
        std::cerr << settings.error().text() << '\n';
        return exit_usage;
    }
    if (given.check_config) {
        std::cout << alerthist::describe(*settings);
        return EXIT_SUCCESS;
    }
    return serve(std::move(*settings), given);
}
