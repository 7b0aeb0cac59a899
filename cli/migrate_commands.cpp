#include <cli/migrate_commands.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include <CLI/CLI.hpp>

#include <boost/json/array.hpp>

#include <cli/migrate_parts.hpp>
#include <cli/migrate_settings.hpp>
#include <cli/signals.hpp>
#include <tusk/migrate/migrator.hpp>

namespace tusk::cli {

namespace {

namespace json = boost::json;

/// What the options of the commands on databases say besides the settings.
struct database_request {
    explicit database_request(command_tree& t) : tree{&t}, settings{t} {}

    command_tree* tree;
    migrate_settings settings;
    std::string argument; ///< An amount, or a version.
    std::string to_version;
    bool dry_run = false;
    std::string to_tag;
    bool allow_data_loss = false;
    bool computed = false;
    bool drift = false;
};

std::size_t amount_of(const std::string& text, std::size_t otherwise) {
    if (text.empty()) return otherwise;
    if (text.find_first_not_of("0123456789") != std::string::npos || text.size() > 9 || std::stoul(text) == 0)
        throw usage_problem("the number of files is 1 or more, not `" + text + "`",
                            "leave it out for all of them");
    return std::stoul(text);
}

json::object answer(const std::string& schema, json::object fields) {
    json::object out{{"schema", schema}};
    for (auto& field : fields) out.emplace(field.key(), std::move(field.value()));
    return out;
}

/// What became of one database.
struct outcome {
    std::string name;
    migrate::apply_report report;
};

/// Runs `f` for every database, on as many threads as the project allows, and keeps the order.
template <class F>
std::vector<outcome> for_each_database(const std::vector<migrate_settings::database>& all,
                                       std::size_t parallel, F f) {
    std::vector<outcome> out(all.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t i = next++; i < all.size(); i = next++) out[i] = {all[i].name, f(all[i])};
    };
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < std::min(std::max<std::size_t>(parallel, 1), all.size()); ++i)
        threads.emplace_back(work);
    work();
    threads.clear();
    return out;
}

exit_code print_one(const outcome& o, const char* schema, const char* verb, output& to) {
    if (to.is_json())
        to.object(answer(std::string{schema} + "/1", to_json(o.report)));
    else
        print(o.report, verb, to);
    if (!o.report.problem) return exit_code::ok;
    const auto why = migrate_problem(
        o.report.problem, "`tusk migrate status` shows what is applied; the next run goes on there");
    if (to.is_json()) { // the object above says it already
        to.advice("error: " + why.message() + "\nremedy: " + why.remedy() + "\n");
        return why.status();
    }
    throw why;
}

exit_code print_many(const std::vector<outcome>& all, const char* schema, const char* verb, output& to) {
    json::array list;
    exit_code status = exit_code::ok;
    for (const auto& o : all) {
        if (to.is_json()) {
            list.push_back(to_json(o.report));
            list.back().as_object()["target_name"] = o.name;
        } else {
            to.line(o.name + ":");
            print(o.report, verb, to);
        }
        if (!o.report.problem) continue;
        const auto why = migrate_problem(o.report.problem, "`tusk migrate status` shows what is applied");
        to.advice("error: " + o.name + ": " + why.message() + "\n");
        status = why.status();
    }
    if (to.is_json()) to.object({{"schema", std::string{schema} + ".many/1"}, {"targets", std::move(list)}});
    return status;
}

template <class F>
exit_code run_on_all(database_request& r, const char* schema, const char* verb, F f) {
    const auto all = r.settings.databases();
    const auto outcomes = for_each_database(all, r.settings.project().parallel, f);
    auto& to = r.tree->to();
    return outcomes.size() == 1 && outcomes[0].name.empty() ? print_one(outcomes[0], schema, verb, to)
                                                            : print_many(outcomes, schema, verb, to);
}

exit_code stopped(const stop_on_signal& signals, exit_code status) {
    return signals.signal() == 0 ? status : static_cast<exit_code>(128 + signals.signal());
}

