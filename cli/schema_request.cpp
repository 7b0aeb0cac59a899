#include <cli/schema_request.hpp>

#include <chrono>

#include <CLI/CLI.hpp>

namespace tusk::cli {

schema::scope schema_request::scope() const {
    schema::scope out;
    for (const auto& each : schemas) out.schema(each);
    for (const auto& each : excluded) out.exclude(each);
    for (const auto& each : included) out.include(each);
    return out;
}

schema::plan_options schema_request::plan_options() const {
    schema::plan_options out;
    out.online(!offline);
    out.upgrade_extensions(upgrade_extensions);
    for (const auto& each : skipped) out.skip(each);
    for (const auto& each : refused) {
        const auto hazard = schema::hazard_of(each);
        if (!hazard)
            throw usage_problem("--refuse: there is no hazard `" + each + "`",
                                "name one of those that docs/schema.md lists, such as deletes_data");
        out.refuse(*hazard);
    }
    return out;
}

schema::execute_options schema_request::execute_options() const {
    return schema::execute_options{}.lock_timeout(std::chrono::seconds{lock_timeout});
}

void add_url_option(CLI::App& command, schema_request& wanted) {
    command.add_option("-u,--url", wanted.url, "The database; DATABASE_URL when not given")
        ->option_text("URL");
}

void add_dev_option(CLI::App& command, schema_request& wanted) {
    command
        .add_option("--dev-url", wanted.dev_url,
                    "A server for throwaway databases; embedded:// (when not given) starts one")
        ->option_text("URL");
}

void add_scope_options(CLI::App& command, schema_request& wanted) {
    const auto list = [&](const char* name, std::vector<std::string>& value, const char* text,
                          const char* what) {
        command.add_option(name, value, what)->option_text(text)->allow_extra_args(false);
    };
    list("-s,--schema", wanted.schemas, "NAME", "Only this schema; may be given again");
    list("--exclude", wanted.excluded, "PATTERN", "Leave out what fits, such as 'audit.*' or 'index:*'");
    list("--include", wanted.included, "PATTERN", "Leave out what does not fit");
}

void add_plan_options(CLI::App& command, schema_request& wanted) {
    command.add_flag("--offline", wanted.offline,
                     "Plan one transaction that locks tables, not statements that spare a database at work");
    command.add_flag("--upgrade-extensions", wanted.upgrade_extensions,
                     "Bring extensions to the versions of the target");
    const auto list = [&](const char* name, std::vector<std::string>& value, const char* text,
                          const char* what) {
        command.add_option(name, value, what)->option_text(text)->allow_extra_args(false);
    };
    list("--skip", wanted.skipped, "CHANGE", "Leave out changes, such as drop, drop_table or trigger");
    list("--refuse", wanted.refused, "HAZARD", "Make no plan that has this hazard, such as deletes_data");
}

std::string url_of(const schema_request& wanted, const environment& variables) {
    if (!wanted.url.empty()) return wanted.url;
    auto given = variables.variable("DATABASE_URL").value_or("");
    return given.empty() ? "postgresql://" : given;
}

schema::state read_source(schema::state_reader& reader, const std::string& source,
                          const schema_request& wanted, const char* option) {
    try {
        return reader.read(source, wanted.scope());
    } catch (const error& e) {
        auto why = e.as_failure();
        why.add_context(option);
        throw problem{why,
                      "give the URL of a database that runs, file://PATH of SQL files or of a snapshot, or "
                      "empty://; SQL files have to be free of errors"};
    }
}

} // namespace tusk::cli
