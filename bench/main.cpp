#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <bench/workload.hpp>

namespace bench {

namespace {

constexpr int usage_error = 2;

struct command_line {
    std::string url, workload, peer = "tusk";
    std::uint64_t n = 0;
    std::optional<unsigned> pin;
    bool json = false, count_allocations = false;
};

std::span<const workload> workloads_of(std::string_view peer) {
    if (peer == "libpq") return libpq_workloads();
    if (peer == "floor") return floor_workloads();
    return tusk_workloads();
}

std::string list(std::string_view peer) {
    std::string out;
    for (const auto& w : workloads_of(peer)) out += fmt::format("  {:<16} {}\n", w.name, w.what);
    return out;
}

const workload* find(const command_line& c) {
    const auto all = workloads_of(c.peer);
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const workload& w) { return w.name == c.workload; });
    if (found != all.end()) return &*found;
    if (all.empty())
        fmt::print(stderr, "tusk-bench: built without {} (pkg-config did not find it)\n", c.peer);
    else
        fmt::print(stderr, "tusk-bench: {} has no workload \"{}\"; it has\n{}", c.peer, c.workload,
                   list(c.peer));
    return nullptr;
}

void print_line(const command_line& c, const measurement& m, std::uint64_t ops) {
    const auto& s = m.taken();
    const double each = 1e6 / static_cast<double>(ops); // seconds for all to microseconds for one
    fmt::print("{} ({}): {} in {:.3f} s, {:.0f}/s; client CPU {:.3f} µs each (user {:.3f}, system {:.3f}); "
               "{:.1f} MiB",
               c.workload, c.peer, ops, s.wall_s, static_cast<double>(ops) / s.wall_s,
               (s.user_s + s.sys_s) * each, s.user_s * each, s.sys_s * each,
               static_cast<double>(peak_rss_kb()) / 1024);
    if (m.counts_allocations())
        fmt::print("; {:.3f} allocations, {:.1f} bytes each",
                   static_cast<double>(s.allocations) / static_cast<double>(ops),
                   static_cast<double>(s.allocated_bytes) / static_cast<double>(ops));
    if (const auto& l = m.latency()) fmt::print("; p50 {:.0f} µs, p99 {:.0f} µs", l->p50_us, l->p99_us);
    fmt::print("\n");
}

int run(const command_line& c) {
    const workload* w = find(c);
    if (!w) return usage_error;
    if (c.pin && !w->one_connection) {
        fmt::print(stderr, "tusk-bench: --pin is for workloads on one connection\n");
        return usage_error;
    }
    measurement clock{c.count_allocations};
    job j{c.url, c.n ? c.n : w->default_n, c.pin, clock};
    const auto ops = w->run(j);
    if (c.json)
        fmt::print("{}\n", to_json(c.workload, c.peer, j, ops));
    else
        print_line(c, clock, ops);
    return 0;
}

void add_url(CLI::App* to, command_line& c) {
    to->add_option("--url", c.url, "Connection string")->envname("TUSK_BENCH_URL")->required();
}

int dispatch(int argc, char** argv) {
    command_line c;
    CLI::App app{"Benchmarks of Tusk and of its peers on the same work"};
    app.require_subcommand(1);
    auto* const prepare_command = app.add_subcommand("prepare", "Make the tables, unless they are complete");
    add_url(prepare_command, c);
    auto* const login_command = app.add_subcommand(
        "make-scram-user",
        "On a throwaway server: a user who logs in by SCRAM over TCP (replaces pg_hba.conf)");
    add_url(login_command, c);
    auto* const list_command = app.add_subcommand("list", "List the workloads");
    auto* const run_command = app.add_subcommand("run", "Run one workload");
    add_url(run_command, c);
    run_command->add_option("workload", c.workload, "Its name")->required();
    run_command->add_option("--n", c.n, "Operations, instead of the workload's own number")
        ->check(CLI::PositiveNumber);
    run_command->add_option("--pin", c.pin, "CPU for this process and the server's process");
    run_command->add_flag("--json", c.json, "One line of JSON");
    run_command->add_flag("--count-allocations", c.count_allocations,
                          "Count calls of operator new and aligned_alloc");
    for (auto* command : {list_command, run_command})
        command->add_option("--peer", c.peer, "Who does the work")
            ->check(CLI::IsMember({"tusk", "libpq", "floor"}));
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : usage_error;
    }
    if (*prepare_command) fmt::print("{}\n", prepare(c.url));
    if (*login_command) fmt::print("{}\n", make_scram_user(c.url));
    if (*list_command) fmt::print("{}", list(c.peer));
    return *run_command ? run(c) : 0;
}

} // namespace

} // namespace bench

int main(int argc, char** argv) {
    try {
        return bench::dispatch(argc, argv);
    } catch (const std::exception& e) {
        fmt::print(stderr, "tusk-bench: {}\n", e.what());
        return 1;
    }
}
