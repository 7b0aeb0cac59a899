#include <tusk/schema/steps.hpp>

#include <algorithm>
#include <queue>
#include <set>
#include <tuple>

#include <tusk/core/error.hpp>
#include <tusk/schema/identifier.hpp>

namespace tusk::schema::detail {

namespace {

constexpr auto none = static_cast<std::size_t>(-1);

std::string key_of(act what, const std::string& id) { return std::to_string(static_cast<int>(what)) + id; }

/// Whether a table becomes a partition or an heir that was none, or another one.
bool is_attached(const change& c) {
    if (c.to == nullptr || c.to->kind != object_kind::table) return false;
    if (c.makes()) return c.to->has("partition_of");
    return (c.to->has("partition_of") && is_moved(c)) || (c.touches("inherits") && c.to->has("inherits"));
}

/// Whether the table of a part is detached, and not made anew.
bool leaves_its_whole(const change* table) {
    return table != nullptr && table->kind == change_kind::alter && is_moved(*table);
}

bool shares_relation_names(const object& o) {
    switch (o.kind) {
    case object_kind::table:
    case object_kind::view:
    case object_kind::materialized_view:
    case object_kind::foreign_table:
    case object_kind::sequence:
    case object_kind::index:
    case object_kind::enum_type:
    case object_kind::domain:
    case object_kind::composite_type:
    case object_kind::range_type: return true;
    case object_kind::constraint: return o.get("type") != "foreign key" && o.get("type") != "check";
    default: return false;
    }
}

std::string name_in_schema(const object& o) { return qualified_name(o.schema, o.name); }

/// The column that a sequence belongs to; empty when there is none.
std::string owner_of(const object& sequence) {
    std::string_view rest = sequence.get("owned_by");
    if (rest.empty()) return {};
    const auto next = [&] {
        auto name = take_identifier(rest);
        if (!rest.empty()) rest.remove_prefix(1);
        return name;
    };
    const auto schema = next();
    const auto table = next();
    return make_id(object_kind::column, schema, table, next());
}

/// The name of the sequence that an identity column brings along.
std::string identity_name(const object& column) {
    const auto name = split_list(column.get("identity_sequence"));
    return name.size() == 2 ? "relation " + qualified_name(name[0], name[1]) : std::string{};
}

/// What is made early, what late.
int rank(const step& s) {
    const auto kind = s.of->either().kind;
    const int by_kind = static_cast<int>(kind);
    switch (s.what) {
    case act::drop: return (s.of->kind == change_kind::drop ? 200 : 0) + 50 - by_kind;
    case act::create: return 100 + by_kind;
    case act::alter: return 100 + by_kind;
    case act::attach: return 110 + by_kind;
    case act::own: return 111 + by_kind;
    case act::move: return 150;
    case act::discard: return 300;
    }
    return 0;
}

} // namespace

steps::steps(const difference& all) : difference_{all} {
    add_steps();
    for (;;) {
        fold();
        connect();
        if (sort()) return;
        if (!without_soft_)
            without_soft_ = true;
        else if (!unfolded_)
            unfolded_ = true;
        else
            break;
    }
    throw error{errc::invalid_configuration,
                "these steps wait for each other in a circle that cannot be broken: " + circle()};
}

/// One circle among the steps that have no place in the order.
std::string steps::circle() const {
    const std::set<std::size_t> done(order_.begin(), order_.end());
    std::vector<std::size_t> waits_for(steps_.size(), none);
    for (std::size_t i = 0; i < steps_.size(); ++i)
        if (steps_[i].leader == i && done.count(i) == 0)
            for (const auto& [to, soft] : after_[i]) waits_for[to] = i;
    std::size_t at = 0;
    while (at < steps_.size() && waits_for[at] == none) ++at;
    std::vector<std::size_t> way;
    while (at < steps_.size() && std::find(way.begin(), way.end(), at) == way.end()) {
        way.push_back(at);
        at = waits_for[at];
    }
    if (at >= steps_.size()) return "(none)";
    constexpr std::string_view words[]{"drop", "alter", "create", "attach", "own", "move", "discard"};
    std::vector<std::string> out;
    for (auto i = std::find(way.begin(), way.end(), at); i != way.end(); ++i)
        out.push_back(std::string{words[static_cast<std::size_t>(steps_[*i].what)]} + " " +
                      steps_[*i].of->either().id());
    return join(out, " after ");
}

void steps::add_steps() {
    const auto add = [&](act what, const change& c) {
        by_key_.emplace(key_of(what, c.either().id()), steps_.size());
        steps_.push_back({what, &c, steps_.size(), {}});
    };
    for (const auto& c : difference_.changes()) {
        if (c.removes()) add(act::drop, c);
        if (c.kind == change_kind::alter) add(act::alter, c);
        if (c.makes()) add(act::create, c);
        if (is_attached(c)) add(act::attach, c);
        if (c.makes() && c.to->kind == object_kind::sequence && c.to->has("owned_by")) add(act::own, c);
        if (c.kind == change_kind::rebuild) add(act::move, c);
        if (c.kind == change_kind::replace || c.kind == change_kind::rebuild) add(act::discard, c);
    }
}

std::size_t steps::find(act what, const std::string& id) const {
    const auto found = by_key_.find(key_of(what, id));
    return found == by_key_.end() ? none : found->second;
}

std::size_t steps::leader_of(std::size_t at) const {
    while (steps_[at].leader != at) at = steps_[at].leader;
    return at;
}

void steps::fold_into(std::size_t member, act leader, const std::string& id) {
    const auto at = find(leader, id);
    if (at != none && at != member) steps_[member].leader = at;
}

/// Parts of what is made or goes as a whole need no statement of their own.
void steps::fold() {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        auto& s = steps_[i];
        s.leader = i;
        s.members.clear();
        const auto& o = s.what == act::create ? *s.of->to : s.of->either();
        const auto whole = [&](object_kind kind) { return make_id(kind, o.schema, "", o.table); };
        const auto table = whole(object_kind::table);
        const auto column = make_id(object_kind::column, o.schema, o.table, o.name);
        if (s.what == act::create) {
            const auto& type = o.get("type");
            if (o.kind == object_kind::column) fold_into(i, act::create, table);
            if (o.kind == object_kind::column_default && !unfolded_) fold_into(i, act::create, column);
            if (o.kind == object_kind::constraint && type != "foreign key" && !o.has("not_valid") &&
                (!unfolded_ || type == "primary key" || type == "unique"))
                fold_into(i, act::create, table);
            if (o.kind == object_kind::domain_constraint && !o.has("not_valid"))
                fold_into(i, act::create, whole(object_kind::domain));
        } else if (s.what == act::drop) {
            const auto* holder = difference_.find(table);
            const bool rebuilt = holder != nullptr && holder->kind == change_kind::rebuild;
            const bool foreign =
                o.kind == object_kind::constraint && s.of->from->get("type") == "foreign key";
            if (!o.table.empty() && !(foreign && unfolded_) && (!rebuilt || o.kind == object_kind::column)) {
                fold_into(i, act::drop, table);
                if (s.leader == i) fold_into(i, act::drop, whole(object_kind::view));
                if (s.leader == i) fold_into(i, act::drop, whole(object_kind::materialized_view));
                if (s.leader == i) fold_into(i, act::drop, whole(object_kind::foreign_table));
            }
            // What steps aside must not hold what it was checked with.
            const auto* domain = difference_.find(whole(object_kind::domain));
            if (o.kind == object_kind::domain_constraint &&
                (domain == nullptr || domain->kind != change_kind::replace))
                fold_into(i, act::drop, whole(object_kind::domain));
            if (o.kind == object_kind::column_default && s.leader == i && !unfolded_ && !rebuilt)
                fold_into(i, act::drop, column);
            if (s.of->from->has("attached_to") && s.leader == i && !leaves_its_whole(holder)) {
                std::string_view rest = s.of->from->get("attached_to");
                const auto schema = take_identifier(rest);
                rest.remove_prefix(1);
                const auto parent = take_identifier(rest);
                // The parent is an index or a constraint of the parent table.
                for (const auto& id : s.of->from->depends) {
                    const auto* up = difference_.from().find(id);
                    if (up != nullptr && up->schema == schema && up->name == parent)
                        fold_into(i, act::drop, id);
                }
            }
            if (s.of->from->kind == object_kind::sequence && s.of->kind == change_kind::drop &&
                s.of->from->has("owned_by"))
                fold_into(i, act::drop, owner_of(*s.of->from));
        }
    }
    for (std::size_t i = 0; i < steps_.size(); ++i)
        if (const auto l = leader_of(i); l != i) steps_[l].members.push_back(i);
}

