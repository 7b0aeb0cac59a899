#include <tusk/migrate/run.hpp>

#include <tusk/migrate/detail/executor.hpp>
#include <tusk/migrate/detail/losses.hpp>
#include <tusk/migrate/detail/prepare.hpp>
#include <tusk/migrate/detail/refusal.hpp>
#include <tusk/migrate/detail/session.hpp>

namespace tusk::migrate {

namespace {

/// The rows to take back, the last one first.
result<std::vector<revision>> chosen(const std::vector<revision>& rows, const directory& dir,
                                     const down_options& o) {
    using chosen_rows = std::vector<revision>;
    const bool all = o.to_version() == "0";
    if (!o.to_version().empty() && !all && dir.find(o.to_version()) == nullptr)
        return failed<chosen_rows>(refused("no file has the version " + o.to_version()));
    chosen_rows out;
    for (auto it = rows.rbegin(); it != rows.rend(); ++it) {
        const bool enough =
            o.to_version().empty() ? out.size() >= o.amount() : !all && it->version <= o.to_version();
        if (enough) break;
        if (it->is_partial())
            return failed<chosen_rows>(
                refused("version " + it->version +
                        " is applied in part only, and its way back starts from the whole\n"
                        "remedy: bring it to its end with `apply` first, or undo it by hand "
                        "and `tusk migrate set` the version before it"));
        out.push_back(*it);
    }
    return out;
}

/// A table that is not there has nothing to lose; the statement itself will say what it thinks of that.
failure check_losses(detail::session& on, const detail::prepared_file& p) {
    for (const auto& s : p.statements)
        for (const auto& each : detail::losses_of(s)) {
            const auto there =
                on.db().try_one<bool>("select pg_catalog.to_regclass($1) is not null", each.table);
            if (!there) return there.error();
            if (!*there) continue;
            const auto lost =
                on.db().try_one<bool>(options{}.mode(protocol::exec_mode::exec), question(each));
            if (!lost && lost.error() == condition::undefined_column) continue;
            if (!lost) return lost.error();
            if (*lost)
                return refused(p.source->place_of(s.offset) + ": " +
                               (each.column.empty() ? "" : "the column " + each.column + " of ") +
                               each.table + " is not empty, and what it holds would be lost\n" +
                               with_caret(p.source->content(), s.offset) + "\nremedy: --allow-data-loss");
        }
    return {};
}

failure run(const directory& dir, const connect_config& target, const down_options& o, apply_report& report) {
    if (auto f = dir.validate()) return f;
    auto opened = detail::session::open(target, o.run(), o.run().dry_run());
    if (!opened) return opened.error();
    auto& session = **opened;
    if (!o.run().dry_run())
        if (auto f = session.lock(o.run())) return f;
    const auto rows = session.journal().read();
    if (!rows) return rows.error();
    if (!rows->empty()) report.current = rows->back().version;
    const auto back = chosen(*rows, dir, o);
    if (!back) return back.error();
    std::vector<detail::prepared_file> prepared;
    for (const auto& each : *back) {
        const auto* file = dir.find(each.version);
        if (file == nullptr) return refused("the file of version " + each.version + " is gone");
        auto one = detail::prepare_down(dir, *file);
        if (!one) return one.error();
        report.planned.push_back(detail::plan_of(*one));
        prepared.push_back(std::move(*one));
    }
    if (rows->size() > back->size()) report.target = (*rows)[rows->size() - back->size() - 1].version;
    if (!o.allow_data_loss())
        for (const auto& each : prepared)
            if (auto f = check_losses(session, each)) return f;
    if (o.run().dry_run()) return {};
    return detail::executor{session, o.run(), report, detail::executor::direction::down}.run(prepared);
}

} // namespace

apply_report run_down(const directory& dir, const connect_config& target, const down_options& o) {
    apply_report out;
    out.dry_run = o.run().dry_run();
    out.problem = run(dir, target, o, out);
    return out;
}

} // namespace tusk::migrate
