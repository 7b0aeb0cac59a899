#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/orm/conditions.hpp>

/// Rows as a table: VALUES, for common table expressions, FROM and MERGE.
namespace tusk::orm {

namespace detail {

/// What a VALUES says, without its types.
struct values_settings {
    query_state state;
    std::vector<const void*> rows;
    bool ordered = false;
};
/// `VALUES (42::BIGINT, 'x'::VARCHAR), …`; the casts give NULLs and texts their columns' types.
void write_values(sql_writer& out, const values_settings& s);
/// `"id", "name"`
void write_values_names(sql_writer& out, const values_settings& s);

/// `"name" [(columns)] AS [how](query)`
template <class Query>
void write_common_table(sql_writer& out, std::string_view name, std::string_view how, const Query& q) {
    out.quoted(name);
    if constexpr (requires { q.write_column_names(out); }) {
        out.text(" (");
        q.write_column_names(out);
        out.text(")");
    }
    out.text(" AS ");
    out.text(how);
    out.text("(");
    q.write_to(out);
    out.text(")");
}

} // namespace detail

/// A part of a statement that is written already.
struct written_part {
    using orm_argument = void;
    sql_writer sql;
    void write_to(sql_writer& out) const { out.append(sql); }
};

/// `VALUES …` of rows, made by `orm::values(rows)`: for `with("_data", orm::values(rows))`, which names the
/// columns, or for `from("?", orm::values(rows).as("v"))`. The rows have to live until it is given to a
/// query.
template <model T>
class values_query : public query_text<values_query<T>> {
    using scope = detail::scope<detail::anything>;

public:
    explicit values_query(std::vector<const void*> rows) {
        s_.state.model = &table_of<T>;
        s_.rows = std::move(rows);
    }
    template <auto... Members>
    values_query& columns() {
        (s_.state.choose(column_of<Members>), ...);
        return *this;
    }
    template <auto... Members>
    values_query& exclude() {
        (s_.state.leave_out(column_of<Members>), ...);
        return *this;
    }
    /// An expression in place of the rows' values.
    template <auto Member, class... A>
    values_query& value(std::type_identity_t<fragment<scope, A...>> sql, const A&... args) {
        s_.state.add(clause::value, detail::written(s_.state, sql.text(), args...), glue::conjunction,
                     std::string{column_of<Member>.name});
        return *this;
    }
    /// One more column, `_order`: 0, 1, 2, …
    values_query& with_order() {
        s_.ordered = true;
        return *this;
    }
    /// `(VALUES …) AS "alias" ("id", "name")`
    written_part as(std::string_view alias) const {
        written_part out;
        out.sql.text("(");
        write_to(out.sql);
        out.sql.text(") AS ");
        out.sql.quoted(alias);
        out.sql.text(" (");
        write_column_names(out.sql);
        out.sql.text(")");
        return out;
    }
    void write_to(sql_writer& out) const { detail::write_values(out, s_); }
    void write_column_names(sql_writer& out) const { detail::write_values_names(out, s_); }

private:
    detail::values_settings s_;
};

template <model T>
values_query<T> values(const std::vector<T>& rows) {
    std::vector<const void*> all;
    all.reserve(rows.size());
    for (const auto& row : rows) all.push_back(&row);
    return values_query<T>{std::move(all)};
}

} // namespace tusk::orm
