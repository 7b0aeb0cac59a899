#include <algorithm>

#include <tusk/schema/identifier.hpp>
#include <tusk/schema/recipes.hpp>

namespace tusk::schema::detail {

namespace {

std::vector<std::string> items_without(const std::vector<std::string>& all,
                                       const std::vector<std::string>& these) {
    std::vector<std::string> out;
    for (const auto& each : all)
        if (std::find(these.begin(), these.end(), each) == these.end()) out.push_back(each);
    return out;
}

/// The name in front of an option or a mapping: `host` of `host 'x'`.
std::string first_word(const std::string& item) { return item.substr(0, item.find(' ')); }

bool has_word(const std::vector<std::string>& all, const std::string& word) {
    return std::any_of(all.begin(), all.end(),
                       [&](const std::string& each) { return first_word(each) == word; });
}

/// What a publication has, as CREATE and ALTER take it: up to 14, one TABLE stands before all.
std::string published(const object& o, int major) {
    const auto all = split_list(o.get("objects"));
    return (major < 15 && !all.empty() ? "TABLE " : "") + join(all, ", ");
}

} // namespace

/// What is written as one CREATE statement, and the parts of it that ALTER can change.
void recipes::create_other(const object& o) {
    if (o.kind == object_kind::publication) {
        auto sql = "CREATE PUBLICATION " + quote_identifier(o.name);
        if (o.get("objects") == "ALL TABLES")
            sql += " FOR ALL TABLES";
        else if (o.has("objects"))
            sql += " FOR " + published(o, all_.to().major_version());
        put(sql + " WITH (" + o.get("options") + ")");
        return;
    }
    auto sql = o.get("definition");
    if (o.has("options")) sql += " OPTIONS (" + join(split_list(o.get("options")), ", ") + ")";
    put(std::move(sql));
    for (const auto& each : split_list(o.get("mappings")))
        put("ALTER " + with_kind(o) + " ADD MAPPING FOR " + first_word(each) + " WITH" +
            each.substr(first_word(each).size()));
    for (const auto& each : split_list(o.get("members"))) put("ALTER " + with_kind(o) + " ADD " + each);
}

void recipes::alter_other(const change& c) {
    const auto& o = *c.to;
    if (o.kind == object_kind::publication) {
        alter_publication(c);
        return;
    }
    if (c.touches("options")) alter_foreign_options(c);
    if (!c.touches("mappings")) return;
    const auto before = split_list(c.from->get("mappings"));
    const auto after = split_list(o.get("mappings"));
    for (const auto& each : items_without(before, after))
        put("ALTER " + with_kind(o) + " DROP MAPPING FOR " + first_word(each));
    for (const auto& each : items_without(after, before))
        put("ALTER " + with_kind(o) + " ADD MAPPING FOR " + first_word(each) + " WITH" +
            each.substr(first_word(each).size()));
}

void recipes::alter_foreign_options(const change& c) {
    const auto before = split_list(c.from->get("options"));
    const auto after = split_list(c.to->get("options"));
    std::vector<std::string> out;
    for (const auto& each : before)
        if (!has_word(after, first_word(each))) out.push_back("DROP " + first_word(each));
    for (const auto& each : items_without(after, before))
        out.push_back((has_word(before, first_word(each)) ? "SET " : "ADD ") + each);
    put("ALTER " + with_kind(*c.to) + " OPTIONS (" + join(out, ", ") + ")");
}

void recipes::alter_publication(const change& c) {
    const auto& o = *c.to;
    const auto head = "ALTER PUBLICATION " + quote_identifier(o.name) + " ";
    if (c.touches("options")) put(head + "SET (" + o.get("options") + ")");
    if (!c.touches("objects")) return;
    if (o.has("objects"))
        put(head + "SET " + published(o, all_.to().major_version()));
    else
        for (auto each : split_list(c.from->get("objects"))) {
            // Dropping takes neither columns nor conditions.
            if (each.rfind("TABLE ", 0) == 0 || each.rfind("TABLES", 0) != 0) {
                std::string_view rest = each;
                if (each.rfind("TABLE ", 0) == 0) rest.remove_prefix(6);
                const auto schema = take_identifier(rest);
                rest.remove_prefix(1);
                each = "TABLE " + qualified_name(schema, take_identifier(rest));
            }
            put(head + "DROP " + each);
        }
}

/// How many values the planner keeps of the columns of an index or a materialized view.
void recipes::column_statistics(const object& o, const std::string& before) {
    const auto after = split_list(o.get("column_statistics"));
    for (const auto& each : split_list(before)) {
        const auto& columns = o.get("columns");
        const bool there =
            o.kind == object_kind::index || columns.find(first_word(each)) != std::string::npos;
        if (there && !has_word(after, first_word(each)))
            put("ALTER " + with_kind(o) + " ALTER COLUMN " + first_word(each) + " SET STATISTICS -1");
    }
    for (const auto& each : items_without(after, split_list(before)))
        put("ALTER " + with_kind(o) + " ALTER COLUMN " + first_word(each) + " SET STATISTICS" +
            each.substr(first_word(each).size()));
}

} // namespace tusk::schema::detail
