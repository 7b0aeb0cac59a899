#include <cli/schema_commands.hpp>

#include <fstream>
#include <iostream>
#include <sstream>

#include <CLI/CLI.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cli/command_tree.hpp>
#include <cli/schema_more_commands.hpp>
#include <cli/schema_request.hpp>

namespace tusk::cli {

namespace {

namespace json = boost::json;
using shared_request = std::shared_ptr<schema_request>;

constexpr std::string_view synced = "Schemas are synced, no changes to be made.";

json::array hazards_of_of_schema(const schema::plan& p) {
    json::array out;
    for (const auto h : p.hazards()) out.emplace_back(schema::name_of(h));
    return out;
}

/// Nothing is left out in silence.
void note_unmanaged(const schema::state& of, const char* where, output& to) {
    std::string all;
    for (const auto& each : of.unmanaged) all += (all.empty() ? "" : ", ") + each;
    if (!all.empty()) to.note(std::string{where} + " has what is not managed: " + all);
}

/// Plans; a plan that does not hold is a problem, one that could not be tried is a note.
schema::transition planned_schema(const schema::state& from, const schema::state& to,
                                  schema::state_reader& reader, const schema_request& wanted, output& out) {
    note_unmanaged(from, "the present state", out);
    note_unmanaged(to, "the target", out);
    auto t = schema::plan_transition(from, to, reader, wanted.plan_options());
    if (t.steps.empty() || t.proved.holds || !wanted.skipped.empty()) return t;
    if (t.proved.remaining.empty() && t.proved.why.find("cannot be rebuilt") != std::string::npos) {
        out.note("the plan could not be tried: " + t.proved.why);
        return t;
    }
    auto why = "the plan did not hold when it was tried: " + t.proved.why;
    for (const auto& id : t.proved.remaining) why += "\n  left: " + id;
    throw problem{exit_code::failure, failure{errc::invalid_configuration, why + "\n" + t.steps.sql()},
                  "change the schema in smaller steps, or report this"};
}

void print_transition(const schema::transition& t, const schema_request& wanted, output& to) {
    if (to.is_json() || wanted.format == "json") {
        auto answer = schema::to_json(t.steps);
        answer["hazards"] = hazards_of_of_schema(t.steps);
        answer["proved"] = t.proved.holds;
        to.object(answer);
    } else if (t.steps.empty()) {
        to.line(synced);
    } else {
        to.text(t.steps.sql());
    }
}

exit_code schema_inspect(const schema_request& wanted, command_tree& tree) {
    schema::state_reader reader{wanted.dev_url};
    const auto found = read_source(reader, url_of(wanted, tree.variables()), wanted, "--url");
    if (tree.to().is_json() || wanted.format == "json")
        tree.to().line(json::serialize(schema::to_json(found.objects)));
    else if (wanted.format == "mermaid")
        tree.to().text(schema::mermaid(found.objects));
    else
        tree.to().text(schema::as_sql(found.objects));
    return exit_code::ok;
}

exit_code schema_diff(const schema_request& wanted, command_tree& tree) {
    schema::state_reader reader{wanted.dev_url};
    const auto from = read_source(reader, wanted.from, wanted, "--from");
    const auto to = read_source(reader, wanted.to, wanted, "--to");
    const auto t = planned_schema(from, to, reader, wanted, tree.to());
    print_transition(t, wanted, tree.to());
    return wanted.exit_code && !t.steps.empty() ? exit_code::found : exit_code::ok;
}

exit_code schema_plan(const schema_request& wanted, command_tree& tree) {
    schema::state_reader reader{wanted.dev_url};
    const auto from = read_source(reader, wanted.from, wanted, "--from");
    const auto to = read_source(reader, wanted.to, wanted, "--to");
    const auto t = planned_schema(from, to, reader, wanted, tree.to());
    const auto text = json::serialize(schema::to_json(t.steps));
    if (wanted.output.empty()) {
        tree.to().line(text);
        return exit_code::ok;
    }
    std::ofstream file{wanted.output, std::ios::binary | std::ios::trunc};
    file << text << "\n";
    file.close();
    if (!file)
        throw problem{failure{errc::environment, "cannot write " + wanted.output},
                      "see whether the directory is there and may be written to"};
    tree.to().note("wrote a plan of " + std::to_string(t.steps.statements().size()) + " statements to " +
                   wanted.output);
    return exit_code::ok;
}

bool schema_approved(const schema_request& wanted, output& to) {
    if (wanted.auto_approve) return true;
    to.advice("Apply these statements? [y/N] ");
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

schema::plan plan_in_file(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    json::error_code ec;
    const auto value = json::parse(text.str(), ec);
    if (!in || ec || !value.is_object())
        throw problem{failure{errc::environment, path + " is no plan"},
                      "make one with `tusk schema plan -o FILE`"};
    return schema::plan_from_json(value.get_object());
}

blocking::connection schema_connection(const std::string& url, const environment& variables) {
    auto opened =
        blocking::connection::try_open(parse_connect_config(url, variables).value(), {}, deadline::never());
    if (!opened) throw problem{opened.error(), "see whether the server runs and --url is right"};
    return std::move(*opened);
}

void run_schema_plan(const schema::plan& steps, blocking::connection& db, const schema_request& wanted) {
    const auto done = schema::execute(db, steps, wanted.execute_options());
    if (!done.why) return;
    auto why = done.why;
    why.add_context(std::to_string(done.statements) + " of " + std::to_string(steps.statements().size()) +
                    " statements took effect; then `" + std::string{why.sql()} + "` failed");
    throw problem{exit_code::failure, why,
                  "correct the cause and run the command again: it plans what is left"};
}

exit_code apply_plan_file(const schema_request& wanted, command_tree& tree) {
    const auto url = url_of(wanted, tree.variables());
    auto db = schema_connection(url, tree.variables());
    const auto steps = plan_in_file(wanted.plan_file);
    if (schema::inspect(db, wanted.scope()).fingerprint() != steps.from())
        throw problem{exit_code::failure,
                      failure{errc::invalid_configuration,
                              "the database is not in the state that " + wanted.plan_file + " was made for"},
                      "make a new plan for the state that it is in"};
    tree.to().text(steps.sql());
    if (wanted.dry_run || !schema_approved(wanted, tree.to()))
        return wanted.dry_run ? exit_code::ok : exit_code::failure;
    run_schema_plan(steps, db, wanted);
    return exit_code::ok;
}

exit_code schema_apply(const schema_request& wanted, command_tree& tree) {
    if (!wanted.plan_file.empty()) return apply_plan_file(wanted, tree);
    if (wanted.to.empty())
        throw usage_problem("neither --to nor --plan is given",
                            "say with --to where to go: --to file://schema.sql");
    const auto url = url_of(wanted, tree.variables());
    schema::state_reader reader{wanted.dev_url};
    const auto from = read_source(reader, url, wanted, "--url");
    const auto to = read_source(reader, wanted.to, wanted, "--to");
    const auto t = planned_schema(from, to, reader, wanted, tree.to());
    print_transition(t, wanted, tree.to());
    if (t.steps.empty() || wanted.dry_run) return exit_code::ok;
    if (!schema_approved(wanted, tree.to())) {
        tree.to().note("nothing was changed");
        return exit_code::failure;
    }
    auto db = schema_connection(url, tree.variables());
    run_schema_plan(t.steps, db, wanted);
    const auto reached = schema::inspect(db, wanted.scope());
    const schema::difference left{reached, to.objects};
    if (!left.empty() && wanted.skipped.empty())
        throw problem{exit_code::failure,
                      failure{errc::invalid_configuration, "the database has not reached the target: " +
                                                               left.changes().front().either().id() +
                                                               " differs"},
                      "somebody else may have changed the database meanwhile; run the command again"};
    tree.to().note("applied " + std::to_string(t.steps.statements().size()) + " statements");
    return exit_code::ok;
}

exit_code schema_clean(const schema_request& wanted, command_tree& tree) {
    auto db = schema_connection(url_of(wanted, tree.variables()), tree.variables());
    const auto now = schema::inspect(db, wanted.scope());
    std::vector<schema::object> kept;
    if (const auto* shared = now.find("schema:public"); shared != nullptr) kept.push_back(*shared);
    const auto steps = schema::make_plan(now, schema::model{std::move(kept), now.server_version()},
                                         wanted.plan_options().online(false));
    if (steps.empty()) {
        tree.to().line("The database is clean already.");
        return exit_code::ok;
    }
    tree.to().text(steps.sql());
    if (wanted.dry_run) return exit_code::ok;
    if (!schema_approved(wanted, tree.to())) return exit_code::failure;
    run_schema_plan(steps, db, wanted);
    return exit_code::ok;
}

CLI::App& add_schema_command(command_tree& tree, CLI::App& family, const char* name, const char* what,
                             exit_code (*body)(const schema_request&, command_tree&),
                             const shared_request& wanted) {
    return tree.add_command(family, name, what, [&tree, wanted, body] { return body(*wanted, tree); });
}

void add_from_and_to(CLI::App& command, schema_request& wanted) {
    command.add_option("-f,--from", wanted.from, "The state to begin with: a URL, file://PATH or empty://")
        ->option_text("SOURCE")
        ->required();
    command.add_option("--to", wanted.to, "The state to reach")->option_text("SOURCE")->required();
}

void add_schema_inspect(command_tree& tree, CLI::App& family) {
    auto wanted = std::make_shared<schema_request>();
    auto& command = add_schema_command(tree, family, "inspect",
                                       "Print the schema of a database, of SQL files or of a snapshot",
                                       schema_inspect, wanted);
    add_url_option(command, *wanted);
    add_dev_option(command, *wanted);
    add_scope_options(command, *wanted);
    add_choice(command, "--format", wanted->format, {"sql", "json", "mermaid"}, "How to print it");
    tree.answers_in_json(command);
}

void add_schema_diff(command_tree& tree, CLI::App& family) {
    auto wanted = std::make_shared<schema_request>();
    auto& command =
        add_schema_command(tree, family, "diff", "Print the statements that lead from one state to another",
                           schema_diff, wanted);
    add_from_and_to(command, *wanted);
    add_dev_option(command, *wanted);
    add_scope_options(command, *wanted);
    add_plan_options(command, *wanted);
    add_choice(command, "--format", wanted->format, {"sql", "json"}, "How to print them");
    command.add_flag("--exit-code", wanted->exit_code, "End with status 3 when there are changes");
    tree.answers_in_json(command);
}

void add_schema_plan(command_tree& tree, CLI::App& family) {
    auto wanted = std::make_shared<schema_request>();
    auto& command = add_schema_command(
        tree, family, "plan", "Write a plan to a file, for `tusk schema apply --plan`", schema_plan, wanted);
    add_from_and_to(command, *wanted);
    add_dev_option(command, *wanted);
    add_scope_options(command, *wanted);
    add_plan_options(command, *wanted);
    command.add_option("-o,--output", wanted->output, "The file; standard output when not given")
        ->option_text("FILE");
}

void add_consent(CLI::App& command, schema_request& wanted) {
    auto* yes = command.add_flag("--auto-approve", wanted.auto_approve, "Do not ask");
    command.add_flag("--dry-run", wanted.dry_run, "Only print the statements")->excludes(yes);
    command
        .add_option("--lock-timeout", wanted.lock_timeout, "How long to wait for a lock; 3 when not given")
        ->option_text("SECONDS");
}

void add_schema_apply(command_tree& tree, CLI::App& family) {
    auto wanted = std::make_shared<schema_request>();
    auto& command =
        add_schema_command(tree, family, "apply", "Bring a database to a state", schema_apply, wanted);
    add_url_option(command, *wanted);
    auto* to = command.add_option("--to", wanted->to, "The state to reach: file://PATH, or a URL");
    to->option_text("SOURCE");
    command
        .add_option("--plan", wanted->plan_file,
                    "A plan made before, for exactly the state that the database is in")
        ->option_text("FILE")
        ->excludes(to);
    add_dev_option(command, *wanted);
    add_scope_options(command, *wanted);
    add_plan_options(command, *wanted);
    add_consent(command, *wanted);
    command.footer("Example:\n  tusk schema apply --url \"$DATABASE_URL\" --to file://schema.sql");
}

void add_schema_clean(command_tree& tree, CLI::App& family) {
    auto wanted = std::make_shared<schema_request>();
    auto& command = add_schema_command(tree, family, "clean", "Drop everything that a database holds",
                                       schema_clean, wanted);
    add_url_option(command, *wanted);
    add_scope_options(command, *wanted);
    add_consent(command, *wanted);
}

} // namespace

void add_schema_commands(command_tree& tree) {
    auto& family = tree.add_family("schema", "Compare, plan and apply schemas");
    add_schema_inspect(tree, family);
    add_schema_diff(tree, family);
    add_schema_plan(tree, family);
    add_schema_apply(tree, family);
    add_schema_clean(tree, family);
    add_more_schema_commands(tree, family);
}

} // namespace tusk::cli
