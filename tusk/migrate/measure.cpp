#include <tusk/migrate/measure.hpp>

#include <algorithm>
#include <map>
#include <thread>

#include <tusk/migrate/detail/caught.hpp>
#include <tusk/schema/rows.hpp>

namespace tusk::migrate {

namespace {

/// What the server knows of a relation.
struct relation_facts {
    std::int64_t id;
    std::string name;
    std::string kind; ///< pg_class.relkind
    std::int64_t file;
    std::int64_t scans;
};

struct lock_facts {
    std::int64_t id;
    std::string mode;
};

using facts = std::map<std::int64_t, relation_facts>;

constexpr std::string_view ask_relations =
    "select c.oid::int8 as id, n.nspname || '.' || c.relname as name, c.relkind::text as kind, "
    "coalesce(pg_relation_filenode(c.oid), 0)::int8 as file, "
    "coalesce(pg_stat_get_xact_numscans(c.oid), 0)::int8 as scans "
    "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    "where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind in ('r', 'p', 'm', 'i')";

constexpr std::string_view ask_locks =
    "select l.relation::int8 as id, l.mode from pg_locks l where l.pid = $1 and l.locktype = 'relation' and "
    "l.database = (select oid from pg_database where datname = current_database()) and l.mode not in "
    "('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')";

facts relations_of(blocking::connection& db) {
    facts out;
    for (auto& each : db.all<relation_facts>(ask_relations)) {
        const auto id = each.id;
        out.emplace(id, std::move(each));
    }
    return out;
}

bool is_table(const relation_facts& r) { return r.kind != "i"; }

/// One throwaway database on which files are measured.
class gauge {
public:
    gauge(schema::scratch_database& place, measurement& into)
        : place_{&place}, into_{&into}, db_{place.connect()} {
        pid_ = db_.one<std::int32_t>("select pg_backend_pid()");
    }

    /// Puts a row where one can be put; those that are there already stay alone.
    void fill() {
        into_->with_rows = schema::detail::fill_tables(db_, schema::inspect(db_)) > 0 || into_->with_rows;
    }

    failure run(const migration_file& file) {
        const auto statements = file.statements();
        if (!statements) return statements.error();
        known_ = relations_of(db_);
        const bool apart = file.mode() == tx_mode::none;
        if (!apart) db_.script("begin");
        held_.clear();
        for (const auto& s : *statements) {
            if (auto f = run(file, s, apart)) return f.add_context(file.place_of(s.offset));
        }
        if (!apart) db_.script("commit");
        db_.script("reset session authorization; reset all");
        return {};
    }

private:
    failure run(const migration_file& file, const statement& s, bool apart) {
        measured_statement out;
        out.file = file.name();
        out.offset = s.offset;
        out.where = position_of(file.content(), s.offset);
        out.sql = s.text;
        if (auto f = s.runs_outside() ? run_outside(s, out) : run_inside(s, apart, out)) return f;
        into_->statements.push_back(std::move(out));
        return {};
    }

    failure send(const std::string& sql, bool in_transaction) {
        // The server of the test knows no roles but its own.
        for (int roles = 0; roles < 20; ++roles) {
            if (in_transaction) db_.script("savepoint tusk_measure");
            auto f = db_.try_script(sql);
            if (!f || !db_.is_open()) return f;
            if (in_transaction) db_.script("rollback to savepoint tusk_measure");
            if (!place_->is_on_own_server() || !schema::make_missing_role(db_, f)) return f;
        }
        return {};
    }

    failure run_inside(const statement& s, bool apart, measured_statement& out) {
        if (apart) {
            db_.script("begin");
            held_.clear();
        }
        const auto before = relations_of(db_);
        auto f = send(s.text, true);
        if (f) {
            db_.script("rollback");
            return f;
        }
        const auto after = relations_of(db_);
        note_locks(db_.all<lock_facts>(ask_locks, pid_), out);
        note_changes(before, after, out);
        if (apart) db_.script("commit");
        return {};
    }

    void note_locks(const std::vector<lock_facts>& now, measured_statement& out) {
        for (const auto& each : now) {
            const auto at = known_.find(each.id);
            if (at == known_.end() || !is_table(at->second)) continue;
            const measured_lock lock{at->second.name, each.mode};
            if (!kept_out_by(lock.mode).empty() &&
                std::find(out.held.begin(), out.held.end(), lock.table) == out.held.end())
                out.held.push_back(lock.table);
            if (std::find(held_.begin(), held_.end(), lock) != held_.end()) continue;
            held_.push_back(lock);
            out.locks.push_back(lock);
        }
        std::sort(out.held.begin(), out.held.end());
        std::sort(out.locks.begin(), out.locks.end(), [](const auto& a, const auto& b) {
            return std::tie(a.table, a.mode) < std::tie(b.table, b.mode);
        });
    }

