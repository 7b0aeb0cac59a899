#include <tusk/pool/blocking_core.hpp>

#include <algorithm>

#include <tusk/pool/pool_texts.hpp>
#include <tusk/pool/server_role.hpp>

/// How threads get connections and give them back.
namespace tusk::blocking::detail {

using namespace tusk::detail;

namespace {

constexpr std::chrono::milliseconds care_budget{1000};

} // namespace

pool_core::pool_core(const pool_config& config, std::shared_ptr<observer> observed_by, pool_hooks hooks,
                     std::shared_ptr<const net::connect_target> target)
    : observer_{std::move(observed_by)}, target_{std::move(target)}, hooks_{std::move(hooks)},
      retry_budget_{config.retry(), steady_clock::now()}, breaker_{config.breaker(), std::random_device{}()} {
    if (config.connections()) settings_ = *config.connections();
    settings_.statement_timeout(config.statement_timeout()).observe_with(observer_).pool_name(config.name());
    apply(config);
}

/// Takes over the settings, but for server, name, breaker and budget, which stay.
void pool_core::apply(const pool_config& c) {
    auto mine = std::make_shared<const pool_config>(c);
    const std::lock_guard lock{mutex_};
    config_ = std::move(mine);
    slots_.limits(c.min_connections(), c.max_connections(), c.min_idle());
}

void pool_core::reconfigure(const pool_config& c) {
    auto wanted = c;
    wanted.server(target_->config()).name(name()).breaker(current()->breaker());
    throw_if(wanted.validate());
    apply(wanted);
    std::vector<item> surplus;
    {
        const std::lock_guard lock{mutex_};
        surplus = slots_.surplus();
        counters_.closed_by_idle_time += surplus.size();
        hurry_ = true;
    }
    wake_keeper_.notify_one();
    close_all(std::move(surplus), close_reason::idle);
    connect_as_needed();
}

// ---- acquiring

pool_core::item pool_core::take_idle_locked() {
    auto got = slots_.take();
    if (got) {
        got->state = state::looked_after;
        got->breaker_generation = breaker_.generation();
    }
    return got;
}

/// In the queue until somebody brings a connection, or the deadline.
pool_core::item pool_core::wait_locked(std::unique_lock<std::mutex>& lock, deadline until, failure& why) {
    waiter me;
    me.since = steady_clock::now();
    waiters_.push_back(&me);
    lock.unlock();
    connect_as_needed();
    lock.lock();
    const auto settled = [&] { return me.settled; };
    if (until.is_never())
        me.settled_or_late.wait(lock, settled);
    else
        me.settled_or_late.wait_until(lock, until.at(), settled);
    if (!me.settled) {
        why = acquire_timeout_failure(name(), stats_locked(), last_connect_error_);
        std::erase(waiters_, &me);
        ++counters_.timeouts;
        return nullptr;
    }
    why = std::move(me.why);
    return std::move(me.got);
}

result<lease> pool_core::acquire(deadline until, const std::source_location& where) {
    const auto since = steady_clock::now();
    bool waited = false;
    for (;;) {
        item got;
        failure why;
        bool no_server = false;
        std::uint64_t generation = 0;
        {
            std::unique_lock lock{mutex_};
            if (closed_)
                why = pool_closed_failure();
            else if (!breaker_.allows())
                why = circuit_open_failure(name(), breaker_, since, last_connect_error_);
            else if (waiters_.empty()) // nobody is overtaken
                got = take_idle_locked();
            if (why) ++counters_.failed_acquires;
            if (!got && !why) {
                waited = true;
                got = wait_locked(lock, until, why);
                no_server = why == condition::pool_timeout && slots_.in_use() + slots_.idle() == 0;
                generation = breaker_.generation();
            }
        }
        if (!got) {
            // A full pool says nothing about the server; one that cannot connect does.
            if (no_server) server_failed(generation);
            report_acquire(result_of_acquire(why), since, waited, &why);
            return why;
        }
        const auto good = passes_checks(*got, until);
        if (!good) { // a hook refused the caller
            const failure refused = good.error();
            release(std::move(got));
            report_acquire(result_of_acquire(refused), since, waited, &refused);
            return refused;
        }
        if (*good) return lend(std::move(got), where, since, waited);
        const bool old = slots_.expired(*got, steady_clock::now());
        discard(std::move(got), old ? close_reason::lifetime : close_reason::broken);
    }
}

lease pool_core::lend(item what, const std::source_location& where, steady_clock::time_point since,
                      bool waited) {
    const auto now = steady_clock::now();
    double usage = 0;
    std::uint32_t waiting = 0;
    bool idle_missing = false;
    {
        const std::lock_guard lock{mutex_};
        ++counters_.acquires;
        if (waited) ++counters_.waited_acquires;
        counters_.wait_time += now - since;
        idle_missing = slots_.idle() < config_->min_idle();
        what->leased_at = now;
        what->where = where;
        what->state = state::leased;
        what->leak_reported = false;
        what->blamed = false;
        what->breaker_generation = breaker_.generation();
        const double share = static_cast<double>(slots_.in_use()) / config_->max_connections();
        if (!pressed_ && share >= config_->pressure_usage()) {
            pressed_ = true;
            usage = share;
            waiting = static_cast<std::uint32_t>(waiters_.size());
        }
    }
    if (idle_missing) connect_as_needed();
    report_acquire(acquire_result::ok, since, waited, nullptr);
    if (usage > 0) report_usage(usage, waiting);
    return lease{shared_from_this(), std::move(what)};
}

/// Whether the connection is fit for a caller; an error when a hook refuses the caller himself.
result<bool> pool_core::passes_checks(pooled& what, deadline until) {
    const auto now = steady_clock::now();
    if (slots_.expired(what, now)) return false;
    const auto idle = now - what.last_used;
    if (idle >= surely_alive && !what.conn.looks_alive()) return false;
    const auto limit = current()->ping_after_idle();
    if (limit > steady_clock::duration::zero() && idle >= limit) {
        const auto f = ping(what, earlier(until, deadline::in(current()->ping_timeout())));
        if (f || !what.conn.is_open() || has_lost_role(what)) return false;
    }
    if (!hooks_.before_acquire()) return true;
    try {
        return hooks_.before_acquire()(what.conn) && what.conn.is_clean();
    } catch (const error& e) {
        return failed<bool>(failure{e.as_failure()});
    } catch (const std::exception& e) {
        return failed<bool>(failure{errc::canceled, std::string{"before_acquire: "} + e.what()});
    } catch (...) {
        return failed<bool>(
            failure{errc::canceled, "before_acquire threw no exception of the standard library"});
    }
}

/// Whether the server is there and still has the wanted role, in one round trip either way.
failure pool_core::ping(pooled& what, deadline until) {
    const auto limited = options{}.until(until);
    const auto question = question_for_role(target_->config().target_session_attrs());
    if (question.empty() || role_of(what.conn)) return what.conn.ping(limited);
    const auto answer = what.conn.try_one<bool>(limited, question);
    if (!answer) return answer.error();
    return *answer ? failure{} : lost_role_failure();
}

bool pool_core::has_lost_role(const pooled& what) const noexcept {
    return tusk::detail::has_lost_role(what.conn, target_->config().target_session_attrs());
}

// ---- giving back

void pool_core::note_sql(pooled& what, std::string_view sql) {
    const std::lock_guard lock{mutex_};
    what.last_sql = sql;
}

void pool_core::release(item what) noexcept {
    try {
        const auto now = steady_clock::now();
        if (observer_) {
            release_event e;
            e.pool = name();
            e.start = what->leased_at;
            e.elapsed = now - what->leased_at;
            e.backend_pid = what->conn.backend_pid();
            observer_->released(e);
        }
        bool leaked = false;
        {
            const std::lock_guard lock{mutex_};
            leaked = std::exchange(what->leak_reported, false);
            what->state = state::looked_after;
        }
        if (leaked && observer_) {
            leak_event e;
            e.pool = name();
            e.start = what->leased_at;
            e.elapsed = now - what->leased_at;
            e.acquired_at = what->where;
            e.backend_pid = what->conn.backend_pid();
            e.returned = true;
            observer_->leaked(e);
        }
        if (!what->conn.is_open()) {
            server_failed(what->breaker_generation);
            discard(std::move(what), close_reason::broken);
        } else if (slots_.expired(*what, now)) {
            discard(std::move(what), close_reason::lifetime);
        } else if (!restore(*what)) {
            discard(std::move(what), close_reason::reset_failed);
        } else if (has_lost_role(*what)) {
            discard(std::move(what), close_reason::health);
        } else {
            if (what->blamed) server_failed(what->breaker_generation);
            hand_over(std::move(what));
        }
    } catch (...) { // out of memory: the connection is closed with its owner, the place is free again
        if (!what) return;
        const std::lock_guard lock{mutex_};
        slots_.lost(*what);
    }
}

/// As it was when it was made, in a round trip only when that is needed. A hook's exception means no.
bool pool_core::restore(pooled& what) {
    auto& c = what.conn;
    const auto until = deadline::in(care_budget);
    const auto limited = options{}.until(until);
    if (!c.is_clean() && (c.recover(until) || !c.is_clean())) return false;
    const auto question = question_for_role(target_->config().target_session_attrs());
    if (c.refused_to_write() && !question.empty()) {
        const auto fits = c.try_one<bool>(limited, question);
        if (!fits || !*fits) return false;
    }
    try {
        if (hooks_.after_release() && (!hooks_.after_release()(c) || !c.is_clean())) return false;
        const auto policy = current()->reset();
        const bool due =
            policy == reset_policy::always || (policy == reset_policy::when_altered && c.is_altered());
        // What a pooler gives and takes between two transactions is not ours to reset.
        if (!due || c.mode() != exec_mode::cache_statement) return true;
        if (c.reset_session(limited)) return false;
        if (!hooks_.after_connect()) return true;
        hooks_.after_connect()(c);
        c.accept_session();
        return c.is_clean();
    } catch (...) {
        return false;
    }
}

/// To the first thread in the queue, else to the idle stack.
void pool_core::hand_over(item what, steady_clock::time_point now) {
    auto why = close_reason::shutdown;
    {
        const std::lock_guard lock{mutex_};
        if (!what->blamed) breaker_.succeeded(now, what->breaker_generation);
        what->blamed = false;
        why = closed_ ? close_reason::shutdown : close_reason::lifetime;
        if (!closed_ && what->epoch == epoch_ && slots_.total() <= config_->max_connections()) {
            what->last_used = now;
            if (waiters_.empty()) {
                what->state = state::idle;
                slots_.give_back(std::move(what), now);
                pressed_ = pressed_ && static_cast<double>(slots_.in_use()) / config_->max_connections() >=
                                           config_->pressure_usage();
            } else {
                auto* first = waiters_.front();
                waiters_.pop_front();
                what->state = state::looked_after;
                what->breaker_generation = breaker_.generation();
                first->got = std::move(what);
                first->settled = true;
                first->settled_or_late.notify_one(); // under the lock: it lives on the other thread's stack
            }
            return;
        }
    }
    discard(std::move(what), why);
}

/// An idle one that was looked after: where it was, unless somebody waits.
void pool_core::put_back(item what) {
    {
        const std::lock_guard lock{mutex_};
        if (waiters_.empty() && !closed_ && what->epoch == epoch_) {
            what->state = state::idle;
            slots_.put_back(std::move(what));
            return;
        }
    }
    hand_over(std::move(what));
}

void pool_core::say_goodbye(pooled& what) const noexcept {
    if (!hooks_.before_close()) return;
    try {
        hooks_.before_close()(what.conn);
    } catch (...) { // it goes either way
    }
}

void pool_core::discard(item what, close_reason why) noexcept {
    say_goodbye(*what);
    {
        const std::lock_guard lock{mutex_};
        slots_.lost(*what);
        if (why == close_reason::lifetime)
            ++counters_.closed_by_lifetime;
        else if (why == close_reason::idle)
            ++counters_.closed_by_idle_time;
        else if (why != close_reason::shutdown)
            ++counters_.closed_broken;
        gone_.notify_all();
    }
    what.reset();
    report_closed(why);
    try {
        connect_as_needed();
    } catch (...) { // the next acquire or the keeper tries again
    }
}

/// Idle ones that were taken out of the books.
void pool_core::close_all(std::vector<item> what, close_reason why) noexcept {
    for (auto& one : what) {
        say_goodbye(*one);
        one.reset();
        report_closed(why);
    }
}

connection pool_core::detach(item what) {
    connection out = std::move(what->conn);
    {
        const std::lock_guard lock{mutex_};
        slots_.lost(*what);
        ++counters_.detached;
        gone_.notify_all();
    }
    connect_as_needed();
    return out;
}

void pool_core::replace_all() {
    std::vector<item> idle;
    {
        const std::lock_guard lock{mutex_};
        ++epoch_;
        idle = slots_.drain();
        counters_.closed_by_lifetime += idle.size();
    }
    close_all(std::move(idle), close_reason::lifetime);
    connect_as_needed();
}

retry_decision pool_core::after_failure(const failure& f, std::uint32_t attempt, const request& what,
                                        deadline until) {
    const auto now = steady_clock::now();
    const auto next = decide_retry(current()->retry(), f, attempt, what.call_options().is_idempotent(), until,
                                   now, random_share());
    if (!next.again || !retry_budget_.take(now)) return {};
    if (observer_) {
        retry_event e;
        e.pool = name();
        e.start = now;
        e.error = &f;
        e.sql = what.text()->text;
        e.attempt = attempt + 1;
        e.delay = next.delay;
        observer_->retried(e);
    }
    const std::lock_guard lock{mutex_};
    ++counters_.retries;
    return next;
}

} // namespace tusk::blocking::detail
