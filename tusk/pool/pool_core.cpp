#include <tusk/pool/pool_core.hpp>

#include <algorithm>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/pool/dispatch.hpp>

namespace tusk::detail {

namespace {

constexpr std::chrono::milliseconds clean_up_budget{1000};
constexpr std::chrono::milliseconds ping_budget{1000};
constexpr std::chrono::milliseconds startup_pause{50};

/// The server is there but not yet open for business: worth waiting for.
bool is_starting_up(const failure& f) {
    return f.code() == make_error_code("57P03"_sqlstate) || f.code() == make_error_code("53300"_sqlstate);
}

failure closed_failure() {
    return failure{errc::pool_closed, "the pool is closed"}.set_sent(sent_state::none, retry_advice::never);
}

} // namespace

pool_core::pool_core(asio::any_io_executor executor, pool_config config,
                     std::shared_ptr<observer> observed_by, std::shared_ptr<const net::connect_target> target)
    : executor_{std::move(executor)}, config_{std::move(config)}, observer_{std::move(observed_by)},
      target_{std::move(target)}, waiter_timer_{asio::make_strand(executor_)},
      maintenance_timer_{waiter_timer_.get_executor()}, timers_{waiter_timer_.get_executor()} {
    slots_.limits(config_.min_connections(), config_.max_connections());
    settings_.statement_timeout(config_.statement_timeout())
        .observe_with(observer_)
        .pool_name(config_.name());
}

void pool_core::post_spawn(const asio::any_io_executor& on, asio::awaitable<void> work) {
    asio::co_spawn(on, std::move(work), asio::detached);
}

void pool_core::start() {
    {
        const std::lock_guard lock{mutex_};
        if (started_ || closed_) return;
        started_ = true;
    }
    post_spawn(timers_, maintain());
}

// ---- acquiring
// ------------------------------------------------------------------------------------------------

bool pool_core::is_fresh(const pooled& what, steady_clock::time_point now) const noexcept {
    return config_.ping_after_idle() <= steady_clock::duration::zero() ||
           now - what.last_used < config_.ping_after_idle();
}

lease pool_core::take_now() {
    const auto now = steady_clock::now();
    item got;
    {
        const std::lock_guard lock{mutex_};
        if (closed_ || !waiters_.empty()) return {}; // nobody is overtaken
        const auto* next = slots_.top();
        if (next == nullptr || slots_.expired(*next, now) || !is_fresh(*next, now)) return {};
        got = slots_.take();
        ++counters_.acquires;
    }
    got->leased_at = now;
    if (observer_) report_acquire(acquire_result::ok, now, false, nullptr);
    return lease{shared_from_this(), std::move(got)};
}

asio::awaitable<result<lease>> pool_core::acquire(deadline until) {
    const auto self = shared_from_this();
    const auto since = steady_clock::now();
    bool waited = false;
    for (;;) {
        item got;
        {
            const std::lock_guard lock{mutex_};
            if (closed_) {
                ++counters_.failed_acquires;
                co_return closed_failure();
            }
            if (waiters_.empty()) got = slots_.take(); // nobody is overtaken
        }
        failure why;
        if (!got) {
            waited = true;
            auto w = std::make_shared<waiter>();
            w->until = until;
            w->executor = executor_;
            w->since = since;
            co_await wait_for(w);
            got = std::move(w->got);
            why = std::move(w->why);
        }
        if (!got) {
            const auto r = why == condition::pool_timeout  ? acquire_result::timeout
                           : why == condition::canceled    ? acquire_result::canceled
                           : why == condition::pool_closed ? acquire_result::closed
                                                           : acquire_result::failed;
            report_acquire(r, since, waited, &why);
            co_return why;
        }
        const auto now = steady_clock::now();
        if (slots_.expired(*got, now)) {
            discard(std::move(got), close_reason::lifetime);
            continue;
        }
        bool good = is_fresh(*got, now);
        if (!good) good = co_await usable(*got, until);
        if (!good) {
            discard(std::move(got), close_reason::broken);
            continue;
        }
        got->leased_at = now;
        {
            const std::lock_guard lock{mutex_};
            ++counters_.acquires;
            if (waited) ++counters_.waited_acquires;
            counters_.wait_time += now - since;
        }
        report_acquire(acquire_result::ok, since, waited, nullptr);
        co_return lease{self, std::move(got)};
    }
}

/// A connection that was idle for a while: did somebody hang up, and does the server still answer?
asio::awaitable<bool> pool_core::usable(pooled& what, deadline until) {
    if (!what.conn.looks_alive()) co_return false;
    const auto limited = options{}.timeout(ping_budget).until(until);
    const auto f = co_await ping(what, limited);
    co_return !f && what.conn.is_open() && !has_lost_role(what);
}

asio::awaitable<void> pool_core::wait_for(std::shared_ptr<waiter> w) {
    return asio::async_initiate<decltype(asio::use_awaitable), void()>(
        [this, w](auto h) {
            auto slot = asio::get_associated_cancellation_slot(h);
            if (slot.is_connected()) {
                slot.assign([weak = weak_from_this(), w](asio::cancellation_type) {
                    const auto self = weak.lock();
                    if (!self) return;
                    {
                        const std::lock_guard lock{self->mutex_};
                        if (!w->queued) {
                            if (w->statement != nullptr) self->cancel_shared(w);
                            return;
                        }
                        std::erase(self->waiters_, w);
                        w->queued = false;
                        ++self->counters_.canceled;
                    }
                    w->why = failure{errc::canceled, "waiting for a connection was cancelled"};
                    w->done.post(self->executor_);
                });
            }
            bool at_once = false;
            {
                const std::lock_guard lock{mutex_};
                w->done = net::completion::of(std::move(h));
                if (closed_) {
                    w->why = closed_failure();
                    at_once = true;
                } else if (waiters_.empty() && (w->got = slots_.take())) {
                    at_once = true; // came back in between
                } else {
                    w->queued = true;
                    waiters_.push_back(w);
                }
            }
            if (at_once) {
                w->done.post(executor_);
                return;
            }
            connect_as_needed();
            arm_waiter_timer(w->until);
        },
        asio::use_awaitable);
}

failure pool_core::timeout_failure() const {
    std::string text = "no connection of pool \"" + config_.name() + "\" became free in time (" +
                       std::to_string(slots_.in_use()) + " in use, " + std::to_string(slots_.idle()) +
                       " idle, " + std::to_string(slots_.constructing()) + " connecting, maximum " +
                       std::to_string(config_.max_connections()) + ", " + std::to_string(waiters_.size()) +
                       " waiting)";
    if (!last_connect_error_.empty())
        text += "; the last attempt to connect failed: " + last_connect_error_;
    else if (slots_.in_use() >= config_.max_connections())
        text += "; all are in use: raise pool_max_conns, or hold connections for a shorter time";
    return failure{errc::pool_timeout, std::move(text)}.set_sent(sent_state::none, retry_advice::safe);
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
            (*at)->why = timeout_failure();
            ++counters_.timeouts;
            late.push_back(std::move(*at));
            at = waiters_.erase(at);
        }
    }
    for (auto& w : late) finish_waiter(w);
    for (auto& session : in_vain) session->poke();
    arm_waiter_timer(first);
}

