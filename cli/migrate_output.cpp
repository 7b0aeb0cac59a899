#include <cli/migrate_parts.hpp>

#include <boost/json/array.hpp>

namespace tusk::cli {

namespace {

namespace json = boost::json;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

json::array texts(const std::vector<std::string>& of) { return json::array(of.begin(), of.end()); }

std::string counted(std::size_t n, const char* what) {
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

json::array losses_of(const migrate::apply_report& r) {
    json::array out;
    for (const auto& each : r.losses)
        out.push_back(json::object{{"table", each.table}, {"column", each.column}, {"rows", each.rows}});
    return out;
}

json::object as_json(const migrate::planned_file& p) {
    return {{"name", p.name},
            {"version", p.version},
            {"description", p.description},
            {"tx_mode", migrate::to_string(p.mode)},
            {"skipped", p.skipped},
            {"statements", texts(p.statements)}};
}

json::object as_json(const migrate::executed_file& f) {
    return {{"name", f.name},
            {"version", f.version},
            {"description", f.description},
            {"statements", f.statements},
            {"skipped", f.skipped},
            {"milliseconds", duration_cast<milliseconds>(f.took).count()}};
}

json::object as_json(const migrate::applied_revision& r) {
    return {{"version", r.version},
            {"description", r.description},
            {"applied", r.applied},
            {"total", r.total},
            {"baseline", r.baseline},
            {"set_by_hand", r.set_by_hand},
            {"partial", r.partial},
            {"edited", r.edited},
            {"missing", r.missing},
            {"error", r.error.empty() ? json::value{} : json::value(r.error)},
            {"error_sql", r.error_sql.empty() ? json::value{} : json::value(r.error_sql)}};
}

template <class T>
json::array all_of(const std::vector<T>& of) {
    json::array out;
    for (const auto& each : of) out.push_back(as_json(each));
    return out;
}

json::value problem_of(const migrate::apply_report& r) {
    if (!r.problem) return nullptr;
    json::object out{{"message", problem{r.problem, ""}.message()}, {"file", r.stopped.file}};
    if (r.stopped.statement > 0) {
        out["statement"] = r.stopped.statement;
        out["line"] = r.stopped.where.line;
        out["column"] = r.stopped.where.column;
        out["sql"] = r.stopped.sql;
    }
    if (const auto* s = r.problem.server()) out["sqlstate"] = s->sqlstate;
    return out;
}

void print_plan(const migrate::apply_report& r, output& to) {
    for (const auto& p : r.planned) {
        to.line("-- " + p.name + (p.skipped > 0 ? ", from statement " + std::to_string(p.skipped + 1) : "") +
                " (transaction: " + std::string{migrate::to_string(p.mode)} + ")");
        for (const auto& s : p.statements) to.line(s.ends_with(';') ? s : s + ";");
    }
}

std::string how(const migrate::applied_revision& r) {
    if (r.partial)
        return "partly: " + std::to_string(r.applied) + " of " + counted(r.total, "statement") +
               (r.error.empty() ? "" : "; " + r.error);
    if (r.missing) return "applied; its file is gone";
    if (r.edited) return "applied; its file was edited since";
    return r.baseline ? "baseline" : r.set_by_hand ? "set by hand" : "applied";
}

} // namespace

migrate::directory open_directory(const std::string& url) {
    auto out = migrate::directory::open(url);
    if (!out) throw_problem(out.error());
    return std::move(*out);
}

problem migrate_problem(const failure& what, std::string remedy) {
    // A directory or a history that makes no sense is no mistake of the command line.
    const auto status = what.code() == errc::invalid_argument ? exit_code::failure : exit_code_of(what);
    return {status, what, std::move(remedy)};
}

void throw_problem(const failure& what) {
    if (what) throw migrate_problem(what, "see docs/migrate.md");
}

json::object to_json(const migrate::apply_report& r) {
    return {{"current", r.current},         {"target", r.target},           {"dry_run", r.dry_run},
            {"planned", all_of(r.planned)}, {"applied", all_of(r.applied)}, {"warnings", texts(r.warnings)},
            {"losses", losses_of(r)},       {"error", problem_of(r)}};
}

json::object to_json(const migrate::status_report& r) {
    return {{"status", r.up_to_date() ? "OK" : "PENDING"},
            {"current", r.current},
            {"next", r.next.empty() ? json::value{} : json::value(r.next)},
            {"available", texts(r.available)},
            {"pending", texts(r.pending)},
            {"out_of_order", texts(r.out_of_order)},
            {"applied", all_of(r.applied)}};
}

json::object to_json(const migrate::drift_report& r) {
    return {{"version", r.version},
            {"drifted", r.has_drifted()},
            {"partial", r.partial},
            {"differences", texts(r.differences)},
            {"sql", r.sql}};
}

void print(const migrate::drift_report& r, output& to) {
    if (!r.has_drifted()) {
        to.line("no drift: the database is what its migrations make of it");
        return;
    }
    if (r.partial) to.note("a migration is applied in part; what it did so far counts");
    for (const auto& each : r.differences) to.line(each);
    to.advice("what would bring it back:\n" + r.sql);
}

void print(const migrate::apply_report& r, const char* verb, output& to) {
    for (const auto& w : r.warnings) to.note(w);
    for (const auto& each : r.losses)
        to.note((r.dry_run ? "would lose " : "lost ") + migrate::to_string(each));
    if (r.dry_run) return print_plan(r, to);
    for (const auto& f : r.applied)
        to.line(std::string{verb} + " " + f.name + " (" + counted(f.statements, "statement") + ", " +
                std::to_string(duration_cast<milliseconds>(f.took).count()) + " ms)");
    if (!r.problem && r.applied.empty()) to.line("nothing to do");
    if (!r.stopped.excerpt.empty()) to.advice(r.stopped.excerpt + "\n");
}

void print(const migrate::status_report& r, output& to) {
    to.line(std::string{"status:  "} + (r.up_to_date() ? "OK" : "PENDING"));
    to.line("current: " + (r.current.empty() ? "nothing applied yet" : r.current));
    if (!r.next.empty()) to.line("next:    " + r.next);
    std::vector<output::row> rows;
    for (const auto& a : r.applied) rows.push_back({a.version, how(a)});
    for (const auto& p : r.pending) rows.push_back({p, "pending"});
    for (const auto& p : r.out_of_order) rows.push_back({p, "below the last one applied"});
    if (!rows.empty()) to.table({"MIGRATION", "STATE"}, rows);
}

} // namespace tusk::cli
