// tusk-bench-services: the numbers that are asked of alerthist, measured on the real program with a
// PostgreSQL server of their own (fsync off). README.md says what is measured how.
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <CLI/CLI.hpp>

#include "measurements.hpp"

namespace {

using namespace bench_services;

constexpr std::uint64_t rows_in_memory = 1'000'000;

struct wishes {
    scale how;
    bool quick = false;
    bool json = false;
    std::string scratch;
    std::string program;
    std::vector<std::string> only;
};

/// Seconds in all, and the same checks.
scale quick_scale() {
    scale out;
    out.ingest = std::chrono::milliseconds{1000};
    out.clients = 50;
    out.events_per_second = 100;
    out.fanout = std::chrono::milliseconds{1000};
    out.rows = 20'000;
    out.queries = 5;
    out.restarts = 2;
    return out;
}

bool wanted(const wishes& of, std::string_view what) {
    return of.only.empty() || std::find(of.only.begin(), of.only.end(), what) != of.only.end();
}

finding memory_of(const scene& on) {
    finding out;
    out.name = "memory of alerthist at its most";
    out.goal = "< 128 MiB";
    out.measured = on.peak_memory();
    out.unit = "MiB";
    out.reached = out.measured < 128;
    return out;
}

std::vector<finding> measure(const wishes& of) {
    auto scratch = std::filesystem::path{of.scratch};
    if (scratch.empty() && of.how.rows > rows_in_memory && wanted(of, "history"))
        scratch = std::filesystem::temp_directory_path();
    scene on{of.program, scratch};
    std::vector<finding> out;
    std::uint64_t next = 1;
    const auto run = [&](std::string_view what, auto measurement) {
        if (!wanted(of, what)) return;
        std::cerr << what << "…\n";
        measurement();
    };
    run("ingest", [&] { measure_ingest(on, of.how, next, out); });
    run("fanout", [&] { measure_fanout(on, of.how, next, out); });
    run("restarts", [&] { measure_restarts(on, of.how, next, out); });
    run("history", [&] { measure_history(on, of.how, out); });
    out.push_back(memory_of(on));
    return out;
}

} // namespace

int main(int argc, char** argv) {
    wishes asked;
    CLI::App app{"Measures alerthist under load", "tusk-bench-services"};
    std::uint64_t rows = 0, seconds = 0;
    app.add_flag("--quick", asked.quick, "A small scale, in seconds");
    app.add_flag("--json", asked.json, "JSON in place of the table");
    app.add_option("--rows", rows, "Events for the history (default 10000000)")
        ->check(CLI::Range(100ul, 1000000000ul));
    app.add_option("--seconds", seconds, "Of ingest and of fan-out (default 20)")
        ->check(CLI::Range(1ul, 86400ul));
    app.add_option("--scratch", asked.scratch,
                   "Where PostgreSQL's data go (default: memory; a disk with many rows)");
    app.add_option("--alerthist", asked.program, "The program (default: the one beside this)");
    app.add_option("what", asked.only, "ingest, fanout, restarts, history (default: all)")
        ->check(CLI::IsMember({"ingest", "fanout", "restarts", "history"}));
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? EXIT_SUCCESS : 2;
    }
    if (asked.program.empty()) // beside this one
        asked.program =
            (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "alerthist").string();
    if (asked.quick) asked.how = quick_scale();
    if (rows > 0) asked.how.rows = rows;
    if (seconds > 0) asked.how.ingest = asked.how.fanout = std::chrono::seconds{seconds};
    try {
        const auto found = measure(asked);
        std::cout << (asked.json ? json(found, asked.quick) : table(found));
        for (const auto& one : found)
            if (one.is_count && !one.reached) return EXIT_FAILURE;
        return EXIT_SUCCESS;
    } catch (const std::exception& e) {
        std::cerr << "tusk-bench-services: " << e.what() << '\n';
        return EXIT_FAILURE;
    }
}