void steps::edge(std::size_t before, std::size_t after, bool soft) {
    if (before == none || after == none || (soft && without_soft_)) return;
    before = leader_of(before);
    after = leader_of(after);
    if (before != after) after_[before].emplace_back(after, soft);
}

void steps::connect() {
    after_.assign(steps_.size(), {});
    attached_.clear();
    for (std::size_t i = 0; i < steps_.size(); ++i)
        if (const auto& s = steps_[i];
            s.what != act::drop && s.of->to != nullptr && s.of->to->has("attached_to"))
            attached_[s.of->to->get("attached_to")].push_back(i);
    leaving_.clear();
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const auto& s = steps_[i];
        if (s.of->from == nullptr || !s.of->from->has("partition_of")) continue;
        if (s.what != act::drop && !(s.what == act::alter && is_moved(*s.of))) continue;
        const auto whole = parents_of(*s.of->from).front();
        const auto* its_change = difference_.find(whole);
        if (its_change == nullptr || !its_change->removes()) leaving_[whole].push_back(i);
    }
    for (const auto& c : difference_.changes()) {
        const auto& id = c.either().id();
        edge(find(act::drop, id), find(act::create, id));
        edge(find(act::create, id), find(act::attach, id));
        edge(find(act::alter, id), find(act::attach, id));
        edge(find(act::create, id), find(act::own, id));
        edge(find(act::create, id), find(act::move, id));
        edge(find(act::create, id), find(act::discard, id));
        edge(find(act::move, id), find(act::discard, id));
        if (c.to != nullptr) connect_needs(c);
        if (c.from != nullptr) connect_old_needs(c);
        connect_special(c);
    }
    connect_names();
}