/// A database that somebody changed by hand. One that nothing was applied to has nothing to differ from.
failure refuse_drift(const migrate::directory& dir, const connect_config& target,
                     const migrate::dev_options& dev, const migrate::apply_options& o) {
    const auto found = migrate::drift(dir, target, dev, o);
    if (!found) return failure{found.error()};
    if (found->version.empty() || found->partial || !found->has_drifted()) return {};
    std::string list;
    for (const auto& each : found->differences) list += "\n  " + each;
    return failure{errc::invalid_argument,
                   "the database is not what its migrations make of it:" + list +
                       "\nremedy: write what was done by hand into a migration (`tusk migrate diff --to` "
                       "the database), or undo it; `tusk migrate drift` shows how"};
}

migrate::apply_report refused_report(failure why) {
    migrate::apply_report out;
    out.problem = std::move(why);
    return out;
}

exit_code apply(database_request& r) {
    r.settings.load();
    auto o = r.settings.apply_options();
    o.dry_run(r.dry_run).amount(amount_of(r.argument, 0)).to_version(r.to_version);
    const auto dir = open_directory(r.settings.dir());
    const stop_on_signal signals;
    o.stop(signals.token());
    const bool checks_drift = r.drift || r.settings.project().drift_check;
    try {
        return stopped(signals, run_on_all(r, "tusk.migrate.apply", "applied", [&](const auto& db) {
                           if (checks_drift)
                               if (auto f = refuse_drift(dir, db.config, r.settings.dev(), o))
                                   return refused_report(std::move(f));
                           return blocking::migrator{dir, db.config}.try_apply(o);
                       }));
    } catch (const problem& p) {
        if (signals.signal() == 0) throw;
        r.tree->to().report(p);
        return stopped(signals, p.status());
    }
}

exit_code down(database_request& r) {
    r.settings.load();
    migrate::down_options o;
    o.amount(amount_of(r.argument, 1)).to_version(r.to_version).allow_data_loss(r.allow_data_loss);
    o.to_tag(r.to_tag).dev(r.settings.dev());
    if (r.computed) o.way(migrate::way_back::computed);
    auto run = r.settings.apply_options();
    o.run(run.dry_run(r.dry_run));
    const auto dir = open_directory(r.settings.dir());
    return run_on_all(r, "tusk.migrate.down", "undone",
                      [&](const auto& db) { return blocking::migrator{dir, db.config}.try_down(o); });
}

exit_code status(database_request& r) {
    r.settings.load();
    auto& to = r.tree->to();
    const auto dir = open_directory(r.settings.dir());
    const auto o = r.settings.apply_options();
    const auto all = r.settings.databases();
    json::array list;
    bool drifted = false;
    for (const auto& db : all) {
        const auto found = blocking::migrator{dir, db.config}.try_status(o);
        if (!found) throw_problem(failure{found.error()});
        if (!to.is_json()) {
            if (!db.name.empty()) to.line(db.name + ":");
            print(*found, to);
        }
        list.push_back(to_json(*found));
        if (r.drift) {
            const auto differs = migrate::drift(dir, db.config, r.settings.dev(), o);
            if (!differs) throw_problem(failure{differs.error()});
            if (!to.is_json()) print(*differs, to);
            list.back().as_object()["drift"] = to_json(*differs);
            drifted = drifted || differs->has_drifted();
        }
        if (!db.name.empty()) list.back().as_object()["target_name"] = db.name;
    }
    const bool single = all.size() == 1 && all[0].name.empty();
    if (to.is_json() && single) to.object(answer("tusk.migrate.status/1", list[0].as_object()));
    if (to.is_json() && !single)
        to.object({{"schema", "tusk.migrate.status.many/1"}, {"targets", std::move(list)}});
    return drifted ? exit_code::found : exit_code::ok;
}

