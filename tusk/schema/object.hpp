#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tusk::schema {

/// What an object of a database is.
enum class object_kind : std::uint8_t {
    schema,
    extension,
    collation,
    enum_type,
    domain,
    domain_constraint,
    composite_type,
    range_type,
    sequence,
    function,
    procedure,
    aggregate,
    operation,
    operator_family,
    operator_class,
    type_cast,
    text_search_dictionary,
    text_search_configuration,
    foreign_data_wrapper,
    foreign_server,
    user_mapping,
    table,
    column,
    column_default,
    foreign_table,
    constraint,
    index,
    view,
    materialized_view,
    trigger,
    rule,
    policy,
    statistics,
    event_trigger,
    publication,
    default_privileges,
};
inline constexpr std::size_t object_kind_count = 36;

/// "table", "enum_type", …
std::string_view name_of(object_kind kind) noexcept;
std::optional<object_kind> kind_of(std::string_view name) noexcept;

/// One object of a database, as its catalog describes it. What identifies it stays the same in every
/// database; the rest is in `fields`, in the server's own words (`pg_get_…def`, read with an empty
/// search_path). A field that has the value that the server would take by default is absent.
///
/// Parts of other objects have objects of their own: columns, defaults, constraints, indexes, triggers, rules
/// and policies belong to the relation `table`, constraints of domains to the domain `table`.
struct object {
    using field_map = std::map<std::string, std::string, std::less<>>;

    object_kind kind = object_kind::table;
    std::string schema; ///< Empty for what is in no schema.
    std::string table;  ///< What it belongs to; else empty.
    std::string name;   ///< With the types of the arguments for functions: `f(integer, text)`.
    field_map fields;
    /// The ids of what it needs, from pg_depend; sorted.
    std::vector<std::string> depends;
    /// The ids of what its text mentions without the server knowing it (bodies of functions); sorted.
    std::vector<std::string> mentions;

    /// "column:public.users.email": the same in every database, and unique in one.
    const std::string& id() const;
    /// The value of a field; empty when it is absent.
    const std::string& get(std::string_view field) const;
    bool has(std::string_view field) const { return fields.find(field) != fields.end(); }
    /// How SQL calls it: `public.users`, `"Odd".f(integer)`; parts by their own name alone.
    std::string sql_name() const;
    /// How SQL calls the relation or domain that it belongs to.
    std::string sql_table() const;

private:
    mutable std::string id_;
};

std::string make_id(object_kind kind, std::string_view schema, std::string_view table, std::string_view name);

} // namespace tusk::schema
