#include <tusk/schema/renames.hpp>

#include <algorithm>
#include <map>
#include <set>

#include <tusk/schema/identifier.hpp>
#include <tusk/schema/recipes.hpp>

namespace tusk::schema::detail {

namespace {

statement rename(std::string sql, const object& what) {
    statement s;
    s.sql = std::move(sql);
    s.about = what.id();
    s.change = "rename";
    return s;
}

std::string rename_sql(const object& from, const std::string& to) {
    const auto name = quote_identifier(to);
    switch (from.kind) {
    case object_kind::column:
        return "ALTER TABLE " + from.sql_table() + " RENAME COLUMN " + quote_identifier(from.name) + " TO " +
               name;
    case object_kind::constraint:
        return "ALTER TABLE " + from.sql_table() + " RENAME CONSTRAINT " + quote_identifier(from.name) +
               " TO " + name;
    default: return "ALTER " + with_kind(from) + " RENAME TO " + name;
    }
}

/// The object of the target that a hint is about; a type may turn out to be something else than an enum.
const object* target_of(const model& to, const rename_hint& hint) {
    const auto fits = [&](const object& o) {
        const auto& name = hint.is_value ? hint.table : hint.name;
        if (o.kind != hint.kind || o.name != name) return false;
        if (!hint.is_value && o.table != hint.table && o.kind != object_kind::index) return false;
        return hint.schema.empty() || o.schema == hint.schema;
    };
    const auto found = std::find_if(to.objects().begin(), to.objects().end(), fits);
    return found == to.objects().end() ? nullptr : &*found;
}

void by_hint(const model& from, const model& to, const rename_hint& hint, std::vector<statement>& out) {
    const auto* target = target_of(to, hint);
    if (target == nullptr) return;
    if (hint.is_value) {
        const auto* before = from.find(target->id());
        if (before == nullptr) return;
        const auto old_values = split_list(before->get("values"));
        const auto new_values = split_list(target->get("values"));
        const auto has = [](const std::vector<std::string>& all, const std::string& value) {
            return std::find(all.begin(), all.end(), value) != all.end();
        };
        if (has(old_values, hint.from) && !has(new_values, hint.from) && has(new_values, hint.name) &&
            !has(old_values, hint.name))
            out.push_back(rename("ALTER TYPE " + before->sql_name() + " RENAME VALUE " +
                                     quote_literal(hint.from) + " TO " + quote_literal(hint.name),
                                 *before));
        return;
    }
    if (from.find(target->id()) != nullptr) return;
    const auto* before = from.find(make_id(target->kind, target->schema, target->table, hint.from));
    if (before == nullptr || to.find(before->id()) != nullptr) return;
    out.push_back(rename(rename_sql(*before, target->name), *before));
}

/// What makes two parts the same but for their names.
std::string signature(const object& o) {
    auto definition = o.get("definition");
    if (o.kind == object_kind::index) {
        const auto at = definition.find("INDEX ");
        const auto on = definition.find(" ON ", at);
        definition = definition.substr(0, at) + definition.substr(on);
    }
    return std::string{name_of(o.kind)} + " " + o.sql_table() + " " + o.get("type") + " " + definition + " " +
           o.get("not_valid") + " " + o.get("index_options") + " " + o.get("owned_by") + " " +
           o.get("attached_to");
}

bool renames_by_itself(const object& o) {
    return o.kind == object_kind::constraint || o.kind == object_kind::index ||
           (o.kind == object_kind::sequence && o.has("owned_by"));
}

void by_likeness(const model& from, const model& to, std::vector<statement>& out) {
    std::map<std::string, const object*> gone;
    for (const auto& o : from.objects())
        if (renames_by_itself(o) && to.find(o.id()) == nullptr) gone.emplace(signature(o), &o);
    for (const auto& o : to.objects()) {
        if (!renames_by_itself(o) || from.find(o.id()) != nullptr) continue;
        const auto found = gone.find(signature(o));
        if (found == gone.end()) continue;
        out.push_back(rename(rename_sql(*found->second, o.name), *found->second));
        gone.erase(found);
    }
}

/// An extension takes what it made along to another schema.
void by_moving(const model& from, const model& to, std::vector<statement>& out) {
    for (const auto& o : to.objects()) {
        if (o.kind != object_kind::extension) continue;
        const auto* before = from.find(o.id());
        if (before == nullptr || before->get("in_schema") == o.get("in_schema")) continue;
        const auto schema = make_id(object_kind::schema, "", "", o.get("in_schema"));
        if (const auto* its = to.find(schema); its != nullptr && from.find(schema) == nullptr)
            out.push_back(rename("CREATE SCHEMA " + quote_identifier(its->name), *its));
        out.push_back(rename("ALTER EXTENSION " + quote_identifier(o.name) + " SET SCHEMA " +
                                 quote_identifier(o.get("in_schema")),
                             o));
    }
}

} // namespace

std::vector<statement> rename_statements(const model& from, const model& to,
                                         const std::vector<rename_hint>& hints) {
    std::vector<statement> out;
    const auto round = [&](auto wanted) {
        if (!out.empty()) return;
        for (const auto& hint : hints)
            if (wanted(hint)) by_hint(from, to, hint, out);
    };
    round([](const rename_hint& h) { return h.table.empty() && !h.is_value; });
    round([](const rename_hint& h) { return !h.table.empty() || h.is_value; });
    if (out.empty()) by_moving(from, to, out);
    if (out.empty()) by_likeness(from, to, out);
    std::set<std::string> seen;
    out.erase(std::remove_if(out.begin(), out.end(),
                             [&](const statement& s) { return !seen.insert(s.sql).second; }),
              out.end());
    return out;
}

} // namespace tusk::schema::detail
