#include <tusk/orm/query_state.hpp>

#include <algorithm>

#include <tusk/orm/assignments.hpp>

namespace tusk::orm {

bool query_state::has(clause where) const noexcept {
    return std::any_of(nodes.begin(), nodes.end(),
                       [&](const node& n) { return n.where == where && n.what == node::kind::part; });
}

const query_state::node* query_state::value_of(std::string_view column) const noexcept {
    for (const auto& n : nodes)
        if (n.where == clause::value && n.label == column) return &n;
    return nullptr;
}

bool query_state::is_stamped(const column_info& c) const noexcept {
    return c.is(column_flag::updated) && std::none_of(nodes.begin(), nodes.end(), [&](const node& n) {
               return n.where == clause::set && detail::assigns(n.sql.bare_text(), c.name);
           });
}

void query_state::choose(const column_info& c) {
    only_chosen = true;
    if (std::find(chosen.begin(), chosen.end(), &c) == chosen.end()) chosen.push_back(&c);
}

void query_state::leave_out(const column_info& c) { left_out.push_back(&c); }

bool query_state::is_chosen(const column_info& c) const noexcept {
    if (no_columns || c.is(column_flag::scanonly)) return false;
    if (std::find(left_out.begin(), left_out.end(), &c) != left_out.end()) return false;
    return !only_chosen || std::find(chosen.begin(), chosen.end(), &c) != chosen.end();
}

row_slots query_state::slots() const {
    row_slots out;
    if (model != nullptr)
        for (const auto& c : model->columns)
            if (is_chosen(c)) out.push_back({&c, 0});
    std::uint16_t object = 0;
    for (const auto& j : joined) {
        ++object;
        for (const auto* c : j.columns) out.push_back({c, object});
    }
    return out;
}

void query_state::write_comment(sql_writer& out) const {
    if (failure_) out.fail(failure_);
    if (comment.empty()) return;
    out.text("/* ");
    out.text(comment);
    out.text(" */ ");
}

void query_state::write_with(sql_writer& out) const {
    if (!has(clause::with)) return;
    out.text(recursive ? "WITH RECURSIVE " : "WITH ");
    bool first = true;
    for (const auto& n : nodes) {
        if (n.where != clause::with) continue;
        if (!first) out.text(", ");
        first = false;
        out.append(n.sql);
    }
    out.text(" ");
}

void query_state::write_table(sql_writer& out, bool with_alias, bool for_select) const {
    const auto& t = *model;
    if (for_select && !t.select_source.empty()) {
        if (t.select_source.find('(') == std::string_view::npos)
            out.identifier(t.select_source);
        else
            out.text(t.select_source);
    } else {
        out.qualified(t.schema, t.name);
    }
    if (!with_alias) return;
    out.text(" AS ");
    out.quoted(alias());
}

bool query_state::write_parts(sql_writer& out, clause where, std::string_view before,
                              std::string_view between) const {
    bool first = true;
    for (const auto& n : nodes) {
        if (n.where != where) continue;
        out.text(first ? before : between);
        first = false;
        out.append(n.sql);
    }
    return !first;
}

bool query_state::has_or(clause of) const noexcept {
    std::size_t depth = 0;
    bool first = true;
    for (const auto& n : nodes) {
        if (n.where != of) continue;
        if (n.what == node::kind::close) {
            --depth;
            continue;
        }
        if (!first && depth == 0 && (n.how == glue::disjunction || n.how == glue::disjunction_not))
            return true;
        first = false;
        depth += n.what == node::kind::open ? 1 : 0;
    }
    return false;
}

namespace {

std::string_view between(glue how, bool first) {
    switch (how) {
    case glue::conjunction: return first ? "" : " AND ";
    case glue::disjunction: return first ? "" : " OR ";
    case glue::conjunction_not: return first ? "NOT " : " AND NOT ";
    default: return first ? "NOT " : " OR NOT ";
    }
}

} // namespace

void query_state::write_conditions(sql_writer& out, clause of) const {
    using kind = node::kind;
    bool first = true;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const auto& n = nodes[i];
        if (n.where != of) continue;
        if (n.what == kind::close) {
            out.text(")");
            first = false;
            continue;
        }
        if (n.what == kind::open) {
            std::size_t after = i + 1;
            while (after < nodes.size() && nodes[after].where != of) ++after;
            if (after < nodes.size() && nodes[after].what == kind::close) {
                i = after; // an empty group says nothing
                continue;
            }
        }
        out.text(between(n.how, first));
        first = n.what == kind::open;
        out.text("(");
        if (n.what == kind::open) continue;
        out.append(n.sql);
        out.text(")");
    }
}

