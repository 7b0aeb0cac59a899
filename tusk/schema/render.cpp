#include <tusk/schema/render.hpp>

#include <algorithm>

#include <tusk/schema/identifier.hpp>
#include <tusk/schema/plan.hpp>

namespace tusk::schema {

namespace {

/// A word of Mermaid: letters, digits and underscores.
std::string word(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (plain)
            out += c;
        else if (out.empty() || out.back() != '_')
            out += '_';
    }
    while (out.size() > 1 && out.back() == '_') out.pop_back();
    return out;
}

std::string entity(const object& table) {
    return word(table.schema == "public" ? table.name : table.schema + "_" + table.name);
}

bool is_key(const model& of, const object& column, std::string_view type) {
    for (const auto* part : of.parts_of(column.schema, column.table))
        if (part->kind == object_kind::constraint && part->get("type") == type) {
            const auto names = split_list(part->get("columns"));
            if (std::find(names.begin(), names.end(), quote_identifier(column.name)) != names.end())
                return true;
        }
    return false;
}

std::string keys_of(const model& of, const object& column) {
    std::vector<std::string> keys;
    if (is_key(of, column, "primary key")) keys.emplace_back("PK");
    if (is_key(of, column, "foreign key")) keys.emplace_back("FK");
    if (is_key(of, column, "unique")) keys.emplace_back("UK");
    return keys.empty() ? std::string{} : " " + join(keys, ", ");
}

const object* referenced(const model& of, const object& foreign_key) {
    std::string_view rest = foreign_key.get("references");
    const auto schema = take_identifier(rest);
    if (!rest.empty()) rest.remove_prefix(1);
    return of.find(object_kind::table, schema, "", take_identifier(rest));
}

} // namespace

std::string as_sql(const model& of) {
    std::vector<object> start;
    if (const auto* shared = of.find("schema:public"); shared != nullptr) {
        auto plain = *shared;
        plain.fields.clear();
        start.push_back(std::move(plain));
    }
    return make_plan(model{std::move(start), of.server_version()}, of, plan_options{}.online(false))
        .sql(false);
}

std::string mermaid(const model& of) {
    std::string out = "erDiagram\n";
    std::string links;
    for (const auto& table : of.objects()) {
        if (table.kind != object_kind::table || table.has("partition_of")) continue;
        out += "    " + entity(table) + " {\n";
        auto parts = of.parts_of(table.schema, table.name);
        std::sort(parts.begin(), parts.end(), [](const object* a, const object* b) {
            const auto& x = a->get("position");
            const auto& y = b->get("position");
            return x.size() != y.size() ? x.size() < y.size() : x < y;
        });
        for (const auto* part : parts) {
            if (part->kind == object_kind::column)
                out +=
                    "        " + word(part->get("type")) + " " + word(part->name) + keys_of(of, *part) + "\n";
            if (part->kind == object_kind::constraint && part->get("type") == "foreign key")
                if (const auto* to = referenced(of, *part); to != nullptr)
                    links += "    " + entity(*to) + " ||--o{ " + entity(table) + " : \"" + word(part->name) +
                             "\"\n";
        }
        out += "    }\n";
    }
    return out + links;
}

} // namespace tusk::schema
