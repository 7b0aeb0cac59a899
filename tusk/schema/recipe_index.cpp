#include <algorithm>

#include <tusk/schema/identifier.hpp>
#include <tusk/schema/recipes.hpp>

namespace tusk::schema::detail {

namespace {

/// Puts CONCURRENTLY into `CREATE [UNIQUE] INDEX name …`.
std::string concurrently(const std::string& definition) {
    const auto at = definition.find("INDEX ");
    return definition.substr(0, at) + "INDEX CONCURRENTLY " + definition.substr(at + 6);
}

std::string deferrable_sql(const object& constraint) {
    if (!constraint.has("deferrable")) return {};
    return constraint.get("deferrable") == "deferred" ? " DEFERRABLE INITIALLY DEFERRED" : " DEFERRABLE";
}

} // namespace

void recipes::create_constraint(const object& o) {
    const auto& type = o.get("type");
    const bool unique = type == "primary key" || type == "unique";
    if (unique && is_online(o) && !is_partitioned(o) &&
        o.get("index_definition").find(" UNIQUE INDEX ") != std::string::npos &&
        o.get("definition").find("WITHOUT OVERLAPS") == std::string::npos) {
        create_constraint_online(o);
    } else {
        const bool split = (type == "foreign key" || type == "check") && is_online(o) &&
                           !o.has("not_valid") && !(type == "foreign key" && is_partitioned(o));
        // The partitions have theirs with their own names.
        const bool only = is_partitioned(o) && unique;
        auto sql = std::string{"ALTER TABLE "} + (only ? "ONLY " : "") + o.sql_table() + " ADD CONSTRAINT " +
                   quote_identifier(o.name) + " " + o.get("definition");
        if (o.has("index_options") && unique) {
            const auto options = " WITH (" + options_sql(o.get("index_options")) + ")";
            const auto at = sql.find(" DEFERRABLE");
            sql.insert(at == std::string::npos ? sql.size() : at, options);
        }
        if (split || o.has("not_valid")) sql += " NOT VALID";
        put(std::move(sql));
        if (!is_new(o)) {
            if (!split && !o.has("not_valid"))
                out_.back().hazards = {hazard::depends_on_data, hazard::scans_table};
            out_.back().alone = split;
        }
        if (split) {
            put("ALTER TABLE " + o.sql_table() + " VALIDATE CONSTRAINT " + quote_identifier(o.name),
                {hazard::depends_on_data})
                .alone = true;
        }
    }
    if (o.has("attached_to")) attach_index(o);
    mark_index(o);
}

void recipes::create_constraint_online(const object& o) {
    auto& built =
        put(concurrently(o.get("index_definition")), {hazard::index_build, hazard::depends_on_data});
    built.transactional = false;
    put("ALTER TABLE " + o.sql_table() + " ADD CONSTRAINT " + quote_identifier(o.name) +
        (o.get("type") == "primary key" ? " PRIMARY KEY" : " UNIQUE") + " USING INDEX " +
        quote_identifier(o.name) + deferrable_sql(o));
}

void recipes::alter_constraint(const change& c) {
    const auto& o = *c.to;
    if (c.touches("not_valid"))
        put("ALTER TABLE " + o.sql_table() + " VALIDATE CONSTRAINT " + quote_identifier(o.name),
            {hazard::depends_on_data})
            .alone = how_.is_online();
    if (c.touches("attached_to") && o.has("attached_to")) attach_index(o);
    if (c.touches("index_tablespace"))
        put("ALTER INDEX " + o.sql_table().substr(0, 0) + qualified_name(o.schema, o.name) +
            " SET TABLESPACE " +
            quote_identifier(o.has("index_tablespace") ? o.get("index_tablespace")
                                                       : std::string{"pg_default"}));
}

void recipes::create_index(const object& o) {
    const bool online = is_online(o) && !o.has("partitioned");
    auto sql = online ? concurrently(o.get("definition")) : o.get("definition");
    if (o.has("tablespace")) {
        const auto where = sql.find(" WHERE ");
        sql.insert(where == std::string::npos ? sql.size() : where,
                   " TABLESPACE " + quote_identifier(o.get("tablespace")));
    }
    auto& s = put(std::move(sql));
    if (!is_new(o)) s.hazards = {hazard::index_build};
    if (!is_new(o) && !online && !o.has("partitioned")) s.hazards.push_back(hazard::share_lock);
    if (o.has("unique") && !is_new(o)) s.hazards.push_back(hazard::depends_on_data);
    s.transactional = !online;
    if (o.has("attached_to")) attach_index(o);
    mark_index(o);
}

/// Tells the index of a whole that this one is its part. A table that becomes a partition later brings its
/// indexes along.
void recipes::attach_index(const object& part) {
    const auto* table = all_.find(object_kind::table, part.schema, "", part.table);
    if (table != nullptr && (table->makes() || is_moved(*table))) return;
    put("ALTER INDEX " + part.get("attached_to") + " ATTACH PARTITION " +
        qualified_name(part.schema, part.name));
}

void recipes::drop_index(const object& o) {
    const bool online = how_.is_online() && !o.has("partitioned") && !o.has("attached_to");
    auto& s = put(std::string{"DROP INDEX "} + (online ? "CONCURRENTLY " : "") + o.sql_name(),
                  {hazard::index_dropped});
    s.transactional = !online;
}

void recipes::alter_index(const change& c) {
    const auto& o = *c.to;
    if (c.touches("attached_to") && o.has("attached_to")) attach_index(o);
    if (c.touches("tablespace"))
        put("ALTER INDEX " + o.sql_name() + " SET TABLESPACE " +
            quote_identifier(o.has("tablespace") ? o.get("tablespace") : std::string{"pg_default"}));
}

} // namespace tusk::schema::detail