void pool_core::finish_waiter(const std::shared_ptr<waiter>& w) { w->done.post(w->executor); }

// ---- giving back
// ----------------------------------------------------------------------------------------------

void pool_core::release(item what) noexcept {
    try {
        const auto now = steady_clock::now();
        if (observer_) {
            release_event e;
            e.pool = config_.name();
            e.start = what->leased_at;
            e.elapsed = now - what->leased_at;
            e.backend_pid = what->conn.backend_pid();
            observer_->released(e);
        }
        if (!what->conn.is_open()) {
            discard(std::move(what), close_reason::broken);
        } else if (slots_.expired(*what, now)) {
            discard(std::move(what), close_reason::lifetime);
        } else if (has_lost_role(*what)) {
            discard_for_role(std::move(what));
        } else if (!what->conn.is_clean()) {
            post_spawn(executor_, clean_up(std::move(what)));
        } else {
            hand_over(std::move(what), now);
        }
    } catch (...) { // out of memory: the connection is closed with its owner, the slot is free again
        const std::lock_guard lock{mutex_};
        slots_.lost();
    }
}

/// Rolls back or drains what the lease left behind, off everybody's way.
asio::awaitable<void> pool_core::clean_up(item what) {
    const auto self = shared_from_this();
    const auto f = co_await what->conn.recover(deadline::in(clean_up_budget));
    if (f || !what->conn.is_clean())
        discard(std::move(what), close_reason::reset_failed);
    else
        hand_over(std::move(what));
}

