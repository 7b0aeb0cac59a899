#include <tusk/migrate/detail/session.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

namespace tusk::migrate::detail {

namespace {

using std::chrono::milliseconds;

struct server_facts {
    std::int32_t pid;
    bool recovering;
    bool read_only;
};

/// Waits, unless stopping is requested meanwhile.
void wait(milliseconds time, const std::stop_token& stop) {
    std::mutex m;
    std::condition_variable_any changed;
    std::unique_lock hold{m};
    static_cast<void>(changed.wait_for(hold, stop, time, [] { return false; }));
}

/// Of Atlas: 25 to 50 ms at first, doubling, 2 s at most. Polled, because a session that waits inside the
/// server would hold up a CREATE INDEX CONCURRENTLY of the one that has the lock, and deadlock with it.
milliseconds polling_time(unsigned attempt) {
    static thread_local std::mt19937 random{std::random_device{}()};
    const int top = std::min(50 << std::min(attempt, 6u), 2'000);
    return milliseconds{std::uniform_int_distribution<int>{top / 2, top}(random)};
}

std::string setting(const char* name, milliseconds value) {
    return std::string{"set "} + name + " = " + std::to_string(value.count()) + ";";
}

failure refuse_standby(const std::string& server, bool recovering) {
    return failure{
        errc::no_suitable_host,
        server + (recovering ? " is a standby" : " is read-only") +
            ": it cannot be migrated\nremedy: connect to the primary (target_session_attrs=primary)"};
}

failure refuse_pooler(const std::string& server) {
    return failure{errc::invalid_configuration,
                   server +
                       " is a pooler that moves clients between servers (pool_mode = transaction): the lock "
                       "that keeps two runs apart belongs to a session and would not hold there\nremedy: "
                       "connect to the server itself, or to a pool with pool_mode = session"};
}

} // namespace

session::session(const connect_config& target, blocking::connection db, const apply_options& o)
    : target_{target}, db_{std::move(db)},
      settings_{"reset session authorization; reset all; set standard_conforming_strings = on;" +
                setting("lock_timeout", o.statement_lock_timeout()) +
                setting("statement_timeout", o.statement_timeout())},
      setup_{o.session_setup()}, stop_{o.stop()} {}

session::~session() {
    on_stop_.reset();
    unlock();
}

result<std::unique_ptr<session>> session::open(const connect_config& target, const apply_options& o,
                                               bool only_reads) {
    using made = std::unique_ptr<session>;
    auto config = target;
    if (config.application_name().empty()) config.application_name("tusk migrate");
    auto db = blocking::connection::try_open(config, {}, deadline::never());
    if (!db) return failed<made>(db.error());
    made out{new session{config, std::move(*db), o}};
    if (auto f = out->check(only_reads)) return failed<made>(std::move(f));
    auto found = journal::open(out->db_, o.revisions_schema());
    if (!found) return failed<made>(found.error());
    out->journal_.emplace(std::move(*found));
    out->on_stop_ = std::make_unique<std::stop_callback<std::function<void()>>>(
        o.stop(), [s = out.get()] { s->cancel(); });
    return out;
}

failure session::check(bool only_reads) {
    const auto facts = db_.try_one<server_facts>(
        "select pg_catalog.pg_backend_pid() as pid, pg_catalog.pg_is_in_recovery() as recovering, "
        "pg_catalog.current_setting('transaction_read_only')::bool as read_only");
    if (!facts) return facts.error();
    backend_ = facts->pid;
    if (only_reads) return {};
    if (facts->recovering || facts->read_only) return refuse_standby(db_.server(), facts->recovering);
    // A pooler makes up the process id that it reports.
    return facts->pid == db_.backend_pid() ? failure{} : check_pooler();
}

/// Another client is given the server of this one, or this one is given another server meanwhile: then
/// servers belong to transactions. With pool_mode = session neither happens.
failure session::check_pooler() {
    constexpr std::string_view ask = "select pg_catalog.pg_backend_pid()";
    auto second = blocking::connection::try_open(target_, {}, deadline::never());
    if (!second) return failure{second.error()}.add_context("looking what pooler this is");
    auto held = second->begin();
    const auto other = held.try_one<std::int32_t>(ask);
    if (!other) return refuse_pooler(db_.server());
    const auto again = db_.try_one<std::int32_t>(ask);
    if (!again) return again.error();
    return *other == backend_ || *again != backend_ ? refuse_pooler(db_.server()) : failure{};
}

failure session::lock(const apply_options& o) {
    const auto until = deadline::in(o.wait_for_lock(), false);
    for (unsigned attempt = 0;; ++attempt) {
        const auto got = db_.try_one<bool>("select pg_catalog.pg_try_advisory_lock($1)", execute_lock_id);
        if (!got) return got.error();
        locked_ = *got;
        if (locked_) return {};
        if (attempt == 0 && o.on_event()) o.on_event()(event{event_kind::waiting, {}, 0, 0, {}});
        if (stop_requested()) return failure{errc::canceled, "stopped while waiting for another run"};
        if (until.expired())
            return failure{
                errc::timeout,
                "another run of migrations holds the lock\nremedy: wait until it has ended, or give "
                "--lock-timeout more time; `select * from pg_locks where locktype = 'advisory'` shows "
                "who has it"};
        wait(std::min(polling_time(attempt), std::chrono::ceil<milliseconds>(until.remaining())), stop_);
    }
}

void session::unlock() noexcept {
    if (!locked_ || !db_.is_open()) return;
    locked_ = false;
    static_cast<void>(db_.try_exec("select pg_catalog.pg_advisory_unlock($1)", execute_lock_id));
}

failure session::reset(std::string_view then) {
    if (setup_.empty()) return db_.try_script(settings_ + std::string{then});
    if (auto f = db_.try_script(settings_)) return f;
    if (auto f = run_hook("session", setup_)) return f;
    return then.empty() ? failure{} : db_.try_script(std::string{then});
}

failure session::run_hook(std::string_view name, const std::string& sql) {
    if (sql.empty()) return {};
    auto f = execute(sql);
    if (f) f.add_context("hook " + std::string{name});
    return f;
}

failure session::execute(const std::string& sql) {
    if (stop_requested()) return failure{errc::canceled, "stopped"};
    auto f = db_.try_script(sql);
    if (f && stop_requested() && f == condition::canceled) f.set_code(make_error_code(errc::canceled));
    return f;
}

/// Runs on the thread that requests the stop.
void session::cancel() noexcept {
    try {
        auto other = blocking::connection::try_open(target_, {}, deadline::in(std::chrono::seconds{5}));
        if (other) static_cast<void>(other->try_exec("select pg_catalog.pg_cancel_backend($1)", backend_));
    } catch (...) { // the run notices between two statements anyway
    }
}

} // namespace tusk::migrate::detail
