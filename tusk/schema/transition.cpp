#include <tusk/schema/transition.hpp>

#include <algorithm>

#include <tusk/schema/difference.hpp>
#include <tusk/schema/renames.hpp>
#include <tusk/schema/rows.hpp>

namespace tusk::schema {

namespace {

constexpr int most_rounds = 5;

/// What two states share with an empty database: the schema public, as a rule.
model start_of(const model& empty, const model& target) {
    std::vector<object> objects;
    for (const auto& o : empty.objects())
        if (target.find(o.id()) != nullptr) objects.push_back(o);
    return {std::move(objects), empty.server_version()};
}

/// A database of `with` in the state `from`.
scratch_database rebuild(const state& from, state_reader& with) {
    if (from.loaded_in) return with.scratch().create(from.loaded_in->name());
    auto out = with.scratch().create();
    auto db = out.connect();
    const auto& whole = from.whole.empty() ? from.objects : from.whole;
    const auto steps = make_plan(start_of(inspect(db), whole), whole, plan_options{}.online(false));
    const auto done = execute(db, steps, execute_options{}.make_roles(out.is_on_own_server()));
    if (done.why) {
        auto why = done.why;
        why.add_context("the present state cannot be rebuilt in a throwaway database: " +
                        std::string{why.sql()});
        throw error{std::move(why)};
    }
    return out;
}

/// What is there now, as far as either state knows of it.
model present(blocking::connection& db, const state& from, const model& to) {
    const auto all = inspect(db, from.limits);
    std::vector<object> objects;
    for (const auto& o : all.objects())
        if (o.id() != "schema:public" || from.objects.find(o.id()) != nullptr || to.find(o.id()) != nullptr)
            objects.push_back(o);
    return {std::move(objects), all.server_version()};
}

/// In a database of one's own, what the target gives to nobody is one's own: its owner is empty then.
model with_owners(const model& now, const state& from, const model& target, const plan_options& how) {
    if (!from.owns_database || how.skipped().count("owner") > 0) return target;
    auto objects = target.objects();
    for (auto& o : objects)
        if (const auto* before = now.find(o.id());
            before != nullptr && before->has("owner") && !o.has("owner"))
            o.fields["owner"];
    return {std::move(objects), target.server_version()};
}

std::vector<std::string> ids_of(const difference& all) {
    std::vector<std::string> out;
    for (const auto& c : all.changes()) {
        auto id = c.either().id() + " (" + std::string{name_of(c.kind)};
        for (const auto& field : c.fields) id += " " + field;
        out.push_back(id + ")");
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::size_t renames_in(const plan& what) {
    const auto& all = what.statements();
    const auto end =
        std::find_if(all.begin(), all.end(), [](const statement& s) { return s.change != "rename"; });
    return static_cast<std::size_t>(end - all.begin());
}

/// Runs the plan once, with or without rows.
proof attempt(const plan& what, const state& from, const model& to, state_reader& with, bool rows) {
    proof out;
    out.with_rows = rows;
    const auto scratch = rebuild(from, with);
    auto db = scratch.connect();
    const auto how = execute_options{}.make_roles(scratch.is_on_own_server());
    const auto first = static_cast<std::ptrdiff_t>(renames_in(what));
    const auto& all = what.statements();
    auto done = execute(db, plan{{all.begin(), all.begin() + first}, {}, {}}, how);
    std::map<std::string, std::string> before;
    model renamed = from.objects;
    if (!done.why && rows) {
        if (first > 0) renamed = present(db, from, to);
        out.with_rows = detail::fill_tables(db, renamed) > 0;
        before = detail::kept_rows(db, renamed, to);
    }
    if (!done.why) done = execute(db, plan{{all.begin() + first, all.end()}, {}, {}}, how);
    if (done.why) {
        out.why = done.why.message() + ": " + std::string{done.why.sql()};
        return out;
    }
    const auto after = present(db, from, to);
    const difference left{after, to};
    out.remaining = ids_of(left);
    if (!left.empty()) {
        out.why = "the plan does not lead to the target";
        return out;
    }
    if (rows) {
        const auto now = detail::kept_rows(db, after, renamed);
        for (const auto& [table, values] : before)
            if (const auto found = now.find(table); found == now.end() || found->second != values) {
                out.why = "rows of " + table + " did not keep their values";
                return out;
            }
    }
    out.holds = true;
    return out;
}

} // namespace

proof prove(const plan& what, const state& from, const model& to, state_reader& with) {
    if (what.empty()) return {true, false, {}, {}};
    try {
        auto with_rows = attempt(what, from, to, with, true);
        if (with_rows.holds || !with_rows.remaining.empty()) return with_rows;
        // Rows that were made up may not fit; the plan itself has to hold.
        auto without = attempt(what, from, to, with, false);
        if (without.holds) without.why = "with rows: " + with_rows.why;
        return without;
    } catch (const error& e) {
        return {false, false, e.what(), {}};
    }
}

transition plan_transition(const state& from, const state& to, state_reader& with, const plan_options& how) {
    transition out;
    out.from = from.objects;
    out.to = to.objects;
    std::vector<statement> renames;
    model now = from.objects;
    if (!detail::rename_statements(now, to.objects, to.hints).empty()) {
        const auto scratch = rebuild(from, with);
        auto db = scratch.connect();
        for (int round = 0; round < most_rounds; ++round) {
            auto more = detail::rename_statements(now, to.objects, to.hints);
            if (more.empty()) break;
            bool stays = false;
            for (auto& s : more) {
                auto f = db.try_script(s.sql);
                // Some extensions cannot move: they are made anew.
                stays = stays || (f && s.about.rfind("extension:", 0) == 0);
                if (f && s.about.rfind("extension:", 0) == 0) continue;
                if (f) throw error{std::move(f.set_sql(s.sql))};
                renames.push_back(std::move(s));
            }
            now = present(db, from, to.objects);
            if (stays) break;
        }
    }
    const auto target = with_owners(now, from, to.objects, how);
    auto rest = make_plan(now, target, how);
    auto statements = std::move(renames);
    statements.insert(statements.end(), rest.statements().begin(), rest.statements().end());
    out.steps = plan{std::move(statements), from.objects.fingerprint(), to.objects.fingerprint()};
    out.proved = prove(out.steps, from, target, with);
    return out;
}

} // namespace tusk::schema
