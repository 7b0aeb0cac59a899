#include <algorithm>

#include <tusk/schema/identifier.hpp>
#include <tusk/schema/recipes.hpp>

namespace tusk::schema::detail {

void recipes::create_view(const object& view, bool replace) {
    const bool stored = view.kind == object_kind::materialized_view;
    auto sql = std::string{"CREATE "} + (replace ? "OR REPLACE " : "") +
               (stored ? "MATERIALIZED VIEW " : "VIEW ") + view.sql_name();
    if (view.has("access_method")) sql += " USING " + quote_identifier(view.get("access_method"));
    if (view.has("options")) sql += " WITH (" + options_sql(view.get("options")) + ")";
    if (view.has("tablespace")) sql += " TABLESPACE " + quote_identifier(view.get("tablespace"));
    put(sql + " AS\n" + view.get("definition"));
}

void recipes::alter_view(const change& c) {
    const auto& o = *c.to;
    if (c.touches("definition")) {
        create_view(o, true);
        return;
    }
    if (c.touches("options")) alter_options(with_kind(o), c.from->get("options"), o.get("options"));
    if (c.touches("tablespace"))
        put("ALTER " + with_kind(o) + " SET TABLESPACE " +
            quote_identifier(o.has("tablespace") ? o.get("tablespace") : "pg_default"));
}

void recipes::alter_options(const std::string& what, const std::string& before, const std::string& after,
                            const std::string& prefix) {
    const auto names = [](const std::string& list) {
        std::vector<std::string> out;
        for (const auto& each : split_list(list)) out.push_back(each.substr(0, each.find('=')));
        return out;
    };
    const auto kept = names(after);
    std::vector<std::string> gone;
    for (const auto& name : names(before))
        if (std::find(kept.begin(), kept.end(), name) == kept.end()) gone.push_back(prefix + name);
    std::vector<std::string> set;
    const auto old_items = split_list(before);
    for (const auto& item : split_list(after))
        if (std::find(old_items.begin(), old_items.end(), item) == old_items.end()) set.push_back(item);
    if (!gone.empty()) put("ALTER " + what + " RESET (" + join(gone, ", ") + ")");
    if (!set.empty())
        put("ALTER " + what + " SET (" +
            options_sql(join(set, std::string_view{&list_separator, 1}), prefix) + ")");
}

void recipes::create_policy(const object& o) {
    auto sql = "CREATE POLICY " + quote_identifier(o.name) + " ON " + o.sql_table();
    if (o.has("restrictive")) sql += " AS RESTRICTIVE";
    if (o.has("command")) {
        auto command = o.get("command");
        std::transform(command.begin(), command.end(), command.begin(),
                       [](char c) { return static_cast<char>(c - 'a' + 'A'); });
        sql += " FOR " + command;
    }
    sql += " TO " + o.get("roles");
    if (o.has("using")) sql += " USING (" + o.get("using") + ")";
    if (o.has("with_check")) sql += " WITH CHECK (" + o.get("with_check") + ")";
    put(std::move(sql), {hazard::authorization});
}

void recipes::alter_policy(const change& c) {
    const auto& o = *c.to;
    if (!c.touches("roles") && !c.touches("using") && !c.touches("with_check")) return;
    auto sql = "ALTER POLICY " + quote_identifier(o.name) + " ON " + o.sql_table();
    if (c.touches("roles")) sql += " TO " + o.get("roles");
    if (c.touches("using")) sql += " USING (" + o.get("using") + ")";
    if (c.touches("with_check")) sql += " WITH CHECK (" + o.get("with_check") + ")";
    put(std::move(sql), {hazard::authorization});
}

void recipes::create_event_trigger(const object& o) {
    auto sql = "CREATE EVENT TRIGGER " + quote_identifier(o.name) + " ON " + o.get("event");
    if (o.has("tags")) {
        std::vector<std::string> tags;
        for (const auto& tag : split_list(o.get("tags"))) tags.push_back(quote_literal(tag));
        sql += " WHEN TAG IN (" + join(tags, ", ") + ")";
    }
    put(sql + " EXECUTE FUNCTION " + o.get("function") + "()");
}

} // namespace tusk::schema::detail
