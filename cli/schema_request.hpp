#pragma once

#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include <cli/problem.hpp>
#include <tusk/net/conninfo_environment.hpp>
#include <tusk/schema.hpp>

namespace tusk::cli {

/// What the commands of `tusk schema` are asked for.
struct schema_request {
    std::string url;
    std::string from;
    std::string to;
    std::string dev_url = "embedded://";
    std::string format = "sql";
    std::string output;
    std::string plan_file;
    std::vector<std::string> schemas;
    std::vector<std::string> excluded;
    std::vector<std::string> included;
    std::vector<std::string> skipped;
    std::vector<std::string> refused;
    std::vector<std::string> paths;
    unsigned lock_timeout = 3;
    bool offline = false;
    bool upgrade_extensions = false;
    bool exit_code = false;
    bool auto_approve = false;
    bool dry_run = false;
    bool write = false;

    schema::scope scope() const;
    schema::plan_options plan_options() const;
    schema::execute_options execute_options() const;
};

void add_url_option(CLI::App& command, schema_request& wanted);
void add_dev_option(CLI::App& command, schema_request& wanted);
void add_scope_options(CLI::App& command, schema_request& wanted);
void add_plan_options(CLI::App& command, schema_request& wanted);

/// `--url`, else DATABASE_URL, else what the PG… variables say.
std::string url_of(const schema_request& wanted, const environment& variables);
/// Reads a source. Throws `problem` with the name of the option that gave it.
schema::state read_source(schema::state_reader& reader, const std::string& source,
                          const schema_request& wanted, const char* option);

} // namespace tusk::cli
