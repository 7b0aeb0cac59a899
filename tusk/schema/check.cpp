#include <tusk/schema/check.hpp>

#include <algorithm>
#include <map>
#include <tuple>

#include <tusk/schema/identifier.hpp>

namespace tusk::schema {

namespace {

using parts = std::vector<const object*>;

bool any_of_kind(const parts& all, object_kind kind) {
    return std::any_of(all.begin(), all.end(), [&](const object* p) { return p->kind == kind; });
}

/// What an index definition indexes: `(a, b)`.
std::string index_columns(const std::string& definition) {
    const auto open = definition.find('(', definition.find(" USING "));
    if (open == std::string::npos) return {};
    int depth = 0;
    for (auto i = open; i < definition.size(); ++i) {
        if (definition[i] == '(') ++depth;
        if (definition[i] == ')' && --depth == 0) return definition.substr(open + 1, i - open - 1);
    }
    return {};
}

bool begins_with_columns(const std::string& indexed, const std::string& wanted) {
    return indexed == wanted || indexed.rfind(wanted + ",", 0) == 0 || indexed.rfind(wanted + " ", 0) == 0;
}

void check_foreign_keys(const parts& all, std::vector<finding>& out) {
    for (const auto* key : all) {
        if (key->kind != object_kind::constraint || key->get("type") != "foreign key") continue;
        const auto columns = join(split_list(key->get("columns")), ", ");
        const bool indexed = std::any_of(all.begin(), all.end(), [&](const object* p) {
            if (p->kind == object_kind::index)
                return p->get("definition").find(" WHERE ") == std::string::npos &&
                       begins_with_columns(index_columns(p->get("definition")), columns);
            return p->kind == object_kind::constraint && p->has("index_definition") &&
                   begins_with_columns(index_columns(p->get("index_definition")), columns);
        });
        if (!indexed)
            out.push_back(
                {"foreign_key_without_index", key->id(),
                 "no index begins with the columns of the foreign key: deleting a referenced row reads the "
                 "whole table",
                 "create an index on (" + columns + ")"});
    }
}

void check_indexes(const parts& all, std::vector<finding>& out) {
    std::map<std::string, const object*> seen;
    for (const auto* index : all) {
        if (index->kind != object_kind::index) continue;
        if (index->has("invalid"))
            out.push_back({"invalid_index", index->id(), "the index is invalid: building it has failed",
                           "drop it and create it again"});
        const auto& text = index->get("definition");
        const auto key =
            (index->has("unique") ? "unique " : "") + text.substr(std::min(text.find(" ON "), text.size()));
        const auto [other, is_new] = seen.emplace(key, index);
        if (!is_new)
            out.push_back({"duplicate_index", index->id(), "the index is the same as " + other->second->name,
                           "drop one of them"});
    }
}

void check_table(const object& table, const parts& all, std::vector<finding>& out) {
    const bool keyed = std::any_of(all.begin(), all.end(), [](const object* p) {
        return p->kind == object_kind::constraint && p->get("type") == "primary key";
    });
    if (!keyed && !table.has("partition_of"))
        out.push_back({"no_primary_key", table.id(), "the table has no primary key", "add one"});
    const bool policies = any_of_kind(all, object_kind::policy);
    if (policies && !table.has("row_security"))
        out.push_back({"policy_without_row_security", table.id(),
                       "the table has policies that do nothing, because row level security is off",
                       "ALTER TABLE … ENABLE ROW LEVEL SECURITY"});
    if (!policies && table.has("row_security"))
        out.push_back({"row_security_without_policy", table.id(),
                       "row level security is on without a policy: only the owner sees rows",
                       "create a policy"});
    for (const auto* part : all)
        if (part->kind == object_kind::constraint && part->has("not_valid"))
            out.push_back({"not_validated", part->id(),
                           "the constraint does not count for rows that were there before",
                           "ALTER TABLE … VALIDATE CONSTRAINT"});
}

} // namespace

std::vector<finding> check(const model& of) {
    std::vector<finding> out;
    for (const auto& o : of.objects()) {
        if (o.kind != object_kind::table && o.kind != object_kind::materialized_view) continue;
        const auto all = of.parts_of(o.schema, o.name);
        if (o.kind == object_kind::table) check_table(o, all, out);
        check_foreign_keys(all, out);
        check_indexes(all, out);
    }
    std::sort(out.begin(), out.end(), [](const finding& a, const finding& b) {
        return std::tie(a.about, a.code) < std::tie(b.about, b.code);
    });
    return out;
}

} // namespace tusk::schema
