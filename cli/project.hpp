#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tusk/net/conninfo_environment.hpp>

namespace tusk::cli {

/// One database of an environment that has several.
struct target {
    std::string name;
    std::string url;
};

/// Where the names of tenants come from: a query on the environment's URL, and what each name is.
struct tenant_source {
    std::string query;
    std::string by = "schema"; ///< "schema", "database" or "url".
};

/// An environment of `tusk.yaml`; what the file does not say is empty.
struct project_environment {
    std::string url;
    std::string dir;
    std::string tx_mode;
    std::string exec_order;
    std::string revisions_schema;
    std::string baseline;
    std::string lock_timeout;
    std::string session_hook;       ///< SQL for every session of `apply` and `down`.
    std::string after_begin_hook;   ///< SQL behind every BEGIN of a migration.
    std::string before_commit_hook; ///< SQL before every COMMIT of a migration.
    std::string format;
    std::vector<target> targets;
    std::optional<tenant_source> tenants;
    std::size_t parallel = 1;
    std::vector<std::string> lint_errors; ///< Codes that are errors.
    std::vector<std::string> lint_ignore; ///< Codes that are left out.
    std::size_t lint_latest = 0;
    std::string lint_git_base;
    bool lint_measured = false;
    std::map<std::string, std::string> lint_naming; ///< "table" → a regular expression.
    std::string dev;                                ///< Where throwaway databases are.
    std::string to;                                 ///< The wanted state: file://schema.sql
    std::vector<std::string> schemas;
    std::vector<std::string> exclude;
    bool diff_offline = false;
    std::vector<std::string> diff_skip;
    std::vector<std::string> diff_refuse;
    bool drift_check = false; ///< `apply` refuses a database that differs from its migrations.
};

using variable_values = std::map<std::string, std::string>;

/// Reads an environment of a project file. `${NAME}` stands for a value of `given` (from `--var`), else for a
/// variable of the process; `${NAME:-default}` for the default when there is neither; `$${` for `${`. Throws
/// `problem` (usage) for a file, a key or a variable that is not there.
project_environment load_environment(const std::string& file, const std::string& name,
                                     const variable_values& given, const environment& variables);

} // namespace tusk::cli
