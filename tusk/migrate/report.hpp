#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/migrate/file.hpp>

namespace tusk::migrate {

/// A file that was executed, whole or in part.
struct executed_file {
    std::string name;
    std::string version;
    std::string description;
    std::chrono::system_clock::time_point begun{};
    std::chrono::nanoseconds took{0};
    std::size_t statements = 0; ///< Executed in this run, and in effect.
    std::size_t skipped = 0;    ///< Executed by an earlier run.
};

/// Where a run stopped.
struct stopped_at {
    std::string file;
    std::size_t statement = 0; ///< From 1; 0 when it was not about a statement.
    std::string sql;           ///< The statement.
    text_position where;       ///< In the file.
    std::string excerpt;       ///< The line, and a caret below the place.
};

/// A file that is to be executed.
struct planned_file {
    std::string name;
    std::string version;
    std::string description;
    tx_mode mode = tx_mode::file;
    std::size_t skipped = 0; ///< Statements that were executed already.
    std::vector<std::string> statements;
};

/// Rows that going back loses.
struct data_loss {
    std::string table;     ///< As SQL writes it.
    std::string column;    ///< The same; empty for the whole table.
    std::int64_t rows = 0; ///< With something to lose; counted up to `most_counted`.

    static constexpr std::int64_t most_counted = 10'000;
};
/// "table public.users (3 rows)", "column public.users.name (more than 10000 rows)"
std::string to_string(const data_loss& what);

/// What `apply` or `down` did.
struct apply_report {
    std::string current; ///< The last version before; empty when nothing was applied.
    std::string target;  ///< The last version after the run, were it to succeed.
    std::vector<planned_file> planned;
    /// What is in effect now: what was rolled back is not here.
    std::vector<executed_file> applied;
    std::vector<std::string> warnings;
    std::vector<data_loss> losses; ///< Of a way back that was computed.
    bool dry_run = false;
    /// Why it stopped; empty when it did all there was to do. SQL errors begin with "file:line:column: ".
    failure problem;
    stopped_at stopped;
};

/// A file that is applied, or partly.
struct applied_revision {
    std::string version;
    std::string description;
    std::size_t applied = 0; ///< Statements.
    std::size_t total = 0;
    bool baseline = false;
    bool set_by_hand = false;
    bool partial = false;
    bool edited = false;  ///< The file is another one than was applied.
    bool missing = false; ///< The file is gone.
    std::string error;    ///< Of a partial one.
    std::string error_sql;
};

/// What a database has and lacks.
struct status_report {
    bool up_to_date() const noexcept { return pending.empty(); }
    std::string current;                   ///< The last version; empty when nothing was applied.
    std::string next;                      ///< The first pending one; empty when there is none.
    std::vector<std::string> available;    ///< Names of all files.
    std::vector<std::string> pending;      ///< Names; a partly applied one is the first.
    std::vector<std::string> out_of_order; ///< Names of files added below the last one applied.
    std::vector<applied_revision> applied;
};

} // namespace tusk::migrate
