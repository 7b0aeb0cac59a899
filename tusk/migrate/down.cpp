#include <tusk/migrate/run.hpp>

#include <algorithm>

#include <tusk/migrate/detail/computed_down.hpp>
#include <tusk/migrate/detail/executor.hpp>
#include <tusk/migrate/detail/losses.hpp>
#include <tusk/migrate/detail/prepare.hpp>
#include <tusk/migrate/detail/refusal.hpp>
#include <tusk/migrate/detail/session.hpp>

namespace tusk::migrate {

namespace {

/// The version to go back to: of the options, or of the checkpoint with their tag.
result<std::string> target_of(const directory& dir, const down_options& o) {
    if (o.to_tag().empty()) {
        if (o.to_version().empty() || o.to_version() == "0" || dir.find(o.to_version()) != nullptr)
            return o.to_version();
        return failed<std::string>(refused("no file has the version " + o.to_version()));
    }
    for (const auto& each : dir.files())
        if (each.is_checkpoint() && each.tag() == o.to_tag()) return each.version();
    return failed<std::string>(refused("no checkpoint has the tag " + o.to_tag()));
}

/// The rows to take back, the last one first.
std::vector<revision> chosen(const std::vector<revision>& rows, const std::string& version,
                             const down_options& o) {
    const bool all = version == "0";
    std::vector<revision> out;
    for (auto it = rows.rbegin(); it != rows.rend(); ++it) {
        const bool enough = version.empty() ? out.size() >= o.amount() : !all && it->version <= version;
        if (enough) break;
        out.push_back(*it);
    }
    return out;
}

bool has_written_ways(const directory& dir, const std::vector<revision>& back) {
    return std::all_of(back.begin(), back.end(), [&](const revision& r) {
        const auto* file = dir.find(r.version);
        return file != nullptr && !r.is_partial() && dir.down_of(*file).has_value();
    });
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

result<std::vector<detail::prepared_file>> written(const directory& dir, const std::vector<revision>& back) {
    using prepared = std::vector<detail::prepared_file>;
    prepared out;
    for (const auto& each : back) {
        if (each.is_partial())
            return failed<prepared>(
                refused("version " + each.version +
                        " is applied in part only, and its written way back starts from the whole\n"
                        "remedy: let the way back be computed, or bring it to its end with `apply` first"));
        const auto* file = dir.find(each.version);
        if (file == nullptr)
            return failed<prepared>(refused("the file of version " + each.version + " is gone"));
        auto one = detail::prepare_down(dir, *file);
        if (!one) return failed<prepared>(one.error());
        out.push_back(std::move(*one));
    }
    return out;
}

failure run_written(detail::session& session, const directory& dir, const std::vector<revision>& back,
                    const down_options& o, apply_report& report) {
    auto prepared = written(dir, back);
    if (!prepared) return prepared.error();
    for (const auto& each : *prepared) report.planned.push_back(detail::plan_of(each));
    if (!o.allow_data_loss())
        for (const auto& each : *prepared)
            if (auto f = check_losses(session, each)) return f;
    if (o.run().dry_run()) return {};
    return detail::executor{session, o.run(), report, detail::executor::direction::down}.run(*prepared);
}

failure run_computed(detail::session& session, const directory& dir, const std::vector<revision>& rows,
                     std::size_t back, const down_options& o, apply_report& report) {
    auto way = detail::compute_down(session, dir, rows, back, o);
    if (!way) return way.error();
    report.planned.push_back(detail::plan_of((*way)->prepared));
    report.losses = (*way)->losses;
    if (o.run().dry_run()) return {};
    if (!report.losses.empty() && !o.allow_data_loss()) return detail::refuse_losses(report.losses);
    std::vector<detail::prepared_file> all{(*way)->prepared};
    return detail::executor{session, o.run(), report, detail::executor::direction::down}.run(all);
}

failure run(const directory& dir, const connect_config& target, const down_options& o, apply_report& report) {
    if (auto f = dir.validate()) return f;
    const auto version = target_of(dir, o);
    if (!version) return version.error();
    auto opened = detail::session::open(target, o.run(), o.run().dry_run());
    if (!opened) return opened.error();
    auto& session = **opened;
    if (!o.run().dry_run())
        if (auto f = session.lock(o.run())) return f;
    const auto rows = session.journal().read();
    if (!rows) return rows.error();
    if (!rows->empty()) report.current = rows->back().version;
    const auto back = chosen(*rows, *version, o);
    if (rows->size() > back.size()) report.target = (*rows)[rows->size() - back.size() - 1].version;
    if (back.empty()) return {};
    if (back.size() == rows->size() && !version->empty() && *version != "0")
        return refused("the database was never at version " + *version + ": it began with " +
                       rows->front().version + "\nremedy: go back to that one or a later one, or to 0");
    const bool by_hand =
        o.way() == way_back::written || (o.way() == way_back::either && has_written_ways(dir, back));
    return by_hand ? run_written(session, dir, back, o, report)
                   : run_computed(session, dir, *rows, back.size(), o, report);
}

} // namespace

apply_report run_down(const directory& dir, const connect_config& target, const down_options& o) {
    apply_report out;
    out.dry_run = o.run().dry_run();
    out.problem = run(dir, target, o, out);
    return out;
}

} // namespace tusk::migrate
