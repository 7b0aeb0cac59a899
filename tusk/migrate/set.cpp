#include <tusk/migrate/run.hpp>

#include <algorithm>

#include <tusk/migrate/detail/refusal.hpp>
#include <tusk/migrate/detail/session.hpp>
#include <tusk/migrate/revision.hpp>

namespace tusk::migrate {

namespace {

revision row_by_hand(const directory& dir, const migration_file& file) {
    revision r;
    r.version = file.version();
    r.description = file.description();
    r.type = type_resolved;
    r.hash = dir.sum().hash_of(file.name());
    r.executed_at = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    r.operator_version = "Tusk v" TUSK_VERSION;
    return r;
}

/// The rows as they shall be, written by one transaction.
failure write_rows(journal& into, const directory& dir, const std::vector<revision>& rows,
                   const std::string& target) {
    std::string last;
    for (const auto& each : rows) {
        if (each.version > target) {
            if (auto f = into.erase(each.version)) return f;
            continue;
        }
        last = each.version;
        if (!each.is_partial()) continue;
        auto row = each;
        row.type |= type_resolved;
        row.error.reset();
        row.error_stmt.reset();
        if (auto f = into.write(row)) return f;
    }
    for (const auto& file : dir.files())
        if (file.version() > last && file.version() <= target && !file.is_checkpoint())
            if (auto f = into.write(row_by_hand(dir, file))) return f;
    return {};
}

} // namespace

failure run_set(const directory& dir, const connect_config& target, const std::optional<std::string>& version,
                const apply_options& o) {
    if (auto f = dir.validate()) return f;
    if (version && dir.find(*version) == nullptr) return refused("no file has the version " + *version);
    auto opened = detail::session::open(target, o);
    if (!opened) return opened.error();
    auto& session = **opened;
    if (auto f = session.lock(o)) return f;
    auto rows = session.journal().read();
    if (!rows) return rows.error();
    if (!version && rows->empty())
        return refused("nothing was applied yet\nremedy: say which version the database has");
    if (auto f = session.journal().create()) return f;
    if (auto f = session.reset("begin")) return f;
    // Without a version: what the directory has. An empty one means that nothing is applied.
    auto f = write_rows(session.journal(), dir, *rows, version.value_or(dir.latest()));
    auto end = session.db().try_script(f ? "rollback" : "commit");
    return f ? f : end;
}

} // namespace tusk::migrate
