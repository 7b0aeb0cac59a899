#include <cli/migrate_parts.hpp>

#include <memory>

#include <CLI/CLI.hpp>

#include <cli/migrate_settings.hpp>
#include <tusk/migrate/lint.hpp>

namespace tusk::cli {

namespace {

struct lint_request {
    explicit lint_request(command_tree& t) : tree{&t}, settings{t} {}

    command_tree* tree;
    migrate_settings settings;
    std::size_t latest = 0;
    std::vector<std::string> errors;
    std::vector<std::string> ignored;
};

migrate::lint_options options_of(const lint_request& r) {
    const auto& project = r.settings.project();
    migrate::lint_options o;
    o.latest(r.latest != 0 ? r.latest : project.lint_latest);
    for (const auto* list : {&project.lint_errors, &r.errors})
        for (const auto& each : *list) o.error(each);
    for (const auto* list : {&project.lint_ignore, &r.ignored})
        for (const auto& each : *list) o.ignore(each);
    return o;
}

void print(const migrate::lint_report& report, output& to) {
    for (const auto& f : report.findings) {
        const bool is_error = f.severity == migrate::lint_severity::error;
        to.line(migrate::place(f.file, f.where) + ": " + (is_error ? "error" : "warning") + ": " + f.message +
                " [" + f.code + "]");
        to.line(f.excerpt);
        to.line("  remedy: " + f.remedy);
    }
    for (const auto& each : report.not_analysed) to.note("not analysed: " + each);
    to.note(std::to_string(report.files.size()) + " files looked at, " +
            std::to_string(report.findings.size()) + " findings");
}

exit_code lint(lint_request& r) {
    r.settings.load();
    const auto dir = open_directory(r.settings.dir());
    throw_problem(dir.validate());
    const auto report = migrate::lint(dir, options_of(r));
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
    c.add_option("--error", r->errors, "A code or an analyzer that is an error; may be given again")
        ->option_text("CODE")
        ->allow_extra_args(false);
    c.add_option("--ignore", r->ignored, "A code or an analyzer that is left out; may be given again")
        ->option_text("CODE")
        ->allow_extra_args(false);
    r->settings.add_common(c);
    c.footer("Status 3: there are errors (by default: what destroys data).\n"
             "Examples:\n"
             "  tusk migrate lint --dir file://migrations --latest 1\n"
             "  tusk migrate lint --format sarif > lint.sarif");
}

} // namespace tusk::cli
