#include <tusk/migrate/run.hpp>

#include <algorithm>

#include <tusk/migrate/detail/session.hpp>
#include <tusk/migrate/pending.hpp>

namespace tusk::migrate {

namespace {

applied_revision told(const revision& r, const directory& dir,
                      const std::vector<const migration_file*>& edited) {
    applied_revision out;
    out.version = r.version;
    out.description = r.description;
    out.applied = static_cast<std::size_t>(std::max<std::int64_t>(r.applied, 0));
    out.total = static_cast<std::size_t>(std::max<std::int64_t>(r.total, 0));
    out.baseline = (r.type & type_baseline) != 0;
    out.set_by_hand = (r.type & type_resolved) != 0;
    out.partial = r.is_partial();
    const auto* file = dir.find(r.version);
    out.missing = file == nullptr;
    out.edited = std::find(edited.begin(), edited.end(), file) != edited.end() && file != nullptr;
    out.error = r.error.value_or("");
    out.error_sql = r.error_stmt.value_or("");
    return out;
}

/// What would be done, with nothing in the way: what is in the way is told beside it.
result<pending_set> look_ahead(const directory& dir, const std::vector<revision>& rows,
                               const apply_options& o) {
    apply_options lenient;
    lenient.order(o.order() == exec_order::linear ? exec_order::linear_skip : o.order());
    return compute_pending(dir, rows, true, lenient);
}

} // namespace

result<status_report> run_status(const directory& dir, const connect_config& target, const apply_options& o) {
    if (auto f = dir.validate()) return failed<status_report>(std::move(f));
    const auto session = detail::session::open(target, o, true);
    if (!session) return failed<status_report>(session.error());
    const auto rows = (*session)->journal().read();
    if (!rows) return failed<status_report>(rows.error());
    const auto pending = look_ahead(dir, *rows, o);
    if (!pending) return failed<status_report>(pending.error());
    status_report out;
    for (const auto& each : dir.files()) out.available.push_back(each.name());
    for (const auto* each : pending->files) out.pending.push_back(each->name());
    for (const auto* each : pending->out_of_order) out.out_of_order.push_back(each->name());
    const auto edited = edited_files(dir, *rows);
    for (const auto& each : *rows) out.applied.push_back(told(each, dir, edited));
    if (!rows->empty()) out.current = rows->back().version;
    if (!pending->files.empty()) out.next = pending->files.front()->version();
    return out;
}

} // namespace tusk::migrate
