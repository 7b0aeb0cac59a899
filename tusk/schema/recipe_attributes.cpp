#include <algorithm>
#include <map>

#include <tusk/schema/identifier.hpp>
#include <tusk/schema/recipes.hpp>

namespace tusk::schema::detail {

namespace {

/// `+role PRIVILEGE*`, taken apart.
struct privilege {
    bool granted = true;
    std::string role;
    std::string what;
    bool passed_on = false;
};

privilege parse(const std::string& item) {
    privilege out;
    out.granted = item[0] == '+';
    const auto space = item.rfind(' ');
    out.role = item.substr(1, space - 1);
    out.what = item.substr(space + 1);
    if (out.what.back() == '*') {
        out.passed_on = true;
        out.what.pop_back();
    }
    return out;
}

std::vector<std::string> without(const std::vector<std::string>& all, const std::vector<std::string>& these) {
    std::vector<std::string> out;
    for (const auto& each : all)
        if (std::find(these.begin(), these.end(), each) == these.end()) out.push_back(each);
    return out;
}

/// How GRANT calls what privileges are on.
std::string grant_target(const object& o) {
    switch (o.kind) {
    case object_kind::view:
    case object_kind::materialized_view:
    case object_kind::foreign_table:
    case object_kind::table: return "TABLE " + o.sql_name();
    case object_kind::foreign_server: return "FOREIGN SERVER " + o.sql_name();
    case object_kind::column: return "TABLE " + o.sql_table();
    case object_kind::aggregate: return "FUNCTION " + o.sql_name();
    case object_kind::enum_type:
    case object_kind::composite_type:
    case object_kind::range_type: return "TYPE " + o.sql_name();
    default: return with_kind(o);
    }
}

std::string_view objects_of(object_kind kind) {
    switch (kind) {
    case object_kind::table:
    case object_kind::view:
    case object_kind::foreign_table:
    case object_kind::materialized_view: return "tables";
    case object_kind::sequence: return "sequences";
    case object_kind::function:
    case object_kind::procedure:
    case object_kind::aggregate: return "functions";
    case object_kind::enum_type:
    case object_kind::domain:
    case object_kind::composite_type:
    case object_kind::range_type: return "types";
    case object_kind::schema: return "schemas";
    default: return {};
    }
}

std::vector<privilege> parsed(const std::vector<std::string>& items) {
    std::vector<privilege> out;
    for (const auto& item : items) out.push_back(parse(item));
    return out;
}

struct grant_change {
    std::string_view verb;
    privilege what;
    bool grants() const { return verb == "GRANT "; }
};

/// Grants come first, so that who has other privileges keeps the place among the grantees.
std::vector<grant_change> changes_between(const std::string& before, const std::string& after) {
    const auto gone = parsed(without(split_list(before), split_list(after)));
    const auto come = parsed(without(split_list(after), split_list(before)));
    std::vector<grant_change> grants;
    std::vector<grant_change> revokes;
    const auto has = [](const std::vector<privilege>& all, const privilege& p) {
        return std::any_of(all.begin(), all.end(), [&](const privilege& other) {
            return other.granted && other.role == p.role && other.what == p.what;
        });
    };
    for (const auto& p : come) {
        if (p.granted && (p.passed_on || !has(gone, p))) grants.push_back({"GRANT ", p});
        if (p.granted && !p.passed_on && has(gone, p)) revokes.push_back({"REVOKE GRANT OPTION FOR ", p});
        if (!p.granted && !has(come, p)) revokes.push_back({"REVOKE ", p});
    }
    for (const auto& p : gone) {
        if (p.granted && !has(come, p)) revokes.push_back({"REVOKE ", p});
        if (!p.granted && !has(gone, p)) grants.push_back({"GRANT ", p});
    }
    grants.insert(grants.end(), revokes.begin(), revokes.end());
    return grants;
}

std::string grantee(const privilege& p, const object& o) {
    if (p.role != "OWNER") return p.role;
    return o.get("owner").empty() ? "CURRENT_USER" : quote_identifier(o.get("owner"));
}

std::string columns_of(const object& o) {
    return o.kind == object_kind::column ? " (" + quote_identifier(o.name) + ")" : std::string{};
}

} // namespace

void recipes::comment(const object& o) {
    auto text = o.get("comment");
    if (text.empty() && o.kind == object_kind::schema && o.name == "public") text = "standard public schema";
    put("COMMENT ON " + with_kind(o) + " IS " + (text.empty() ? "NULL" : quote_literal(text)));
}

/// That of the index of a key.
void recipes::index_comment(const object& o) {
    const auto& text = o.get("index_comment");
    put("COMMENT ON INDEX " + qualified_name(o.schema, o.name) + " IS " +
        (text.empty() ? "NULL" : quote_literal(text)));
}

void recipes::owner(const object& o) {
    if (!o.has("owner")) return;
    put("ALTER " + with_kind(o) + " OWNER TO " +
            (o.get("owner").empty() ? "CURRENT_USER" : quote_identifier(o.get("owner"))),
        {hazard::authorization});
}

void recipes::privileges(const object& o, const std::string& before) {
    for (const auto& each : changes_between(before, o.get("privileges")))
        put(std::string{each.verb} + each.what.what + columns_of(o) + " ON " + grant_target(o) +
                (each.grants() ? " TO " : " FROM ") + grantee(each.what, o) +
                (each.grants() && each.what.passed_on ? " WITH GRANT OPTION" : ""),
            {hazard::authorization});
}

/// What default privileges give to an object that is made now. They change at the end of a plan.
std::string recipes::inherited_privileges(const object& o) const {
    const auto kind = objects_of(o.kind);
    if (kind.empty()) return {};
    std::vector<std::string> items;
    for (const auto& d : all_.from().objects())
        if (d.kind == object_kind::default_privileges && !d.has("role") && d.get("objects") == kind &&
            (!d.has("in_schema") || d.get("in_schema") == o.schema))
            for (auto& item : split_list(d.get("privileges"))) items.push_back(std::move(item));
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
    return join(items, std::string_view{&list_separator, 1});
}

void recipes::default_privileges(const object& o, const std::string& before, const std::string& after) {
    std::string head = "ALTER DEFAULT PRIVILEGES";
    if (o.has("role")) head += " FOR ROLE " + quote_identifier(o.get("role"));
    if (o.has("in_schema")) head += " IN SCHEMA " + quote_identifier(o.get("in_schema"));
    auto objects = o.get("objects");
    std::transform(objects.begin(), objects.end(), objects.begin(),
                   [](char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c); });
    for (const auto& each : changes_between(before, after)) {
        const auto& p = each.what;
        const auto role = p.role != "OWNER" ? p.role
                          : o.has("role")   ? quote_identifier(o.get("role"))
                                            : std::string{"CURRENT_USER"};
        put(head + " " + std::string{each.verb} + p.what + " ON " + objects +
                (each.grants() ? " TO " : " FROM ") + role +
                (each.grants() && p.passed_on ? " WITH GRANT OPTION" : ""),
            {hazard::authorization});
    }
}