/// To the first caller in the queue, else to the idle stack.
void pool_core::hand_over(item what, steady_clock::time_point now) {
    std::shared_ptr<waiter> next;
    std::shared_ptr<shared_session> session;
    {
        const std::lock_guard lock{mutex_};
        if (!closed_) {
            what->last_used = now;
            if (waiters_.empty()) {
                slots_.give_back(std::move(what), now);
                return;
            }
            if (waiters_.front()->statement != nullptr) {
                what->leased_at = now;
                session = std::make_shared<shared_session>(shared_from_this(), std::move(what));
            } else {
                next = std::move(waiters_.front());
                waiters_.pop_front();
                next->queued = false;
                next->got = std::move(what);
            }
        }
    }
    if (session) {
        session->start();
        return;
    }
    if (next)
        finish_waiter(next);
    else
        discard(std::move(what), close_reason::shutdown);
}

void pool_core::discard(item what, close_reason why) noexcept {
    std::shared_ptr<waiter> last_one;
    {
        const std::lock_guard lock{mutex_};
        slots_.lost();
        if (why == close_reason::lifetime)
            ++counters_.closed_by_lifetime;
        else if (why == close_reason::idle)
            ++counters_.closed_by_idle_time;
        else if (why != close_reason::shutdown)
            ++counters_.closed_broken;
        if (closed_ && slots_.total() == 0) last_one = std::move(closer_);
    }
    what.reset();
    report_closed(why);
    try {
        if (last_one) finish_waiter(last_one);
        connect_as_needed();
    } catch (...) { // the next acquire or the maintenance tries again
    }
}

// ---- connecting
// -----------------------------------------------------------------------------------------------

void pool_core::connect_as_needed() {
    unsigned count = 0;
    {
        const std::lock_guard lock{mutex_};
        if (closed_) return;
        count = slots_.wanted(waiters_.size());
        for (unsigned i = 0; i < count; ++i) slots_.construction_started();
    }
    for (unsigned i = 0; i < count; ++i) post_spawn(executor_, connect_one());
}

steady_clock::time_point pool_core::expiry_of_new() {
    if (config_.max_lifetime() <= steady_clock::duration::zero()) return steady_clock::time_point::max();
    const double share = std::uniform_real_distribution<double>{-config_.lifetime_jitter(),
                                                                config_.lifetime_jitter()}(random_);
    const auto length = static_cast<double>(config_.max_lifetime().count()) * (1.0 + share);
    return steady_clock::now() + steady_clock::duration{static_cast<steady_clock::duration::rep>(length)};
}

asio::awaitable<void> pool_core::connect_one() {
    const auto self = shared_from_this();
    for (;;) {
        const auto attempt = steady_clock::now();
        auto made = co_await connection::try_open(executor_, target_, settings_, deadline::never());
        if (made) {
            auto fresh = std::make_unique<pooled>(std::move(*made));
            {
                const std::lock_guard lock{mutex_};
                fresh->created = fresh->last_used = steady_clock::now();
                fresh->expires = expiry_of_new();
                slots_.constructed();
                ++counters_.connects;
                last_connect_error_.clear();
            }
            set_health(true, nullptr);
            hand_over(std::move(fresh));
            co_return;
        }
        bool wait_and_retry = false;
        {
            const std::lock_guard lock{mutex_};
            ++counters_.connect_failures;
            last_connect_error_ = made.error().message();
            wait_and_retry = !closed_ && !waiters_.empty() && is_starting_up(made.error());
        }
        if (!wait_and_retry) {
            connect_failed(made.error(), attempt);
            co_return;
        }
        asio::steady_timer pause{co_await asio::this_coro::executor, startup_pause};
        boost::system::error_code ec;
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }
}

