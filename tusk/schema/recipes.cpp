#include <tusk/schema/recipes.hpp>

#include <algorithm>

#include <tusk/schema/identifier.hpp>

namespace tusk::schema::detail {

std::string aside_name(const object& o) {
    const bool routine = o.kind == object_kind::function;
    return ("tusk_old_" + (routine ? o.name.substr(0, o.name.find('(')) : o.name)).substr(0, 63);
}

std::string options_sql(const std::string& list, const std::string& prefix) {
    std::vector<std::string> out;
    for (const auto& each : split_list(list)) {
        const auto at = each.find('=');
        auto text = prefix + each.substr(0, at);
        if (at != std::string::npos) text += "=" + quote_literal(each.substr(at + 1));
        out.push_back(std::move(text));
    }
    return join(out, ", ");
}

std::string with_kind(const object& o) {
    const auto on_table = " ON " + o.sql_table();
    switch (o.kind) {
    case object_kind::schema: return "SCHEMA " + quote_identifier(o.name);
    case object_kind::extension: return "EXTENSION " + quote_identifier(o.name);
    case object_kind::domain: return "DOMAIN " + o.sql_name();
    case object_kind::enum_type:
    case object_kind::composite_type:
    case object_kind::range_type: return "TYPE " + o.sql_name();
    case object_kind::domain_constraint:
        return "CONSTRAINT " + quote_identifier(o.name) + " ON DOMAIN " + o.sql_table();
    case object_kind::sequence: return "SEQUENCE " + o.sql_name();
    case object_kind::function: return "FUNCTION " + o.sql_name();
    case object_kind::procedure: return "PROCEDURE " + o.sql_name();
    case object_kind::aggregate: {
        auto name = o.sql_name();
        if (name.size() > 2 && name.substr(name.size() - 2) == "()") name.insert(name.size() - 1, "*");
        return "AGGREGATE " + name;
    }
    case object_kind::table: return "TABLE " + o.sql_name();
    case object_kind::column: return "COLUMN " + o.sql_table() + "." + quote_identifier(o.name);
    case object_kind::constraint: return "CONSTRAINT " + quote_identifier(o.name) + on_table;
    case object_kind::index: return "INDEX " + o.sql_name();
    case object_kind::view: return "VIEW " + o.sql_name();
    case object_kind::materialized_view: return "MATERIALIZED VIEW " + o.sql_name();
    case object_kind::trigger: return "TRIGGER " + quote_identifier(o.name) + on_table;
    case object_kind::rule: return "RULE " + quote_identifier(o.name) + on_table;
    case object_kind::policy: return "POLICY " + quote_identifier(o.name) + on_table;
    case object_kind::statistics: return "STATISTICS " + o.sql_name();
    case object_kind::event_trigger: return "EVENT TRIGGER " + quote_identifier(o.name);
    case object_kind::collation: return "COLLATION " + o.sql_name();
    // Their names are SQL as they are.
    case object_kind::operation: return "OPERATOR " + quote_identifier(o.schema) + "." + o.name;
    case object_kind::operator_family: return "OPERATOR FAMILY " + quote_identifier(o.schema) + "." + o.name;
    case object_kind::operator_class: return "OPERATOR CLASS " + quote_identifier(o.schema) + "." + o.name;
    case object_kind::type_cast: return "CAST " + o.name;
    case object_kind::user_mapping: return "USER MAPPING FOR " + o.name;
    case object_kind::text_search_dictionary: return "TEXT SEARCH DICTIONARY " + o.sql_name();
    case object_kind::text_search_configuration: return "TEXT SEARCH CONFIGURATION " + o.sql_name();
    case object_kind::foreign_data_wrapper: return "FOREIGN DATA WRAPPER " + o.sql_name();
    case object_kind::foreign_server: return "SERVER " + o.sql_name();
    case object_kind::foreign_table: return "FOREIGN TABLE " + o.sql_name();
    case object_kind::publication: return "PUBLICATION " + o.sql_name();
    case object_kind::column_default:
    case object_kind::default_privileges: break;
    }
    return {};
}

statement& recipes::put(std::string sql) {
    constexpr std::string_view acts[]{"drop", "alter", "create", "alter", "alter", "alter", "drop"};
    statement s;
    s.sql = std::move(sql);
    if (current_ != nullptr) {
        s.about = current_->of->either().id();
        s.change = acts[static_cast<std::size_t>(current_->what)];
    }
    out_.push_back(std::move(s));
    return out_.back();
}

statement& recipes::put(std::string sql, std::initializer_list<hazard> hazards) {
    auto& s = put(std::move(sql));
    s.hazards.assign(hazards.begin(), hazards.end());
    return s;
}

bool recipes::is_new(const object& part) const {
    for (const auto kind : {object_kind::table, object_kind::materialized_view, object_kind::foreign_table})
        if (const auto* holder = all_.find(kind, part.schema, "", part.table); holder != nullptr)
            return holder->makes();
    return false;
}

/// Whether the table of a column has a parent with that column all the time, so that what happens there
/// happens here.
bool recipes::stays_with_parents(const object& column) const {
    const auto id = make_id(object_kind::table, column.schema, "", column.table);
    const auto* before = all_.from().find(id);
    const auto* after = all_.to().find(id);
    if (before == nullptr || after == nullptr) return false;
    const auto* its_change = all_.find(id);
    if (its_change != nullptr &&
        (its_change->makes() || its_change->touches("bound") || its_change->touches("partition_of")))
        return false;
    const auto parents = parents_of(*before);
    const auto now = parents_of(*after);
    return std::any_of(parents.begin(), parents.end(), [&](const std::string& parent) {
        if (std::find(now.begin(), now.end(), parent) == now.end()) return false;
        const auto has = [&](const model& state) {
            const auto* up = state.find(parent);
            return up != nullptr &&
                   state.find(object_kind::column, up->schema, up->name, column.name) != nullptr;
        };
        return has(all_.from()) || has(all_.to());
    });
}

bool recipes::is_partitioned(const object& part) const {
    const auto* table = all_.to().find(object_kind::table, part.schema, "", part.table);
    return table != nullptr && table->has("partition_by");
}

void recipes::write(const step& s) {
    current_ = &s;
    switch (s.what) {
    case act::create: create(s); break;
    case act::drop: drop(s); break;
    case act::alter: alter(s); break;
    case act::attach: attach(*s.of); break;
    case act::own:
        put("ALTER SEQUENCE " + s.of->to->sql_name() + " OWNED BY " + s.of->to->get("owned_by"));
        break;
    case act::move: move_rows(*s.of); break;
    case act::discard: discard(s); break;
    }
}

void recipes::create(const step& s) {
    const auto& o = *s.of->to;
    switch (o.kind) {
    case object_kind::schema: put("CREATE SCHEMA " + quote_identifier(o.name)); break;
    case object_kind::extension:
        put("CREATE EXTENSION " + quote_identifier(o.name) + " WITH SCHEMA " +
            quote_identifier(o.get("in_schema")) +
            (how_.upgrades_extensions() ? " VERSION " + quote_literal(o.get("version")) : std::string{}));
        break;
    case object_kind::enum_type:
    case object_kind::domain:
    case object_kind::composite_type:
    case object_kind::range_type: create_type(s); break;
    case object_kind::domain_constraint:
        put("ALTER DOMAIN " + o.sql_table() + " ADD CONSTRAINT " + quote_identifier(o.name) + " " +
                o.get("definition") + (o.has("not_valid") ? " NOT VALID" : ""),
            {hazard::depends_on_data});
        break;
    case object_kind::sequence: create_sequence(o); break;
    case object_kind::function:
    case object_kind::procedure:
        put(o.get("definition"));
        if (!o.mentions.empty()) out_.back().hazards = {hazard::untracked_dependencies};
        break;
    case object_kind::aggregate:
        put("CREATE AGGREGATE " + qualified_name(o.schema, o.name.substr(0, o.name.find('('))) + "(" +
            (o.get("arguments").empty() ? "*" : o.get("arguments")) + ") (" + o.get("definition") + ")");
        break;
    case object_kind::table: create_table(s); return; // describes itself
    case object_kind::column: {
        const object* value = nullptr;
        for (const auto m : s.members)
            if (steps_.all()[m].of->to->kind == object_kind::column_default) value = steps_.all()[m].of->to;
        create_column(o, value);
        break;
    }
    case object_kind::column_default:
        put("ALTER TABLE " +
            std::string{all_.to().find(object_kind::table, o.schema, "", o.table) != nullptr ? "ONLY " : ""} +
            o.sql_table() + " ALTER COLUMN " + quote_identifier(o.name) + " SET DEFAULT " +
            o.get("expression"));
        break;
    case object_kind::constraint: create_constraint(o); break;
    case object_kind::index: create_index(o); break;
    case object_kind::view:
    case object_kind::materialized_view: create_view(o, false); break;
    case object_kind::trigger:
    case object_kind::rule:
    case object_kind::statistics:
        put(o.get("definition"));
        if (o.has("statistics"))
            put("ALTER STATISTICS " + o.sql_name() + " SET STATISTICS " + o.get("statistics"));
        break;
    case object_kind::policy: create_policy(o); break;
    case object_kind::event_trigger: create_event_trigger(o); break;
    case object_kind::collation:
    case object_kind::operation:
    case object_kind::operator_family:
    case object_kind::operator_class:
    case object_kind::type_cast:
    case object_kind::text_search_dictionary:
    case object_kind::text_search_configuration:
    case object_kind::foreign_data_wrapper:
    case object_kind::foreign_server:
    case object_kind::user_mapping:
    case object_kind::foreign_table:
    case object_kind::publication: create_other(o); break;
    case object_kind::default_privileges: default_privileges(o, "", o.get("privileges")); return;
    }
    describe(o);
}

void recipes::drop(const step& s) {
    const auto& o = *s.of->from;
    if (s.of->kind == change_kind::replace) {
        step_aside(o);
        return;
    }
    switch (o.kind) {
    case object_kind::table: drop_table(s); break;
    case object_kind::column: {
        if (comes_from_parent(*s.of) && !is_new(o) && stays_with_parents(o)) break; // goes with the parent's
        put("ALTER TABLE " + o.sql_table() + " DROP COLUMN " + quote_identifier(o.name));
        if (!o.has("generated")) out_.back().hazards = {hazard::deletes_data};
        break;
    }
    case object_kind::column_default:
        put("ALTER TABLE " +
            std::string{all_.from().find(object_kind::table, o.schema, "", o.table) != nullptr ? "ONLY "
                                                                                               : ""} +
            o.sql_table() + " ALTER COLUMN " + quote_identifier(o.name) + " DROP DEFAULT");
        break;
    case object_kind::constraint:
        put("ALTER TABLE " + o.sql_table() + " DROP CONSTRAINT " + quote_identifier(o.name));
        if (o.get("type") == "primary key" || o.get("type") == "unique")
            out_.back().hazards = {hazard::index_dropped, hazard::correctness};
        else
            out_.back().hazards = {hazard::correctness};
        break;
    case object_kind::domain_constraint:
        put("ALTER DOMAIN " + o.sql_table() + " DROP CONSTRAINT " + quote_identifier(o.name),
            {hazard::correctness});
        break;
    case object_kind::index: drop_index(o); break;
    case object_kind::default_privileges: default_privileges(o, o.get("privileges"), ""); break;
    case object_kind::sequence: put("DROP SEQUENCE " + o.sql_name(), {hazard::deletes_data}); break;
    case object_kind::policy: put("DROP " + with_kind(o), {hazard::authorization}); break;
    default: put("DROP " + with_kind(o)); break;
    }
}

void recipes::discard(const step& s) {
    const auto& o = *s.of->from;
    if (o.kind == object_kind::function)
        put("DROP FUNCTION " + qualified_name(o.schema, aside_name(o)) + o.name.substr(o.name.find('(')));
    else if (o.kind == object_kind::table)
        put("DROP TABLE " + qualified_name(o.schema, aside_name(o)));
    else
        put("DROP " +
            std::string{o.kind == object_kind::domain      ? "DOMAIN "
                        : o.kind == object_kind::collation ? "COLLATION "
                                                           : "TYPE "} +
            qualified_name(o.schema, aside_name(o)));
}

void recipes::alter(const step& s) {
    const auto& c = *s.of;
    const auto& o = *c.to;
    switch (o.kind) {
    case object_kind::extension:
        if (c.touches("version"))
            put("ALTER EXTENSION " + quote_identifier(o.name) + " UPDATE TO " +
                    quote_literal(o.get("version")),
                {hazard::extension_upgrade});
        if (c.touches("in_schema"))
            put("ALTER EXTENSION " + quote_identifier(o.name) + " SET SCHEMA " +
                quote_identifier(o.get("in_schema")));
        break;
    case object_kind::enum_type: alter_enum(c); break;
    case object_kind::domain: alter_domain(c); break;
    case object_kind::composite_type: alter_composite(c); break;
    case object_kind::domain_constraint:
        if (c.touches("not_valid"))
            put("ALTER DOMAIN " + o.sql_table() + " VALIDATE CONSTRAINT " + quote_identifier(o.name),
                {hazard::depends_on_data});
        break;
    case object_kind::sequence: alter_sequence(c); break;
    case object_kind::function:
    case object_kind::procedure:
        if (c.touches("definition")) put(o.get("definition"), {hazard::untracked_dependencies});
        break;
    case object_kind::table: alter_table(c); break;
    case object_kind::column: alter_column(c); break;
    case object_kind::column_default:
        put("ALTER TABLE ONLY " + o.sql_table() + " ALTER COLUMN " + quote_identifier(o.name) +
            " SET DEFAULT " + o.get("expression"));
        break;
    case object_kind::constraint: alter_constraint(c); break;
    case object_kind::index: alter_index(c); break;
    case object_kind::view:
    case object_kind::materialized_view: alter_view(c); break;
    case object_kind::policy: alter_policy(c); break;
    case object_kind::collation:
    case object_kind::operation:
    case object_kind::operator_family:
    case object_kind::operator_class:
    case object_kind::type_cast:
    case object_kind::text_search_dictionary:
    case object_kind::text_search_configuration:
    case object_kind::foreign_data_wrapper:
    case object_kind::foreign_server:
    case object_kind::user_mapping:
    case object_kind::foreign_table:
    case object_kind::publication: alter_other(c); break;
    case object_kind::statistics:
        if (c.touches("statistics"))
            put("ALTER STATISTICS " + o.sql_name() + " SET STATISTICS " +
                (o.has("statistics") ? o.get("statistics") : "-1"));
        break;
    case object_kind::default_privileges:
        default_privileges(o, c.from->get("privileges"), o.get("privileges"));
        return;
    default: break;
    }
    alter_description(c);
}

} // namespace tusk::schema::detail