/// What the new state of an object needs is made, or changed, before.
void steps::connect_needs(const change& c) {
    const auto need = [&](const std::string& id, bool soft) {
        for (const auto mine : {find(act::create, c.to->id()), find(act::alter, c.to->id())}) {
            edge(find(act::create, id), mine, soft);
            edge(find(act::alter, id), mine, soft);
        }
    };
    const auto owner = owner_of(*c.to);
    for (const auto& id : c.to->depends)
        // A sequence is made before the column that owns it.
        if (c.to->kind != object_kind::sequence || c.kind == change_kind::alter ||
            (id != owner && id.rfind("table:", 0) != 0))
            need(id, false);
    for (const auto& id : c.to->mentions) need(id, true);
}

/// Whether `id` is the index or key that the index or key of a partition is part of: it takes its parts
/// along.
bool steps::is_part_of_index(const object& part, const std::string& id) const {
    if (!part.has("attached_to")) return false;
    const auto* whole = difference_.from().find(id);
    return whole != nullptr && qualified_name(whole->schema, whole->name) == part.get("attached_to") &&
           (whole->kind == object_kind::index || whole->kind == object_kind::constraint);
}

/// What an object needed may go only after it; what changes waits until what is in its way is gone.
void steps::connect_old_needs(const change& c) {
    const auto& id = c.from->id();
    const auto mine_goes = find(act::drop, id);
    const auto mine_changes = find(act::alter, id);
    const auto release = [&](const std::string& needed, bool soft) {
        const auto goes = find(act::drop, needed);
        const auto whole = goes == none ? none : leader_of(goes);
        const auto discard = whole == none ? none : find(act::discard, steps_[whole].of->either().id());
        const auto move = whole == none ? none : find(act::move, steps_[whole].of->either().id());
        const auto* leader = mine_goes == none ? nullptr : &steps_[leader_of(mine_goes)];
        if (move != none && leader != nullptr && leader->of->from->kind == object_kind::table &&
            leader->of->kind == change_kind::drop && leader->of->from->has("partition_of")) {
            // A partition of a table that is rebuilt: its rows move first.
            edge(move, mine_goes);
            edge(mine_goes, discard);
            return;
        }
        // A table that stepped aside holds the types of its columns until it goes.
        const auto whole_discard = leader == nullptr ? none : find(act::discard, leader->of->either().id());
        if (whole_discard != none && whole != none && leader_of(mine_goes) != whole)
            edge(whole_discard, discard != none ? discard : goes, soft);
        edge(mine_goes, find(act::alter, needed), soft);
        if (discard != none) {
            edge(mine_goes, c.kind == change_kind::rebuild || c.kind == change_kind::replace ? none : goes,
                 soft);
            edge(mine_changes, discard, soft);
            edge(find(act::discard, id), discard, soft);
        } else {
            edge(mine_goes, goes, soft);
            edge(mine_changes, goes, soft);
            edge(find(act::discard, id), goes, soft);
        }
    };
    const auto table = make_id(object_kind::table, c.from->schema, "", c.from->table);
    const auto* holder = c.from->table.empty() ? nullptr : difference_.find(table);
    const bool leaves = leaves_its_whole(holder);
    for (const auto& needed : c.from->depends)
        if (!is_part_of_index(*c.from, needed) && !(leaves && needed == table)) release(needed, false);
    // What a partition has from the whole is its own when it has left.
    if (leaves && c.from->has("attached_to")) edge(find(act::alter, table), mine_goes);
    for (const auto& needed : c.from->mentions) release(needed, true);
}

