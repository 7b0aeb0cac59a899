#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tusk/client/options.hpp>

namespace tusk {

/// A table by name. Both parts are quoted, so that upper case and odd characters are meant as they stand.
class table_name {
public:
    /// "users" or "public.users": what stands before the first dot is the schema.
    table_name(std::string_view name) {
        const auto dot = name.find('.');
        if (dot != name.npos) schema_ = name.substr(0, dot);
        table_ = name.substr(dot == name.npos ? 0 : dot + 1);
    }
    table_name(const char* name) : table_name{std::string_view{name}} {}
    table_name(const std::string& name) : table_name{std::string_view{name}} {}
    /// Names that may hold dots.
    table_name(std::string_view schema, std::string_view table) : schema_{schema}, table_{table} {}

    /// As SQL: `"public"."users"`.
    std::string quoted() const;
    /// For people and metrics.
    std::string display() const { return schema_.empty() ? table_ : schema_ + '.' + table_; }

private:
    std::string schema_;
    std::string table_;
};

/// Names of columns, in the order of the rows' fields: `tusk::columns("email", "name")`. None means all
/// columns, in the order of the table.
class columns {
public:
    columns() = default;
    template <class... S>
        requires(sizeof...(S) > 0 && (std::is_convertible_v<const S&, std::string_view> && ...))
    explicit columns(const S&... names) {
        names_.reserve(sizeof...(S));
        (names_.emplace_back(std::string_view{names}), ...);
    }
    explicit columns(std::vector<std::string> names) : names_{std::move(names)} {}

    const std::vector<std::string>& names() const noexcept { return names_; }
    bool empty() const noexcept { return names_.empty(); }

private:
    std::vector<std::string> names_;
};

/// What `copy_out` reads: a table, or a query. A text with white space or a parenthesis in it is a query; a
/// table with such a name is given as `table_name`.
class copy_relation {
public:
    copy_relation(std::string_view what);
    copy_relation(const char* what) : copy_relation{std::string_view{what}} {}
    copy_relation(const std::string& what) : copy_relation{std::string_view{what}} {}
    copy_relation(const table_name& table) : sql_{table.quoted()}, name_{table.display()}, is_table_{true} {}

    bool is_table() const noexcept { return is_table_; }
    /// The quoted name, or the text of the query.
    const std::string& sql() const noexcept { return sql_; }
    /// The table's name; empty for a query.
    const std::string& name() const noexcept { return name_; }

private:
    std::string sql_;
    std::string name_;
    bool is_table_ = false;
};

/// Settings of one COPY; the first argument of its verbs. `options` do as well, where nothing else is set.
class copy_options {
public:
    /// Called as data pass; see `progress`.
    using progress_function = std::function<void(std::uint64_t rows, std::uint64_t bytes)>;

    copy_options() = default;
    copy_options(const options& call) : call_{call} {}

    /// The whole COPY is over by then. Zero or less: no limit. Without it the connection's (or pool's)
    /// statement timeout counts.
    copy_options& timeout(steady_clock::duration d) {
        call_.timeout(d);
        return *this;
    }
    /// An absolute point in time instead; the earlier one of both counts.
    copy_options& until(deadline d) {
        call_.until(d);
        return *this;
    }
    /// For metrics, instead of the name of the table; must outlive the call (a literal).
    copy_options& table(std::string_view name) {
        call_.table(name);
        return *this;
    }
    /// Called after each chunk with what has passed so far: rows (0 for raw data that are sent, whose rows
    /// nobody counts) and bytes. An exception from it ends the COPY as one from the source or sink does.
    copy_options& progress(progress_function f) {
        progress_ = std::move(f);
        return *this;
    }
    /// Bytes that are written before they are sent, 1 KiB to 16 MiB. Default: 64 KiB.
    copy_options& chunk(std::size_t size) {
        chunk_ = std::clamp(size, std::size_t{1024}, std::size_t{16} * 1024 * 1024);
        return *this;
    }
    /// `copy_in` with FREEZE: the table was created or truncated in this transaction, and its rows are to be
    /// frozen at once.
    copy_options& freeze(bool yes = true) {
        freeze_ = yes;
        return *this;
    }

    const options& call_options() const noexcept { return call_; }
    const progress_function& on_progress() const noexcept { return progress_; }
    std::size_t chunk_size() const noexcept { return chunk_; }
    bool freezes() const noexcept { return freeze_; }
    /// Tightens the deadline: part of the time is already spent.
    void limit(deadline until) { call_.until(until); }

private:
    options call_;
    progress_function progress_;
    std::size_t chunk_ = 64 * 1024;
    bool freeze_ = false;
};

namespace detail {

/// `name` in double quotes, those inside it doubled.
std::string quote_identifier(std::string_view name);

/// The texts of a typed COPY: the statement that moves the data, and the one whose columns are the same.
struct copy_texts {
    std::string copy;
    std::string shape;
};
copy_texts copy_in_texts(const table_name& into, const columns& which, bool freeze);
/// `fields` are selected when a table is read; all columns when there are none.
copy_texts copy_out_texts(const copy_relation& from, const std::vector<std::string_view>& fields);

} // namespace detail

} // namespace tusk
