#include <tusk/orm/insert.hpp>

#include <algorithm>

namespace tusk::orm::detail {

namespace {

constexpr std::size_t most_arguments = 65535;

/// What an insert does with a column.
struct target {
    const column_info* column;
    enum class kind : std::uint8_t { bound, own_expression, now } what = kind::bound;
};

using target_list = std::vector<target, recycled<target>>;

target_list targets_of(const insert_settings& s) {
    target_list out;
    out.reserve(s.state.model->columns.size());
    for (const auto& c : s.state.model->columns) {
        if (c.is(column_flag::scanonly)) continue;
        const bool own = s.state.value_of(c.name) != nullptr;
        if (!own && !s.state.is_chosen(c)) continue;
        const bool stamped = c.is(column_flag::created) || c.is(column_flag::updated);
        out.push_back({&c, own       ? target::kind::own_expression
                           : stamped ? target::kind::now
                                     : target::kind::bound});
    }
    return out;
}

bool takes_default(const target& t, const void* row) {
    return t.what == target::kind::bound && t.column->takes_default(row);
}

/// Columns whose values the server makes, for some row at least.
row_slots made_by_server(const target_list& targets, const std::vector<void*>& rows) {
    row_slots out;
    for (const auto& t : targets) {
        const bool made =
            t.what != target::kind::bound ||
            std::any_of(rows.begin(), rows.end(), [&](const void* r) { return takes_default(t, r); });
        if (made) out.push_back({t.column, 0});
    }
    return out;
}

void write_into(sql_writer& out, const insert_settings& s, const target_list& targets) {
    s.state.write_comment(out);
    out.text("INSERT INTO ");
    s.state.write_table(out, s.on_conflict, false);
    out.text(" (");
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (i > 0) out.text(", ");
        out.quoted(targets[i].column->name);
    }
    out.text(")");
}

void write_value(sql_writer& out, const insert_settings& s, const target& t, const void* row) {
    if (t.what == target::kind::own_expression)
        out.append(s.state.value_of(t.column->name)->sql);
    else if (t.what == target::kind::now)
        out.text("now()");
    else if (takes_default(t, row))
        out.text("DEFAULT");
    else
        out.value(t.column->bind(row));
}

/// A zero in the row that `set_values` was given.
bool is_left_out(const insert_settings& s, const column_info& c) {
    return s.conflict_row != nullptr && s.state.omit_zero && !c.is(column_flag::updated) &&
           c.is_zero(s.conflict_row);
}

void write_conflict(sql_writer& out, const insert_settings& s, const target_list& targets) {
    if (!s.on_conflict) return;
    out.text(" ON CONFLICT ");
    if (!s.conflict_sql.empty()) return out.append(s.conflict_sql);
    for (std::size_t i = 0; i < s.conflict_target.size(); ++i) {
        out.text(i == 0 ? "(" : ", ");
        out.quoted(s.conflict_target[i]);
    }
    if (!s.conflict_target.empty()) out.text(") ");
    if (s.do_nothing) return out.text("DO NOTHING");
    out.text("DO UPDATE");
    bool any = s.state.write_parts(out, clause::set, " SET ", ", ");
    const auto chosen = [&](const column_info& c) {
        if (!s.conflict_columns.empty())
            return std::find(s.conflict_columns.begin(), s.conflict_columns.end(), &c) !=
                   s.conflict_columns.end();
        const bool key =
            std::find(s.conflict_target.begin(), s.conflict_target.end(), c.name) != s.conflict_target.end();
        return !any && !key && !c.is(column_flag::pk) && !c.is(column_flag::created) &&
               !c.is(column_flag::skipupdate);
    };
    std::vector<const column_info*> assigned;
    for (const auto& t : targets)
        if (chosen(*t.column) && !is_left_out(s, *t.column)) assigned.push_back(t.column);
    for (const auto* c : assigned) {
        out.text(any ? ", " : " SET ");
        any = true;
        out.quoted(c->name);
        if (s.conflict_row != nullptr && !c->is(column_flag::updated)) {
            out.text(" = ");
            out.value(c->bind(s.conflict_row));
        } else {
            out.text(" = EXCLUDED.");
            out.quoted(c->name);
        }
    }
    if (!any)
        out.fail(
            failure{errc::invalid_argument, "the conflict clause has nothing to update; say do_nothing()"});
    if (!s.state.has(clause::conflict_where)) return;
    out.text(" WHERE ");
    s.state.write_conditions(out, clause::conflict_where);
}

void write_end(insert_statement& to, const insert_settings& s, const target_list& targets) {
    write_conflict(to.sql, s, targets);
    const auto made = made_by_server(targets, to.rows);
    if (!s.fill || made.empty()) {
        to.rows.clear();
        return s.state.write_returning(to.sql);
    }
    to.slots = made;
    to.sql.text(" RETURNING ");
    for (std::size_t i = 0; i < made.size(); ++i) {
        if (i > 0) to.sql.text(", ");
        to.sql.quoted(made[i].column->name);
    }
}

insert_statement by_values(const insert_settings& s, const target_list& targets, std::vector<void*> rows) {
    insert_statement out;
    out.sql.reserve_statement();
    out.rows = std::move(rows);
    write_into(out.sql, s, targets);
    out.sql.text(" VALUES ");
    for (std::size_t r = 0; r < out.rows.size(); ++r) {
        out.sql.text(r == 0 ? "(" : ", (");
        for (std::size_t i = 0; i < targets.size(); ++i) {
            if (i > 0) out.sql.text(", ");
            write_value(out.sql, s, targets[i], out.rows[r]);
        }
        out.sql.text(")");
    }
    write_end(out, s, targets);
    return out;
}

/// Arrays cannot say DEFAULT for some of their elements, and there are no arrays of arrays.
bool fits_arrays(const target_list& targets, const std::vector<void*>& rows) {
    bool any = false;
    for (const auto& t : targets) {
        if (t.what != target::kind::bound) continue;
        const auto defaults =
            std::count_if(rows.begin(), rows.end(), [&](const void* r) { return takes_default(t, r); });
        const bool mixed = defaults != 0 && static_cast<std::size_t>(defaults) != rows.size();
        if (mixed || t.column->field->bind_array == nullptr || sql_type_of(*t.column).empty()) return false;
        any = any || defaults == 0;
    }
    return any;
}

insert_statement by_arrays(const insert_settings& s, target_list targets) {
    insert_statement out;
    out.sql.reserve_statement();
    out.rows = s.rows;
    // What the server makes for all rows is left out, so that it is made.
    targets.erase(std::remove_if(targets.begin(), targets.end(),
                                 [&](const target& t) { return takes_default(t, out.rows.front()); }),
                  targets.end());
    write_into(out.sql, s, targets);
    out.sql.text(" SELECT ");
    std::size_t arrays = 0;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (i > 0) out.sql.text(", ");
        if (targets[i].what == target::kind::bound)
            out.sql.qualified("_rows", "c" + std::to_string(arrays++));
        else
            write_value(out.sql, s, targets[i], out.rows.front());
    }
    out.sql.text(" FROM unnest(");
    bool first = true;
    for (const auto& t : targets) {
        if (t.what != target::kind::bound) continue;
        if (!first) out.sql.text(", ");
        first = false;
        out.sql.value(t.column->bind_of(out.rows));
        out.sql.text("::");
        out.sql.text(sql_type_of(*t.column));
        out.sql.text("[]");
    }
    out.sql.text(") AS \"_rows\" (");
    for (std::size_t i = 0; i < arrays; ++i) {
        if (i > 0) out.sql.text(", ");
        out.sql.quoted("c" + std::to_string(i));
    }
    out.sql.text(")");
    auto all = targets_of(s);
    write_end(out, s, all);
    return out;
}

} // namespace