void steps::connect_special(const change& c) {
    const auto& o = c.either();
    const auto table = make_id(object_kind::table, o.schema, "", o.table);
    // A partition is whole before it becomes one, so that the server finds its indexes.
    if (!o.table.empty() && c.to != nullptr && c.to->has("attached_to"))
        edge(find(act::create, c.to->id()), find(act::attach, table));
    if (const auto* holder = o.table.empty() ? nullptr : difference_.find(table);
        holder != nullptr && is_attached(*holder))
        for (const auto what : {act::drop, act::create, act::alter})
            edge(find(what, o.id()), find(act::attach, table));
    if (o.kind == object_kind::column && comes_from_parent(c)) connect_heir(c);
    // An heir is made when its parents have their final columns.
    if (c.makes() && o.kind == object_kind::table && c.to->has("inherits"))
        for (const auto& parent : parents_of(*c.to))
            for (const auto* state : {&difference_.from(), &difference_.to()})
                if (const auto* up = state->find(parent); up != nullptr)
                    for (const auto* part : state->parts_of(up->schema, up->name))
                        if (part->kind == object_kind::column)
                            for (const auto what : {act::drop, act::create, act::alter})
                                edge(find(what, part->id()), find(act::create, o.id()));
    if (is_attached(c)) connect_attached(c);
    if (c.kind == change_kind::alter && is_moved(c)) connect_detached(c);
    connect_key(c);
    // A key of a partitioned table is whole when the partitions have theirs.
    if (c.makes() && c.to->get("type") == "foreign key")
        for (const auto& id : c.to->depends)
            if (const auto* key = difference_.to().find(id); key != nullptr)
                if (const auto parts = attached_.find(name_in_schema(*key)); parts != attached_.end())
                    for (const auto part : parts->second) edge(part, find(act::create, c.to->id()));
    if (c.to != nullptr && c.to->kind == object_kind::sequence && c.to->has("owned_by")) {
        const auto column = owner_of(*c.to);
        edge(find(act::create, column), find(act::own, c.to->id()));
        edge(find(act::create, column), find(act::alter, c.to->id()));
    }
    if (c.kind == change_kind::rebuild) {
        for (const auto* part : difference_.to().parts_of(o.schema, o.name)) {
            // Rows come before foreign keys and triggers see them.
            const bool late = part->kind == object_kind::trigger || part->kind == object_kind::rule ||
                              part->kind == object_kind::policy || part->get("type") == "foreign key";
            if (late) edge(find(act::move, o.id()), find(act::create, part->id()));
        }
        for (const auto* part : difference_.from().parts_of(o.schema, o.name))
            edge(find(act::drop, part->id()), find(act::create, o.id()));
        edge(find(act::drop, o.id()), find(act::create, o.id()));
    }
}

