#include <tusk/testing/keep.hpp>

#include <chrono>
#include <cstdlib>
#include <thread>

#include <tusk/testing/detail/process_environment.hpp>

namespace tusk::testing {

namespace {

/// Sessions end a moment after their connections.
constexpr int leak_looks = 20;
constexpr auto leak_pause = std::chrono::milliseconds{5};

} // namespace

keep_when keep_from_environment() {
    const auto word = detail::variable("TUSK_KEEP");
    if (word == "failed") return keep_when::failed;
    if (word == "always") return keep_when::always;
    if (word == "never") return keep_when::never;
    if (!word.empty())
        throw error{errc::invalid_configuration,
                    "TUSK_KEEP=" + word + " is not one of failed, always, never"};
    return detail::variable("CI").empty() ? keep_when::failed : keep_when::never;
}

std::string after_test(database& of, std::string_view test, bool failed) {
    const auto when = keep_from_environment();
    const bool kept = when == keep_when::always || (failed && when == keep_when::failed);
    std::string out;
    if (failed)
        if (const auto log = of.log(); !log.empty())
            out += "the server's log about " + of.name() + ":\n" + log;
    if (!kept) return out;
    of.keep(test);
    return out + "kept: " + of.psql_line() + "\n";
}

std::string leaked_sessions(const database& of) {
    auto open = of.open_sessions();
    for (int i = 0; i < leak_looks && !open.empty(); ++i) {
        std::this_thread::sleep_for(leak_pause);
        open = of.open_sessions();
    }
    if (open.empty()) return {};
    std::string out = "the test left " + std::to_string(open.size()) + " session(s) open:\n";
    for (const auto& session : open)
        out += "  " + (session.application.empty() ? "" : session.application + ", ") + session.state +
               (session.statement.empty() ? "" : ", last statement: " + session.statement) + "\n";
    return out + "remedy: close connections and pools before the test ends; they are cut now\n";
}

} // namespace tusk::testing
