#include <cli/migrate_parts.hpp>

#include <memory>

#include <CLI/CLI.hpp>

#include <boost/json/array.hpp>

#include <cli/migrate_settings.hpp>
#include <tusk/migrate/changes.hpp>
#include <tusk/migrate/checkpoint.hpp>
#include <tusk/migrate/diff.hpp>
#include <tusk/migrate/trial.hpp>

namespace tusk::cli {

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr const char* directory_synced =
    "The migration directory is synced with the desired state, no changes to be made";

/// What the options of these commands say besides the settings.
struct state_request {
    explicit state_request(command_tree& t) : tree{&t}, settings{t} {}

    command_tree* tree;
    migrate_settings settings;
    std::string name;
    std::string to;
    std::string tag;
    std::string only;
    std::vector<std::string> paths;
    bool dry_run = false;
    bool edit = false;
    bool with_down = false;

    output& out() const { return tree->to(); }
};

template <class T>
T value_of_or_problem(result<T> r) {
    if (!r) throw_problem(failure{r.error()});
    return std::move(*r);
}

/// A directory that is not there yet is empty.
migrate::directory directory_or_none(const std::string& url) {
    const auto path = value_of_or_problem(migrate::directory_path(url));
    std::error_code ec;
    return fs::exists(path, ec) ? open_directory(url) : value_of_or_problem(migrate::directory::of({}));
}

void edit_made(const state_request& r, const fs::path& made) {
    if (!r.edit) return;
    open_editor(made, r.tree->variables());
    throw_problem(open_directory(r.settings.dir()).write_sum());
}

exit_code answer_diff(const state_request& r, const migrate::next_migration& found, const std::string& path) {
    auto& to = r.out();
    if (to.is_json()) {
        json::array hazards;
        for (const auto h : found.hazards) hazards.emplace_back(schema::name_of(h));
        to.object({{"schema", "tusk.migrate.diff/1"},
                   {"synced", found.is_synced()},
                   {"file", path.empty() ? json::value{} : json::value(path)},
                   {"sql", found.content},
                   {"down", found.down},
                   {"hazards", std::move(hazards)}});
        return exit_code::ok;
    }
    if (found.is_synced())
        to.line(directory_synced);
    else if (path.empty())
        to.text(found.content);
    else
        to.line(path);
    for (const auto h : found.hazards) to.note("hazard: " + std::string{schema::name_of(h)});
    for (const auto& id : found.left_out) to.note("left out: " + id);
    return exit_code::ok;
}

exit_code diff(state_request& r) {
    r.settings.load();
    const auto dir = directory_or_none(r.settings.dir());
    std::error_code ec;
    migrate::diff_options o;
    o.to(r.to.empty() ? r.settings.project().to : r.to).dev(r.settings.dev());
    o.with_down(r.with_down || (!dir.path().empty() && fs::is_directory(dir.path() / "down", ec)));
    const auto found = value_of_or_problem(migrate::diff(dir, o));
    const bool writes = !found.is_synced() && !r.dry_run && r.settings.format() != "sql";
    if (!writes) return answer_diff(r, found, {});
    const auto made = value_of_or_problem(migrate::write_next(r.settings.dir(), r.name, found));
    edit_made(r, made);
    return answer_diff(r, found, made.string());
}

exit_code checkpoint(state_request& r) {
    r.settings.load();
    const auto dir = open_directory(r.settings.dir());
    const auto found = value_of_or_problem(migrate::checkpoint(dir, r.tag, r.settings.dev()));
    for (const auto& each : found.with_rows)
        r.out().note("the files put rows into " + each +
                     ", the checkpoint does not: copy the INSERTs by hand");
    if (r.dry_run) {
        r.out().text(found.content);
        return exit_code::ok;
    }
    const auto made = value_of_or_problem(
        migrate::new_file(r.settings.dir(), r.name.empty() ? "checkpoint" : r.name, found.content));
    edit_made(r, made);
    if (r.out().is_json())
        r.out().object({{"schema", "tusk.migrate.checkpoint/1"}, {"file", made.string()}});
    else
        r.out().line(made.string());
    return exit_code::ok;
}

exit_code drift(state_request& r) {
    r.settings.load();
    const auto dir = open_directory(r.settings.dir());
    const auto all = r.settings.databases();
    json::array list;
    bool drifted = false;
    for (const auto& db : all) {
        const auto found =
            value_of_or_problem(migrate::drift(dir, db.config, r.settings.dev(), r.settings.apply_options()));
        drifted = drifted || found.has_drifted();
        list.push_back(to_json(found));
        if (!db.name.empty()) list.back().as_object()["target_name"] = db.name;
        if (r.out().is_json()) continue;
        if (!db.name.empty()) r.out().line(db.name + ":");
        print(found, r.out());
    }
    if (r.out().is_json()) r.out().object({{"schema", "tusk.migrate.drift/1"}, {"targets", std::move(list)}});
    return drifted ? exit_code::found : exit_code::ok;
}

json::object trial_as_json(const migrate::trial& t) {
    return {{"file", t.file},
            {"name", t.name},
            {"passed", t.passed()},
            {"problem", t.problem},
            {"milliseconds", t.took.count()},
            {"log", json::array(t.log.begin(), t.log.end())}};
}

exit_code test(state_request& r) {
    r.settings.load();
    const auto dir = open_directory(r.settings.dir());
    migrate::trial_options o;
    o.only(r.only).dev(r.settings.dev());
    const auto all = value_of_or_problem(migrate::run_trials(dir, {r.paths.begin(), r.paths.end()}, o));
    json::array list;
    std::size_t failures = 0;
    for (const auto& each : all) {
        if (!each.passed()) ++failures;
        list.push_back(trial_as_json(each));
        if (r.out().is_json()) continue;
        for (const auto& line : each.log) r.out().line("  " + line);
        r.out().line((each.passed() ? "ok " : "FAILED ") + each.file + ": " + each.name);
        if (!each.passed()) r.out().line("  " + each.problem);
    }
    if (r.out().is_json())
        r.out().object({{"schema", "tusk.migrate.test/1"}, {"cases", std::move(list)}});
    else
        r.out().note(std::to_string(all.size()) + " cases, " + std::to_string(failures) + " failed");
    return failures == 0 ? exit_code::ok : exit_code::found;
}

using state_request_ptr = std::shared_ptr<state_request>;

void add_diff(command_tree& tree, CLI::App& family) {
    const auto r = std::make_shared<state_request>(tree);
    auto& c = tree.add_command(family, "diff", "Write the migration that a wanted state lacks",
                               [r] { return diff(*r); });
    c.add_option("name", r->name, "What it does, in a word")->option_text("NAME");
    c.add_option("--to", r->to, "The state to reach: file://schema.sql, a directory, a snapshot, a URL")
        ->option_text("SOURCE");
    c.add_flag("--with-down", r->with_down,
               "Write its way back too; done anyway when the directory has a folder `down`");
    c.add_flag("--edit", r->edit, "Open it in $EDITOR");
    c.add_flag("--dry-run", r->dry_run, "Print it and write nothing; so does --format sql");
    r->settings.add_common(c);
    r->settings.add_dev(c, true);
    c.footer("Examples:\n"
             "  tusk migrate diff add_users --to file://schema.sql\n"
             "  tusk migrate diff --to file://schema.sql --dev-url postgres:///dev --dry-run");
}

void add_checkpoint(command_tree& tree, CLI::App& family) {
    const auto r = std::make_shared<state_request>(tree);
    auto& c = tree.add_command(family, "checkpoint",
                               "Write a file that stands for all there are, on empty databases",
                               [r] { return checkpoint(*r); });
    c.add_option("tag", r->tag, "A word that `down --to-tag` knows it by")->option_text("TAG");
    c.add_option("--name", r->name, "The file's description; checkpoint when not given")->option_text("NAME");
    c.add_flag("--edit", r->edit, "Open it in $EDITOR");
    c.add_flag("--dry-run", r->dry_run, "Print it and write nothing");
    r->settings.add_common(c);
    r->settings.add_dev(c);
}

void add_drift(command_tree& tree, CLI::App& family) {
    const auto r = std::make_shared<state_request>(tree);
    auto& c = tree.add_command(family, "drift", "Tell where a database differs from what its migrations make",
                               [r] { return drift(*r); });
    r->settings.add_common(c);
    r->settings.add_database(c);
    r->settings.add_dev(c);
    c.footer("Status 3: it differs.");
}

void add_test(command_tree& tree, CLI::App& family) {
    const auto r = std::make_shared<state_request>(tree);
    auto& c = tree.add_command(family, "test", "Run SQL tests of migrations", [r] { return test(*r); });
    c.add_option("path", r->paths, "SQL files with tusk:test, tusk:migrate, …; see docs/migrate.md")
        ->option_text("FILE...")
        ->required();
    c.add_option("--run", r->only, "Only cases whose name fits this regular expression")
        ->option_text("REGEX");
    r->settings.add_common(c);
    r->settings.add_dev(c);
    c.footer("Status 3: a case failed.");
}

} // namespace

void add_migrate_schema_commands(command_tree& tree, CLI::App& family) {
    add_diff(tree, family);
    add_checkpoint(tree, family);
    add_drift(tree, family);
    add_test(tree, family);
}

} // namespace tusk::cli
