#include <tusk/schema/rows.hpp>

#include <tusk/schema/identifier.hpp>

namespace tusk::schema::detail {

namespace {

bool starts_with(const std::string& text, std::string_view with) { return text.rfind(with, 0) == 0; }

/// A value that is not the one that a new column would get, so that a lost one is noticed.
std::string probe_value(const object& column, const model& of) {
    const auto& type = column.get("type");
    if (type.size() > 2 && type.substr(type.size() - 2) == "[]") return "'{}'";
    if (type == "smallint" || type == "integer" || type == "bigint" || starts_with(type, "numeric") ||
        type == "real" || type == "double precision")
        return "1";
    if (starts_with(type, "character") || type == "text" || type == "citext" || type == "name" ||
        type == "\"char\"")
        return "'1'";
    if (type == "boolean") return "true";
    if (type == "bytea") return "'\\x31'";
    if (type == "json" || type == "jsonb") return "'{\"a\": 1}'";
    if (type == "uuid") return "'11111111-1111-1111-1111-111111111111'";
    if (type == "date" || starts_with(type, "timestamp")) return "'2024-01-15'";
    if (starts_with(type, "time")) return "'01:00'";
    if (starts_with(type, "interval")) return "'1 hour'";
    if (type == "inet" || type == "cidr") return "'127.0.0.1'";
    std::string_view rest = type;
    const auto schema = take_identifier(rest);
    if (rest.empty()) return {};
    rest.remove_prefix(1);
    const auto name = take_identifier(rest);
    if (const auto* e = of.find(object_kind::enum_type, schema, "", name); e != nullptr && e->has("values"))
        return quote_literal(split_list(e->get("values")).front());
    if (const auto* d = of.find(object_kind::domain, schema, "", name); d != nullptr) {
        object base = column;
        base.fields["type"] = d->get("type");
        return probe_value(base, of);
    }
    return {};
}

std::string insert_sql(const object& table, const model& of, bool needed_only) {
    std::vector<std::string> columns;
    std::vector<std::string> values;
    for (const auto* part : of.parts_of(table.schema, table.name)) {
        if (part->kind != object_kind::column || part->has("generated") || part->has("identity")) continue;
        if (needed_only && !part->has("not_null")) continue;
        auto value = probe_value(*part, of);
        if (value.empty()) continue;
        columns.push_back(quote_identifier(part->name));
        values.push_back(std::move(value));
    }
    if (columns.empty()) return "insert into " + table.sql_name() + " default values";
    return "insert into " + table.sql_name() + " (" + join(columns, ", ") + ") values (" +
           join(values, ", ") + ")";
}

} // namespace

std::size_t fill_tables(blocking::connection& on, const model& of) {
    std::vector<const object*> waiting;
    std::size_t filled = 0;
    for (const auto& o : of.objects())
        if (o.kind == object_kind::table) waiting.push_back(&o);
    for (bool progress = true; progress && !waiting.empty();) {
        progress = false;
        std::vector<const object*> left;
        for (const auto* table : waiting) {
            const bool done =
                !on.try_script(insert_sql(*table, of, false)) || !on.try_script(insert_sql(*table, of, true));
            if (done)
                ++filled;
            else
                left.push_back(table);
            progress = progress || done;
        }
        waiting = std::move(left);
    }
    return filled;
}

std::map<std::string, std::string> kept_rows(blocking::connection& on, const model& from, const model& to) {
    std::map<std::string, std::string> out;
    for (const auto& o : from.objects()) {
        if (o.kind != object_kind::table || to.find(o.id()) == nullptr) continue;
        std::vector<std::string> columns;
        for (const auto* part : from.parts_of(o.schema, o.name)) {
            const auto* after = to.find(part->id());
            if (part->kind != object_kind::column || after == nullptr ||
                after->get("type") != part->get("type") || part->has("generated") || after->has("generated"))
                continue;
            columns.push_back(quote_identifier(part->name));
        }
        if (columns.empty()) columns.emplace_back("1");
        const auto rows =
            on.query("select count(*)::text || ' ' || coalesce(string_agg(r, chr(10) order by r), '') from "
                     "(select row(" +
                     join(columns, ", ") + ")::text as r from " + o.sql_name() + ") x");
        out[o.id()] = rows[0][0].text();
    }
    return out;
}

} // namespace tusk::schema::detail
