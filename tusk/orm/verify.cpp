#include <tusk/orm/verify.hpp>

#include <algorithm>
#include <map>

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

// What is unique without a constraint counts: an index over columns, of all rows. Views have no keys.
constexpr std::string_view live_keys_sql =
    "with t as (select c.oid, c.relkind from pg_catalog.pg_class c "
    "where c.oid = pg_catalog.to_regclass($1) and c.relkind in ('r', 'p')), "
    "names as (select a.attrelid, a.attnum, a.attname::text as name from pg_catalog.pg_attribute a) "
    "select 't' as kind, '{}'::text[] as columns, '' as table, '{}'::text[] as referred from t "
    "union all "
    "select case when i.indisprimary then 'p' else 'u' end, "
    "array(select n.name from names n where n.attrelid = t.oid and n.attnum = any "
    "((i.indkey::int2[])[0:i.indnkeyatts - 1])), '', '{}' "
    "from t join pg_catalog.pg_index i on i.indrelid = t.oid "
    "where i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null "
    "union all "
    "select 'f', array(select n.name from unnest(k.conkey) with ordinality as u (attnum, at) "
    "join names n on n.attrelid = t.oid and n.attnum = u.attnum order by u.at), k.confrelid::regclass::text, "
    "array(select n.name from unnest(k.confkey) with ordinality as u (attnum, at) "
    "join names n on n.attrelid = k.confrelid and n.attnum = u.attnum order by u.at) "
    "from t join pg_catalog.pg_constraint k on k.conrelid = t.oid where k.contype = 'f'";

std::string quoted_table(const table_info& t) {
    sql_writer out;
    out.qualified(t.schema, t.name);
    return out.literal();
}

std::string shown_name(const table_info& t) {
    return (t.schema.empty() ? "" : std::string{t.schema} + '.') + std::string{t.name};
}

using key_names = std::vector<std::string>;

key_names names_of(const std::vector<const column_info*>& columns) {
    key_names out;
    for (const auto* c : columns) out.emplace_back(c->name);
    return out;
}

std::string listed(const key_names& columns) {
    std::string out = "(";
    for (const auto& c : columns) out += (out.size() > 1 ? ", " : "") + c;
    return out + ')';
}

/// All of them are columns of the others: what is unique in `some` is unique in `all`.
bool among(const key_names& some, const key_names& all) {
    return std::all_of(some.begin(), some.end(), [&](const std::string& c) {
        return std::find(all.begin(), all.end(), c) != all.end();
    });
}

/// The same table, with or without its schema and quotes.
bool is_table(std::string_view written, const table_info& t) {
    std::string plain;
    for (const char c : written)
        if (c != '"') plain += c;
    const auto dot = plain.rfind('.');
    if (plain.substr(dot == std::string::npos ? 0 : dot + 1) != t.name) return false;
    return t.schema.empty() || dot == std::string::npos || plain.substr(0, dot) == t.schema;
}

/// The columns in any order, each with its own counterpart.
bool has_reference(const std::vector<live_key>& keys, const expected_reference& wanted) {
    const auto pairs = [](const key_names& from, const key_names& to) {
        std::vector<std::pair<std::string, std::string>> out;
        for (std::size_t i = 0; i < from.size() && i < to.size(); ++i) out.emplace_back(from[i], to[i]);
        std::sort(out.begin(), out.end());
        return out;
    };
    const auto expected = pairs(names_of(wanted.columns), names_of(wanted.referred));
    return std::any_of(keys.begin(), keys.end(), [&](const live_key& k) {
        return k.kind == "f" && is_table(k.table, *wanted.table) && pairs(k.columns, k.referred) == expected;
    });
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
    if (!live.not_null && c.field->nullable && c.is(column_flag::notnull))
        report(severity::warning, "may be NULL, and the model says notnull");
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
    const std::string name = shown_name(model);
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

void compare_keys(schema_problems& out, const verified_model& model, const std::vector<live_key>& keys) {
    using severity = schema_problem::severity;
    if (keys.empty()) return; // no table, or a view
    const auto report = [&](severity how_bad, std::string_view column, std::string message) {
        out.push_back({how_bad, shown_name(*model.table), std::string{column}, std::move(message)});
    };
    const auto is_unique = [&](const key_names& columns) {
        return std::any_of(keys.begin(), keys.end(), [&](const live_key& k) {
            return (k.kind == "p" || k.kind == "u") && among(k.columns, columns);
        });
    };
    key_names pk;
    std::map<std::string_view, key_names> groups;
    for (const auto& c : model.table->columns) {
        if (c.is(column_flag::pk)) pk.emplace_back(c.name);
        if (!c.unique_group.empty()) groups[c.unique_group].emplace_back(c.name);
        if (c.is(column_flag::unique) && !is_unique({std::string{c.name}}))
            report(severity::error, c.name, "is not unique in the table, and the model says so");
    }
    if (!pk.empty() && !is_unique(pk))
        report(severity::error, {}, "the model's primary key " + listed(pk) + " is no key of the table");
    for (const auto& [group, columns] : groups)
        if (!is_unique(columns))
            report(severity::error, {},
                   "there is no unique constraint over " + listed(columns) + " (" + std::string{group} + ")");
    for (const auto& r : model.references)
        if (!has_reference(keys, r))
            report(severity::warning, {},
                   "there is no foreign key " + listed(names_of(r.columns)) + " to " + shown_name(*r.table) +
                       ' ' + listed(names_of(r.referred)) + ", and a belongs_to says so");
}

statement_problems as_statement_problems(const schema_problems& all) {
    statement_problems out;
    for (const auto& p : all) {
        const auto how_bad =
            p.is_error() ? statement_problem::severity::error : statement_problem::severity::warning;
        out.emplace_back(how_bad, "the model of " + p.table,
                         p.column.empty() ? p.message : p.column + ": " + p.message,
                         "migrate the table, or change the model");
    }
    return out;
}

bool verify_steps::next(batch& b) {
    if (!answers_.empty()) return false;
    for (const auto& m : models_)
        answers_.push_back({b.all<live_column>(live_columns_sql, quoted_table(*m.table)),
                            b.all<live_key>(live_keys_sql, quoted_table(*m.table))});
    return true;
}

schema_problems verify_steps::take() {
    schema_problems out;
    for (std::size_t i = 0; i < models_.size(); ++i) {
        compare_with_table(out, *models_[i].table, answers_[i].columns.get());
        compare_keys(out, models_[i], answers_[i].keys.get());
    }
    return out;
}

} // namespace detail

} // namespace tusk::orm
