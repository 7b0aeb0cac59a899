#include <tusk/schema/difference.hpp>

#include <algorithm>
#include <array>

#include <tusk/schema/identifier.hpp>

namespace tusk::schema {

std::string_view name_of(change_kind kind) noexcept {
    constexpr std::array<std::string_view, 6> names{"create",   "drop",    "alter",
                                                    "recreate", "replace", "rebuild"};
    return names[static_cast<std::size_t>(kind)];
}

bool change::touches(std::string_view field) const {
    return std::find(fields.begin(), fields.end(), field) != fields.end();
}

std::vector<std::string> parents_of(const object& table) {
    std::vector<std::string> out;
    auto names = split_list(table.get("inherits"));
    if (table.has("partition_of")) names.push_back(table.get("partition_of"));
    for (const auto& name : names) {
        std::string_view rest = name;
        const auto schema = take_identifier(rest);
        rest.remove_prefix(1);
        out.push_back(make_id(object_kind::table, schema, "", take_identifier(rest)));
    }
    return out;
}

bool is_moved(const change& table) {
    return table.touches("partition_of") || table.touches("bound") || table.touches("inherits");
}

bool comes_from_parent(const change& column) {
    return (column.from == nullptr || column.from->has("inherited")) &&
           (column.to == nullptr || column.to->has("inherited"));
}

namespace {

/// What describes an object besides what is compared.
bool is_description(object_kind kind, std::string_view field) {
    switch (kind) {
    case object_kind::column: return field == "position" || field == "inherited";
    case object_kind::constraint:
        return field == "index_definition" || field == "columns" || field == "references" ||
               field == "partitioned" || field == "deferrable";
    case object_kind::index: return field == "partitioned" || field == "unique" || field == "options";
    case object_kind::function:
    case object_kind::procedure: return field == "arguments" || field == "result";
    case object_kind::view:
    case object_kind::foreign_table:
    case object_kind::materialized_view: return field == "columns";
    default: return false;
    }
}

/// The order in which privileges were granted means nothing.
std::vector<std::string> sorted(const std::string& list) {
    auto out = split_list(list);
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<std::string> differing_fields(const object& from, const object& to) {
    std::vector<std::string> out;
    const auto differ = [&](const std::string& field) {
        if (is_description(from.kind, field) || from.get(field) == to.get(field)) return;
        if ((field == "privileges" || field == "column_privileges") &&
            sorted(from.get(field)) == sorted(to.get(field)))
            return;
        // A state that says no owner wants none in particular; an empty one is the role at work.
        if (field == "owner" && !to.has(field)) return;
        out.push_back(field);
    };
    for (const auto& [field, value] : from.fields) differ(field);
    for (const auto& [field, value] : to.fields)
        if (!from.has(field)) differ(field);
    std::sort(out.begin(), out.end());
    return out;
}

/// Whether the items of `part` stand in `whole`, in that order.
bool is_subsequence(const std::vector<std::string>& part, const std::vector<std::string>& whole) {
    std::size_t at = 0;
    for (const auto& item : whole)
        if (at < part.size() && part[at] == item) ++at;
    return at == part.size();
}

bool is_prefix(std::string_view part, std::string_view whole) {
    return whole.substr(0, part.size()) == part &&
           (whole.size() == part.size() || whole[part.size()] == list_separator);
}

/// Whether ALTER TYPE can make these attributes of those: some go, new ones stand at the end, none changes.
bool attributes_can_change(const object& from, const object& to) {
    const auto before = split_list(from.get("attributes"));
    const auto after = split_list(to.get("attributes"));
    std::vector<std::string> kept;
    for (const auto& each : before)
        if (std::find(after.begin(), after.end(), each) != after.end()) kept.push_back(each);
    if (!is_prefix(join(kept, std::string_view{&list_separator, 1}), to.get("attributes")) && !kept.empty())
        return false;
    const auto name = [](std::string_view attribute) { return take_identifier(attribute); };
    for (const auto& each : before)
        for (std::size_t i = kept.size(); i < after.size(); ++i)
            if (name(after[i]) == name(each)) return false;
    return true;
}

change_kind decide_type(const change& c) {
    switch (c.from->kind) {
    case object_kind::enum_type:
        return c.touches("values") &&
                       !is_subsequence(split_list(c.from->get("values")), split_list(c.to->get("values")))
                   ? change_kind::replace
                   : change_kind::alter;
    case object_kind::domain:
        return c.touches("type") || c.touches("collation") ? change_kind::replace : change_kind::alter;
    case object_kind::composite_type:
        return c.touches("attributes") && !attributes_can_change(*c.from, *c.to) ? change_kind::replace
                                                                                 : change_kind::alter;
    default: return c.touches("definition") ? change_kind::replace : change_kind::alter;
    }
}

change_kind decide_column(const change& c) {
    return c.touches("virtual") || (c.touches("generated") && c.to->has("generated")) ? change_kind::recreate
                                                                                      : change_kind::alter;
}

change_kind decide_index(const change& c) {
    const bool only_attached = c.touches("attached_to") && !c.from->has("attached_to");
    return c.touches("definition") || c.from->has("invalid") || (c.touches("attached_to") && !only_attached)
               ? change_kind::recreate
               : change_kind::alter;
}

change_kind decide_constraint(const change& c) {
    if (c.touches("definition") || c.touches("type") || c.touches("index_options") ||
        (c.touches("not_valid") && c.to->has("not_valid")) ||
        (c.touches("attached_to") && c.from->has("attached_to")))
        return change_kind::recreate;
    return change_kind::alter;
}

/// How one state of an object becomes another.
change_kind decide(const change& c) {
    const auto recreate_if = [](bool yes) { return yes ? change_kind::recreate : change_kind::alter; };
    switch (c.from->kind) {
    case object_kind::enum_type:
    case object_kind::domain:
    case object_kind::composite_type:
    case object_kind::range_type: return decide_type(c);
    case object_kind::table: return c.touches("partition_by") ? change_kind::rebuild : change_kind::alter;
    case object_kind::column: return decide_column(c);
    case object_kind::constraint: return decide_constraint(c);
    case object_kind::index: return decide_index(c);
    case object_kind::function:
    case object_kind::procedure:
        return recreate_if(c.from->get("arguments") != c.to->get("arguments") ||
                           c.from->get("result") != c.to->get("result"));
    case object_kind::view:
        return recreate_if(c.touches("definition") &&
                           !is_prefix(c.from->get("columns"), c.to->get("columns")));
    case object_kind::materialized_view:
        return recreate_if(c.touches("definition") || c.touches("access_method"));
    case object_kind::policy:
        return recreate_if(c.touches("command") || c.touches("restrictive") ||
                           (c.touches("using") && !c.to->has("using")) ||
                           (c.touches("with_check") && !c.to->has("with_check")));
    case object_kind::event_trigger:
        return recreate_if(c.touches("event") || c.touches("tags") || c.touches("function"));
    case object_kind::collation: return c.touches("definition") ? change_kind::replace : change_kind::alter;
    case object_kind::operation:
    case object_kind::operator_class:
    case object_kind::type_cast:
    case object_kind::text_search_dictionary:
    case object_kind::text_search_configuration:
    case object_kind::foreign_data_wrapper:
    case object_kind::foreign_server:
    case object_kind::user_mapping:
    case object_kind::foreign_table: return recreate_if(c.touches("definition"));
    case object_kind::operator_family: return recreate_if(c.touches("definition") || c.touches("members"));
    case object_kind::publication:
        return recreate_if(c.touches("objects") &&
                           (c.from->get("objects") == "ALL TABLES" || c.to->get("objects") == "ALL TABLES"));
    case object_kind::aggregate: return recreate_if(c.touches("definition") || c.touches("arguments"));
    case object_kind::trigger:
    case object_kind::rule:
    case object_kind::statistics:
    case object_kind::domain_constraint:
        return recreate_if(c.touches("definition") || (c.touches("not_valid") && c.to->has("not_valid")));
    default: return change_kind::alter;
    }
}

bool is_integer(std::string_view type) { return type == "smallint" || type == "integer" || type == "bigint"; }

/// Whether foreign keys survive that change of a type.
bool stays_comparable(const object& from, const object& to) {
    const auto& a = from.get("type");
    const auto& b = to.get("type");
    const auto is_text = [](const std::string& t) {
        return t == "text" || t.rfind("character varying", 0) == 0;
    };
    return (is_integer(a) && is_integer(b)) || (is_text(a) && is_text(b));
}

} // namespace

difference::difference(const model& from, const model& to, bool extension_versions) : from_{from}, to_{to} {
    compare(extension_versions);
    make_heirs_anew();
    if (!changes_.empty()) close();
}

const change* difference::find(std::string_view id) const {
    const auto found = by_id_.find(std::string{id});
    return found == by_id_.end() ? nullptr : &changes_[found->second];
}

void difference::compare(bool extension_versions) {
    const auto add = [&](change c) {
        by_id_.emplace(c.either().id(), changes_.size());
        changes_.push_back(std::move(c));
    };
    for (const auto& o : from_.objects()) {
        const auto* now = to_.find(o.id());
        if (now == nullptr) {
            add({change_kind::drop, &o, nullptr, {}});
        } else {
            auto fields = differing_fields(o, *now);
            if (o.kind == object_kind::extension && !extension_versions)
                fields.erase(std::remove(fields.begin(), fields.end(), "version"), fields.end());
            if (fields.empty()) continue;
            change c{change_kind::alter, &o, now, std::move(fields)};
            c.kind = decide(c);
            add(std::move(c));
        }
    }
    for (const auto& o : to_.objects())
        if (from_.find(o.id()) == nullptr) add({change_kind::create, nullptr, &o, {}});
}

/// Whether a column is an heir's own or its parents' is decided when the table is made, or when a parent that
/// it has already gets the column.
void difference::make_heirs_anew() {
    for (const auto& column : to_.objects()) {
        if (column.kind != object_kind::column) continue;
        const auto id = make_id(object_kind::table, column.schema, "", column.table);
        const auto* before = from_.find(id);
        if (before == nullptr || !to_.find(id)->has("inherits")) continue;
        const auto* old_column = from_.find(column.id());
        const auto* table = find(id);
        const bool moved = table != nullptr && table->touches("inherits");
        if (old_column != nullptr ? old_column->has("inherited") != column.has("inherited")
                                  : moved && column.has("inherited"))
            force(id, change_kind::rebuild);
    }
}

/// Makes the change of an object at least this one; npos when it was so already or the object goes anyway.
std::size_t difference::force(const std::string& id, change_kind kind) {
    const auto found = by_id_.find(id);
    if (found != by_id_.end()) {
        auto& c = changes_[found->second];
        if (c.kind != change_kind::alter || kind == change_kind::alter) return static_cast<std::size_t>(-1);
        c.kind = kind;
        return found->second;
    }
    const auto* before = from_.find(id);
    const auto* after = to_.find(id);
    if (before == nullptr || after == nullptr) return static_cast<std::size_t>(-1);
    by_id_.emplace(id, changes_.size());
    changes_.push_back({kind, before, after, {}});
    return changes_.size() - 1;
}

/// A column of a partition key cannot change: the table is made anew, from the topmost that has the column.
void difference::rebuild_whole(const object& partitioned, std::vector<std::size_t>& touched) {
    const auto* top = &partitioned;
    while (top->has("partition_of")) {
        const auto* up = from_.find(parents_of(*top).front());
        if (up == nullptr || to_.find(up->id()) == nullptr) break;
        top = up;
    }
    const auto at = force(top->id(), change_kind::rebuild);
    if (at != static_cast<std::size_t>(-1)) touched.push_back(at);
}

/// What steps aside needs its old function until its rows have moved.
void difference::keep_aside(const change& cause) {
    if (cause.either().kind != object_kind::function) return;
    const auto found = by_id_.find(cause.either().id());
    if (found != by_id_.end() && changes_[found->second].kind == change_kind::recreate)
        changes_[found->second].kind = change_kind::replace;
}

/// What depends on something that goes has to go and to come again.
void difference::give_way(std::size_t dependent, const change& cause, std::vector<std::size_t>& touched) {
    // `dependent` is an index into from_.objects(); `cause` may dangle after force().
    const auto& d = from_.objects()[dependent];
    const bool type_goes = cause.kind == change_kind::replace;
    auto wanted = change_kind::recreate;
    switch (d.kind) {
    case object_kind::column:
        // A column of a type that is replaced moves over; one that needs a function is generated.
        if (type_goes && !d.has("generated"))
            wanted = change_kind::alter;
        else if (cause.kind == change_kind::rebuild)
            wanted = change_kind::recreate;
        else if (cause.either().kind == object_kind::table || cause.either().kind == object_kind::schema)
            return;
        else if (!d.has("generated"))
            return;
        break;
    case object_kind::enum_type:
    case object_kind::domain:
    case object_kind::composite_type:
    case object_kind::range_type:
        wanted = change_kind::replace;
        keep_aside(cause);
        break;
    case object_kind::table: // of parents, of types
        if (cause.kind != change_kind::rebuild) {
            const auto kind = cause.either().kind;
            // What a partition key is computed with.
            if (d.has("partition_by") && kind != object_kind::table && kind != object_kind::schema) {
                rebuild_whole(d, touched);
                keep_aside(cause);
            }
            return;
        }
        wanted = change_kind::rebuild;
        break;
    case object_kind::sequence: wanted = change_kind::alter; break;
    default: break;
    }
    if (wanted == change_kind::alter && d.kind == object_kind::column) {
        // Its own dependents are in the way of ALTER TYPE too.
        const auto* after = to_.find(d.id());
        if (after == nullptr) return;
        const auto known = by_id_.find(d.id());
        if (known == by_id_.end()) {
            by_id_.emplace(d.id(), changes_.size());
            changes_.push_back({change_kind::alter, &d, after, {"retype"}});
            touched.push_back(changes_.size() - 1);
        } else if (changes_[known->second].kind == change_kind::alter &&
                   !changes_[known->second].touches("retype")) {
            changes_[known->second].fields.emplace_back("retype");
            touched.push_back(known->second);
        }
        return;
    }
    const auto at = force(d.id(), wanted);
    if (at != static_cast<std::size_t>(-1)) touched.push_back(at);
}

namespace {

/// Whether a change of `c` stands in the way of what depends on it: `d` has to be dropped before.
bool is_in_the_way(const change& c, const object& d) {
    if (c.removes()) return true;
    if (c.kind != change_kind::alter || c.either().kind != object_kind::column) return false;
    const bool type = c.touches("type") || c.touches("retype") || c.touches("collation");
    if (c.touches("identity") && d.kind == object_kind::column_default) return true;
    if (!type) return false;
    switch (d.kind) {
    case object_kind::view:
    case object_kind::materialized_view:
    case object_kind::rule:
    case object_kind::policy:
    case object_kind::trigger:
    case object_kind::function:
    case object_kind::procedure:
    case object_kind::column_default: return true;
    case object_kind::column: return d.has("generated");
    case object_kind::publication: return true;
    case object_kind::constraint:
        return d.get("type") == "foreign key" && (c.touches("retype") || !stays_comparable(*c.from, *c.to));
    default: return false;
    }
}

} // namespace

/// The index or key that one of a partition is part of and cannot go without; empty when it can.
std::string difference::whole_of(const change& part) const {
    if (!part.removes() || !part.from->has("attached_to")) return {};
    const auto* table = find(object_kind::table, part.from->schema, "", part.from->table);
    if (table != nullptr && (table->removes() || is_moved(*table))) return {};
    for (const auto& id : part.from->depends) {
        const auto* whole = from_.find(id);
        if (whole != nullptr && qualified_name(whole->schema, whole->name) == part.from->get("attached_to") &&
            (whole->kind == object_kind::index || whole->kind == object_kind::constraint))
            return id;
    }
    return {};
}

/// The table whose partition key a column with another type is part of; null when there is none.
const object* difference::table_keyed_by(const change& c) const {
    if (c.kind != change_kind::alter || c.from->kind != object_kind::column) return nullptr;
    if (!c.touches("type") && !c.touches("retype") && !c.touches("collation")) return nullptr;
    const auto* table = from_.find(object_kind::table, c.from->schema, "", c.from->table);
    if (table == nullptr || !table->has("partition_by")) return nullptr;
    for (std::string_view rest = table->get("partition_by"); !rest.empty();) {
        const auto before = rest.size();
        if (take_identifier(rest) == c.from->name) return table;
        if (rest.size() == before) rest.remove_prefix(1);
    }
    return nullptr;
}

void difference::close() {
    std::unordered_map<std::string_view, std::vector<std::size_t>> dependents;
    const auto& objects = from_.objects();
    for (std::size_t i = 0; i < objects.size(); ++i)
        for (const auto& id : objects[i].depends) dependents[id].push_back(i);
    std::vector<std::size_t> touched(changes_.size());
    for (std::size_t i = 0; i < touched.size(); ++i) touched[i] = i;
    while (!touched.empty()) {
        const auto at = touched.back();
        touched.pop_back();
        if (changes_[at].from == nullptr) continue;
        if (const auto whole = whole_of(changes_[at]); !whole.empty())
            if (const auto forced = force(whole, change_kind::recreate);
                forced != static_cast<std::size_t>(-1))
                touched.push_back(forced);
        if (const auto* keyed = table_keyed_by(changes_[at]); keyed != nullptr)
            rebuild_whole(*keyed, touched);
        const auto found = dependents.find(changes_[at].from->id());
        if (found == dependents.end()) continue;
        for (const auto d : found->second) {
            const auto cause = changes_[at]; // give_way may move the changes
            if (is_in_the_way(cause, objects[d])) give_way(d, cause, touched);
        }
    }
}

} // namespace tusk::schema
