#include <tusk/pool/pool_core.hpp>

#include <algorithm>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/pool/dispatch.hpp>
#include <tusk/pool/pool_texts.hpp>

/// How a caller gets a connection: at once, or by the queue.
namespace tusk::detail {

/// Out of the idle stack, for somebody.
pool_core::item pool_core::take_idle_locked(state as, const std::source_location& where) {
    auto got = slots_.take();
    if (!got) return got;
    got->state = as;
    got->where = where;
    got->leak_reported = false;
    got->blamed = false;
    got->breaker_generation = breaker_.generation();
    return got;
}

lease pool_core::take_now(const std::source_location& where) {
    const auto now = steady_clock::now();
    item got;
    double usage = 0;
    bool idle_missing = false;
    {
        const std::lock_guard lock{mutex_};
        if (closed_ || !waiters_.empty() || !breaker_.allows()) return {}; // nobody is overtaken
        const auto* next = slots_.top();
        if (next == nullptr || slots_.expired(*next, now) || now - next->last_used >= surely_alive) return {};
        if (hooks_.before_acquire() || hooks_.should_ping()) return {};
        got = take_idle_locked(state::leased, where);
        got->leased_at = now;
        ++counters_.acquires;
        idle_missing = slots_.idle() < config_->min_idle();
        const double share = static_cast<double>(slots_.in_use()) / config_->max_connections();
        if (!pressed_ && share >= config_->pressure_usage()) {
            pressed_ = true;
            usage = share;
        }
    }
    if (idle_missing) connect_as_needed();
    if (observer_) {
        report_acquire(acquire_result::ok, now, false, nullptr);
        if (usage > 0) report_usage(usage, 0);
    }
    return lease{shared_from_this(), std::move(got)};
}

void pool_core::acquire_failed(const failure& why, steady_clock::time_point since, bool waited) {
    report_acquire(result_of_acquire(why), since, waited, &why);
}

asio::awaitable<result<lease>> pool_core::acquire(deadline until, std::source_location where) {
    const auto self = shared_from_this();
    const auto since = steady_clock::now();
    bool waited = false;
    for (;;) {
        item got;
        const keeper guard{*this, got};
        failure why;
        {
            const std::lock_guard lock{mutex_};
            if (closed_)
                why = pool_closed_failure();
            else if (!breaker_.allows())
                why = circuit_open_failure(name(), breaker_, since, last_connect_error_);
            else if (waiters_.empty()) // nobody is overtaken
                got = take_idle_locked(state::looked_after, where);
            if (why) ++counters_.failed_acquires;
        }
        if (!got && !why) {
            waited = true;
            auto w = std::allocate_shared<waiter>(net::frame_allocator<waiter>{});
            w->until = until;
            w->executor = executor_;
            w->since = since;
            co_await wait_for(w);
            got = std::move(w->got);
            why = std::move(w->why);
        }
        if (!got) {
            acquire_failed(why, since, waited);
            co_return why;
        }
        const auto good = co_await passes_checks(*got, until);
        if (!good) { // a hook refused the caller
            const failure refused = good.error();
            release(std::move(got));
            acquire_failed(refused, since, waited);
            co_return refused;
        }
        if (!*good) {
            const bool old = slots_.expired(*got, steady_clock::now());
            discard(std::move(got), old ? close_reason::lifetime : close_reason::broken);
            continue;
        }
        const auto now = steady_clock::now();
        {
            const std::lock_guard lock{mutex_};
            ++counters_.acquires;
            if (waited) ++counters_.waited_acquires;
            counters_.wait_time += now - since;
        }
        lend(*got, where, now);
        report_acquire(acquire_result::ok, since, waited, nullptr);
        co_return lease{self, std::move(got)};
    }
}

void pool_core::lend(pooled& what, const std::source_location& where, steady_clock::time_point now) {
    double usage = 0;
    std::uint32_t waiting = 0;
    bool idle_missing = false;
    {
        const std::lock_guard lock{mutex_};
        idle_missing = slots_.idle() < config_->min_idle();
        what.leased_at = now;
        what.where = where;
        what.state = state::leased;
        what.leak_reported = false;
        what.blamed = false;
        what.breaker_generation = breaker_.generation();
        const double share = static_cast<double>(slots_.in_use()) / config_->max_connections();
        if (!pressed_ && share >= config_->pressure_usage()) {
            pressed_ = true;
            usage = share;
            waiting = static_cast<std::uint32_t>(waiters_.size());
        }
    }
    if (idle_missing) connect_as_needed();
    if (usage > 0) report_usage(usage, waiting);
}

asio::awaitable<std::vector<lease>> pool_core::acquire_all_idle(std::source_location where) {
    const auto self = shared_from_this();
    std::vector<item> idle;
    {
        const std::lock_guard lock{mutex_};
        while (!closed_) {
            auto got = take_idle_locked(state::looked_after, where);
            if (!got) break;
            idle.push_back(std::move(got));
        }
    }
    std::vector<lease> out;
    std::vector<std::unique_ptr<keeper>> guards;
    for (auto& one : idle) guards.push_back(std::make_unique<keeper>(*this, one));
    for (auto& one : idle) {
        const auto limit = deadline::in(current()->ping_timeout());
        const auto good = co_await passes_checks(*one, limit);
        if (!good || !*good) {
            discard(std::move(one), close_reason::broken);
            continue;
        }
        lend(*one, where, steady_clock::now());
        out.push_back(lease{self, std::move(one)});
    }
    co_return out;
}

/// Whether the connection is fit for a caller; an error when a hook refuses the caller himself.
asio::awaitable<result<bool>> pool_core::passes_checks(pooled& what, deadline until) {
    const auto now = steady_clock::now();
    if (slots_.expired(what, now)) co_return false;
    const auto idle = now - what.last_used;
    if (idle >= surely_alive && !what.conn.looks_alive()) co_return false;
    const auto limit = current()->ping_after_idle();
    const bool ask = hooks_.should_ping() ? hooks_.should_ping()(what.conn, idle)
                                          : limit > steady_clock::duration::zero() && idle >= limit;
    if (ask) {
        const auto soon = earlier(until, deadline::in(current()->ping_timeout()));
        const auto f = co_await ping(what, soon);
        if (f || !what.conn.is_open() || has_lost_role(what)) co_return false;
    }
    if (!hooks_.before_acquire()) co_return true;
    failure refused;
    try {
        const bool taken = co_await hooks_.before_acquire()(what.conn);
        co_return taken&& what.conn.is_clean();
    } catch (const error& e) {
        refused = e.as_failure();
    } catch (const std::exception& e) {
        refused = failure{errc::canceled, std::string{"before_acquire: "} + e.what()};
    }
    co_return failed<bool>(std::move(refused));
}

// ---- the queue

asio::awaitable<void> pool_core::wait_for(std::shared_ptr<waiter> w) {
    return asio::async_initiate<decltype(asio::use_awaitable), void()>(
        [this, w](auto h) {
            // As soon as it is in the queue, another thread may give it what it waits for, and the coroutine
            // may be over, with this closure, before we return.
            const auto self = shared_from_this();
            const auto mine = w;
            const auto until = w->until;
            auto slot = asio::get_associated_cancellation_slot(h);
            if (slot.is_connected())
                slot.assign([weak = weak_from_this(), mine](asio::cancellation_type) {
                    if (const auto pool = weak.lock()) pool->cancel_waiter(mine);
                });
            mine->done = net::completion::of(std::move(h));
            if (!self->join_queue(mine)) {
                mine->done.post(self->executor_);
                return;
            }
            self->connect_as_needed();
            self->arm_waiter_timer(until);
        },
        asio::use_awaitable);
}

/// False when there is nothing to wait for: a connection came back in between, or the pool was closed.
bool pool_core::join_queue(const std::shared_ptr<waiter>& w) {
    const std::lock_guard lock{mutex_};
    if (closed_) {
        w->why = pool_closed_failure();
        return false;
    }
    if (waiters_.empty() && (w->got = take_idle_locked(state::looked_after, {}))) return false;
    w->queued = true;
    waiters_.push_back(w);
    return true;
}

void pool_core::cancel_waiter(const std::shared_ptr<waiter>& w) {
    {
        const std::lock_guard lock{mutex_};
        if (!w->queued) {
            if (w->statement != nullptr) cancel_shared(w);
            return;
        }
        std::erase(waiters_, w);
        w->queued = false;
        ++counters_.canceled;
    }
    w->why = failure{errc::canceled, "waiting for a connection was cancelled"};
    w->why.set_sent(sent_state::none, retry_advice::never);
    w->done.post(executor_);
}

/// One timer for the whole queue; it sleeps until the earliest deadline that it knew when it was set.
void pool_core::arm_waiter_timer(deadline first) {
    {
        const std::lock_guard lock{mutex_};
        if (first.is_never() || waiter_timer_at_ <= first.at()) return;
        waiter_timer_at_ = first.at();
    }
    asio::post(timers_, [self = shared_from_this(), first] {
        self->waiter_timer_.expires_at(first.at());
        self->waiter_timer_.async_wait([weak = self->weak_from_this()](const boost::system::error_code& ec) {
            const auto pool = weak.lock();
            if (!ec && pool) pool->expire_waiters();
        });
    });
}

void pool_core::expire_waiters() {
    std::vector<std::shared_ptr<waiter>> late;
    std::vector<std::shared_ptr<shared_session>> in_vain;
    deadline first;
    bool no_server = false;
    std::uint64_t generation = 0;
    {
        const std::lock_guard lock{mutex_};
        waiter_timer_at_ = steady_clock::time_point::max();
        const auto now = steady_clock::now();
        for (auto* session : shared_) {
            const auto next = session->first_deadline();
            if (next.at() <= now)
                in_vain.push_back(session->shared_from_this());
            else
                first = earlier(first, next);
        }
        for (auto at = waiters_.begin(); at != waiters_.end();) {
            if ((*at)->until.at() > now) {
                first = earlier(first, (*at)->until);
                ++at;
                continue;
            }
            (*at)->queued = false;
            (*at)->why = acquire_timeout_failure(name(), stats_locked(), last_connect_error_);
            ++counters_.timeouts;
            late.push_back(std::move(*at));
            at = waiters_.erase(at);
        }
        no_server = slots_.in_use() + slots_.idle() == 0;
        generation = breaker_.generation();
    }
    // A pool that is full says nothing about the server; one that cannot connect does.
    if (no_server && !late.empty()) server_failed(generation, static_cast<std::uint32_t>(late.size()));
    for (auto& w : late) finish(w);
    for (auto& session : in_vain) session->poke();
    arm_waiter_timer(first);
}

} // namespace tusk::detail