    void note_changes(const facts& before, const facts& after, measured_statement& out) {
        for (const auto& [id, was] : before) {
            const auto at = after.find(id);
            if (!known_.contains(id) || at == after.end()) continue;
            if (was.file != 0 && at->second.file != was.file) out.rewritten.push_back(was.name);
            if (is_table(was) && at->second.scans > was.scans) out.scanned.push_back(was.name);
        }
        std::sort(out.rewritten.begin(), out.rewritten.end());
        std::sort(out.scanned.begin(), out.scanned.end());
    }

    /// An old snapshot that holds a weak lock on every table makes CONCURRENTLY wait while it has its locks.
    failure run_outside(const statement& s, measured_statement& out) {
        auto old = place_->connect();
        auto watcher = place_->connect();
        old.script("begin isolation level repeatable read; select 1");
        for (const auto& [id, each] : known_)
            if (is_table(each)) static_cast<void>(old.query("select pg_relation_size($1::int8::oid)", id));
        const auto before = relations_of(watcher);
        failure problem;
        {
            std::jthread worker{[&] { problem = send(s.text, false); }};
            for (int i = 0; i < 200 && is_running(watcher); ++i) {
                auto seen = watcher.all<lock_facts>(ask_locks, pid_);
                held_.clear();
                if (!seen.empty() && out.locks.empty()) note_locks(seen, out);
                if (!out.locks.empty()) break;
                std::this_thread::sleep_for(std::chrono::milliseconds{5});
            }
            old.script("rollback");
        }
        if (!problem) note_changes(before, relations_of(watcher), out);
        return problem;
    }

    /// The statement was sent and is not done.
    bool is_running(blocking::connection& watcher) const {
        return !watcher.one<bool>("select state = 'idle' and state_change < now() - interval '200 ms' from "
                                  "pg_stat_activity where pid = $1",
                                  pid_);
    }

    schema::scratch_database* place_;
    measurement* into_;
    blocking::connection db_;
    std::int32_t pid_ = 0;
    facts known_; ///< What was there before the file.
    std::vector<measured_lock> held_;
};

failure run_all(const directory& dir, std::size_t first, const std::set<std::string>& files,
                schema::scratch_database& place, bool rows, measurement& out) {
    gauge on{place, out};
    for (std::size_t i = first; i < dir.files().size(); ++i) {
        const auto& file = dir.files()[i];
        if (file.is_checkpoint()) continue;
        if (rows) on.fill();
        if (auto f = on.run(file)) return f;
    }
    std::erase_if(out.statements, [&](const auto& s) { return !files.contains(s.file); });
    return {};
}

} // namespace

std::string kept_out_by(const std::string& mode) {
    if (mode == "AccessExclusiveLock") return "readers and writers";
    if (mode == "ExclusiveLock" || mode == "ShareRowExclusiveLock" || mode == "ShareLock") return "writers";
    return {};
}

const measured_statement* measurement::find(const std::string& file, std::size_t offset) const {
    for (const auto& each : statements)
        if (each.file == file && each.offset == offset) return &each;
    return nullptr;
}

result<measurement> measure(const directory& dir, const std::set<std::string>& files,
                            const dev_options& dev) {
    std::size_t first = 0;
    while (first < dir.files().size() && !files.contains(dir.files()[first].name())) ++first;
    if (first == dir.files().size()) return measurement{};
    return detail::caught([&]() -> result<measurement> {
        schema::state_reader reader{dev.dev_url()};
        const auto limit = dir.files()[first].version();
        const auto base = replay(dir.only([&](const migration_file& f) { return f.version() < limit; }),
                                 reader, dev.counts());
        if (!base) return failed<measurement>(base.error());
        measurement out;
        for (const bool rows : {true, false}) {
            auto place = reader.scratch().create(base->loaded_in->name());
            measurement attempt;
            attempt.why_no_rows = out.why_no_rows;
            auto f = run_all(dir, first, files, place, rows, attempt);
            if (!f) return attempt;
            // Rows that were made up may not fit; the files themselves have to.
            if (!rows) return failed<measurement>(std::move(f));
            out.why_no_rows = f.message();
        }
        return out;
    });
}

} // namespace tusk::migrate
