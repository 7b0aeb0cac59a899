#include <tusk/migrate/diff.hpp>

#include <algorithm>

#include <tusk/migrate/changes.hpp>
#include <tusk/migrate/detail/caught.hpp>
#include <tusk/schema/difference.hpp>
#include <tusk/schema/transition.hpp>

namespace tusk::migrate {

namespace {

bool is_of_session(const schema::statement& s) { return s.change == "session"; }

/// Whether one transaction can hold all of it.
bool is_one_transaction(const schema::plan& steps) {
    std::size_t real = 0;
    bool apart = false;
    for (const auto& s : steps.statements()) {
        if (!s.transactional) return false;
        if (is_of_session(s)) continue;
        ++real;
        apart = apart || s.alone;
    }
    return !apart || real <= 1;
}

/// "Alter column public.users.email"
std::string comment_of(const schema::statement& s) {
    const auto border = s.about.find(':');
    auto out = s.change + " " + s.about.substr(0, border);
    std::replace(out.begin(), out.end(), '_', ' ');
    if (border != std::string::npos) out += " " + s.about.substr(border + 1);
    std::replace(out.begin(), out.end(), '\n', ' ');
    if (out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
    return out;
}

failure did_not_hold(const schema::transition& t) {
    std::string why = "the plan did not hold when it was tried: " + t.proved.why;
    for (const auto& id : t.proved.remaining) why += "\n  left: " + id;
    return failure{errc::invalid_configuration,
                   why + "\n" + t.steps.sql() + "remedy: change the schema in smaller steps"};
}

std::vector<std::string> what_differs(const schema::model& from, const schema::model& to) {
    std::vector<std::string> out;
    const schema::difference left{from, to};
    for (const auto& c : left.changes()) out.push_back(c.either().id());
    return out;
}

/// The file itself has to do what the plan does: it is split and executed as any other.
failure try_file(const next_migration& made, const schema::state& from, const schema::state& to,
                 schema::state_reader& reader) {
    auto alone = directory::of({{"1_diff.sql", made.content}});
    if (!alone) return failure{alone.error()};
    const auto after = replay(*alone, reader, from.limits, &from);
    if (!after) return failure{after.error()};
    const auto left = what_differs(after->objects, to.objects);
    if (left.empty()) return {};
    return failure{errc::invalid_configuration,
                   "the new file does not lead to the wanted state; what differs first: " + left.front() +
                       "\n" + made.content};
}

failure fill(next_migration& out, const schema::state& from, const schema::state& to,
             schema::state_reader& reader, const diff_options& o) {
    const auto t = schema::plan_transition(from, to, reader, o.dev().plan());
    const bool skips = !o.dev().plan().skipped().empty();
    if (t.steps.empty()) return {};
    if (!t.proved.holds && !skips) return did_not_hold(t);
    if (skips) out.left_out = t.proved.remaining;
    out.content = file_of(t.steps);
    out.hazards = t.steps.hazards();
    for (const auto& s : t.steps.statements()) out.statements.push_back(s.sql);
    if (!skips)
        if (auto f = try_file(out, from, to, reader)) return f;
    if (!o.plans_down()) return {};
    const auto back = schema::plan_transition(to, from, reader, schema::plan_options{}.online(false));
    if (!back.proved.holds) return did_not_hold(back).add_context("the way back");
    out.down = file_of(back.steps);
    return {};
}

} // namespace

std::string file_of(const schema::plan& steps) {
    std::string out;
    if (!is_one_transaction(steps)) out += "-- atlas:txmode none\n\n";
    for (const auto& s : steps.statements()) {
        if (!is_of_session(s)) out += "-- " + comment_of(s) + "\n";
        out += s.sql + ";\n";
    }
    return out;
}

result<next_migration> diff(const directory& dir, const diff_options& o) {
    if (auto f = dir.validate()) return failed<next_migration>(std::move(f));
    if (o.to().empty())
        return failed<next_migration>(
            failure{errc::invalid_argument, "no state to reach is given\nremedy: --to file://schema.sql"});
    return detail::caught([&]() -> result<next_migration> {
        schema::state_reader reader{o.dev().dev_url()};
        const auto scope = without_revisions(o.dev().counts());
        const auto to = reader.read(o.to(), scope);
        const auto from = replay(dir, reader, scope);
        if (!from) return failed<next_migration>(from.error());
        next_migration out;
        if (auto f = fill(out, *from, to, reader, o)) return failed<next_migration>(std::move(f));
        return out;
    });
}

result<std::filesystem::path> write_next(std::string_view url, std::string_view name,
                                         const next_migration& what) {
    return new_file(url, name, what.content, what.down);
}

} // namespace tusk::migrate