void query_state::write_soft_delete_condition(sql_writer& out) const {
    out.qualified(alias(), model->soft_delete()->name);
    out.text(deleted == deleted_rows::only ? " IS NOT NULL" : " IS NULL");
}

void query_state::write_where(sql_writer& out) const {
    const bool policy = model != nullptr && model->soft_delete() != nullptr && deleted != deleted_rows::shown;
    const bool own = has(clause::where);
    if (!policy && !own) return;
    out.text(" WHERE ");
    if (policy) write_soft_delete_condition(out);
    if (!own) return;
    if (policy) out.text(" AND ");
    const bool wrap = policy && has_or(clause::where);
    if (wrap) out.text("(");
    write_conditions(out, clause::where);
    if (wrap) out.text(")");
}

void query_state::write_returning(sql_writer& out) const {
    if (returning_all && model != nullptr) {
        out.text(" RETURNING ");
        bool first = true;
        for (const auto& c : model->columns) {
            if (c.is(column_flag::scanonly)) continue;
            if (!first) out.text(", ");
            first = false;
            out.quoted(c.name);
        }
        return;
    }
    write_parts(out, clause::returning, " RETURNING ", ", ");
}

void query_state::write_own_columns(sql_writer& out) const {
    bool first = true;
    if (model == nullptr && !has(clause::column)) out.text("*");
    const auto write = [&](std::string_view of, const column_info& c) {
        if (!first) out.text(", ");
        first = false;
        out.qualified(of, c.name);
    };
    if (model != nullptr)
        for (const auto& c : model->columns)
            if (is_chosen(c)) write(alias(), c);
    for (const auto& j : joined)
        for (const auto* c : j.columns) {
            write(j.alias, *c);
            out.text(" AS ");
            out.quoted(j.alias + "__" + std::string{c->name});
        }
    write_parts(out, clause::column, first ? "" : ", ", ", ");
}

void query_state::write_joins(sql_writer& out) const { write_parts(out, clause::join, " ", " "); }

void query_state::write_select_body(sql_writer& out, const std::function<void(sql_writer&)>& columns,
                                    bool whole) const {
    out.text("SELECT ");
    if (has(clause::distinct_on)) {
        write_parts(out, clause::distinct_on, "DISTINCT ON (", ", ");
        out.text(") ");
    } else if (distinct) {
        out.text("DISTINCT ");
    }
    columns(out);
    const bool own_table = model != nullptr && !no_model_table;
    if (own_table) {
        out.text(" FROM ");
        write_table(out, true, true);
    }
    write_parts(out, clause::source, own_table ? ", " : " FROM ", ", ");
    write_joins(out);
    write_where(out);
    write_parts(out, clause::group_by, " GROUP BY ", ", ");
    if (has(clause::having)) {
        out.text(" HAVING ");
        write_conditions(out, clause::having);
    }
    write_parts(out, clause::window, " WINDOW ", ", ");
    if (!whole) return;
    write_parts(out, clause::order, " ORDER BY ", ", ");
    if (limit) {
        out.text(" LIMIT ");
        out.value(bound_value{*limit});
    }
    if (offset) {
        out.text(" OFFSET ");
        out.value(bound_value{*offset});
    }
    write_parts(out, clause::lock, " FOR ", " FOR ");
}

void query_state::write_select(sql_writer& out) const {
    write_comment(out);
    write_with(out);
    const bool several = has(clause::set_operation);
    if (several) out.text("(");
    write_select_body(out, [&](sql_writer& o) { write_own_columns(o); }, true);
    if (several) out.text(")");
    write_parts(out, clause::set_operation, " ", " ");
}

void query_state::write_count(sql_writer& out) const {
    write_comment(out);
    const bool wrapped =
        distinct || has(clause::distinct_on) || has(clause::group_by) || has(clause::set_operation);
    if (!wrapped) {
        write_with(out);
        write_select_body(out, [](sql_writer& o) { o.text("count(*)"); }, false);
        return;
    }
    auto inner = *this;
    inner.comment.clear();
    inner.limit.reset();
    inner.offset.reset();
    inner.nodes.erase(
        std::remove_if(inner.nodes.begin(), inner.nodes.end(),
                       [&](const node& n) {
                           const bool shapes = has(clause::distinct_on) && n.where == clause::order;
                           return n.where == clause::lock || (n.where == clause::order && !shapes);
                       }),
        inner.nodes.end());
    out.text("SELECT count(*) FROM (");
    inner.write_select(out);
    out.text(") AS \"_counted\"");
}

