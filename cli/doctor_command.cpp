#include <cli/doctor_command.hpp>

#include <memory>

#include <CLI/CLI.hpp>

#include <boost/json/array.hpp>

#include <cli/command_tree.hpp>
#include <tusk/client/blocking.hpp>
#include <tusk/doctor/examine.hpp>

namespace tusk::cli {

namespace {

namespace json = boost::json;

struct doctor_request {
    std::string url;
    std::int64_t long_running = doctor::thresholds{}.long_running().count();
    bool with_figures = false;
};

blocking::connection connection_for(const doctor_request& wanted, const environment& variables) {
    auto url = wanted.url;
    if (url.empty()) url = variables.variable("DATABASE_URL").value_or("");
    if (url.empty()) url = "postgresql://"; // what the PG… variables say
    auto config = parse_connect_config(url, variables);
    if (!config) throw problem{config.error(), "correct the connection string"};
    auto opened = blocking::connection::try_open(*config, {}, deadline::never());
    if (!opened) throw problem{opened.error(), "see whether the server runs and --url is right"};
    return std::move(*opened);
}

json::object json_of(const doctor::finding& f) {
    return {{"check", f.check()},
            {"severity", std::string{doctor::name_of(f.how_bad())}},
            {"object", f.object()},
            {"message", f.message()},
            {"remedy", f.remedy()}};
}

json::object json_of(const doctor::examination& e, const blocking::connection& db) {
    json::array findings;
    for (const auto& f : e.findings()) findings.push_back(json_of(f));
    json::object figures;
    for (const auto& f : e.all_figures()) {
        json::array rows;
        for (const auto& from : f.rows) {
            json::object row;
            for (std::size_t i = 0; i < from.size(); ++i) row[f.columns[i]] = from[i];
            rows.push_back(std::move(row));
        }
        figures[f.name] = std::move(rows);
    }
    json::array skipped;
    for (const auto& u : e.not_examined())
        skipped.push_back(json::object{{"check", u.check}, {"why", u.why}});
    return {{"schema", "tusk.doctor/1"},
            {"server_version", std::string{db.parameter("server_version")}},
            {"critical", e.count(doctor::severity::critical)},
            {"warnings", e.count(doctor::severity::warning)},
            {"findings", std::move(findings)},
            {"figures", std::move(figures)},
            {"not_examined", std::move(skipped)}};
}

void print(const doctor::examination& e, bool with_figures, output& to) {
    for (const auto& f : e.findings()) {
        to.line(std::string{doctor::name_of(f.how_bad())} + ": " + f.check() + ": " + f.object() + ": " +
                f.message());
        to.line("  remedy: " + f.remedy());
    }
    for (const auto& f : e.all_figures()) {
        if (!with_figures || f.rows.empty()) continue;
        to.line("");
        to.line(f.name);
        to.table(f.columns, f.rows);
    }
    for (const auto& u : e.not_examined()) to.note("not examined: " + u.check + ": " + u.why);
    to.note(std::to_string(e.count(doctor::severity::critical)) + " critical, " +
            std::to_string(e.count(doctor::severity::warning)) + " warnings, " +
            std::to_string(e.count(doctor::severity::information)) + " worth knowing");
}

exit_code examine(const doctor_request& wanted, command_tree& tree) {
    auto db = connection_for(wanted, tree.variables());
    const auto limits = doctor::thresholds{}.long_running(std::chrono::seconds{wanted.long_running});
    const auto found = doctor::examine(db, limits);
    if (tree.to().is_json())
        tree.to().object(json_of(found, db));
    else
        print(found, wanted.with_figures, tree.to());
    return found.is_healthy() ? exit_code::ok : exit_code::found;
}

} // namespace

void add_doctor_command(command_tree& tree) {
    auto wanted = std::make_shared<doctor_request>();
    auto& command =
        tree.add_command(tree.root(), "doctor", "Say what a server suffers from, and what to do about it",
                         [&tree, wanted] { return examine(*wanted, tree); });
    command
        .add_option("--url", wanted->url, "The database's connection string; $DATABASE_URL when not given")
        ->option_text("URL");
    command
        .add_option("--long-running", wanted->long_running,
                    "Statements and transactions count from this many seconds on")
        ->option_text("SECONDS")
        ->check(CLI::NonNegativeNumber);
    command.add_flag("--figures", wanted->with_figures,
                     "Print connections by state, the largest tables and the costliest statements too");
    tree.answers_in_json(command);
    command.footer("Reads the catalog and the statistics only. Status 3: there are warnings.\n"
                   "Examples:\n"
                   "  tusk doctor --url postgres:///app\n"
                   "  tusk doctor --url postgres:///app --json | jq '.findings[].remedy'");
}

} // namespace tusk::cli