/// With no connection left, the caller this attempt was made for gets the failure; with others alive it goes
/// on waiting for one of them. A caller that came after the attempt began is owed one of its own: the server
/// may be back.
void pool_core::connect_failed(failure why, steady_clock::time_point attempt) {
    set_health(false, &why);
    std::shared_ptr<waiter> unlucky;
    std::shared_ptr<waiter> last_one;
    {
        const std::lock_guard lock{mutex_};
        slots_.construction_failed();
        if (!waiters_.empty() && waiters_.front()->since <= attempt && slots_.in_use() + slots_.idle() == 0) {
            unlucky = std::move(waiters_.front());
            waiters_.pop_front();
            unlucky->queued = false;
            unlucky->why = std::move(why);
            ++counters_.failed_acquires;
        }
        if (closed_ && slots_.total() == 0) last_one = std::move(closer_);
    }
    if (unlucky) finish_waiter(unlucky);
    if (last_one) finish_waiter(last_one);
    const bool others_wait = [this] {
        const std::lock_guard lock{mutex_};
        return !waiters_.empty() && slots_.in_use() + slots_.idle() == 0;
    }();
    if (others_wait) connect_as_needed();
}

// ---- background
// -----------------------------------------------------------------------------------------------

asio::awaitable<void> pool_core::maintain() {
    std::weak_ptr<pool_core> weak = shared_from_this();
    for (;;) {
        auto self = weak.lock();
        if (!self) co_return;
        {
            const std::lock_guard lock{self->mutex_};
            if (self->closed_) co_return;
        }
        std::vector<item> old;
        std::vector<item> idle;
        {
            const std::lock_guard lock{self->mutex_};
            self->slots_.sweep(steady_clock::now(), self->config_.max_idle_time(), old, idle);
            self->counters_.closed_by_lifetime += old.size();
            self->counters_.closed_by_idle_time += idle.size();
        }
        for (std::size_t i = 0; i < old.size(); ++i) self->report_closed(close_reason::lifetime);
        for (std::size_t i = 0; i < idle.size(); ++i) self->report_closed(close_reason::idle);
        old.clear();
        idle.clear();
        self->connect_as_needed();
        co_await self->check_health();

        auto period = self->config_.health_check_period();
        if (period <= steady_clock::duration::zero()) period = std::chrono::seconds{30};
        self->maintenance_timer_.expires_after(period);
        boost::system::error_code ec;
        auto& timer = self->maintenance_timer_;
        auto waiting = timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        self.reset(); // only the pool's users keep it alive
        co_await std::move(waiting);
        if (ec) co_return;
    }
}

/// Asks the coldest idle connection whether the server is there. A pool that is all in use needs no question:
/// its users notice first.
asio::awaitable<void> pool_core::check_health() {
    if (config_.health_check_period() <= steady_clock::duration::zero()) co_return;
    item probe;
    {
        const std::lock_guard lock{mutex_};
        if (closed_ || !waiters_.empty()) co_return;
        probe = slots_.take();
    }
    if (!probe) co_return;
    const auto limited = options{}.timeout(ping_budget);
    failure f; // and no `?:` around the `co_await`: g++ 12 destroys the branch not taken
    if (probe->conn.looks_alive())
        f = co_await ping(*probe, limited);
    else
        f = failure{errc::connection_lost, "the server closed an idle connection"};
    if (f) {
        set_health(false, &f);
        discard(std::move(probe), close_reason::health);
        co_return;
    }
    if (has_lost_role(*probe)) {
        discard_for_role(std::move(probe));
        co_return;
    }
    set_health(true, nullptr);
    hand_over(std::move(probe));
}

void pool_core::set_health(bool healthy, const failure* why) {
    std::uint32_t failures = 0;
    bool changed = false;
    {
        const std::lock_guard lock{mutex_};
        changed = counters_.healthy != healthy;
        counters_.healthy = healthy;
        health_failures_ = healthy ? 0 : health_failures_ + 1;
        if (!healthy) ++counters_.health_check_failures;
        failures = health_failures_;
    }
    if (!observer_ || (healthy && !changed)) return;
    health_event e;
    e.pool = config_.name();
    e.start = steady_clock::now();
    e.error = why;
    e.healthy = healthy;
    e.consecutive_failures = failures;
    observer_->health_checked(e);
}

