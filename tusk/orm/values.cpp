#include <tusk/orm/values.hpp>

namespace tusk::orm::detail {

namespace {

void write_typed(sql_writer& out, const query_state& state, const column_info& c, const void* row) {
    if (const auto* own = state.value_of(c.name)) return out.append(own->sql);
    if (c.is(column_flag::nullzero) && c.is_zero(row))
        out.text("NULL");
    else
        out.value(c.bind(row));
    const auto type = sql_type_of(c);
    if (type.empty()) return;
    out.text("::");
    out.text(type);
}

} // namespace

void write_values(sql_writer& out, const values_settings& s) {
    if (s.rows.empty()) out.fail(failure{errc::invalid_argument, "VALUES needs a row"});
    out.text("VALUES ");
    for (std::size_t i = 0; i < s.rows.size(); ++i) {
        out.text(i == 0 ? "(" : ", (");
        bool first = true;
        for (const auto& c : s.state.model->columns) {
            if (!s.state.is_chosen(c)) continue;
            if (!first) out.text(", ");
            first = false;
            write_typed(out, s.state, c, s.rows[i]);
        }
        if (s.ordered) out.text((first ? "" : ", ") + std::to_string(i));
        out.text(")");
    }
}

void write_values_names(sql_writer& out, const values_settings& s) {
    bool first = true;
    for (const auto& c : s.state.model->columns) {
        if (!s.state.is_chosen(c)) continue;
        if (!first) out.text(", ");
        first = false;
        out.quoted(c.name);
    }
    if (s.ordered) out.text(first ? "\"_order\"" : ", \"_order\"");
}

} // namespace tusk::orm::detail
