#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include <cli/command_tree.hpp>
#include <cli/project.hpp>
#include <tusk/migrate/options.hpp>
#include <tusk/migrate/replay.hpp>
#include <tusk/net/conninfo.hpp>

namespace tusk::cli {

/// What the options of `tusk migrate …` say, together with the environment of the project file. An option
/// counts before the environment, that before the default.
class migrate_settings {
public:
    explicit migrate_settings(command_tree& tree) : tree_{&tree} {}

    /// `--config`, `--env`, `--var`, `--dir`, `--format`.
    void add_common(CLI::App& command, bool answers_in_json = true);
    /// `--url`, `--revisions-schema`, `--lock-timeout`.
    void add_database(CLI::App& command);
    /// `--dev-url`, `--schema`, `--exclude`, and with `plans` those of plans: `--offline`, `--skip`,
    /// `--refuse`.
    void add_dev(CLI::App& command, bool plans = false);
    /// `--tx-mode`, `--exec-order`, `--baseline`, `--allow-dirty`, …
    void add_apply(CLI::App& command);

    /// Reads the project file when there is an environment. Call it first.
    void load();
    std::string dir() const;
    const project_environment& project() const noexcept { return project_; }
    /// "text", "json", …
    std::string format() const;
    /// What `apply` is to do. Throws `problem` for a word that is none.
    migrate::apply_options apply_options() const;
    /// Where throwaway databases are, and what counts. Throws `problem` for a hazard that is none.
    migrate::dev_options dev() const;

    /// A database to work on.
    struct database {
        std::string name; ///< Empty when there is only one.
        connect_config config;
    };
    /// One, or the targets or tenants of the environment. Throws `problem`.
    std::vector<database> databases() const;

private:
    connect_config config_of(const std::string& url) const;
    std::vector<database> tenants() const;
    std::string url() const;

    command_tree* tree_;
    std::string config_ = "tusk.yaml";
    std::string env_;
    std::vector<std::string> variables_;
    std::string dir_;
    std::string format_;
    std::string url_;
    std::string revisions_schema_;
    std::string lock_timeout_;
    std::string tx_mode_;
    std::string exec_order_;
    std::string baseline_;
    std::string statement_lock_timeout_;
    std::string resolve_;
    std::string dev_url_;
    std::vector<std::string> schemas_;
    std::vector<std::string> excluded_;
    std::vector<std::string> skipped_;
    std::vector<std::string> refused_;
    bool offline_ = false;
    bool allow_dirty_ = false;
    bool allow_edited_ = false;
    project_environment project_;
};

/// "10s", "500ms", "2m", "1h"; a number alone is seconds. Throws `problem` for anything else.
std::chrono::milliseconds parse_duration(const std::string& text, const std::string& option);

} // namespace tusk::cli