/// On the timer's own strand.
void pool_core::cancel_later(const std::shared_ptr<asio::steady_timer>& timer) {
    asio::post(timer->get_executor(), [timer] { timer->cancel(); });
}

// ---- the end
// --------------------------------------------------------------------------------------------------

void pool_core::abandon() noexcept {
    std::deque<std::shared_ptr<waiter>> waiting;
    std::vector<item> idle;
    {
        const std::lock_guard lock{mutex_};
        if (closed_) return;
        closed_ = counters_.closed = true;
        waiting.swap(waiters_);
        idle = slots_.drain();
    }
    try {
        for (auto& w : waiting) {
            w->queued = false;
            w->why = closed_failure();
            finish_waiter(w);
        }
        asio::post(timers_, [self = shared_from_this()] {
            self->waiter_timer_.cancel();
            self->maintenance_timer_.cancel();
        });
    } catch (...) { // out of memory: the timers end by themselves
    }
    for (std::size_t i = 0; i < idle.size(); ++i) report_closed(close_reason::shutdown);
}

asio::awaitable<void> pool_core::close(deadline until) {
    const auto self = shared_from_this();
    abandon();
    // A timer plays the waiter: whoever brings the last connection back ends it early.
    auto w = std::make_shared<waiter>();
    w->executor = executor_;
    {
        const std::lock_guard lock{mutex_};
        if (slots_.total() == 0) co_return;
    }
    auto timer = std::make_shared<asio::steady_timer>(asio::make_strand(executor_));
    timer->expires_at(until.at());
    co_await wait_until_empty(w, timer);
    cancel_later(timer);
}

/// Not a coroutine: g++ 12 destroys a closure with owning captures twice inside a `co_await` expression.
asio::awaitable<void> pool_core::wait_until_empty(std::shared_ptr<waiter> w,
                                                  std::shared_ptr<asio::steady_timer> timer) {
    return asio::async_initiate<decltype(asio::use_awaitable), void()>(
        [this, w, timer](auto h) {
            w->done = net::completion::of(std::move(h));
            bool over = false;
            {
                const std::lock_guard lock{mutex_};
                over = slots_.total() == 0;
                if (!over) closer_ = w;
            }
            if (over) {
                w->done.post(executor_);
                return;
            }
            asio::post(timer->get_executor(), [self = shared_from_this(), timer] {
                timer->async_wait([self, timer](const boost::system::error_code&) {
                    std::shared_ptr<waiter> closer;
                    {
                        const std::lock_guard lock{self->mutex_};
                        closer = std::move(self->closer_);
                    }
                    if (closer) self->finish_waiter(closer);
                });
            });
        },
        asio::use_awaitable);
}

// ---- telling
// --------------------------------------------------------------------------------------------------

pool_stats pool_core::stats() const {
    const std::lock_guard lock{mutex_};
    pool_stats s = counters_;
    s.max = config_.max_connections();
    s.min = config_.min_connections();
    s.total = slots_.total();
    s.idle = slots_.idle();
    s.in_use = slots_.in_use();
    s.constructing = slots_.constructing();
    s.waiting = static_cast<std::uint32_t>(waiters_.size());
    return s;
}

void pool_core::report_closed(close_reason why) noexcept {
    if (!observer_) return;
    connection_closed_event e;
    e.pool = config_.name();
    e.start = steady_clock::now();
    e.reason = why;
    observer_->connection_closed(e);
}

void pool_core::report_acquire(acquire_result r, steady_clock::time_point since, bool waited,
                               const failure* why) {
    if (!observer_) return;
    const auto elapsed = steady_clock::now() - since;
    acquire_event e;
    e.pool = config_.name();
    e.start = since;
    e.elapsed = elapsed;
    e.error = why;
    e.result = r;
    e.waited = waited;
    observer_->acquire_finished(e);
}

} // namespace tusk::detail
