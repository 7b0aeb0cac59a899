#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/migrate/revision.hpp>

namespace tusk::blocking {
class connection;
}

namespace tusk::migrate {

/// The number that Atlas locks while it applies migrations: FNV-1 of "atlas_migrate_execute". Both tools
/// exclude each other.
inline constexpr std::int64_t execute_lock_id = 2686470616;

/// The revisions table: what was applied to a database, one row a file. Rows are written in the transaction
/// of what they tell about, and only by the session that holds the lock, so that a run that lost it can write
/// nothing.
class journal {
public:
    static constexpr const char* table_name = "atlas_schema_revisions";

    /// `schema` empty: the first of the session's search_path when the connection string or the role set one,
    /// else "atlas_schema_revisions". Errors: a table in that default schema when the session is bound to
    /// another one (`errc::invalid_argument`), what the server says.
    static result<journal> open(blocking::connection& db, std::string schema);

    const std::string& schema() const noexcept { return schema_; }
    /// The session is bound to one schema, which is all that a first run looks at.
    bool is_bound() const noexcept { return bound_; }
    bool exists() const noexcept { return exists_; }

    /// Makes schema and table when they are not there. Errors: `errc::invalid_argument` for a table that is
    /// not Atlas's (a column is missing, or one is required that Tusk does not know) or may not be written.
    failure create();
    /// In the order of the versions' bytes.
    result<std::vector<revision>> read();
    /// Nothing of anybody else is in the database (or schema).
    result<bool> is_clean();

    /// The row of a file that is done, or that begins; replaces one that is there.
    failure write(const revision& r);
    /// A statement took effect: `applied` goes from `before` to `before + 1`.
    failure advance(const revision& r, std::int64_t before, const std::string& hash);
    /// A statement is running that no transaction holds.
    failure mark_running(const revision& r, const std::string& sql);
    failure mark_failed(const revision& r, const std::string& error, const std::string& sql);
    /// All statements took effect.
    failure finish(const revision& r);
    failure erase(const std::string& version);

private:
    journal(blocking::connection& db, std::string schema) : db_{&db}, schema_{std::move(schema)} {}
    failure look();
    std::string table() const;
    std::string sql(std::string_view text) const;
    template <class... A>
    failure run(std::string_view text, const A&... arguments);

    blocking::connection* db_;
    std::string schema_;
    bool bound_ = false;
    bool exists_ = false;
};

/// A name as SQL wants it: "name", with quotes doubled.
std::string quoted_name(std::string_view name);
/// A string as SQL wants it, whatever standard_conforming_strings says: E'…'.
std::string quoted_string(std::string_view text);

} // namespace tusk::migrate
