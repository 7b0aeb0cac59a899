#include <cli/migrate_parts.hpp>

#include <memory>

#include <CLI/CLI.hpp>

#include <cli/migrate_settings.hpp>
#include <tusk/migrate/git.hpp>
#include <tusk/migrate/lint.hpp>
#include <tusk/migrate/measure.hpp>

namespace tusk::cli {

namespace {

struct lint_request {
    explicit lint_request(command_tree& t) : tree{&t}, settings{t} {}

    command_tree* tree;
    migrate_settings settings;
    std::size_t latest = 0;
    std::string git_base;
    bool measured = false;
    std::vector<std::string> errors;
    std::vector<std::string> ignored;
};

migrate::lint_options options_of(const lint_request& r, const migrate::directory& dir) {
    const auto& project = r.settings.project();
    migrate::lint_options o;
    o.latest(r.latest != 0 ? r.latest : project.lint_latest);
    for (const auto* list : {&project.lint_errors, &r.errors})
        for (const auto& each : *list) o.error(each);
    for (const auto* list : {&project.lint_ignore, &r.ignored})
        for (const auto& each : *list) o.ignore(each);
    for (const auto& [what, expression] : project.lint_naming) {
        const auto of = migrate::parse_named_thing(what);
        if (!of)
            throw usage_problem("lint.naming has no `" + what + "`",
                                "schema, table, column, index, foreign_key and check have rules");
        o.naming(*of, expression);
    }
    const auto base = r.git_base.empty() && r.latest == 0 ? project.lint_git_base : r.git_base;
    if (base.empty()) return o;
    auto changed = migrate::changed_since(dir, base);
    if (!changed) throw_problem(failure{changed.error()});
    return o.only(std::move(*changed)).in_order();
}

void print(const migrate::measured_statement& m, output& to) {
    if (m.locks.empty() && m.rewritten.empty() && m.scanned.empty()) return;
    std::string line = migrate::place(m.file, m.where) + ": measured:";
    for (const auto& each : m.locks) {
        const auto out = migrate::kept_out_by(each.mode);
        line += " " + each.mode + " on " + each.table + (out.empty() ? "" : " (keeps out " + out + ")") + ";";
    }
    for (const auto& each : m.rewritten) line += " rewrites " + each + ";";
    for (const auto& each : m.scanned) line += " reads all of " + each + ";";
    line.pop_back();
    to.line(line);
}

void print(const migrate::lint_report& report, output& to) {
    for (const auto& f : report.findings) {
        const bool is_error = f.severity == migrate::lint_severity::error;
        to.line(migrate::place(f.file, f.where) + ": " + (is_error ? "error" : "warning") + ": " + f.message +
                " [" + f.code + "]");
        to.line(f.excerpt);
        to.line("  remedy: " + f.remedy);
    }
    for (const auto& each : report.measured) print(each, to);
    for (const auto& each : report.not_analysed) to.note("not analysed: " + each);
    to.note(std::to_string(report.files.size()) + " files looked at, " +
            std::to_string(report.findings.size()) + " findings");
}

migrate::measurement measured_files(const lint_request& r, const migrate::directory& dir,
                                    const migrate::lint_options& options) {
    std::set<std::string> names;
    for (const auto* each : migrate::chosen_files(dir, options)) names.insert(each->name());
    auto out = migrate::measure(dir, names, r.settings.dev());
    if (!out) throw_problem(failure{out.error()});
    if (!out->why_no_rows.empty()) r.tree->to().note("measured without rows: " + out->why_no_rows);
    return std::move(*out);
}

exit_code lint(lint_request& r) {
    r.settings.load();
    const auto dir = open_directory(r.settings.dir());
    throw_problem(dir.validate());
    const auto options = options_of(r, dir);
    std::optional<migrate::measurement> measured;
    if (r.measured || r.settings.project().lint_measured) measured = measured_files(r, dir, options);
    const auto report = migrate::lint(dir, options, measured ? &*measured : nullptr);
    if (!report) throw_problem(failure{report.error()});
    auto& to = r.tree->to();
    const auto format = r.settings.format();
    if (format == "sarif")
        to.line(migrate::to_sarif(*report));
    else if (to.is_json())
        to.line(migrate::to_json(*report));
    else
        print(*report, to);
    return report->has_errors() ? exit_code::found : exit_code::ok;
}

} // namespace

void add_migrate_lint_command(command_tree& tree, CLI::App& family) {
    const auto r = std::make_shared<lint_request>(tree);
    auto& c =
        tree.add_command(family, "lint", "Tell what is dangerous in migrations", [r] { return lint(*r); });
    c.add_option("--latest", r->latest, "Only the last files; all when not given")->option_text("N");
    c.add_option("--git-base", r->git_base, "Only files that this branch or commit lacks or has otherwise")
        ->option_text("BRANCH");
    c.add_flag("--measured", r->measured,
               "Execute the files on a throwaway database and report their locks and rewrites");
    c.add_option("--error", r->errors, "A code or an analyzer that is an error; may be given again")
        ->option_text("CODE")
        ->allow_extra_args(false);
    c.add_option("--ignore", r->ignored, "A code or an analyzer that is left out; may be given again")
        ->option_text("CODE")
        ->allow_extra_args(false);
    r->settings.add_common(c);
    r->settings.add_dev(c);
    c.footer("Status 3: there are errors (by default: what destroys data).\n"
             "Examples:\n"
             "  tusk migrate lint --dir file://migrations --latest 1\n"
             "  tusk migrate lint --git-base origin/main --measured\n"
             "  tusk migrate lint --format sarif > lint.sarif");
}

} // namespace tusk::cli
