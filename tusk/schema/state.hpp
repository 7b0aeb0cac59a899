#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/schema/inspect.hpp>
#include <tusk/schema/scratch.hpp>
#include <tusk/schema/script.hpp>

namespace tusk::schema {

/// A state of a schema, wherever it comes from.
struct state {
    model objects;
    std::vector<rename_hint> hints;
    /// The throwaway database that it was read from, when it came from SQL.
    std::shared_ptr<scratch_database> loaded_in;
    scope limits; ///< What of the source counts.
    model whole;  ///< All that is there, when limits leave something out.
    /// Whether the role that read it owns the database: what has no owner in a target is then that role's.
    bool owns_database = false;
    /// What is there that no plan touches: "1 subscriptions", …
    std::vector<std::string> unmanaged;
};

/// Reads a state from:
/// - `postgres://…` or a keyword string: a database;
/// - `file://dir`, `file://a.sql` (or just the path): SQL, loaded into a throwaway database; the files of a
/// directory
///   in the order of their names;
/// - `file://a.json`: a snapshot;
/// - `empty://`: nothing but the schema public.
///
/// Statements of SQL that need others further down are run after them. `scratch` is asked for a throwaway
/// database only when one is needed. Throws `tusk::error`; errors of SQL name the file and the line.
class state_reader {
public:
    /// `scratch` as `scratch_server` takes it.
    explicit state_reader(std::string scratch = "embedded://") : where_{std::move(scratch)} {}

    state read(std::string_view source, const scope& of = {});
    /// The state of the database of a connection, which is in no transaction.
    state read(blocking::connection& on, const scope& of = {});
    /// The state of a throwaway database of `scratch()`, which goes with the last state that was read from
    /// it.
    state read(std::shared_ptr<scratch_database> made, const scope& of = {});
    /// The state that a script makes.
    state read_sql(std::string_view sql, const scope& of = {});
    /// The server of throwaway databases, started when it is asked for. `embedded://` is of the major version
    /// of the first database that was read, where such a server is installed.
    scratch_server& scratch();

private:
    struct part {
        std::string name;
        std::vector<script_statement> statements;
    };
    state load(const std::vector<part>& parts, const scope& of);

    std::string where_;
    int major_ = 0; ///< Of the first database that was read.
    std::unique_ptr<scratch_server> server_;
};

} // namespace tusk::schema
