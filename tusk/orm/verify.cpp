#include <tusk/orm/verify.hpp>

#include <algorithm>

namespace tusk::orm {

std::string schema_problem::text() const {
    std::string out{is_error() ? "error: " : "warning: "};
    out += table;
    if (!column.empty()) out += '.' + column;
    return out + ": " + message;
}

namespace detail {

namespace {

constexpr std::string_view live_columns_sql =
    "select a.attname::text as name, "
    "(case when t.typtype = 'd' then t.typbasetype else a.atttypid end)::int8 as type, "
    "pg_catalog.format_type(a.atttypid, a.atttypmod) as type_name, a.attnotnull as not_null, "
    "a.atthasdef or a.attidentity <> '' as has_default "
    "from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid "
    "where a.attrelid = pg_catalog.to_regclass($1) and a.attnum > 0 and not a.attisdropped";

std::string quoted_table(const table_info& t) {
    sql_writer out;
    out.qualified(t.schema, t.name);
    return out.literal();
}

/// The type as programs write it.
std::string written_type(std::string_view cpp_type) {
    constexpr std::string_view long_name = "std::__cxx11::basic_string<char>";
    std::string out{cpp_type};
    for (auto at = out.find(long_name); at != std::string::npos; at = out.find(long_name))
        out.replace(at, long_name.size(), "std::string");
    return out;
}

/// The server or the ORM gives the column a value when the model has none.
bool has_value_of_its_own(const column_info& c) {
    return c.generated() || c.is(column_flag::created) || c.is(column_flag::updated) ||
           !c.default_sql.empty();
}

/// Compares one column; `report(severity, message)`.
template <class Report>
void compare_column(const column_info& c, const live_column& live, Report report) {
    using severity = schema_problem::severity;
    const auto type = static_cast<oid_t>(live.type);
    const auto& accepts = c.field->type.accepts;
    // Types that users made are known when they are read: enums, composites, extensions.
    const bool built_in = type < oid::first_assigned;
    if (built_in && !accepts(type_ref{type}, true) && !accepts(type_ref{type}, false))
        return report(severity::error, "the type is " + live.type_name + ", which does not convert to " +
                                           written_type(c.field->cpp_type));
    if (!live.not_null && !c.field->nullable)
        report(severity::warning, "may be NULL, and " + written_type(c.field->cpp_type) + " cannot");
    const bool needs_default = c.generated() || !c.default_sql.empty();
    if (needs_default && !live.has_default)
        report(severity::error, "has no default, and the model leaves the value to the server");
    if (live.not_null && c.field->nullable && !live.has_default && !has_value_of_its_own(c))
        report(severity::warning, "is NOT NULL without default, and the member may be empty");
}

} // namespace

void compare_with_table(schema_problems& out, const table_info& model,
                        const std::vector<live_column>& table) {
    using severity = schema_problem::severity;
    const std::string name =
        (model.schema.empty() ? "" : std::string{model.schema} + '.') + std::string{model.name};
    if (table.empty()) {
        out.push_back({severity::error, name, {}, "there is no such table"});
        return;
    }
    for (const auto& c : model.columns) {
        if (c.is(column_flag::scanonly)) continue;
        const auto report = [&](severity how_bad, std::string message) {
            out.push_back({how_bad, name, std::string{c.name}, std::move(message)});
        };
        const auto live =
            std::find_if(table.begin(), table.end(), [&](const live_column& l) { return l.name == c.name; });
        if (live == table.end())
            report(severity::error, "there is no such column");
        else
            compare_column(c, *live, report);
    }
    for (const auto& live : table)
        if (live.not_null && !live.has_default && !model.has(live.name))
            out.push_back({severity::error, name, live.name,
                           "is NOT NULL without default and not in the model: inserts fail"});
}

bool verify_steps::next(batch& b) {
    if (!answers_.empty()) return false;
    for (const auto* m : models_) answers_.push_back(b.all<live_column>(live_columns_sql, quoted_table(*m)));
    return true;
}

schema_problems verify_steps::take() {
    schema_problems out;
    for (std::size_t i = 0; i < models_.size(); ++i) compare_with_table(out, *models_[i], answers_[i].get());
    return out;
}

} // namespace detail

} // namespace tusk::orm
