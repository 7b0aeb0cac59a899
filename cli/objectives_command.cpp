#include <cli/objectives_command.hpp>

#include <array>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include <boost/json/array.hpp>

#include <cli/command_tree.hpp>
#include <cli/objectives_load.hpp>

namespace tusk::cli {

namespace {

namespace json = boost::json;

/// One of the objectives that the pool was designed for.
struct objective {
    const char* name;
    const char* what;
    bool above; ///< More is better.
    double limit;
    double scale; ///< From what is measured to what is shown.
    const char* unit;
    double achieved::* measured;
};

constexpr std::array objectives{
    objective{"pool_utilisation", "connections in use", true, 80, 100, "%", &achieved::utilisation},
    objective{"query_success", "statements that succeed", true, 99.5, 100, "%", &achieved::success},
    objective{"query_time", "statement, on average", false, 50, 1'000, "ms", &achieved::query_seconds},
    objective{"acquire_time", "acquire, 95th percentile", false, 100, 1'000, "ms",
              &achieved::acquire_seconds},
    objective{"error_rate", "errors by statements", false, 0.1, 100, "%", &achieved::errors},
};

double shown(const objective& o, const achieved& got) { return got.*o.measured * o.scale; }

bool is_met(const objective& o, const achieved& got) {
    return o.above ? shown(o, got) > o.limit : shown(o, got) < o.limit;
}

std::string figure_text(double value, const char* unit) {
    std::array<char, 48> out{};
    std::snprintf(out.data(), out.size(), "%.3g %s", value, unit);
    return out.data();
}

json::object json_of(const load& asked, const achieved& got, bool all_met) {
    json::array list;
    for (const auto& o : objectives)
        list.push_back(json::object{{"name", o.name},
                                    {"objective", o.limit},
                                    {"better", o.above ? "above" : "below"},
                                    {"unit", o.unit},
                                    {"measured", shown(o, got)},
                                    {"met", is_met(o, got)}});
    json::object out{{"schema", "tusk.objectives/1"}, {"met", all_met},
                     {"objectives", std::move(list)}, {"statements", got.statements},
                     {"seconds", got.seconds},        {"connections", asked.connections},
                     {"workers", asked.workers}};
    if (!got.last_error.empty()) out["last_error"] = got.last_error;
    return out;
}

void print(const achieved& got, output& to) {
    std::vector<output::row> rows;
    for (const auto& o : objectives)
        rows.push_back({o.name, (o.above ? "> " : "< ") + figure_text(o.limit, o.unit),
                        figure_text(shown(o, got), o.unit), is_met(o, got) ? "met" : "missed", o.what});
    to.table({"objective", "wanted", "measured", "", "what"}, rows);
    to.note(std::to_string(got.statements) + " statements in " + figure_text(got.seconds, "s"));
    if (!got.last_error.empty()) to.note("the last error: " + got.last_error);
}

exit_code measure_objectives(load wanted, command_tree& tree) {
    if (wanted.url.empty()) wanted.url = tree.variables().variable("DATABASE_URL").value_or("");
    if (wanted.url.empty()) wanted.url = "postgresql://"; // what the PG… variables say
    const auto got = run_load(wanted, tree.variables());
    bool all_met = true;
    for (const auto& o : objectives) all_met = all_met && is_met(o, got);
    if (tree.to().is_json())
        tree.to().object(json_of(wanted, got, all_met));
    else
        print(got, tree.to());
    return all_met ? exit_code::ok : exit_code::found;
}

} // namespace

void add_objectives_command(command_tree& tree) {
    struct request {
        load work;
        std::int64_t seconds = 5;
    };
    auto wanted = std::make_shared<request>();
    auto& command = tree.add_command(tree.root(), "objectives",
                                     "Say whether a pool meets its objectives with a server, under load",
                                     [&tree, wanted] {
                                         wanted->work.time = std::chrono::seconds{wanted->seconds};
                                         return measure_objectives(wanted->work, tree);
                                     });
    command
        .add_option("--url", wanted->work.url,
                    "The database's connection string; $DATABASE_URL when not given")
        ->option_text("URL");
    command.add_option("--statement", wanted->work.statement, "What each worker executes again and again")
        ->option_text("SQL");
    command.add_option("--seconds", wanted->seconds, "How long")
        ->option_text("SECONDS")
        ->check(CLI::Range(1, 3'600));
    command.add_option("--connections", wanted->work.connections, "The pool's maximum")
        ->option_text("N")
        ->check(CLI::Range(1, 1'000));
    command
        .add_option("--workers", wanted->work.workers, "Callers at the same time, each with one connection")
        ->option_text("N")
        ->check(CLI::Range(1, 10'000));
    tree.answers_in_json(command);
    command.footer(
        "The figures are the pool's own metrics, as Prometheus would see them. Status 3: an objective\n"
        "is missed. The statement is executed for real: give it one that does no harm.\n"
        "Examples:\n"
        "  tusk objectives --url postgres:///app\n"
        "  tusk objectives --url postgres:///app --statement 'select count(*) from users' --json");
}

} // namespace tusk::cli