void query_state::write_exists(sql_writer& out) const {
    auto inner = *this;
    write_comment(out);
    inner.comment.clear();
    out.text("SELECT EXISTS (");
    inner.write_select(out);
    out.text(")");
}

void query_state::write_assignments(sql_writer& out, const void* row) const {
    bool any = write_parts(out, clause::set, " SET ", ", ");
    const bool from_row = row != nullptr && (!any || only_chosen);
    const auto assign = [&](std::string_view column) {
        out.text(any ? ", " : " SET ");
        any = true;
        out.quoted(column);
        out.text(" = ");
    };
    if (model != nullptr) {
        for (const auto& c : model->columns) {
            const auto* own = value_of(c.name);
            if (own != nullptr) {
                assign(c.name);
                out.append(own->sql);
            } else if (is_stamped(c)) {
                assign(c.name);
                out.text("now()");
            } else if (from_row && is_chosen(c)) {
                const bool fixed = c.is(column_flag::pk) || c.is(column_flag::skipupdate) ||
                                   c.is(column_flag::created) || c.is(column_flag::updated);
                if (fixed || (omit_zero && c.is_zero(row))) continue;
                assign(c.name);
                if (c.is(column_flag::nullzero) && c.is_zero(row))
                    out.text("DEFAULT");
                else
                    out.value(c.bind(row));
            }
        }
    }
    for (const auto& n : nodes)
        if (n.where == clause::value && (model == nullptr || model->find(n.label) == nullptr)) {
            assign(n.label);
            out.append(n.sql);
        }
    if (!any) out.fail(failure{errc::invalid_argument, "the update has nothing to set"});
}

void query_state::write_update(sql_writer& out, const void* row) const {
    write_comment(out);
    write_with(out);
    out.text("UPDATE ");
    write_table(out, true, false);
    write_assignments(out, row);
    write_parts(out, clause::source, " FROM ", ", ");
    write_where(out);
    write_returning(out);
}

void query_state::write_delete(sql_writer& out) const {
    write_comment(out);
    write_with(out);
    const auto* mark = model->soft_delete();
    if (mark != nullptr && !really_delete) {
        out.text("UPDATE ");
        write_table(out, true, false);
        out.text(" SET ");
        out.quoted(mark->name);
        out.text(" = now()");
        write_parts(out, clause::source, " FROM ", ", ");
    } else {
        out.text("DELETE FROM ");
        write_table(out, true, false);
        write_parts(out, clause::source, " USING ", ", ");
    }
    write_where(out);
    write_returning(out);
}

void write_pk_equal(sql_writer& out, const table_info& t, std::string_view alias, const value_list& key) {
    std::size_t i = 0;
    for (const auto& c : t.columns) {
        if (!c.is(column_flag::pk)) continue;
        if (i > 0) out.text(" AND ");
        out.qualified(alias, c.name);
        out.text(" = ");
        out.value(key[i++]);
    }
    if (i == 0)
        out.fail(failure{errc::invalid_argument, "the model " + std::string{t.type_name} +
                                                     " has no primary key; mark its columns with pk"});
}

result<value_list> key_of(const table_info& t, const void* row) {
    value_list key;
    for (const auto& c : t.columns) {
        if (!c.is(column_flag::pk)) continue;
        if (c.generated() && c.is_zero(row))
            return failure{errc::invalid_argument, "the primary key of a " + std::string{t.type_name} +
                                                       " is zero: the row was not inserted, or not read"};
        key.push_back(c.bind(row));
    }
    return key;
}

void write_pk_among(sql_writer& out, const table_info& t, std::string_view alias,
                    const std::vector<const void*>& rows) {
    if (rows.empty()) return out.text("FALSE");
    std::vector<const column_info*> keys;
    for (const auto& c : t.columns)
        if (c.is(column_flag::pk)) keys.push_back(&c);
    if (keys.empty()) return write_pk_equal(out, t, alias, {}); // says so
    const auto array = [&](const column_info& c) {
        std::vector<const void*> fields;
        fields.reserve(rows.size());
        for (const void* row : rows) fields.push_back(c.at_const(row));
        out.value(c.field->bind_array(fields));
    };
    if (keys.size() == 1) {
        out.qualified(alias, keys[0]->name);
        out.text(" = ANY(");
        array(*keys[0]);
        return out.text(")");
    }
    out.text("(");
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (i > 0) out.text(", ");
        out.qualified(alias, keys[i]->name);
    }
    out.text(") IN (SELECT * FROM unnest(");
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (i > 0) out.text(", ");
        array(*keys[i]);
        out.text("::");
        out.text(sql_type_of(*keys[i]));
        out.text("[]");
    }
    out.text("))");
}

} // namespace tusk::orm
