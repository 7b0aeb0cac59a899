#include <cli/proxy_command.hpp>

#include <array>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include <CLI/CLI.hpp>

#include <poll.h>
#include <unistd.h>

#include <cli/output.hpp>
#include <cli/problem.hpp>
#include <cli/signals.hpp>
#include <cli/test_commands.hpp>
#include <tusk/testing/fault_command.hpp>
#include <tusk/testing/script_file.hpp>

namespace tusk::cli {

namespace {

constexpr int look_for_the_end = 100; // ms between looks whether a signal came

struct proxy_request {
    std::string url;
    std::string socket;
    std::string script;
    std::vector<std::string> faults;
};

problem from_proxy(const failure& cause) { return {cause, "docs/testing.md has the commands and the steps"}; }

void apply_at_start(testing::fault_proxy& proxy, const std::string& command) {
    if (const auto done = testing::apply_fault(proxy, command); !done)
        throw problem{failure{done.error()}.add_context("--fault '" + command + "'"),
                      "docs/testing.md has the commands"};
}

/// The answer to one line of the standard input.
std::string answer_to(testing::fault_proxy& proxy, const std::string& command) {
    if (command == "counts") return testing::counts_as_json(proxy.counts());
    const auto done = testing::apply_fault(proxy, command);
    return done ? "ok" : "error: " + done.error().message();
}

/// Obeys the standard input until a signal comes.
void obey(testing::fault_proxy& proxy, output& to) {
    const stop_on_signal signals;
    std::string text;
    bool open = true;
    while (!signals.token().stop_requested()) {
        pollfd wait{open ? STDIN_FILENO : -1, POLLIN, 0};
        if (::poll(&wait, 1, look_for_the_end) <= 0) continue;
        std::array<char, 4096> buffer;
        const auto n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        open = n > 0; // without an input it just stays
        text.append(buffer.data(), open ? static_cast<std::size_t>(n) : 0);
        for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
            if (end != 0) to.line(answer_to(proxy, text.substr(0, end)));
            text.erase(0, end + 1);
        }
        to.finish();
    }
}

void wait_for_signal() {
    const stop_on_signal signals;
    while (!signals.token().stop_requested()) ::poll(nullptr, 0, look_for_the_end);
}

exit_code run_proxy(const proxy_request& wanted, command_tree& tree) {
    auto& to = tree.to();
    const auto given =
        wanted.url.empty() ? tree.variables().variable("DATABASE_URL").value_or("") : wanted.url;
    if (given.empty())
        throw usage_problem("`tusk proxy` needs the URL of a server",
                            "give it with --to, or in DATABASE_URL; `tusk db up` starts one");
    std::optional<testing::fault_proxy> proxy;
    try {
        if (wanted.socket.empty())
            proxy.emplace(given);
        else
            proxy.emplace(given, wanted.socket);
    } catch (const error& e) {
        throw from_proxy(e.as_failure());
    }
    for (const auto& fault : wanted.faults) apply_at_start(*proxy, fault);
    if (!tree.rest().empty()) return run_below(tree.rest(), {{"DATABASE_URL", proxy->url()}});
    to.line(proxy->url());
    to.finish();
    obey(*proxy, to);
    return exit_code::ok;
}

std::string script_text(const std::string& file) {
    std::ifstream in{file};
    std::ostringstream out;
    out << in.rdbuf();
    if (!in)
        throw problem{exit_code::usage, failure{errc::environment, "cannot read " + file},
                      "--script takes a file; docs/testing.md has the steps"};
    return std::move(out).str();
}

exit_code play_script(const proxy_request& wanted, command_tree& tree) {
    auto scripts = testing::read_scripts(script_text(wanted.script), wanted.script);
    if (!scripts) throw from_proxy(scripts.error());
    auto& to = tree.to();
    std::optional<testing::scripted_server> server;
    if (wanted.socket.empty())
        server.emplace(*std::move(scripts));
    else
        server.emplace(*std::move(scripts), wanted.socket);
    auto status = exit_code::ok;
    const auto port = std::to_string(server->port());
    const auto url = wanted.socket.empty() ? "postgres://tester@127.0.0.1:" + port + "/test?sslmode=disable"
                                           : "postgres://tester@/test?host=" + wanted.socket +
                                                 "&port=" + port + "&sslmode=disable";
    if (tree.rest().empty()) {
        to.line(url);
        to.finish();
        wait_for_signal();
    } else {
        status = run_below(tree.rest(), {{"DATABASE_URL", url}});
    }
    const auto problems = server->problems();
    if (problems.empty()) return status;
    to.note("the script did not come true: " + problems);
    return exit_code::found;
}

} // namespace

void add_proxy_command(command_tree& tree) {
    auto wanted = std::make_shared<proxy_request>();
    auto& command = tree.add_command(
        tree.root(), "proxy", "Put faults between a client and a server, or play a server", [&tree, wanted] {
            return wanted->script.empty() ? run_proxy(*wanted, tree) : play_script(*wanted, tree);
        });
    command.add_option("--to", wanted->url, "The server; DATABASE_URL when not given")->option_text("URL");
    command
        .add_option("--socket", wanted->socket, "Listen on a unix socket in this directory, not on 127.0.0.1")
        ->option_text("DIR");
    command.add_option("--fault", wanted->faults, "A fault from the beginning; may be given again")
        ->option_text("COMMAND")
        ->allow_extra_args(false);
    command
        .add_option("--script", wanted->script, "No server: play this script of expected and sent messages")
        ->option_text("FILE");
    tree.takes_rest(command);
    command.footer(
        "Prints the URL to use instead, and obeys its standard input, a command a line; with a command "
        "behind --\nthat one runs with the URL in DATABASE_URL. Examples:\n"
        "  tusk proxy --to \"$URL\" --fault 'latency 20ms 5ms' --fault 'to_client bandwidth 64KB'\n"
        "  tusk proxy --fault 'to_client at_byte 1000 reset' -- npm test\n"
        "  tusk proxy --script refuses.script -- pytest");
}

} // namespace tusk::cli
