#include <tusk/migrate/detail/computed_down.hpp>

#include <tusk/migrate/detail/caught.hpp>
#include <tusk/migrate/detail/refusal.hpp>
#include <tusk/migrate/diff.hpp>
#include <tusk/migrate/drift.hpp>
#include <tusk/schema/difference.hpp>
#include <tusk/schema/identifier.hpp>
#include <tusk/schema/transition.hpp>

namespace tusk::migrate {

std::string to_string(const data_loss& what) {
    const auto rows = what.rows > data_loss::most_counted
                          ? "more than " + std::to_string(data_loss::most_counted) + " rows"
                          : std::to_string(what.rows) + (what.rows == 1 ? " row" : " rows");
    return (what.column.empty() ? "table " + what.table : "column " + what.table + "." + what.column) + " (" +
           rows + ")";
}

namespace detail {

namespace {

using schema::object_kind;

/// The scope without what the directory makes neither now nor at the target.
schema::scope managed(schema::scope of, const schema::model& database, const schema::model& now,
                      const schema::model& then) {
    for (const auto& o : database.objects())
        if (now.find(o.id()) == nullptr && then.find(o.id()) == nullptr) of.exclude(o.id());
    return of;
}

bool goes_for_good(const schema::change& c) {
    return c.removes() && c.kind != schema::change_kind::replace && c.kind != schema::change_kind::rebuild;
}

std::string question(const data_loss& what) {
    return "select from " + what.table +
           (what.column.empty() ? "" : " where " + what.column + " is not null");
}

/// What the statements take away, as far as there is something.
std::vector<data_loss> find_losses(session& on, const schema::difference& all) {
    std::vector<data_loss> out;
    for (const auto& c : all.changes()) {
        if (!goes_for_good(c)) continue;
        data_loss one;
        if (c.from->kind == object_kind::table) {
            one.table = c.from->sql_name();
        } else if (c.from->kind == object_kind::column && !c.from->has("generated") &&
                   !schema::comes_from_parent(c)) {
            const auto* table = all.find(object_kind::table, c.from->schema, "", c.from->table);
            if (table != nullptr && table->removes()) continue;
            one.table = c.from->sql_table();
            one.column = schema::quote_identifier(c.from->name);
        } else {
            continue;
        }
        one.rows = on.db().one<std::int64_t>("select count(*) from (" + question(one) + " limit " +
                                             std::to_string(data_loss::most_counted + 1) + ") x");
        if (one.rows > 0) out.push_back(std::move(one));
    }
    return out;
}

/// Asked again inside the transaction.
pre_check nothing_lost(const schema::difference& all) {
    pre_check out;
    out.name = "the way back";
    for (const auto& c : all.changes())
        if (goes_for_good(c) && c.from->kind == object_kind::table) {
            data_loss one;
            one.table = c.from->sql_name();
            statement s;
            s.text = "select not exists (" + question(one) + ")";
            out.statements.push_back(std::move(s));
        }
    return out;
}

failure did_not_hold(const schema::transition& t) {
    std::string why =
        "no way back can be computed: the plan did not hold on a throwaway database: " + t.proved.why;
    for (const auto& id : t.proved.remaining) why += "\n  left: " + id;
    return failure{errc::invalid_configuration,
                   why + "\n" + t.steps.sql() + "remedy: write the way back by hand, into the folder down"};
}

result<std::string> check_rows(const std::vector<revision>& rows, std::size_t back) {
    for (std::size_t i = rows.size() - back; i < rows.size(); ++i)
        if ((rows[i].type & type_baseline) != 0)
            return failed<std::string>(migrate::refused(
                "version " + rows[i].version +
                " is a baseline: what the database had before is not known\nremedy: go back to a "
                "version behind it, or `tusk migrate set`"));
    return rows.size() > back ? rows[rows.size() - back - 1].version : std::string{};
}

/// What is made by the rows, the statements of a file that was applied in part included.
result<schema::state> made_by(const directory& dir, const std::vector<revision>& rows,
                              schema::state_reader& reader, const schema::scope& scope) {
    std::vector<revision> whole;
    std::string part;
    for (const auto& each : rows) {
        const auto* file = dir.find(each.version);
        if (!each.is_partial())
            whole.push_back(each);
        else if (const auto statements =
                     file == nullptr ? result<std::vector<statement>>{} : file->statements())
            for (std::size_t i = 0; i < statements->size() && static_cast<std::int64_t>(i) < each.applied;
                 ++i)
                part += (*statements)[i].text + ((*statements)[i].text.ends_with(';') ? "\n" : ";\n");
    }
    auto out = replay(applied_part(dir, whole, rows.back().version), reader, scope);
    if (!out || part.empty()) return out;
    const auto file = directory::of({{"1_part.sql", "-- atlas:txmode none\n\n" + part}});
    return file ? replay(*file, reader, scope, &*out) : failed<schema::state>(file.error());
}

failure prepare(computed_down& way, const std::vector<revision>& rows, std::size_t back) {
    auto statements = way.file.statements();
    if (!statements) return statements.error();
    auto& p = way.prepared;
    p.file = p.source = &way.file;
    p.statements = std::move(*statements);
    p.mode = way.file.mode().value_or(tx_mode::file);
    for (std::size_t i = rows.size(); i-- > rows.size() - back;) p.takes_back.push_back(rows[i].version);
    p.row.version = rows.back().version;
    return {};
}

} // namespace

failure refuse_losses(const std::vector<data_loss>& losses) {
    std::string list;
    for (const auto& each : losses) list += "\n  " + to_string(each);
    return migrate::refused("going back would lose what these hold:" + list +
                            "\nremedy: save it first; --allow-data-loss loses it");
}

result<std::unique_ptr<computed_down>> compute_down(session& on, const directory& dir,
                                                    const std::vector<revision>& rows, std::size_t back,
                                                    const down_options& o) {
    using made = std::unique_ptr<computed_down>;
    const auto version = check_rows(rows, back);
    if (!version) return failed<made>(version.error());
    return caught([&]() -> result<made> {
        schema::state_reader reader{o.dev().dev_url()};
        const auto scope = without_revisions(o.dev().counts(), on.journal().schema());
        auto from = reader.read(on.db(), scope);
        const auto now = made_by(dir, rows, reader, scope);
        if (!now) return failed<made>(now.error());
        const auto to = replay(applied_part(dir, rows, *version), reader, scope);
        if (!to) return failed<made>(to.error());
        from.owns_database = false; // owners are not the directory's affair unless it names them
        from.limits = managed(scope, from.objects, now->objects, to->objects);
        from.objects = schema::restricted(from.whole, from.limits);
        const auto t =
            schema::plan_transition(from, *to, reader, schema::plan_options{o.dev().plan()}.online(false));
        if (!t.proved.holds) return failed<made>(did_not_hold(t));
        auto file = migration_file::parse("down_to_" + (version->empty() ? "0" : *version) + ".sql",
                                          file_of(t.steps));
        if (!file) return failed<made>(file.error());
        auto out = std::make_unique<computed_down>(computed_down{std::move(*file), {}, {}});
        if (auto f = prepare(*out, rows, back)) return failed<made>(std::move(f));
        const schema::difference all{from.objects, to->objects};
        out->losses = find_losses(on, all);
        if (!o.allow_data_loss()) out->prepared.checks.push_back(nothing_lost(all));
        return out;
    });
}

} // namespace detail
} // namespace tusk::migrate
