#include <tusk/pool/pool_core.hpp>

#include <algorithm>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

/// What the pool does by itself from time to time.
namespace tusk::detail {

namespace {

constexpr std::chrono::seconds longest_rest{30};
constexpr std::chrono::milliseconds shortest_rest{10};

} // namespace

asio::awaitable<void> pool_core::maintain() {
    std::weak_ptr<pool_core> weak = shared_from_this();
    for (;;) {
        auto self = weak.lock();
        if (!self) co_return;
        const auto now = steady_clock::now();
        {
            const std::lock_guard lock{self->mutex_};
            if (self->closed_) co_return;
        }
        self->sweep(now);
        self->find_leaks(now);
        self->connect_as_needed();
        co_await self->keep_alive();
        bool due = false;
        steady_clock::duration pause{};
        {
            const std::lock_guard lock{self->mutex_};
            due = now >= self->next_health_check_;
            if (due) self->next_health_check_ = now + self->health_period_locked();
        }
        if (due) co_await self->check_health();
        {
            const std::lock_guard lock{self->mutex_};
            pause = self->time_to_next_task_locked(steady_clock::now());
        }
        co_await rest(std::move(self), pause); // only the pool's users keep it alive
    }
}

/// Waits without keeping the pool. `reconfigure` and the end of the pool wake it early.
asio::awaitable<void> pool_core::rest(std::shared_ptr<pool_core> self, steady_clock::duration d) {
    auto& timer = self->maintenance_timer_;
    timer.expires_after(d);
    boost::system::error_code ec;
    auto waiting = timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    self.reset();
    co_await std::move(waiting);
}

/// A tenth more or less, so that the pools of many programs do not ask all at once.
steady_clock::duration pool_core::health_period_locked() {
    const auto period = config_->health_check_period();
    if (period <= steady_clock::duration::zero()) return longest_rest;
    const double share = std::uniform_real_distribution<double>{0.9, 1.1}(random_);
    return steady_clock::duration{
        static_cast<steady_clock::rep>(static_cast<double>(period.count()) * share)};
}

/// Until something expires, has been idle for too long, is to be pinged, or may be leaked; what is idle, or
/// leased, only from now on is noticed within half of the shortest period.
steady_clock::duration pool_core::time_to_next_task_locked(steady_clock::time_point now) const {
    const auto zero = steady_clock::duration::zero();
    const auto idle = config_->max_idle_time();
    const auto keepalive = config_->keepalive();
    auto next = std::min(now + longest_rest, next_health_check_);
    for (const auto period : {idle, keepalive, config_->leak_after(), config_->max_lifetime()})
        if (period > zero) next = std::min(next, now + period / 2);
    slots_.each_idle([&](const pooled& p) {
        next = std::min(next, p.expires);
        if (idle > zero && slots_.total() > config_->min_connections())
            next = std::min(next, p.last_used + idle);
        if (keepalive > zero) next = std::min(next, std::max(p.last_used, p.pinged_at) + keepalive);
    });
    return std::max<steady_clock::duration>(next - now, shortest_rest);
}

void pool_core::sweep(steady_clock::time_point now) {
    std::vector<item> old;
    std::vector<item> idle;
    {
        const std::lock_guard lock{mutex_};
        slots_.sweep(now, config_->max_idle_time(), old, idle);
        counters_.closed_by_lifetime += old.size();
        counters_.closed_by_idle_time += idle.size();
    }
    close_all(std::move(old), close_reason::lifetime);
    close_all(std::move(idle), close_reason::idle);
}

void pool_core::find_leaks(steady_clock::time_point now) {
    struct suspect {
        connection_remote remote;
        std::source_location where;
        steady_clock::time_point since;
    };
    std::vector<suspect> found;
    {
        const std::lock_guard lock{mutex_};
        const auto limit = config_->leak_after();
        if (limit <= steady_clock::duration::zero()) return;
        slots_.each_in_use([&](pooled& p) {
            if (p.state != state::leased || p.leak_reported || now - p.leased_at < limit) return;
            p.leak_reported = true;
            found.push_back({p.remote, p.where, p.leased_at});
        });
        counters_.leaks += found.size();
    }
    if (!observer_) return;
    for (const auto& f : found) {
        const auto sql = f.remote.last_sql();
        leak_event e;
        e.pool = name();
        e.start = f.since;
        e.elapsed = now - f.since;
        e.acquired_at = f.where;
        e.last_sql = sql;
        e.backend_pid = f.remote.backend_pid();
        observer_->leaked(e);
    }
}

/// Pings what was quiet for too long, one after the other.
asio::awaitable<void> pool_core::keep_alive() {
    for (;;) {
        item quiet;
        {
            const std::lock_guard lock{mutex_};
            const auto period = config_->keepalive();
            const auto* coldest = slots_.coldest();
            if (period <= steady_clock::duration::zero() || closed_ || coldest == nullptr) co_return;
            if (steady_clock::now() - std::max(coldest->last_used, coldest->pinged_at) < period) co_return;
            quiet = slots_.take_coldest();
            quiet->state = state::looked_after;
            quiet->breaker_generation = breaker_.generation();
        }
        const auto soon = deadline::in(current()->ping_timeout());
        const auto f = co_await ping(*quiet, soon);
        if (f || !quiet->conn.is_open()) {
            server_failed(quiet->breaker_generation);
            discard(std::move(quiet), close_reason::health);
        } else if (has_lost_role(*quiet)) {
            discard_for_role(std::move(quiet));
        } else {
            quiet->pinged_at = steady_clock::now();
            put_back(std::move(quiet));
        }
    }
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

/// Asks the coldest idle connection whether the server is there. A pool that is all in use needs no question:
/// its users notice first.
asio::awaitable<void> pool_core::check_health() {
    item probe;
    {
        const std::lock_guard lock{mutex_};
        if (config_->health_check_period() <= steady_clock::duration::zero()) co_return;
        if (closed_ || !waiters_.empty()) co_return;
        probe = slots_.take_coldest();
        if (!probe) co_return;
        probe->state = state::looked_after;
        probe->breaker_generation = breaker_.generation();
    }
    const auto soon = deadline::in(current()->ping_timeout());
    failure f; // and no `?:` around the `co_await`: g++ 12 destroys the branch not taken
    if (probe->conn.looks_alive())
        f = co_await ping(*probe, soon);
    else
        f = failure{errc::connection_lost, "the server closed an idle connection"};
    health_result(!f);
    if (f) {
        set_health(false, &f);
        server_failed(probe->breaker_generation);
        discard(std::move(probe), close_reason::health);
        co_return;
    }
    if (has_lost_role(*probe)) {
        discard_for_role(std::move(probe));
        co_return;
    }
    set_health(true, nullptr);
    probe->pinged_at = steady_clock::now();
    put_back(std::move(probe));
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
    e.pool = name();
    e.start = steady_clock::now();
    e.error = why;
    e.healthy = healthy;
    e.consecutive_failures = failures;
    observer_->health_checked(e);
}

} // namespace tusk::detail
