// talk: users, conversations and messages, to show Tusk at work. docs/talk.md is its manual.
#include <cstdlib>
#include <iostream>

#include <CLI/CLI.hpp>

#include <services/talk/application.hpp>

namespace {

namespace talk = tusk::talk;

constexpr int exit_failure = 1;
constexpr int exit_usage = 2;

struct command_line {
    std::string config_file;
    std::string listen;
    std::string database_url;
    bool check_config = false;
};

void declare(CLI::App& app, command_line& into) {
    app.add_option("--config", into.config_file, "YAML file with settings")->type_name("FILE");
    app.add_option("--listen", into.listen,
                   "Where to listen; port 0 takes a free one (default 127.0.0.1:8000)")
        ->type_name("HOST:PORT");
    app.add_option("--database-url", into.database_url,
                   "postgres://…, or embedded://[DIR] for a server of its own with its data in DIR")
        ->type_name("URL");
    app.add_flag("--check-config", into.check_config, "Check all settings, show them and exit");
    app.set_version_flag("--version", std::string{"talk "} + TALK_VERSION);
    app.footer("Settings come from flags, then the environment (DATABASE_URL, DB_HOST, …), then the file.");
}

tusk::common::config_sources sources_of(const command_line& from) {
    tusk::common::config_sources out;
    out.environment(tusk::environment::process());
    if (!from.config_file.empty()) out.file(from.config_file);
    if (!from.listen.empty()) out.listen(from.listen);
    if (!from.database_url.empty()) out.database_url(from.database_url);
    return out;
}

int serve(const talk::config& settings) {
    try {
        talk::application program{settings};
        tusk::common::host host{program, settings};
        host.start();
        std::cout << "listening on " << host.address() << "\n\ncurl -H 'Content-Type: application/json' -d "
                  << R"('{"email":"ann@example.org","name":"Ann"}')"
                  << " http://" << host.address() << "/users\n"
                  << std::flush;
        host.run();
        return EXIT_SUCCESS;
    } catch (const std::exception& e) {
        std::cerr << "talk: " << e.what() << '\n';
        return exit_failure;
    }
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app{"Users, conversations and messages in PostgreSQL", "talk"};
    command_line given;
    declare(app, given);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? EXIT_SUCCESS : exit_usage;
    }
    const auto settings = talk::load_config(sources_of(given));
    if (!settings) {
        std::cerr << settings.error().text() << '\n';
        return exit_usage;
    }
    if (given.check_config) {
        std::cout << talk::describe(*settings);
        return EXIT_SUCCESS;
    }
    return serve(*settings);
}