std::vector<insert_statement> write_insert(const insert_settings& s) {
    std::vector<insert_statement> out;
    if (s.rows.empty()) return out;
    const auto targets = targets_of(s);
    if (s.unnest && fits_arrays(targets, s.rows)) {
        out.push_back(by_arrays(s, targets));
        return out;
    }
    const auto bound = static_cast<std::size_t>(std::count_if(
        targets.begin(), targets.end(), [](const target& t) { return t.what == target::kind::bound; }));
    const std::size_t each = std::max<std::size_t>(1, most_arguments / std::max<std::size_t>(1, bound));
    for (std::size_t from = 0; from < s.rows.size(); from += each) {
        const auto to = std::min(s.rows.size(), from + each);
        const auto begin = s.rows.begin();
        out.push_back(
            by_values(s, targets,
                      {begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(to)}));
    }
    return out;
}

bool insert_steps::next(batch& b) {
    if (asked_ || statements_.empty()) return false;
    asked_ = true;
    for (auto& s : statements_) {
        if (s.slots.empty()) {
            answers_.push_back(add_to(b, std::move(s.sql), tusk::detail::exec_sink{}));
            continue;
        }
        auto shape = std::make_shared<row_shape>();
        shape->slots = std::move(s.slots);
        answers_.push_back(
            add_to(b, std::move(s.sql), filling_sink{std::move(shape), plan_key_, std::move(s.rows)}));
    }
    return true;
}

std::uint64_t insert_steps::take() {
    std::uint64_t n = 0;
    for (auto& a : answers_) n += a.get();
    return n;
}

} // namespace tusk::orm::detail
