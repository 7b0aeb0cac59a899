#include <cli/migrate_settings.hpp>

#include <charconv>

#include <CLI/CLI.hpp>

#include <cli/problem.hpp>
#include <tusk/client/blocking.hpp>
#include <tusk/migrate/journal.hpp>

namespace tusk::cli {

namespace {

constexpr const char* default_dir = "file://migrations";

std::string first_of(const std::string& option, const std::string& project,
                     const std::string& otherwise = {}) {
    return !option.empty() ? option : !project.empty() ? project : otherwise;
}

variable_values values_of(const std::vector<std::string>& given) {
    variable_values out;
    for (const auto& each : given) {
        const auto border = each.find('=');
        if (border == std::string::npos || border == 0)
            throw usage_problem("--var " + each + " is not NAME=VALUE", "write --var NAME=VALUE");
        out[each.substr(0, border)] = each.substr(border + 1);
    }
    return out;
}

template <class T>
T checked(const std::optional<T>& value, const std::string& option, const std::string& word,
          const std::string& choices) {
    if (!value)
        throw usage_problem(option + " takes " + choices + ", not `" + word + "`", "choose one of them");
    return *value;
}

} // namespace

std::chrono::milliseconds parse_duration(const std::string& text, const std::string& option) {
    std::int64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    const std::string unit{rest, end};
    const std::int64_t factor = unit == "ms"                  ? 1
                                : unit.empty() || unit == "s" ? 1'000
                                : unit == "m"                 ? 60'000
                                : unit == "h"                 ? 3'600'000
                                                              : 0;
    if (error != std::errc{} || number < 0 || number > 1'000'000'000 || factor == 0)
        throw usage_problem(option + " is a time such as 10s, not `" + text + "`",
                            "write a number and ms, s, m or h");
    return std::chrono::milliseconds{number * factor};
}

void migrate_settings::add_common(CLI::App& command, bool answers_in_json) {
    command.add_option("-c,--config", config_, "The project file; tusk.yaml when not given")
        ->option_text("FILE");
    command.add_option("--env", env_, "An environment of the project file")->option_text("NAME");
    command.add_option("--var", variables_, "A value for ${NAME} in the project file; may be given again")
        ->option_text("NAME=VALUE")
        ->allow_extra_args(false);
    command.add_option("--dir", dir_, "The migration directory; file://migrations when not given")
        ->option_text("file://DIR");
    if (!answers_in_json) return;
    tree_->answers_in_json(command);
    command.add_option("--format", format_, "text, or json as --json; lint knows sarif too")
        ->option_text("FORMAT");
}

void migrate_settings::add_database(CLI::App& command) {
    command
        .add_option("-u,--url", url_, "The connection string of the database; $DATABASE_URL when not given")
        ->option_text("URL");
    command.add_option("--revisions-schema", revisions_schema_, "The schema of the revisions table")
        ->option_text("NAME");
    command
        .add_option("--lock-timeout", lock_timeout_, "How long to wait for another run; 10s when not given")
        ->option_text("TIME");
}

void migrate_settings::add_apply(CLI::App& command) {
    command.add_option("--tx-mode", tx_mode_, "What a transaction holds; file when not given")
        ->option_text("file|all|none");
    command
        .add_option("--exec-order", exec_order_,
                    "What becomes of files below the last one applied; linear (refuse) when not given")
        ->option_text("linear|linear-skip|non-linear");
    command.add_option("--baseline", baseline_, "The first run takes everything up to this version as done")
        ->option_text("VERSION");
    command.add_flag("--allow-dirty", allow_dirty_, "The first run may find tables of somebody else");
    command.add_flag("--allow-edited", allow_edited_, "Applied files may have been edited");
    command
        .add_option("--statement-lock-timeout", statement_lock_timeout_,
                    "How long a statement may wait for a lock before it is tried again; 3s when not given")
        ->option_text("TIME");
    command
        .add_option("--resolve", resolve_,
                    "What became of a statement that was cut off and shows nowhere: done, or redo it")
        ->option_text("done|redo");
}

void migrate_settings::add_dev(CLI::App& command, bool plans) {
    const auto list = [&](const char* name, std::vector<std::string>& value, const char* text,
                          const char* what) {
        command.add_option(name, value, what)->option_text(text)->allow_extra_args(false);
    };
    command
        .add_option("--dev-url", dev_url_,
                    "A server for throwaway databases; embedded:// (when not given) starts one")
        ->option_text("URL");
    list("-s,--schema", schemas_, "NAME", "Only this schema; may be given again");
    list("--exclude", excluded_, "PATTERN", "Leave out what fits, such as 'audit.*' or 'index:*'");
    if (!plans) return;
    command.add_flag("--offline", offline_,
                     "Plan one transaction that locks tables, not statements that spare a database at work");
    list("--skip", skipped_, "CHANGE", "Leave out changes, such as drop, drop_table or trigger");
    list("--refuse", refused_, "HAZARD", "Make no plan that has this hazard, such as deletes_data");
}

migrate::dev_options migrate_settings::dev() const {
    schema::scope counts;
    for (const auto& each : schemas_.empty() ? project_.schemas : schemas_) counts.schema(each);
    for (const auto* list : {&project_.exclude, &excluded_})
        for (const auto& each : *list) counts.exclude(each);
    schema::plan_options plan;
    plan.online(!offline_ && !project_.diff_offline);
    for (const auto* list : {&project_.diff_skip, &skipped_})
        for (const auto& each : *list) plan.skip(each);
    for (const auto* list : {&project_.diff_refuse, &refused_})
        for (const auto& each : *list)
            plan.refuse(checked(schema::hazard_of(each), "--refuse", each, "a hazard of docs/schema.md"));
    migrate::dev_options out;
    return out.dev_url(first_of(dev_url_, project_.dev, "embedded://"))
        .counts(std::move(counts))
        .plan(std::move(plan));
}

void migrate_settings::load() {
    const auto given = values_of(variables_);
    if (!env_.empty()) project_ = load_environment(config_, env_, given, tree_->variables());
    if (format() == "json") tree_->to().json() = true;
}

std::string migrate_settings::dir() const { return first_of(dir_, project_.dir, default_dir); }

std::string migrate_settings::format() const {
    return first_of(format_, project_.format, tree_->to().is_json() ? "json" : "text");
}

migrate::apply_options migrate_settings::apply_options() const {
    migrate::apply_options o;
    const auto mode = first_of(tx_mode_, project_.tx_mode, "file");
    o.mode(checked(migrate::parse_tx_mode(mode), "--tx-mode", mode, "file, all or none"));
    const auto order = first_of(exec_order_, project_.exec_order, "linear");
    o.order(checked(migrate::parse_exec_order(order), "--exec-order", order,
                    "linear, linear-skip or non-linear"));
    o.revisions_schema(first_of(revisions_schema_, project_.revisions_schema));
    if (!allow_dirty_ || !baseline_.empty()) o.baseline(first_of(baseline_, project_.baseline));
    o.allow_dirty(allow_dirty_).allow_edited(allow_edited_);
    if (const auto time = first_of(lock_timeout_, project_.lock_timeout); !time.empty())
        o.wait_for_lock(parse_duration(time, "--lock-timeout"));
    if (!statement_lock_timeout_.empty())
        o.statement_lock_timeout(parse_duration(statement_lock_timeout_, "--statement-lock-timeout"));
    o.session_setup(project_.session_hook).after_begin(project_.after_begin_hook);
    o.before_commit(project_.before_commit_hook);
    if (!resolve_.empty() && resolve_ != "done" && resolve_ != "redo")
        throw usage_problem("--resolve takes done or redo, not `" + resolve_ + "`", "choose one of them");
    if (!resolve_.empty())
        o.resolve(resolve_ == "done" ? migrate::resolution::done : migrate::resolution::redo);
    return o;
}

std::string migrate_settings::url() const {
    auto out = first_of(url_, project_.url, tree_->variables().variable("DATABASE_URL").value_or(""));
    if (out.empty())
        throw usage_problem("no database is given",
                            "--url URL, $DATABASE_URL, or --env with a url in tusk.yaml");
    return out;
}

connect_config migrate_settings::config_of(const std::string& url) const {
    return parse_connect_config(url, tree_->variables()).value();
}

std::vector<migrate_settings::database> migrate_settings::databases() const {
    if (!url_.empty()) return {{"", config_of(url_)}};
    if (project_.tenants) return tenants();
    if (project_.targets.empty()) return {{"", config_of(url())}};
    std::vector<database> out;
    for (const auto& each : project_.targets) out.push_back({each.name, config_of(each.url)});
    return out;
}

std::vector<migrate_settings::database> migrate_settings::tenants() const {
    const auto base = config_of(url());
    auto db = blocking::connection::try_open(base, {}, deadline::never());
    if (!db) throw problem{db.error(), "see whether the url of the environment is right"};
    const auto names = db->try_all<std::string>(project_.tenants->query);
    if (!names)
        throw problem{failure{names.error()}.add_context("the query of the tenants"),
                      "it has to return one column of text"};
    std::vector<database> out;
    for (const auto& name : *names) {
        auto config = project_.tenants->by == "url" ? config_of(name) : base;
        if (project_.tenants->by == "database") config.database(name);
        if (project_.tenants->by == "schema")
            config.runtime_parameter("search_path", migrate::quoted_name(name));
        out.push_back({name, std::move(config)});
    }
    return out;
}

} // namespace tusk::cli
