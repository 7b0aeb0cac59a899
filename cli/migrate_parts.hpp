#pragma once

#include <CLI/App.hpp>

#include <boost/json/object.hpp>

#include <cli/command_tree.hpp>
#include <cli/problem.hpp>
#include <tusk/migrate/directory.hpp>
#include <tusk/migrate/drift.hpp>
#include <tusk/migrate/report.hpp>

namespace tusk::cli {

/// Commands that work on databases: apply, status, down, set.
void add_migrate_database_commands(command_tree& tree, CLI::App& family);
/// Commands that work on files: new, hash, validate, edit, rm, rebase, import.
void add_migrate_file_commands(command_tree& tree, CLI::App& family);
/// Commands that think about schemas: diff, checkpoint, drift, test.
void add_migrate_schema_commands(command_tree& tree, CLI::App& family);
/// Opens the user's editor and waits. Throws `problem`.
void open_editor(const std::filesystem::path& file, const environment& variables);
/// Commands that judge files: lint.
void add_migrate_lint_command(command_tree& tree, CLI::App& family);

/// The directory, read. Throws `problem`.
migrate::directory open_directory(const std::string& url);
/// With the status of `exit_code_of`, but 1 for files and histories that make no sense.
problem migrate_problem(const failure& what, std::string remedy);
/// `what`, thrown when it failed, with a remedy for what brings none itself.
void throw_problem(const failure& what);

/// Reports as JSON, without the field `schema`.
boost::json::object to_json(const migrate::apply_report& r);
boost::json::object to_json(const migrate::status_report& r);
/// For people.
void print(const migrate::apply_report& r, const char* verb, output& to);
void print(const migrate::status_report& r, output& to);
void print(const migrate::drift_report& r, output& to);
boost::json::object to_json(const migrate::drift_report& r);

} // namespace tusk::cli