/// A partition comes to a whole that has its final form.
void steps::connect_attached(const change& c) {
    const auto attach = find(act::attach, c.to->id());
    for (const auto& parent : parents_of(*c.to)) {
        edge(find(act::create, parent), attach);
        edge(attach, find(act::move, parent));
        // The place is free before.
        if (const auto left = leaving_.find(parent); left != leaving_.end())
            for (const auto other : left->second) edge(other, attach);
        for (const auto* state : {&difference_.from(), &difference_.to()}) {
            const auto* up = state->find(parent);
            if (up == nullptr) continue;
            for (const auto* part : state->parts_of(up->schema, up->name)) {
                if (part->kind != object_kind::index && part->kind != object_kind::constraint &&
                    part->kind != object_kind::column)
                    continue;
                if (part->get("type") == "foreign key") continue;
                for (const auto what : {act::create, act::alter}) edge(find(what, part->id()), attach);
                if (const auto* part_change = difference_.find(part->id());
                    part_change != nullptr && part_change->kind == change_kind::drop)
                    edge(find(act::drop, part->id()), attach);
            }
        }
    }
}

/// A partition leaves before the whole changes.
void steps::connect_detached(const change& c) {
    const auto detach = find(act::alter, c.from->id());
    for (const auto& parent : parents_of(*c.from)) {
        const auto* up = difference_.from().find(parent);
        if (up == nullptr) continue;
        edge(detach, find(act::drop, parent));
        for (const auto* part : difference_.from().parts_of(up->schema, up->name))
            if (part->kind == object_kind::column || part->kind == object_kind::index ||
                part->kind == object_kind::constraint)
                for (const auto what : {act::drop, act::alter}) edge(detach, find(what, part->id()));
    }
}

/// There is one primary key at a time. And the server takes any key that fits a foreign key: those that go
/// have to be gone when one is made.
void steps::connect_key(const change& c) {
    if (c.makes() && c.to->get("type") == "primary key")
        for (const auto* part : difference_.from().parts_of(c.to->schema, c.to->table))
            if (part->get("type") == "primary key")
                edge(find(act::drop, part->id()), find(act::create, c.to->id()));
    if (!c.makes() || c.to->get("type") != "foreign key") return;
    std::string_view rest = c.to->get("references");
    const auto schema = take_identifier(rest);
    if (!rest.empty()) rest.remove_prefix(1);
    const auto create = find(act::create, c.to->id());
    for (const auto* part : difference_.from().parts_of(schema, take_identifier(rest)))
        if (part->has("unique") || part->get("type") == "unique" || part->get("type") == "primary key")
            edge(find(act::drop, part->id()), create);
}

