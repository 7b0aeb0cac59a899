#include <algorithm>

#include <tusk/schema/identifier.hpp>
#include <tusk/schema/recipes.hpp>

namespace tusk::schema::detail {

namespace {

bool begins_with(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

std::string without_modifier(const std::string& type) {
    const auto open = type.find('(');
    const auto close = type.find(')');
    if (open == std::string::npos || close == std::string::npos) return type;
    return type.substr(0, open) + type.substr(close + 1);
}

bool is_number(const std::string& type) {
    return type == "smallint" || type == "integer" || type == "bigint" || type == "real" ||
           type == "double precision" || begins_with(type, "numeric");
}
/// How wide an integer is, in bytes.
int width_of(const std::string& type) {
    if (type == "smallint") return 2;
    return type == "integer" ? 4 : 8;
}
bool is_text(const std::string& type) {
    return type == "text" || begins_with(type, "character") || type == "name";
}

/// Whether the server converts by itself on assignment.
bool converts_by_itself(const std::string& from, const std::string& to) {
    const auto a = without_modifier(from);
    const auto b = without_modifier(to);
    if (a == b) return true;
    if (is_text(b)) return true;
    if (is_number(a) && is_number(b)) return true;
    return begins_with(a, "timestamp") && (begins_with(b, "timestamp") || b == "date");
}

/// The id of the composite type that a column's type may name.
std::string composite_id(std::string_view type) {
    const auto schema = take_identifier(type);
    if (type.empty() || type[0] != '.') return {};
    type.remove_prefix(1);
    const auto name = take_identifier(type);
    return type.empty() ? make_id(object_kind::composite_type, schema, "", name) : std::string{};
}

/// The name of an attribute and its type.
std::pair<std::string, std::string> attribute_of(std::string_view attribute) {
    auto name = take_identifier(attribute);
    return {std::move(name), std::string{attribute.substr(1, attribute.find(" COLLATE ") - 1)}};
}

/// Whether no row has to be written anew.
bool is_free(const std::string& from, const std::string& to) {
    const auto varying = [](const std::string& t) { return begins_with(t, "character varying"); };
    const auto length = [](const std::string& t) {
        const auto open = t.find('(');
        return open == std::string::npos ? 1 << 30 : std::stoi(t.substr(open + 1));
    };
    if (varying(from) && to == "text") return true;
    if (from == "text" && to == "character varying") return true;
    return varying(from) && varying(to) && length(from) <= length(to);
}

} // namespace

std::string neutral_value(const object& column, const model& in) {
    const auto type = without_modifier(column.get("type"));
    if (type.size() > 2 && type.substr(type.size() - 2) == "[]") return "'{}'";
    if (is_number(column.get("type"))) return "0";
    if (is_text(type) || type == "bytea" || type == "citext") return "''";
    if (type == "boolean") return "false";
    if (type == "json" || type == "jsonb") return "'{}'";
    if (type == "uuid") return "'00000000-0000-0000-0000-000000000000'";
    if (type == "date" || begins_with(type, "timestamp")) return "'1970-01-01'";
    if (begins_with(type, "time")) return "'00:00'";
    if (type == "interval") return "'0'";
    std::string_view rest = type;
    const auto schema = take_identifier(rest);
    if (rest.empty() || rest[0] != '.') return {};
    rest.remove_prefix(1);
    const auto* found = in.find(object_kind::enum_type, schema, "", take_identifier(rest));
    if (found == nullptr || split_list(found->get("values")).empty()) return {};
    return quote_literal(split_list(found->get("values")).front());
}

/// A value of a composite type that was made anew, field by field; empty when `to` is no such type.
std::string recipes::moved_value(const std::string& value, const std::string& from, const std::string& to,
                                 int depth) const {
    constexpr int deepest = 8;
    const auto* type = all_.find(composite_id(to));
    if (type == nullptr || type->kind != change_kind::replace || from != to || depth > deepest) return {};
    const auto old_attributes = split_list(type->from->get("attributes"));
    std::vector<std::string> fields;
    for (const auto& attribute : split_list(type->to->get("attributes"))) {
        const auto [name, its_type] = attribute_of(attribute);
        const auto before = std::find_if(
            old_attributes.begin(), old_attributes.end(),
            [&, wanted = name](const std::string& each) { return attribute_of(each).first == wanted; });
        if (before == old_attributes.end()) {
            fields.push_back("NULL::" + its_type);
            continue;
        }
        const auto old_type = attribute_of(*before).second;
        const auto field = "(" + value + ")." + quote_identifier(name);
        auto moved = moved_value(field, old_type, its_type, depth + 1);
        const bool same = old_type == its_type && its_type.find('.') == std::string::npos;
        if (moved.empty()) moved = same ? field : field + "::text::" + its_type;
        fields.push_back(std::move(moved));
    }
    if (fields.empty()) return "NULL::" + to;
    return "CASE WHEN " + value + " IS NULL THEN NULL ELSE ROW(" + join(fields, ", ") + ")::" + to + " END";
}

/// Whether a type that a column has was made anew.
bool recipes::is_retyped(const change& c) const {
    return c.touches("retype") ||
           std::any_of(c.from->depends.begin(), c.from->depends.end(), [&](const std::string& id) {
               const auto* type = all_.find(id);
               return type != nullptr && type->kind == change_kind::replace &&
                      type->from->kind != object_kind::function && type->from->kind != object_kind::collation;
           });
}

/// How the old values become new ones; empty when the server knows.
std::string recipes::converted(const change& c) const {
    const auto& from = c.from->get("type");
    const auto& to = c.to->get("type");
    const auto column = quote_identifier(c.to->name);
    if (is_retyped(c)) {
        // A type of the same name was made anew.
        if (auto value = moved_value(column, from, to, 0); !value.empty()) return value;
        const bool array = to.size() > 2 && to.substr(to.size() - 2) == "[]";
        return column + "::text" + (array ? "[]" : "") + "::" + to;
    }
    if (converts_by_itself(from, to)) return {};
    const auto a = without_modifier(from);
    const auto b = without_modifier(to);
    if (a == "bigint" && begins_with(b, "timestamp")) return "to_timestamp(" + column + ")::" + to;
    if (is_number(a) && begins_with(b, "timestamp"))
        return "to_timestamp(" + column + "::double precision)::" + to;
    if (begins_with(a, "timestamp") && is_number(b)) return "extract(epoch from " + column + ")::" + to;
    if (a == "boolean" && is_number(b)) return column + "::integer::" + to;
    if (is_number(a) && b == "boolean") return "(" + column + " <> 0)";
    if (b == "bytea" && is_text(a)) return "convert_to(" + column + ", 'UTF8')";
    if (b.size() > 2 && b.substr(b.size() - 2) == "[]" && b.substr(0, b.size() - 2) == a)
        return "CASE WHEN " + column + " IS NULL THEN NULL ELSE ARRAY[" + column + "] END";
    if (a.size() > 2 && a.substr(a.size() - 2) == "[]" && a.substr(0, a.size() - 2) == b)
        return column + "[1]";
    const auto number_or_text = [](const std::string& t) { return is_number(t) || is_text(t); };
    if ((b == "json" || b == "jsonb") && number_or_text(a)) return "to_" + b + "(" + column + ")";
    if (a == "bytea" || begins_with(a, "json") || is_text(a) || !is_number(b)) {
        const bool direct = (a == "json" && b == "jsonb") || (a == "jsonb" && b == "json") || is_text(a);
        return column + (direct ? "::" : "::text::") + to;
    }
    return column + "::text::" + to;
}

void recipes::alter_column_type(const change& c, const std::string& table) {
    const auto& from = c.from->get("type");
    const auto& to = c.to->get("type");
    auto sql = "ALTER TABLE " + table + " ALTER COLUMN " + quote_identifier(c.to->name) + " TYPE " + to;
    if (c.to->has("collation") || c.touches("collation"))
        sql += " COLLATE " +
               (c.to->has("collation") ? c.to->get("collation") : std::string{"pg_catalog.\"default\""});
    if (const auto how = converted(c); !how.empty()) sql += " USING " + how;
    auto& s = put(std::move(sql));
    if (is_free(from, to)) return;
    s.hazards = {hazard::rewrites_table, hazard::access_exclusive_lock};
    if (!converts_by_itself(from, to) || c.touches("retype")) s.hazards.push_back(hazard::depends_on_data);
}

/// With a check that is validated without locking out anybody, SET NOT NULL reads no row.
void recipes::set_not_null(const object& column, const std::string& table) {
    const auto name = quote_identifier(column.name);
    const auto head = "ALTER TABLE " + table + " ";
    if (!is_online(column)) {
        put(head + "ALTER COLUMN " + name + " SET NOT NULL", {hazard::depends_on_data, hazard::scans_table});
        return;
    }
    const auto check = quote_identifier(("tusk_not_null_" + column.name).substr(0, 63));
    put(head + "ADD CONSTRAINT " + check + " CHECK (" + name + " IS NOT NULL) NOT VALID").alone = true;
    put(head + "VALIDATE CONSTRAINT " + check, {hazard::depends_on_data}).alone = true;
    put(head + "ALTER COLUMN " + name + " SET NOT NULL");
    put(head + "DROP CONSTRAINT " + check);
}

void recipes::alter_identity(const change& c, const std::string& table) {
    const auto& o = *c.to;
    const auto head = "ALTER TABLE " + table + " ALTER COLUMN " + quote_identifier(o.name) + " ";
    const auto generation = o.get("identity") == "always" ? "ALWAYS" : "BY DEFAULT";
    if (!o.has("identity")) {
        put(head + "DROP IDENTITY");
        return;
    }
    if (!c.from->has("identity")) {
        const auto name = split_list(o.get("identity_sequence"));
        std::string named;
        if (name.size() == 2 && name[1] != o.table + "_" + o.name + "_seq")
            named = "SEQUENCE NAME " + qualified_name(name[0], name[1]) + " ";
        put(head + "ADD GENERATED " + generation + " AS IDENTITY (" + named + o.get("identity_options") +
            ")");
        // It goes on behind the highest value that is there.
        if (name.size() == 2)
            put("SELECT pg_catalog.setval(" + quote_literal(qualified_name(name[0], name[1])) + ", max(" +
                quote_identifier(o.name) + ")) FROM " + table + " HAVING max(" + quote_identifier(o.name) +
                ") BETWEEN (SELECT min_value FROM pg_catalog.pg_sequences WHERE schemaname = " +
                quote_literal(name[0]) + " AND sequencename = " + quote_literal(name[1]) +
                ") AND (SELECT max_value FROM pg_catalog.pg_sequences WHERE schemaname = " +
                quote_literal(name[0]) + " AND sequencename = " + quote_literal(name[1]) + ")");
        return;
    }
    if (c.touches("identity_sequence")) {
        const auto before = split_list(c.from->get("identity_sequence"));
        const auto after = split_list(o.get("identity_sequence"));
        if (before.size() == 2 && after.size() == 2 && before[1] != after[1])
            put("ALTER SEQUENCE " + qualified_name(before[0], before[1]) + " RENAME TO " +
                quote_identifier(after[1]));
    }
    if (c.touches("identity")) put(head + "SET GENERATED " + generation);
    if (c.touches("identity_options")) {
        // SET START …, SET INCREMENT …: each option with its own word; the value in use stays where it may.
        const auto& text = o.get("identity_options");
        std::vector<std::string> words;
        for (std::string_view rest = text; !rest.empty();) {
            const auto space = rest.find(' ');
            words.emplace_back(rest.substr(0, space));
            rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
        }
        // start with S increment by I minvalue A maxvalue B cache C [no] cycle
        put(head + "SET START WITH " + words[2] + " SET INCREMENT BY " + words[5] + " SET MINVALUE " +
            words[7] + " SET MAXVALUE " + words[9] + " SET CACHE " + words[11] +
            (words[12] == "no" ? " SET NO CYCLE" : " SET CYCLE") + " RESTART");
        const auto name = split_list(o.get("identity_sequence"));
        if (name.size() == 2)
            put("SELECT pg_catalog.setval(" + quote_literal(qualified_name(name[0], name[1])) + ", max(" +
                quote_identifier(o.name) + ")) FROM " + table + " HAVING max(" + quote_identifier(o.name) +
                ") BETWEEN " + words[7] + " AND " + words[9]);
    }
}

void recipes::alter_column(const change& c) {
    const auto& o = *c.to;
    const auto table = o.sql_table();
    const auto name = quote_identifier(o.name);
    const auto head = "ALTER TABLE " + table + " ALTER COLUMN " + name + " ";
    const auto only = "ALTER TABLE ONLY " + table + " ALTER COLUMN " + name + " ";
    const auto* holder = all_.to().find(object_kind::table, o.schema, "", o.table);
    const auto from_parent = [&](const char* field) {
        if (!comes_from_parent(c) || holder == nullptr || !stays_with_parents(o)) return false;
        const auto parents = parents_of(*holder);
        return std::any_of(parents.begin(), parents.end(), [&](const std::string& id) {
            const auto* up = all_.to().find(id);
            const auto* change_of_parent =
                up == nullptr ? nullptr : all_.find(object_kind::column, up->schema, up->name, o.name);
            return change_of_parent != nullptr && change_of_parent->kind == change_kind::alter &&
                   change_of_parent->touches(field);
        });
    };
    if (c.touches("generated") && !o.has("generated")) put(head + "DROP EXPRESSION");
    // Without a default, an identity has to go before the type changes and comes after it.
    const bool loses_identity = c.touches("identity") && !o.has("identity");
    if (loses_identity) alter_identity(c, table);
    // The bounds of an identity's sequence have to fit the type all the time.
    const bool narrows = c.touches("identity_options") && !loses_identity && c.from->has("identity") &&
                         width_of(o.get("type")) < width_of(c.from->get("type"));
    if (narrows) alter_identity(c, table);
    if ((c.touches("type") || c.touches("collation") || c.touches("retype")) && !from_parent("type") &&
        !from_parent("retype"))
        alter_column_type(c, table);
    if (c.touches("not_null") && !from_parent("not_null")) {
        if (o.has("not_null"))
            set_not_null(o, table);
        else
            put(head + "DROP NOT NULL");
    }
    if (!loses_identity && !narrows &&
        (c.touches("identity") || c.touches("identity_options") || c.touches("identity_sequence")))
        alter_identity(c, table);
    if (c.touches("storage")) {
        if (o.has("storage"))
            put(only + "SET STORAGE " + o.get("storage"));
        else
            put(only + "SET STORAGE " +
                (all_.to().major_version() >= 16
                     ? std::string{"DEFAULT"}
                     : std::string{is_number(o.get("type")) && !begins_with(o.get("type"), "numeric")
                                       ? "PLAIN"
                                   : begins_with(o.get("type"), "numeric") ? "MAIN"
                                                                           : "EXTENDED"}));
    }
    if (c.touches("compression"))
        put(only + "SET COMPRESSION " +
            (o.has("compression") ? o.get("compression") : std::string{"default"}));
    if (c.touches("statistics"))
        put(only + "SET STATISTICS " + (o.has("statistics") ? o.get("statistics") : std::string{"-1"}));
    if (c.touches("options")) {
        const auto rest = out_.size();
        alter_options("TABLE ONLY " + table + " ALTER COLUMN " + name, c.from->get("options"),
                      o.get("options"));
        static_cast<void>(rest);
    }
}

} // namespace tusk::schema::detail
