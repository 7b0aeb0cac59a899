#include <tusk/pool/pool_core.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/strand.hpp>

/// The pool's books: its making, its settings, and what it tells about itself.
namespace tusk::detail {

pool_core::pool_core(asio::any_io_executor executor, pool_config config,
                     std::shared_ptr<observer> observed_by, std::shared_ptr<const net::connect_target> target)
    : executor_{std::move(executor)}, observer_{std::move(observed_by)}, target_{std::move(target)},
      hooks_{config.hooks()}, retry_budget_{config.retry(), steady_clock::now()},
      breaker_{config.breaker(), std::random_device{}()}, waiter_timer_{asio::make_strand(executor_)},
      maintenance_timer_{waiter_timer_.get_executor()}, timers_{waiter_timer_.get_executor()} {
    if (config.connections()) settings_ = *config.connections();
    settings_.statement_timeout(config.statement_timeout()).observe_with(observer_).pool_name(config.name());
    apply(config);
}

/// Takes over the settings, but for server, name, hooks, breaker and budget, which stay.
void pool_core::apply(const pool_config& c) {
    auto mine = std::make_shared<const pool_config>(c);
    acquire_timeout_ = c.acquire_timeout().count();
    statement_timeout_ = c.statement_timeout().count();
    reset_ = c.reset();
    dispatch_batch_ = c.dispatch_batch();
    dispatch_slow_ = c.dispatch_slow().count();
    const std::lock_guard lock{mutex_};
    config_ = std::move(mine);
    slots_.limits(c.min_connections(), c.max_connections(), c.min_idle());
}

void pool_core::reconfigure(const pool_config& c) {
    auto wanted = c;
    wanted.server(target_->config()).name(name()).hooks(hooks_).breaker(current()->breaker());
    throw_if(wanted.validate());
    apply(wanted);
    std::vector<item> surplus;
    {
        const std::lock_guard lock{mutex_};
        surplus = slots_.surplus();
        counters_.closed_by_idle_time += surplus.size();
    }
    close_all(std::move(surplus), close_reason::idle);
    connect_as_needed();
    asio::post(timers_, [self = shared_from_this()] { self->maintenance_timer_.cancel(); });
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

// ---- what it tells

pool_stats pool_core::stats() const {
    const std::lock_guard lock{mutex_};
    return stats_locked();
}

pool_stats pool_core::stats_locked() const {
    pool_stats s = counters_;
    s.max = config_->max_connections();
    s.min = config_->min_connections();
    s.total = slots_.total();
    s.idle = slots_.idle();
    s.in_use = slots_.in_use();
    s.constructing = slots_.constructing();
    s.waiting = static_cast<std::uint32_t>(waiters_.size());
    s.breaker = breaker_.state();
    return s;
}

breaker_state pool_core::breaker_now() const {
    const std::lock_guard lock{mutex_};
    return breaker_.state();
}

namespace {

pool_description::pooled_connection description_of(const pooled& p, steady_clock::time_point now) {
    using state = pool_description::connection_state;
    pool_description::pooled_connection out;
    out.state = p.state;
    out.age = now - p.created;
    out.since = now - (p.state == state::idle ? p.last_used : p.leased_at);
    if (p.expires != steady_clock::time_point::max()) out.expires = p.expires - now;
    if (p.state == state::leased) out.acquired_at = p.where;
    return out;
}

} // namespace

pool_description pool_core::describe() const {
    pool_description out;
    out.stats = stats();
    out.name = name();
    std::vector<connection_remote> remotes;
    {
        const std::lock_guard lock{mutex_};
        const auto now = steady_clock::now();
        out.breaker = breaker_.state();
        out.retry_after = breaker_.retry_after(now);
        out.last_connect_error = last_connect_error_;
        const auto add = [&](const pooled& p) {
            out.connections.push_back(description_of(p, now));
            remotes.push_back(p.remote);
        };
        slots_.each_in_use(add);
        slots_.each_idle(add);
        for (const auto& w : waiters_) out.waiting.push_back({now - w->since, w->statement != nullptr});
    }
    for (std::size_t i = 0; i < remotes.size(); ++i) {
        auto& c = out.connections[i];
        c.backend_pid = remotes[i].backend_pid();
        c.server = remotes[i].server();
        c.sql = remotes[i].last_sql();
    }
    return out;
}

void pool_core::report_closed(close_reason why) noexcept {
    if (!observer_) return;
    connection_closed_event e;
    e.pool = name();
    e.start = steady_clock::now();
    e.reason = why;
    observer_->connection_closed(e);
}

void pool_core::report_release(const pooled& what, steady_clock::time_point now) {
    if (!observer_) return;
    release_event e;
    e.pool = name();
    e.start = what.leased_at;
    e.elapsed = now - what.leased_at;
    e.backend_pid = what.conn.backend_pid();
    observer_->released(e);
}

void pool_core::report_acquire(acquire_result r, steady_clock::time_point since, bool waited,
                               const failure* why) {
    if (!observer_) return;
    acquire_event e;
    e.pool = name();
    e.start = since;
    e.elapsed = steady_clock::now() - since;
    e.error = why;
    e.result = r;
    e.waited = waited;
    observer_->acquire_finished(e);
    if (!waited) return;
    const auto limit = current()->pressure_acquire();
    if (limit <= steady_clock::duration::zero() || e.elapsed <= limit) return;
    pressure_event p;
    p.pool = name();
    p.start = since;
    p.elapsed = e.elapsed;
    p.what = pressure_event::kind::slow_acquire;
    observer_->under_pressure(p);
}

/// The threshold was passed upwards.
void pool_core::report_usage(double usage, std::uint32_t waiting) {
    if (!observer_) return;
    pressure_event p;
    p.pool = name();
    p.start = steady_clock::now();
    p.what = pressure_event::kind::usage;
    p.usage = usage;
    p.waiting = waiting;
    observer_->under_pressure(p);
}

} // namespace tusk::detail
