#include <tusk/schema/object.hpp>

#include <tusk/schema/identifier.hpp>

namespace tusk::schema {

namespace {

constexpr std::array<std::string_view, object_kind_count> kind_names{
    "schema",
    "extension",
    "collation",
    "enum_type",
    "domain",
    "domain_constraint",
    "composite_type",
    "range_type",
    "sequence",
    "function",
    "procedure",
    "aggregate",
    "operator",
    "operator_family",
    "operator_class",
    "cast",
    "text_search_dictionary",
    "text_search_configuration",
    "foreign_data_wrapper",
    "foreign_server",
    "user_mapping",
    "table",
    "column",
    "column_default",
    "foreign_table",
    "constraint",
    "index",
    "view",
    "materialized_view",
    "trigger",
    "rule",
    "policy",
    "statistics",
    "event_trigger",
    "publication",
    "default_privileges",
};

bool has_signature(object_kind kind) {
    return kind == object_kind::function || kind == object_kind::procedure || kind == object_kind::aggregate;
}

std::string quoted_callable(std::string_view name) {
    const auto at = name.rfind('(', name.find(")"));
    const auto open = at == std::string_view::npos ? name.size() : at;
    return quote_identifier(name.substr(0, open)) + std::string{name.substr(open)};
}

} // namespace

std::string_view name_of(object_kind kind) noexcept { return kind_names[static_cast<std::size_t>(kind)]; }

std::optional<object_kind> kind_of(std::string_view name) noexcept {
    for (std::size_t i = 0; i < kind_names.size(); ++i)
        if (kind_names[i] == name) return static_cast<object_kind>(i);
    return std::nullopt;
}

std::string make_id(object_kind kind, std::string_view schema, std::string_view table,
                    std::string_view name) {
    std::string out{name_of(kind)};
    out += ':';
    if (!schema.empty()) out += quote_identifier(schema) + ".";
    if (!table.empty()) out += quote_identifier(table) + ".";
    return out + (has_signature(kind) ? quoted_callable(name) : quote_identifier(name));
}

const std::string& object::id() const {
    if (id_.empty()) id_ = make_id(kind, schema, table, name);
    return id_;
}

const std::string& object::get(std::string_view field) const {
    static const std::string nothing;
    const auto found = fields.find(field);
    return found == fields.end() ? nothing : found->second;
}

std::string object::sql_name() const {
    if (has_signature(kind)) return quote_identifier(schema) + "." + quoted_callable(name);
    if (!table.empty() && kind != object_kind::index) return quote_identifier(name);
    return qualified_name(kind == object_kind::extension ? "" : schema, name);
}

std::string object::sql_table() const { return qualified_name(schema, table); }

} // namespace tusk::schema
