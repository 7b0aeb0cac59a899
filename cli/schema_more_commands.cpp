#include <cli/schema_more_commands.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <CLI/CLI.hpp>

#include <boost/json/array.hpp>

#include <cli/command_tree.hpp>
#include <cli/schema_request.hpp>

namespace tusk::cli {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

exit_code schema_lint(const schema_request& wanted, command_tree& tree) {
    schema::state_reader reader{wanted.dev_url};
    const auto found = read_source(reader, url_of(wanted, tree.variables()), wanted, "--url");
    const auto all = schema::check(found.objects);
    json::array findings;
    for (const auto& each : all) {
        if (tree.to().is_json())
            findings.push_back(json::object{{"code", each.code},
                                            {"object", each.about},
                                            {"message", each.message},
                                            {"remedy", each.remedy}});
        else
            tree.to().line(each.about + ": " + each.message + " [" + each.code + "]; " + each.remedy);
    }
    if (tree.to().is_json())
        tree.to().object({{"schema", "tusk.schema.lint/1"}, {"findings", std::move(findings)}});
    else
        tree.to().note(std::to_string(all.size()) + (all.size() == 1 ? " finding" : " findings"));
    return all.empty() ? exit_code::ok : exit_code::found;
}

/// The server's own words for what a file says. Comments are not kept, so files are written only when asked
/// to.
exit_code schema_fmt(const schema_request& wanted, command_tree& tree) {
    schema::state_reader reader{wanted.dev_url};
    for (const auto& path : wanted.paths) {
        const auto found = read_source(reader, "file://" + path, wanted, path.c_str());
        const auto text = schema::as_sql(found.objects);
        if (!wanted.write) {
            tree.to().text(text);
            continue;
        }
        std::ofstream file{path, std::ios::binary | std::ios::trunc};
        file << text;
        file.close();
        if (!file)
            throw problem{failure{errc::environment, "cannot write " + path},
                          "see whether it may be written to"};
        tree.to().line(path);
    }
    return exit_code::ok;
}

std::string test_file(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream out;
    if (in) out << in.rdbuf();
    if (!in)
        throw problem{failure{errc::environment, "cannot read " + path}, "see whether the file is there"};
    return out.str();
}

/// Why a statement of a test fails; empty when it does not. A query has to return true, or nothing.
std::string run_statement(blocking::connection& db, const std::string& sql) {
    try {
        for (const auto& set : db.results(sql))
            for (const auto row : set)
                for (const auto& value : row)
                    if (value.type() == oid::boolean && value.text() != "t") return "returned false or NULL";
    } catch (const error& e) {
        if (!db.is_open()) throw;
        return e.what();
    }
    return {};
}

/// Runs each file on a copy of its own of the schema.
exit_code schema_test(const schema_request& wanted, command_tree& tree) {
    schema::state_reader reader{wanted.dev_url};
    const auto to = read_source(reader, wanted.to, wanted, "--to");
    if (!to.loaded_in)
        throw usage_problem("--to is no SQL", "give the schema to test as SQL: --to file://schema.sql");
    std::size_t failures = 0;
    for (const auto& path : wanted.paths) {
        const auto place = reader.scratch().create(to.loaded_in->name());
        auto db = place.connect();
        bool good = true;
        for (const auto& statement : schema::split_script(test_file(path))) {
            const auto why = run_statement(db, statement.text);
            if (why.empty()) continue;
            good = false;
            tree.to().line(path + ":" + std::to_string(statement.line) + ": " + why);
            break;
        }
        tree.to().line((good ? "ok " : "FAILED ") + path);
        if (!good) ++failures;
    }
    return failures == 0 ? exit_code::ok : exit_code::found;
}

} // namespace

void add_more_schema_commands(command_tree& tree, CLI::App& family) {
    auto wanted = std::make_shared<schema_request>();
    auto& linting = tree.add_command(family, "lint", "Look for what is seldom meant in a schema",
                                     [&tree, wanted] { return schema_lint(*wanted, tree); });
    add_url_option(linting, *wanted);
    add_dev_option(linting, *wanted);
    add_scope_options(linting, *wanted);
    tree.answers_in_json(linting);

    wanted = std::make_shared<schema_request>();
    auto& formatting = tree.add_command(family, "fmt", "Print SQL files as the server understands them",
                                        [&tree, wanted] { return schema_fmt(*wanted, tree); });
    formatting.add_option("path", wanted->paths, "SQL files")->required();
    formatting.add_flag("-w,--write", wanted->write, "Write the files instead; their comments go");
    add_dev_option(formatting, *wanted);

    wanted = std::make_shared<schema_request>();
    auto& testing = tree.add_command(family, "test", "Run SQL tests, each on a copy of its own of a schema",
                                     [&tree, wanted] { return schema_test(*wanted, tree); });
    testing.add_option("--to", wanted->to, "The schema: file://PATH of SQL")
        ->option_text("SOURCE")
        ->required();
    testing.add_option("path", wanted->paths, "SQL files; a query that returns a boolean has to return true")
        ->required();
    add_dev_option(testing, *wanted);
}

} // namespace tusk::cli
