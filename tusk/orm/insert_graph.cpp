#include <tusk/orm/insert_graph.hpp>

namespace tusk::orm::detail {

bool has_made_key(const table_info& t, const void* row) noexcept {
    for (const auto& c : t.columns)
        if (c.is(column_flag::pk) && c.generated() && !c.is_zero(row)) return true;
    return false;
}

std::unique_ptr<insert_steps> insert_of(const table_info& t, std::vector<void*> rows) {
    insert_settings s;
    s.state.model = &t;
    s.rows = std::move(rows);
    s.fill = true;
    return std::make_unique<insert_steps>(write_insert(s), &t);
}

} // namespace tusk::orm::detail
