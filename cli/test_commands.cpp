#include <cli/test_commands.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <stop_token>
#include <system_error>
#include <thread>

#include <CLI/CLI.hpp>

#include <boost/json/array.hpp>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cli/output.hpp>
#include <cli/problem.hpp>
#include <cli/signals.hpp>
#include <tusk/embedded/shared_server.hpp>
#include <tusk/testing/keep.hpp>
#include <tusk/testing/test_run.hpp>

namespace tusk::cli {

namespace {

namespace json = boost::json;

constexpr int killed_by_signal = 128; // what shells add to the number of a signal
constexpr int cannot_execute = 127;

struct run_request {
    std::string server;
    std::vector<std::string> migrations;
    std::vector<std::string> seeds;
    std::size_t workers = 1;
    std::string keep;
};

problem from_test_run(const failure& cause) {
    return {cause, "see `tusk test run --help` and docs/testing.md"};
}

/// The library reads the process's environment.
void choose_server(const std::string& server) {
    if (!server.empty()) ::setenv("TUSK_TEST_SERVER", server.c_str(), 1);
}

testing::database_options options_for(const run_request& wanted) {
    testing::database_options o;
    for (const auto& directory : wanted.migrations) o.migrations(directory);
    for (const auto& file : wanted.seeds) {
        if (std::filesystem::is_directory(file))
            o.script_folder(file);
        else
            o.script_file(file);
    }
    // Inside of a run: its content, unless another one is asked for.
    const char* source = std::getenv("TUSK_TEST_TEMPLATE");
    if (o.steps().empty() && source != nullptr && *source != '\0') o.from_template(source);
    return o;
}

exit_code run_tests(const run_request& wanted, command_tree& tree) {
    if (tree.rest().empty())
        throw usage_problem("`tusk test run` needs a command behind `--`", "`tusk test run -- npm test`");
    choose_server(wanted.server);
    if (!wanted.keep.empty()) ::setenv("TUSK_KEEP", wanted.keep.c_str(), 1);
    try {
        testing::test_run run{options_for(wanted), wanted.workers};
        const auto status = run_below(tree.rest(), run.variables());
        const auto keep = testing::keep_from_environment();
        const bool failed = status != exit_code::ok;
        if (keep == testing::keep_when::always || (failed && keep == testing::keep_when::failed))
            tree.to().note("kept for a look:\n" + run.keep());
        return status;
    } catch (const error& e) {
        throw from_test_run(e.as_failure());
    }
}

void add_test_run(command_tree& tree, CLI::App& test) {
    auto wanted = std::make_shared<run_request>();
    auto& command = tree.add_command(test, "run", "Run a command with a database of its own in DATABASE_URL",
                                     [&tree, wanted] { return run_tests(*wanted, tree); });
    command.add_option("--migrations", wanted->migrations, "Apply this migration directory")
        ->option_text("DIR")
        ->allow_extra_args(false);
    command
        .add_option("--seed", wanted->seeds,
                    "Run this SQL file, or all *.sql of this folder; may be given again, runs in this order")
        ->option_text("FILE")
        ->allow_extra_args(false);
    command
        .add_option(
            "--server", wanted->server,
            "Where the server comes from: embedded, embedded:17, embedded+tcp, docker:postgres:16-alpine, "
            "a URL; TUSK_TEST_SERVER when not given")
        ->option_text("WHICH");
    command
        .add_option(
            "--workers", wanted->workers,
            "So many databases: DATABASE_URL_0, DATABASE_URL_1, … for tests that run at the same time")
        ->option_text("N")
        ->check(CLI::Range(1, 256));
    add_choice(command, "--keep", wanted->keep, {"failed", "always", "never"},
               "Which databases stay for a look; TUSK_KEEP when not given");
    tree.takes_rest(command);
    command.footer("Examples:\n"
                   "  tusk test run --migrations migrations -- npm test\n"
                   "  tusk test run --workers 4 -- pytest -n 4       (DATABASE_URL_0 … DATABASE_URL_3)\n"
                   "  tusk test run --server embedded:17 --seed schema.sql -- go test ./...\n"
                   "  go test -exec 'tusk test run --' ./...         a database for each package\n"
                   "One more database inside of a run: `tusk test url`.");
}

void add_test_url(command_tree& tree, CLI::App& test) {
    tree.add_command(test, "url", "Inside of `tusk test run`: make one more database and print its URL",
                     [&tree] {
                         try {
                             tree.to().line(testing::database_of_run());
                         } catch (const error& e) {
                             throw from_test_run(e.as_failure());
                         }
                         return exit_code::ok;
                     });
}

exit_code list_test_servers(output& to) {
    const auto servers = embedded::list_shared();
    if (to.is_json()) {
        json::array all;
        for (const auto& server : servers)
            all.push_back({{"name", server.name},
                           {"pid", server.pid},
                           {"version", server.version},
                           {"url", server.url},
                           {"data_dir", server.data_dir.string()}});
        to.object({{"schema", "tusk.test.list/1"}, {"servers", all}});
        return exit_code::ok;
    }
    if (servers.empty()) to.note("no test server is running");
    std::vector<output::row> rows;
    for (const auto& server : servers)
        rows.push_back({server.name, server.version, std::to_string(server.pid), server.url});
    if (!rows.empty()) to.table({"NAME", "VERSION", "PID", "URL"}, rows);
    return exit_code::ok;
}

exit_code clean_up_tests(output& to) {
    testing::cleaned done;
    try {
        done = testing::clean_up();
    } catch (const error& e) {
        throw from_test_run(e.as_failure());
    }
    json::array servers;
    json::array databases;
    for (const auto& name : done.servers) servers.emplace_back(name);
    for (const auto& name : done.databases) databases.emplace_back(name);
    if (to.is_json())
        to.object({{"schema", "tusk.test.clean/1"}, {"servers", servers}, {"databases", databases}});
    else
        to.note("stopped " + std::to_string(servers.size()) + " server(s), dropped " +
                std::to_string(databases.size()) + " database(s)");
    return exit_code::ok;
}

/// The child's errno when it cannot be executed, from a pipe that exec closes.
int wait_for_exec(int report) {
    int problem = 0;
    if (::read(report, &problem, sizeof problem) != static_cast<ssize_t>(sizeof problem)) problem = 0;
    ::close(report);
    return problem;
}

[[noreturn]] void execute(char* const* line, const std::map<std::string, std::string>& variables, int report,
                          pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(cannot_execute);
    sigset_t none;
    sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
    ::execvp(line[0], line);
    const int problem = errno;
    [[maybe_unused]] const auto n = ::write(report, &problem, sizeof problem);
    ::_exit(cannot_execute);
}

} // namespace

exit_code run_below(const std::vector<std::string>& line,
                    const std::map<std::string, std::string>& variables) {
    auto words = line;
    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    std::array<int, 2> report{};
    if (::pipe2(report.data(), O_CLOEXEC) != 0)
        throw problem{failure{errc::environment, "cannot make a pipe"}, "close other programs and try again"};
    const stop_on_signal signals;
    const pid_t self = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) execute(pointers.data(), variables, report[1], self);
    ::close(report[1]);
    const int cause = child < 0 ? errno : wait_for_exec(report[0]);
    const std::stop_callback forward{signals.token(), [&] {
                                         if (child > 0) ::kill(child, signals.signal());
                                     }};
    int status = 0;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (cause != 0)
        throw problem{failure{errc::environment,
                              "cannot run `" + line.front() + "`: " + std::generic_category().message(cause)},
                      "see whether that program is installed and in PATH"};
    return static_cast<exit_code>(WIFSIGNALED(status) ? killed_by_signal + WTERMSIG(status)
                                                      : WEXITSTATUS(status));
}

void add_test_commands(command_tree& tree) {
    auto& test = tree.add_family("test", "Databases for test runners in any language");
    add_test_run(tree, test);
    add_test_url(tree, test);
    auto& shown = tree.add_command(test, "list", "Show the test servers that run",
                                   [&tree] { return list_test_servers(tree.to()); });
    tree.answers_in_json(shown);
    auto& cleared =
        tree.add_command(test, "clean", "Stop the test servers, drop what tests kept and templates",
                         [&tree] { return clean_up_tests(tree.to()); });
    tree.answers_in_json(cleared);
}

} // namespace tusk::cli