void recipes::enabled(const object& o) {
    auto state = o.has("enabled") ? o.get("enabled") : std::string{"enable"};
    std::transform(state.begin(), state.end(), state.begin(),
                   [](char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c); });
    if (o.kind == object_kind::event_trigger)
        put("ALTER " + with_kind(o) + " " + state);
    else
        put("ALTER TABLE " + o.sql_table() + " " + state +
            (o.kind == object_kind::rule ? " RULE " : " TRIGGER ") + quote_identifier(o.name));
}

/// Everything that a new object has besides itself.
void recipes::describe(const object& o) {
    if (o.has("enabled")) enabled(o);
    if (o.has("comment")) comment(o);
    if (o.has("index_comment")) index_comment(o);
    for (const auto& each : split_list(o.get("column_comments"))) {
        std::string_view rest = each;
        const auto column = take_identifier(rest);
        put("COMMENT ON COLUMN " + o.sql_name() + "." + quote_identifier(column) + " IS " +
            quote_literal(rest.substr(1)));
    }
    if (!o.get("owner").empty()) owner(o);
    if (o.kind != object_kind::extension) privileges(o, inherited_privileges(o));
    column_privileges(o, {});
    column_statistics(o, {});
}

/// Those on columns of views; columns of tables are objects themselves.
void recipes::column_privileges(const object& o, const std::string& before) {
    std::map<std::string, std::pair<std::string, std::string>> by_column;
    const auto add = [](std::string& to, std::string_view item) {
        if (!to.empty()) to += list_separator;
        to += item;
    };
    const auto read = [&](const std::string& list, bool old) {
        for (const auto& each : split_list(list)) {
            std::string_view rest = each;
            auto& both = by_column[take_identifier(rest)];
            add(old ? both.first : both.second, rest.substr(1));
        }
    };
    read(before, true);
    read(o.get("column_privileges"), false);
    for (const auto& [name, both] : by_column) {
        object column;
        column.kind = object_kind::column;
        column.schema = o.schema;
        column.table = o.name;
        column.name = name;
        if (o.has("owner")) column.fields["owner"] = o.get("owner");
        column.fields["privileges"] = both.second;
        privileges(column, both.first);
    }
}

void recipes::alter_description(const change& c) {
    const auto& o = *c.to;
    if (c.touches("enabled")) enabled(o);
    if (c.touches("comment")) comment(o);
    if (c.touches("index_comment")) index_comment(o);
    if (c.touches("column_comments")) {
        for (const auto& each : split_list(c.from->get("column_comments"))) {
            std::string_view rest = each;
            const auto column = quote_identifier(take_identifier(rest));
            const auto prefix = column + " ";
            const auto now = split_list(o.get("column_comments"));
            const bool stays = std::any_of(now.begin(), now.end(),
                                           [&](const std::string& n) { return n.rfind(prefix, 0) == 0; });
            const auto columns =
                split_list(o.get(o.kind == object_kind::composite_type ? "attributes" : "columns"));
            const bool there = std::any_of(columns.begin(), columns.end(),
                                           [&](const std::string& n) { return n.rfind(prefix, 0) == 0; });
            if (!stays && there) put("COMMENT ON COLUMN " + o.sql_name() + "." + column + " IS NULL");
        }
        for (const auto& each : split_list(o.get("column_comments"))) {
            std::string_view rest = each;
            const auto column = take_identifier(rest);
            put("COMMENT ON COLUMN " + o.sql_name() + "." + quote_identifier(column) + " IS " +
                quote_literal(rest.substr(1)));
        }
    }
    if (c.touches("owner")) owner(o);
    if (c.touches("privileges")) privileges(o, c.from->get("privileges"));
    if (c.touches("column_statistics")) column_statistics(o, c.from->get("column_statistics"));
    if (c.touches("column_privileges")) column_privileges(o, c.from->get("column_privileges"));
}

} // namespace tusk::schema::detail
