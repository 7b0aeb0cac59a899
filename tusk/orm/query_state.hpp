#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/orm/sql_writer.hpp>

/// A query that is being built: parts of SQL by clause. One class for all models and all kinds of queries, so
/// that what is generated for each model is thin.
namespace tusk::orm {

enum class clause : std::uint8_t {
    with,
    distinct_on,
    column,
    source, ///< FROM, USING
    join,
    where,
    group_by,
    having,
    window,
    order,
    lock,
    set_operation, ///< UNION, …
    set,
    value, ///< Of an insert or update: a column's own expression.
    conflict_where,
    returning,
};

/// How a condition is joined to the one before.
enum class glue : std::uint8_t { conjunction, disjunction, conjunction_not, disjunction_not };

/// Which rows a query of a model with soft delete sees.
enum class deleted_rows : std::uint8_t { hidden, shown, only };

/// A column that a row is read into; `object` 0 is the row itself, others are joined ones.
struct row_slot {
    const column_info* column;
    std::uint16_t object;
};

using row_slots = std::vector<row_slot, recycled<row_slot>>;

class query_state {
public:
    explicit query_state(const table_info* of = nullptr) : model{of} {}

    struct node {
        clause where;
        glue how = glue::conjunction;
        enum class kind : std::uint8_t { part, open, close } what = kind::part;
        std::string label; ///< The column of `value`, the name of `with`.
        sql_writer sql;
    };
    /// A relation that comes by a LEFT JOIN: its columns follow those of the model.
    struct joined_table {
        const table_info* table;
        std::string alias;
        std::vector<const column_info*> columns;
        bool optional = true; ///< Its object is absent when its first column is NULL.
    };

    void add(clause where, sql_writer sql, glue how = glue::conjunction, std::string label = {}) {
        nodes.push_back({where, how, node::kind::part, std::move(label), std::move(sql)});
    }
    void open(clause where, glue how) { nodes.push_back({where, how, node::kind::open, {}, {}}); }
    void close(clause where) { nodes.push_back({where, glue::conjunction, node::kind::close, {}, {}}); }
    bool has(clause where) const noexcept;
    const node* value_of(std::string_view column) const noexcept;
    /// The column gets the time of the update: nothing that was set says otherwise.
    bool is_stamped(const column_info& c) const noexcept;
    void choose(const column_info& c);
    void leave_out(const column_info& c);
    bool is_chosen(const column_info& c) const noexcept;
    void fail(failure why) {
        if (!failure_) failure_ = std::move(why);
    }
    const failure& why() const noexcept { return failure_; }
    std::string_view alias() const noexcept {
        return !other_alias.empty() || model == nullptr ? std::string_view{other_alias} : model->alias;
    }
    /// A select reads the columns of the model, all of them, and nothing else.
    bool reads_whole_rows() const noexcept {
        return !no_columns && !only_chosen && left_out.empty() && joined.empty();
    }
    /// What a row of a select consists of.
    row_slots slots() const;
    /// Something is selected that is not a column of the model.
    bool has_expressions() const noexcept { return has(clause::column); }

    // Parts of every statement
    void write_comment(sql_writer& out) const;
    void write_with(sql_writer& out) const;
    void write_table(sql_writer& out, bool with_alias, bool for_select) const;
    /// The parts of a clause; false when there is none.
    bool write_parts(sql_writer& out, clause where, std::string_view before, std::string_view between) const;
    /// WHERE: what the query says, in parentheses of its own, and what the model says about deleted rows.
    void write_where(sql_writer& out) const;
    void write_conditions(sql_writer& out, clause of) const;
    bool has_or(clause of) const noexcept;
    void write_returning(sql_writer& out) const;

    // Statements
    void write_select(sql_writer& out) const;
    void write_count(sql_writer& out) const;
    void write_exists(sql_writer& out) const;
    void write_update(sql_writer& out, const void* row) const;
    void write_delete(sql_writer& out) const;

    const table_info* model;
    std::string other_alias;
    std::string comment;
    std::vector<node, recycled<node>> nodes;
    std::vector<const column_info*, recycled<const column_info*>> chosen;
    std::vector<const column_info*, recycled<const column_info*>> left_out;
    std::vector<joined_table> joined;
    std::optional<std::int64_t> limit;
    std::optional<std::int64_t> offset;
    deleted_rows deleted = deleted_rows::hidden;
    bool only_chosen = false;
    bool no_columns = false;
    bool distinct = false;
    bool recursive = false;
    bool no_model_table = false; ///< Another FROM takes its place.
    bool really_delete = false;
    bool omit_zero = false;
    bool returning_all = false;

private:
    void write_select_body(sql_writer& out, const std::function<void(sql_writer&)>& columns,
                           bool whole) const;
    void write_own_columns(sql_writer& out) const;
    void write_joins(sql_writer& out) const;
    void write_soft_delete_condition(sql_writer& out) const;
    void write_assignments(sql_writer& out, const void* row) const;
    failure failure_;
};

/// `"u"."id" = ?` for every column of the primary key.
void write_pk_equal(sql_writer& out, const table_info& t, std::string_view alias, const value_list& key);
/// The primary key of a row. Fails when the server has not given it one yet.
result<value_list> key_of(const table_info& t, const void* row);
/// `"u"."id" = ANY(?)`, or `("a", "b") IN (SELECT * FROM unnest(?, ?))`, for any number of rows. No row:
/// never true.
void write_pk_among(sql_writer& out, const table_info& t, std::string_view alias,
                    const std::vector<const void*>& rows);

} // namespace tusk::orm
