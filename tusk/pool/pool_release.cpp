#include <tusk/pool/pool_core.hpp>

#include <tusk/pool/dispatch.hpp>

/// What happens to a connection that comes back, and to one that goes.
namespace tusk::detail {

namespace {

constexpr std::chrono::milliseconds care_budget{1000};

} // namespace

void pool_core::release(item what) noexcept {
    try {
        const auto now = steady_clock::now();
        report_release(*what, now);
        if (what->leak_reported) {
            leak_event e;
            e.pool = name();
            e.start = what->leased_at;
            e.elapsed = now - what->leased_at;
            e.acquired_at = what->where;
            e.backend_pid = what->conn.backend_pid();
            e.returned = true;
            if (observer_) observer_->leaked(e);
        }
        if (!what->conn.is_open()) {
            server_failed(what->breaker_generation);
            discard(std::move(what), close_reason::broken);
        } else if (slots_.expired(*what, now)) {
            discard(std::move(what), close_reason::lifetime);
        } else if (has_lost_role(*what)) {
            discard_for_role(std::move(what));
        } else if (needs_care(*what)) {
            {
                const std::lock_guard lock{mutex_};
                what->state = state::looked_after;
            }
            post_spawn(executor_, take_care(std::move(what)));
        } else {
            if (what->blamed) server_failed(what->breaker_generation);
            hand_over(std::move(what), now);
        }
    } catch (...) { // out of memory: the connection is closed with its owner, the slot is free again
        if (!what) return;
        const std::lock_guard lock{mutex_};
        slots_.lost(*what);
    }
}

/// Whether it takes a round trip, or a hook, before the next one may have it.
bool pool_core::needs_care(pooled& what) const {
    if (!what.conn.is_clean() || hooks_.after_release()) return true;
    if (what.conn.refused_to_write() && !question_for_role(what, true).empty()) {
        what.doubted = true;
        return true;
    }
    // What a pooler gives and takes between two transactions is not ours to reset.
    if (what.conn.mode() != exec_mode::cache_statement) return false;
    return reset_ == reset_policy::always || (reset_ == reset_policy::when_altered && what.conn.is_altered());
}

/// Off everybody's way.
asio::awaitable<void> pool_core::take_care(item what) {
    const auto self = shared_from_this();
    bool good = false;
    try {
        good = co_await restore(*what);
    } catch (...) { // a hook's: this connection goes
        good = false;
    }
    if (!good)
        discard(std::move(what), close_reason::reset_failed);
    else if (has_lost_role(*what))
        discard_for_role(std::move(what));
    else
        hand_over(std::move(what));
}

asio::awaitable<bool> pool_core::restore(pooled& what) {
    const auto until = deadline::in(care_budget);
    const auto limited = options{}.until(until);
    auto& c = what.conn;
    if (!c.is_clean()) {
        const auto f = co_await c.recover(until);
        if (f || !c.is_clean()) co_return false;
    }
    if (std::exchange(what.doubted, false)) {
        const auto f = co_await ask_for_role(what, limited);
        if (f.code() == make_error_code(errc::no_suitable_host)) {
            drop_idle_for_role();
            co_return false;
        }
        if (f) co_return false;
    }
    if (hooks_.after_release()) {
        const bool keep = co_await hooks_.after_release()(c);
        if (!keep || !c.is_clean()) co_return false;
    }
    const bool due =
        reset_ == reset_policy::always || (reset_ == reset_policy::when_altered && c.is_altered());
    if (!due || c.mode() != exec_mode::cache_statement) co_return true;
    const auto f = co_await c.reset_session(limited);
    if (f) co_return false;
    if (!hooks_.after_connect()) co_return true;
    co_await hooks_.after_connect()(c);
    c.accept_session();
    co_return c.is_clean();
}

void pool_core::give_up(item what) noexcept {
    try {
        if (what->conn.is_clean())
            hand_over(std::move(what));
        else
            discard(std::move(what), close_reason::broken);
    } catch (...) { // out of memory: it is closed with its owner
    }
}

/// Under the mutex: to the first caller in the queue, or to a run of statements.
void pool_core::hand_to_first_locked(item& what, std::shared_ptr<waiter>& to,
                                     std::shared_ptr<shared_session>& session) {
    what->state = state::looked_after;
    what->breaker_generation = breaker_.generation();
    if (waiters_.front()->statement != nullptr) {
        what->leased_at = steady_clock::now();
        what->state = state::shared;
        what->blamed = false;
        session = std::allocate_shared<shared_session>(net::frame_allocator<shared_session>{},
                                                       shared_from_this(), std::move(what));
        return;
    }
    to = std::move(waiters_.front());
    waiters_.pop_front();
    to->queued = false;
    to->got = std::move(what);
}

/// To the first caller in the queue, else to the idle stack.
void pool_core::hand_over(item what, steady_clock::time_point now) {
    std::shared_ptr<waiter> next;
    std::shared_ptr<shared_session> session;
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
                return;
            }
            hand_to_first_locked(what, next, session);
        }
    }
    if (session)
        session->start();
    else if (next)
        finish(next);
    else
        discard(std::move(what), why);
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
    std::vector<std::shared_ptr<waiter>> closers;
    {
        const std::lock_guard lock{mutex_};
        slots_.lost(*what);
        if (why == close_reason::lifetime)
            ++counters_.closed_by_lifetime;
        else if (why == close_reason::idle)
            ++counters_.closed_by_idle_time;
        else if (why != close_reason::shutdown)
            ++counters_.closed_broken;
        closers = closers_if_empty_locked();
    }
    what.reset();
    report_closed(why);
    try {
        for (auto& w : closers) finish(w);
        connect_as_needed();
    } catch (...) { // the next acquire or the maintenance tries again
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
    std::vector<std::shared_ptr<waiter>> closers;
    {
        const std::lock_guard lock{mutex_};
        slots_.lost(*what);
        ++counters_.detached;
        closers = closers_if_empty_locked();
    }
    for (auto& w : closers) finish(w);
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

// ---- leases that answer to the breaker

retry_decision pool_core::after_failure(const failure& f, std::uint32_t attempt, const request& what,
                                        deadline until) {
    const auto now = steady_clock::now();
    const auto policy = current()->retry();
    auto next =
        decide_retry(policy, f, attempt, what.call_options().is_idempotent(), until, now, random_share());
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
    {
        const std::lock_guard lock{mutex_};
        ++counters_.retries;
    }
    return next;
}

} // namespace tusk::detail
