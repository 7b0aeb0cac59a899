#include <tusk/orm/load.hpp>

#include <algorithm>

namespace tusk::orm::detail {

namespace {

void write_equal(sql_writer& out, std::string_view a, const std::vector<const column_info*>& left,
                 std::string_view b, const std::vector<const column_info*>& right) {
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (i > 0) out.text(" AND ");
        out.qualified(a, left[i]->name);
        out.text(" = ");
        out.qualified(b, right[i]->name);
    }
}

void write_unnest(sql_writer& out, const std::vector<const column_info*>& columns, const value_list& keys) {
    out.text("unnest(");
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (i > 0) out.text(", ");
        out.value(keys[i]);
        const auto sql_type = sql_type_of(*columns[i]);
        if (sql_type.empty()) continue;
        out.text("::");
        out.text(sql_type);
        out.text("[]");
    }
    out.text(")");
}

std::string key_name(std::size_t i) { return "k" + std::to_string(i); }

} // namespace

void relation_statement::add_junction(query_state& q) const {
    if (junction == nullptr) return;
    sql_writer join;
    join.text("JOIN ");
    join.qualified(junction->schema, junction->name);
    join.text(" AS ");
    join.quoted(junction->alias);
    join.text(" ON ");
    write_equal(join, junction->alias, junction_far, q.alias(), far);
    if (const auto* mark = junction->soft_delete()) {
        join.text(" AND ");
        join.qualified(junction->alias, mark->name);
        join.text(" IS NULL");
    }
    q.add(clause::join, std::move(join));
}

void relation_statement::add_type(query_state& q) const {
    if (type_column == nullptr) return;
    sql_writer sql;
    sql.qualified(q.alias(), type_column->name);
    sql.text(" = ");
    sql.value(bound_value{type_value});
    q.add(clause::where, std::move(sql));
}

query_state relation_statement::grouped() const {
    auto q = settings.state;
    // The user's conditions are a group of their own: an OR in them finds no rows of others.
    q.nodes.insert(q.nodes.begin(),
                   {clause::where, glue::conjunction, query_state::node::kind::open, {}, {}});
    q.close(clause::where);
    add_junction(q);
    return q;
}

void relation_statement::write_correlated(sql_writer& out, std::string_view outer,
                                          const std::vector<const column_info*>& local) const {
    auto q = grouped();
    if (q.alias() == outer) {
        out.fail(failure{errc::invalid_argument,
                         "a condition on a relation of a table to itself needs aliases; write "
                         "the EXISTS by hand"});
        return;
    }
    q.no_columns = true;
    sql_writer one;
    one.text("1");
    q.add(clause::column, std::move(one));
    sql_writer keyed;
    write_equal(keyed, key_alias, foreign, outer, local);
    q.add(clause::where, std::move(keyed));
    add_type(q);
    q.write_select(out);
}

void relation_statement::write(sql_writer& out) const {
    if (settings.limit_each) return write_each(out);
    auto q = grouped();
    for (const auto* c : foreign) {
        sql_writer column;
        column.qualified(key_alias, c->name);
        q.add(clause::column, std::move(column));
    }
    sql_writer keyed;
    if (keys.size() == 1) {
        keyed.qualified(key_alias, foreign[0]->name);
        keyed.text(" = ANY(");
        keyed.value(keys[0]);
        keyed.text(")");
    } else {
        keyed.text("(");
        for (std::size_t i = 0; i < foreign.size(); ++i) {
            if (i > 0) keyed.text(", ");
            keyed.qualified(key_alias, foreign[i]->name);
        }
        keyed.text(") IN (SELECT * FROM ");
        write_unnest(keyed, foreign, keys);
        keyed.text(")");
    }
    q.add(clause::where, std::move(keyed));
    add_type(q);
    q.write_select(out);
}

/// A lateral sub-query for each key, so that ORDER BY and LIMIT are its own.
void relation_statement::write_each(sql_writer& out) const {
    auto q = grouped();
    sql_writer keyed;
    for (std::size_t i = 0; i < foreign.size(); ++i) {
        if (i > 0) keyed.text(" AND ");
        keyed.qualified(key_alias, foreign[i]->name);
        keyed.text(" = ");
        keyed.qualified("_keys", key_name(i));
    }
    q.add(clause::where, std::move(keyed));
    add_type(q);
    q.limit = settings.limit_each;
    out.text("SELECT ");
    for (const auto& slot : q.slots()) {
        out.qualified(q.alias(), slot.column->name);
        out.text(", ");
    }
    for (std::size_t i = 0; i < foreign.size(); ++i) {
        if (i > 0) out.text(", ");
        out.qualified("_keys", key_name(i));
    }
    out.text(" FROM ");
    write_unnest(out, foreign, keys);
    out.text(" AS \"_keys\" (");
    for (std::size_t i = 0; i < foreign.size(); ++i) {
        if (i > 0) out.text(", ");
        out.quoted(key_name(i));
    }
    out.text(") CROSS JOIN LATERAL (");
    q.write_select(out);
    out.text(") AS ");
    out.quoted(q.alias());
}

void read_joined(query_state& q, const table_info& t, const std::string& alias,
                 const std::vector<const column_info*>& foreign) {
    query_state::joined_table joined{&t, alias, foreign, true};
    for (const auto& c : t.columns) {
        const bool first = std::find(foreign.begin(), foreign.end(), &c) != foreign.end();
        if (!first && !c.is(column_flag::scanonly)) joined.columns.push_back(&c);
    }
    q.joined.push_back(std::move(joined));
}

void add_left_join(query_state& q, const table_info& t, const std::string& alias,
                   const std::vector<const column_info*>& local,
                   const std::vector<const column_info*>& foreign, sql_writer on) {
    sql_writer out;
    out.text("LEFT JOIN ");
    out.qualified(t.schema, t.name);
    out.text(" AS ");
    out.quoted(alias);
    out.text(" ON (");
    write_equal(out, alias, foreign, q.alias(), local);
    out.text(")");
    if (const auto* mark = t.soft_delete()) {
        out.text(" AND ");
        out.qualified(alias, mark->name);
        out.text(" IS NULL");
    }
    if (!on.empty()) {
        out.text(" AND (");
        out.append(on);
        out.text(")");
    }
    q.add(clause::join, std::move(out));
}

std::string harmless_comment(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\0') continue;
        if (c == '/' && !out.empty() && out.back() == '*') out += ' ';
        if (c == '*' && !out.empty() && out.back() == '/') out += ' ';
        out += c;
    }
    return out;
}

} // namespace tusk::orm::detail