exit_code set(database_request& r) {
    r.settings.load();
    const auto dir = open_directory(r.settings.dir());
    const auto newest = r.argument.empty() ? std::nullopt : std::optional<std::string>{r.argument};
    for (const auto& db : r.settings.databases()) {
        const blocking::migrator m{dir, db.config};
        throw_problem(m.try_set(newest, r.settings.apply_options()));
        const auto now = m.try_status(r.settings.apply_options());
        if (!now) throw_problem(failure{now.error()});
        if (r.tree->to().is_json())
            r.tree->to().object(answer("tusk.migrate.set/1", to_json(*now)));
        else
            print(*now, r.tree->to());
    }
    return exit_code::ok;
}

void add_apply(command_tree& tree, CLI::App& family) {
    const auto r = std::make_shared<database_request>(tree);
    auto& c = tree.add_command(family, "apply", "Execute the migrations that are pending",
                               [r] { return apply(*r); });
    c.add_option("amount", r->argument, "At most that many files")->option_text("AMOUNT");
    c.add_option("--to-version", r->to_version, "No file behind this version")->option_text("VERSION");
    c.add_flag("--dry-run", r->dry_run, "Print what would be executed; write nothing, take no lock");
    r->settings.add_common(c);
    r->settings.add_database(c);
    r->settings.add_apply(c);
    r->settings.add_dev(c);
    c.add_flag("--check-drift", r->drift, "Refuse a database that differs from its migrations");
    c.footer("Examples:\n"
             "  tusk migrate apply --url postgres:///app --dir file://migrations\n"
             "  tusk migrate apply --env prod --dry-run");
}

void add_status(command_tree& tree, CLI::App& family) {
    const auto r = std::make_shared<database_request>(tree);
    auto& c = tree.add_command(family, "status", "Show what is applied and what is pending",
                               [r] { return status(*r); });
    c.add_flag("--drift", r->drift,
               "Compare the database with what its migrations make; status 3: it differs");
    r->settings.add_common(c);
    r->settings.add_database(c);
    r->settings.add_dev(c);
}

void add_down(command_tree& tree, CLI::App& family) {
    const auto r = std::make_shared<database_request>(tree);
    auto& c = tree.add_command(family, "down",
                               "Take migrations back, by their written ways back or by a computed one",
                               [r] { return down(*r); });
    c.add_option("amount", r->argument, "That many files; 1 when not given")->option_text("AMOUNT");
    c.add_option("--to-version", r->to_version, "All files behind this version; 0 is all there are")
        ->option_text("VERSION");
    c.add_option("--to-tag", r->to_tag, "All files behind the checkpoint with this tag")->option_text("TAG");
    c.add_flag("--computed", r->computed, "Compute the way back even where one is written");
    c.add_flag("--allow-data-loss", r->allow_data_loss, "Tables and columns that hold something may go");
    c.add_flag("--dry-run", r->dry_run, "Print what would be executed; write nothing, take no lock");
    r->settings.add_common(c);
    r->settings.add_database(c);
    r->settings.add_dev(c);
    c.footer("Examples:\n"
             "  tusk migrate down --url postgres:///app --dry-run\n"
             "  tusk migrate down --url postgres:///app --to-version 20240102150405");
}

void add_set(command_tree& tree, CLI::App& family) {
    const auto r = std::make_shared<database_request>(tree);
    auto& c = tree.add_command(family, "set", "Say which version a database has, executing nothing",
                               [r] { return set(*r); });
    c.add_option("version", r->argument, "The last version that it has; that of the last file when not given")
        ->option_text("VERSION");
    r->settings.add_common(c);
    r->settings.add_database(c);
}

} // namespace

void add_migrate_database_commands(command_tree& tree, CLI::App& family) {
    add_apply(tree, family);
    add_status(tree, family);
    add_down(tree, family);
    add_set(tree, family);
}

void add_migrate_commands(command_tree& tree) {
    auto& family = tree.add_family("migrate", "Migration directories, and what they do to databases");
    add_migrate_database_commands(tree, family);
    add_migrate_file_commands(tree, family);
    add_migrate_schema_commands(tree, family);
    add_migrate_lint_command(tree, family);
}

} // namespace tusk::cli
