#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/client/blocking.hpp>
#include <tusk/core/error.hpp>

/// What tests say about errors and rows, for any test framework: each answers what is wrong, and nothing when
/// all is well.
namespace tusk::testing {

/// What a call that must fail said; no failure when it did not fail.
template <class F>
failure failure_of(F f) {
    try {
        f();
    } catch (const error& e) {
        return e.as_failure();
    }
    return {};
}

/// An error as a test expects it: `error_like{condition::duplicate}.constraint("users_email_key")`. What is
/// not said may be anything.
class error_like {
public:
    error_like(condition c) : condition_{make_error_condition(c)} {}
    error_like(errc c) : code_{make_error_code(c)} {}
    static error_like sqlstate(std::string code) {
        error_like out;
        out.sqlstate_ = std::move(code);
        return out;
    }

    error_like& constraint(std::string name) { return field("constraint", std::move(name)); }
    error_like& table(std::string name) { return field("table", std::move(name)); }
    error_like& column(std::string name) { return field("column", std::move(name)); }
    error_like& schema(std::string name) { return field("schema", std::move(name)); }
    /// The message contains this.
    error_like& message(std::string part) {
        message_ = std::move(part);
        return *this;
    }
    error_like& sent(sent_state state) {
        sent_ = state;
        return *this;
    }

    /// Where the failure differs; empty when it is as expected.
    std::string mismatch(const failure& found) const;
    /// The expectation in words.
    std::string text() const;

private:
    error_like() = default;
    error_like& field(std::string name, std::string value) {
        fields_[std::move(name)] = std::move(value);
        return *this;
    }
    std::optional<std::error_condition> condition_;
    std::optional<std::error_code> code_;
    std::string sqlstate_;
    std::map<std::string, std::string> fields_;
    std::string message_;
    std::optional<sent_state> sent_;
};

/// Rows as text, as psql shows them; NULL is nothing.
using text_row = std::vector<std::optional<std::string>>;
using text_rows = std::vector<text_row>;

text_rows rows_of(const result_set& found);
template <class... A>
text_rows rows_of(blocking::verbs& db, std::string_view sql, const A&... arguments) {
    return rows_of(db.query(sql, arguments...));
}

/// Both tables where they differ, `-` before what is missing and `+` before what is too much; empty when they
/// are the same.
std::string difference(const text_rows& expected, const text_rows& found);

/// How many rows each table of a database has.
class table_counts {
public:
    /// All tables outside of the system's schemas, by "table" or, outside of `public`, "schema.table".
    explicit table_counts(blocking::verbs& db);
    const std::map<std::string, std::int64_t>& counts() const noexcept { return counts_; }

    /// What changed since then besides `expected` ({"orders", 1}, {"carts", -1}): every other table has to
    /// have as many rows as before. Empty when that is all.
    std::string unexpected(blocking::verbs& db, const std::map<std::string, std::int64_t>& expected) const;

private:
    std::map<std::string, std::int64_t> counts_;
};

} // namespace tusk::testing
