#include <tusk/orm/bulk_update.hpp>

#include <algorithm>
#include <unordered_set>

namespace tusk::orm::detail {

namespace {

constexpr std::size_t most_bulk_arguments = 65535;
constexpr std::string_view data_name = "_data";

using bulk_columns = std::vector<const column_info*>;

bulk_columns keys_of(const table_info& t) {
    bulk_columns out;
    for (const auto& c : t.columns)
        if (c.is(column_flag::pk)) out.push_back(&c);
    return out;
}

/// Columns whose values the rows bring.
bulk_columns assigned_by_rows(const query_state& s) {
    bulk_columns out;
    for (const auto& c : s.model->columns) {
        const bool fixed = c.is(column_flag::pk) || c.is(column_flag::skipupdate) ||
                           c.is(column_flag::created) || c.is(column_flag::updated);
        if (!fixed && s.is_chosen(c) && s.value_of(c.name) == nullptr) out.push_back(&c);
    }
    return out;
}

/// An update by two rows of the same key would take one of them, nobody knows which.
failure check_bulk_keys(const table_info& t, const std::vector<void*>& rows) {
    std::unordered_set<std::string> seen;
    for (const void* row : rows) {
        const auto key = key_of(t, row);
        if (!key) return key.error();
        if (key->empty())
            return failure{errc::invalid_argument,
                           "the model " + std::string{t.type_name} + " has no primary key"};
        std::string text;
        for (const auto& v : *key) {
            v.append_literal(text);
            text += ',';
        }
        if (seen.insert(text).second) continue;
        text.pop_back();
        return failure{errc::invalid_argument, "two rows of the update have the same primary key: " + text};
    }
    return {};
}

void write_bulk_assignments(sql_writer& out, const query_state& s, const bulk_columns& assigned) {
    bool any = s.write_parts(out, clause::set, " SET ", ", ");
    const auto assign = [&](std::string_view column) {
        out.text(any ? ", " : " SET ");
        any = true;
        out.quoted(column);
        out.text(" = ");
    };
    for (const auto& c : s.model->columns) {
        if (const auto* own = s.value_of(c.name)) {
            assign(c.name);
            out.append(own->sql);
        } else if (s.is_stamped(c)) {
            assign(c.name);
            out.text("now()");
        } else if (std::find(assigned.begin(), assigned.end(), &c) != assigned.end()) {
            assign(c.name);
            out.qualified(data_name, c.name);
        }
    }
    if (!any) out.fail(failure{errc::invalid_argument, "the update has nothing to set"});
}

void write_bulk_where(sql_writer& out, const query_state& s) {
    sql_writer keyed;
    bool first = true;
    for (const auto* c : keys_of(*s.model)) {
        if (!first) keyed.text(" AND ");
        first = false;
        keyed.qualified(s.alias(), c->name);
        keyed.text(" = ");
        keyed.qualified(data_name, c->name);
    }
    auto q = s;
    q.nodes.insert(q.nodes.begin(),
                   {clause::where, glue::conjunction, query_state::node::kind::part, {}, std::move(keyed)});
    q.write_where(out);
}

void write_bulk_table(sql_writer& out, const query_state& s, const bulk_columns& assigned) {
    out.text("UPDATE ");
    s.write_table(out, true, false);
    write_bulk_assignments(out, s, assigned);
    out.text(" FROM ");
}

sql_writer bulk_by_values(const query_state& s, const bulk_columns& assigned, std::vector<const void*> rows) {
    values_settings data;
    data.state.model = s.model;
    for (const auto* c : keys_of(*s.model)) data.state.choose(*c);
    for (const auto* c : assigned) data.state.choose(*c);
    data.rows = std::move(rows);
    sql_writer out;
    out.text("WITH ");
    out.quoted(data_name);
    out.text(" (");
    write_values_names(out, data);
    out.text(") AS (");
    write_values(out, data);
    out.text(") ");
    write_bulk_table(out, s, assigned);
    out.quoted(data_name);
    write_bulk_where(out, s);
    return out;
}

bool bulk_fits_arrays(const bulk_columns& columns, const std::vector<void*>& rows) {
    return std::all_of(columns.begin(), columns.end(), [&](const column_info* c) {
        if (c->field->bind_array == nullptr || sql_type_of(*c).empty()) return false;
        return !c->is(column_flag::nullzero) ||
               std::none_of(rows.begin(), rows.end(), [&](const void* row) { return c->is_zero(row); });
    });
}

sql_writer bulk_by_arrays(const bulk_update_settings& s, const bulk_columns& assigned,
                          const bulk_columns& columns) {
    sql_writer out;
    write_bulk_table(out, s.state, assigned);
    out.text("unnest(");
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) out.text(", ");
        out.value(columns[i]->bind_of(s.rows));
        out.text("::");
        out.text(sql_type_of(*columns[i]));
        out.text("[]");
    }
    out.text(") AS ");
    out.quoted(data_name);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        out.text(i == 0 ? " (" : ", ");
        out.quoted(columns[i]->name);
    }
    out.text(")");
    write_bulk_where(out, s.state);
    return out;
}

} // namespace

std::vector<sql_writer> write_bulk_update(const bulk_update_settings& s) {
    std::vector<sql_writer> out;
    if (s.rows.empty()) return out;
    if (auto f = check_bulk_keys(*s.state.model, s.rows)) {
        out.emplace_back().fail(std::move(f));
        return out;
    }
    const auto assigned = assigned_by_rows(s.state);
    auto columns = keys_of(*s.state.model);
    columns.insert(columns.end(), assigned.begin(), assigned.end());
    if (!s.by_values && bulk_fits_arrays(columns, s.rows)) {
        out.push_back(bulk_by_arrays(s, assigned, columns));
        return out;
    }
    // Arguments of fragments are in each of the statements.
    sql_writer fixed;
    write_bulk_table(fixed, s.state, assigned);
    write_bulk_where(fixed, s.state);
    const auto left = most_bulk_arguments - std::min(most_bulk_arguments, fixed.argument_count());
    const auto each = std::max<std::size_t>(1, left / columns.size());
    for (std::size_t from = 0; from < s.rows.size(); from += each) {
        const auto to = std::min(s.rows.size(), from + each);
        out.push_back(bulk_by_values(s.state, assigned,
                                     {s.rows.begin() + static_cast<std::ptrdiff_t>(from),
                                      s.rows.begin() + static_cast<std::ptrdiff_t>(to)}));
    }
    return out;
}

bool exec_steps::next(batch& b) {
    if (asked_ || statements_.empty()) return false;
    asked_ = true;
    for (auto& s : statements_) answers_.push_back(add_to(b, std::move(s), tusk::detail::exec_sink{}));
    return true;
}

std::uint64_t exec_steps::take() {
    std::uint64_t n = 0;
    for (auto& a : answers_) n += a.get();
    return n;
}

} // namespace tusk::orm::detail
