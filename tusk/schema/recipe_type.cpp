#include <algorithm>

#include <tusk/schema/identifier.hpp>
#include <tusk/schema/recipes.hpp>

namespace tusk::schema::detail {

void recipes::create_type(const step& s) {
    const auto& o = *s.of->to;
    if (o.kind == object_kind::enum_type) {
        std::vector<std::string> values;
        for (const auto& value : split_list(o.get("values"))) values.push_back(quote_literal(value));
        put("CREATE TYPE " + o.sql_name() + " AS ENUM (" + join(values, ", ") + ")");
    } else if (o.kind == object_kind::composite_type) {
        put("CREATE TYPE " + o.sql_name() + " AS (" + join(split_list(o.get("attributes")), ", ") + ")");
    } else if (o.kind == object_kind::range_type) {
        put("CREATE TYPE " + o.sql_name() + " AS RANGE (" + o.get("definition") + ")");
    } else {
        auto sql = "CREATE DOMAIN " + o.sql_name() + " AS " + o.get("type");
        if (o.has("collation")) sql += " COLLATE " + o.get("collation");
        if (o.has("default")) sql += " DEFAULT " + o.get("default");
        if (o.has("not_null")) sql += " NOT NULL";
        for (const auto m : s.members) {
            const auto& part = *steps_.all()[m].of->to;
            sql += " CONSTRAINT " + quote_identifier(part.name) + " " + part.get("definition");
        }
        put(std::move(sql));
        for (const auto m : s.members)
            if (steps_.all()[m].of->to->has("comment")) comment(*steps_.all()[m].of->to);
    }
}

/// A type that is made anew gives its name away; a range's multirange and constructors have names too.
void recipes::step_aside(const object& o) {
    const auto aside = aside_name(o);
    put("ALTER " + with_kind(o) + " RENAME TO " + quote_identifier(aside));
    if (o.kind != object_kind::range_type) return;
    const auto& definition = o.get("definition");
    const auto value_of = [&](std::string_view option) {
        const auto at = definition.find(option);
        if (at == std::string::npos) return std::string{};
        const auto begin = at + option.size();
        return definition.substr(begin, definition.find(", ", begin) - begin);
    };
    const auto subtype = value_of("SUBTYPE = ");
    const auto rename = [&](const std::string& name, const std::string& arguments, const std::string& to) {
        put("ALTER FUNCTION " + name + "(" + arguments + ") RENAME TO " + quote_identifier(to));
    };
    rename(o.sql_name(), subtype + ", " + subtype, aside);
    rename(o.sql_name(), subtype + ", " + subtype + ", text", aside);
    const auto multirange = value_of("MULTIRANGE_TYPE_NAME = ");
    if (multirange.empty()) return;
    const auto range = qualified_name(o.schema, aside);
    const auto aside_of_all = ("tusk_all_" + o.name).substr(0, 63);
    put("ALTER TYPE " + multirange + " RENAME TO " + quote_identifier(aside_of_all));
    for (const auto& arguments : {std::string{}, range, "VARIADIC " + range + "[]"})
        rename(multirange, arguments, aside_of_all);
}

/// New values come to their place among the old ones. A transaction that adds one cannot use it.
void recipes::alter_enum(const change& c) {
    if (!c.touches("values")) return;
    const auto before = split_list(c.from->get("values"));
    const auto after = split_list(c.to->get("values"));
    std::size_t old = 0;
    for (std::size_t i = 0; i < after.size(); ++i) {
        if (old < before.size() && before[old] == after[i]) {
            ++old;
            continue;
        }
        auto sql = "ALTER TYPE " + c.to->sql_name() + " ADD VALUE " + quote_literal(after[i]);
        if (old < before.size()) sql += " BEFORE " + quote_literal(before[old]);
        put(std::move(sql)).alone = true;
    }
}

void recipes::alter_domain(const change& c) {
    const auto& o = *c.to;
    const auto head = "ALTER DOMAIN " + o.sql_name() + " ";
    if (c.touches("default"))
        put(head + (o.has("default") ? "SET DEFAULT " + o.get("default") : std::string{"DROP DEFAULT"}));
    if (c.touches("not_null")) {
        put(head + (o.has("not_null") ? "SET NOT NULL" : "DROP NOT NULL"));
        if (o.has("not_null")) out_.back().hazards = {hazard::depends_on_data, hazard::scans_table};
    }
}

void recipes::alter_composite(const change& c) {
    if (!c.touches("attributes")) return;
    const auto before = split_list(c.from->get("attributes"));
    const auto after = split_list(c.to->get("attributes"));
    const auto head = "ALTER TYPE " + c.to->sql_name() + " ";
    for (const auto& each : before)
        if (std::find(after.begin(), after.end(), each) == after.end()) {
            std::string_view text = each;
            put(head + "DROP ATTRIBUTE " + quote_identifier(take_identifier(text)), {hazard::deletes_data});
        }
    for (const auto& each : after)
        if (std::find(before.begin(), before.end(), each) == before.end())
            put(head + "ADD ATTRIBUTE " + each);
}

namespace {

std::string sequence_options(const object& o) {
    return " AS " + o.get("type") + " INCREMENT BY " + o.get("increment") + " MINVALUE " + o.get("minvalue") +
           " MAXVALUE " + o.get("maxvalue") + " START WITH " + o.get("start") + " CACHE " + o.get("cache") +
           (o.has("cycle") ? " CYCLE" : " NO CYCLE");
}

} // namespace

void recipes::create_sequence(const object& o) {
    put(std::string{"CREATE "} + (o.has("unlogged") ? "UNLOGGED " : "") + "SEQUENCE " + o.sql_name() +
        sequence_options(o));
}

void recipes::alter_sequence(const change& c) {
    const auto& o = *c.to;
    const auto head = "ALTER SEQUENCE " + o.sql_name();
    const bool options = c.touches("type") || c.touches("increment") || c.touches("minvalue") ||
                         c.touches("maxvalue") || c.touches("start") || c.touches("cache") ||
                         c.touches("cycle");
    if (options) {
        auto sql = head + sequence_options(o);
        // A value outside the new bounds cannot stay.
        const auto number = [](const std::string& text) { return std::stoll(text); };
        if (number(o.get("minvalue")) > number(c.from->get("minvalue")) ||
            number(o.get("maxvalue")) < number(c.from->get("maxvalue")))
            sql += " RESTART WITH " + o.get("start");
        put(std::move(sql));
    }
    if (c.touches("unlogged")) put(head + (o.has("unlogged") ? " SET UNLOGGED" : " SET LOGGED"));
    // Also when the column that it belongs to was made anew.
    if (c.touches("owned_by") || c.fields.empty())
        put(head + " OWNED BY " + (o.has("owned_by") ? o.get("owned_by") : std::string{"NONE"}));
}

} // namespace tusk::schema::detail
