#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include <tusk/migrate/replay.hpp>
#include <tusk/migrate/text.hpp>

namespace tusk::migrate {

/// A lock that a statement took on a table that was there before its file.
struct measured_lock {
    std::string table; ///< "public.users"
    std::string mode;  ///< As pg_locks says it: "AccessExclusiveLock".

    friend bool operator==(const measured_lock&, const measured_lock&) = default;
};

/// Whom a lock keeps out of a table: "readers and writers", "writers", or "" when both go on.
/// Source: PostgreSQL documentation, table 13.2 (conflicting lock modes).
std::string kept_out_by(const std::string& mode);

/// What a statement did, seen from the server.
struct measured_statement {
    std::string file;
    std::size_t offset = 0; ///< Of the statement in the file.
    text_position where;
    std::string sql;
    /// From SHARE UPDATE EXCLUSIVE up; those that an earlier statement of the transaction took already are
    /// not here.
    std::vector<measured_lock> locks;
    std::vector<std::string> held;      ///< Tables that readers or writers are kept out of while it runs.
    std::vector<std::string> rewritten; ///< Tables and indexes with a new file: every row was written.
    std::vector<std::string> scanned;   ///< Tables that were read as a whole.
};

/// What files do to a database, measured.
struct measurement {
    std::vector<measured_statement> statements;
    /// Tables had a row each, where one could be made up.
    bool with_rows = false;
    /// Why not, otherwise.
    std::string why_no_rows;

    const measured_statement* find(const std::string& file, std::size_t offset) const;
};

/// Executes files on a throwaway database that has everything up to the first of them, with a row in every
/// table that takes one, statement by statement, and looks after each what pg_locks holds, which files of
/// tables are others, and which tables were read. Files behind the first that are not named are executed too.
/// Statements that no transaction can hold are stopped by an old snapshot in the middle, to see their locks.
/// Errors: files that cannot be executed.
result<measurement> measure(const directory& dir, const std::set<std::string>& files,
                            const dev_options& dev = {});

} // namespace tusk::migrate