/// The columns of heirs come, change and go with those of their parents.
void steps::connect_heir(const change& c) {
    const auto& o = c.either();
    for (const auto* state : {&difference_.from(), &difference_.to()}) {
        const auto* table = state->find(object_kind::table, o.schema, "", o.table);
        if (table == nullptr) continue;
        for (const auto& parent : parents_of(*table)) {
            const auto* up = state->find(parent);
            if (up == nullptr) continue;
            const auto id = make_id(object_kind::column, up->schema, up->name, o.name);
            edge(find(act::create, id), find(act::create, o.id()));
            edge(find(act::alter, id), find(act::alter, o.id()));
            // A parent that goes as a whole has its own order with its heirs.
            if (const auto goes = find(act::drop, id); goes != none && leader_of(goes) == goes)
                edge(find(act::drop, o.id()), goes);
        }
    }
}

/// A name is free before something else takes it.
void steps::connect_names() {
    std::map<std::string, std::vector<std::size_t>> taken;
    const auto name_of_step = [](const object& o) -> std::string {
        if (shares_relation_names(o)) return "relation " + name_in_schema(o);
        if (o.kind == object_kind::function || o.kind == object_kind::procedure ||
            o.kind == object_kind::aggregate)
            return "routine " + name_in_schema(o);
        return {};
    };
    for (std::size_t i = 0; i < steps_.size(); ++i)
        if (steps_[i].what == act::drop)
            if (auto name = name_of_step(*steps_[i].of->from); !name.empty()) taken[name].push_back(i);
    // A call may fit both.
    std::map<std::string, std::vector<std::size_t>> routines;
    const auto callable = [](const object& o) {
        return o.kind == object_kind::function || o.kind == object_kind::procedure ||
               o.kind == object_kind::aggregate;
    };
    const auto bare = [](const object& o) {
        return qualified_name(o.schema, o.name.substr(0, o.name.find('(')));
    };
    for (std::size_t i = 0; i < steps_.size(); ++i)
        if (steps_[i].what == act::drop && callable(*steps_[i].of->from))
            routines[bare(*steps_[i].of->from)].push_back(i);
    for (std::size_t i = 0; i < steps_.size(); ++i)
        if (steps_[i].what == act::create && callable(*steps_[i].of->to))
            if (const auto found = routines.find(bare(*steps_[i].of->to)); found != routines.end())
                for (const auto before : found->second) edge(before, i, true);
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const auto& s = steps_[i];
        if (s.what != act::alter || s.of->to->kind != object_kind::column || !s.of->touches("identity"))
            continue;
        const auto before = identity_name(*s.of->from);
        const auto after = identity_name(*s.of->to);
        if (const auto found = taken.find(after); !after.empty() && found != taken.end())
            for (const auto drop : found->second) edge(drop, i);
        if (!before.empty() && after.empty()) taken[before].push_back(i);
    }
    for (std::size_t i = 0; i < steps_.size(); ++i)
        if (steps_[i].what == act::create)
            if (const auto found = taken.find(name_of_step(*steps_[i].of->to)); found != taken.end())
                for (const auto before : found->second) edge(before, i);
}

bool steps::sort() {
    order_.clear();
    std::vector<std::size_t> waits(steps_.size(), 0);
    for (const auto& all : after_)
        for (const auto& [to, soft] : all) ++waits[to];
    using entry = std::tuple<int, std::string, std::size_t>;
    std::priority_queue<entry, std::vector<entry>, std::greater<>> ready;
    const auto push = [&](std::size_t i) { ready.emplace(rank(steps_[i]), steps_[i].of->either().id(), i); };
    std::size_t leaders = 0;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        if (steps_[i].leader != i) continue;
        ++leaders;
        if (waits[i] == 0) push(i);
    }
    while (!ready.empty()) {
        const auto at = std::get<2>(ready.top());
        ready.pop();
        order_.push_back(at);
        for (const auto& [to, soft] : after_[at])
            if (--waits[to] == 0) push(to);
    }
    return order_.size() == leaders;
}

} // namespace tusk::schema::detail
