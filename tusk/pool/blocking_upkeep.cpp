#include <algorithm>

#include <tusk/pool/blocking_core.hpp>
#include <tusk/pool/pool_texts.hpp>

/// What the threads of a blocking pool do: make connections, look after idle ones, probe an open breaker.
namespace tusk::blocking::detail {

using namespace tusk::detail;

namespace {

constexpr std::chrono::milliseconds startup_pause{50};
constexpr std::chrono::milliseconds first_backoff{10};
/// Of a second after the return of a server, in which the pool is to be well again, half is left for the
/// connection and the first statement.
constexpr std::chrono::milliseconds longest_backoff{500};
/// A thread that waits for longer than this shows that the open connections are not enough.
constexpr std::chrono::milliseconds patience{20};
/// Idle connections that expire within this time get their successors now.
constexpr std::chrono::seconds replace_ahead{5};
constexpr std::chrono::milliseconds warm_up_pause{5};
constexpr std::chrono::seconds longest_rest{30};
constexpr std::chrono::milliseconds shortest_rest{10};

} // namespace

void pool_core::start() {
    keeper_ = std::thread{[this] { keeper(); }};
}

void pool_core::shut() noexcept {
    std::vector<item> idle;
    std::vector<std::thread> threads;
    {
        const std::lock_guard lock{mutex_};
        closed_ = counters_.closed = true;
        idle = slots_.drain();
        for (; ordered_ > 0; --ordered_) slots_.construction_failed();
        for (auto* w : std::exchange(waiters_, {})) {
            w->why = pool_closed_failure();
            w->settled = true;
            w->settled_or_late.notify_one();
        }
        threads = std::exchange(connectors_, {});
        if (keeper_.joinable()) threads.push_back(std::move(keeper_));
    }
    wake_keeper_.notify_all();
    wake_connectors_.notify_all();
    close_all(std::move(idle), close_reason::shutdown);
    for (auto& t : threads) t.join();
}

failure pool_core::close(deadline until) {
    shut();
    std::unique_lock lock{mutex_};
    const auto empty = [&] { return slots_.total() == 0; };
    if (until.is_never())
        gone_.wait(lock, empty);
    else if (!gone_.wait_until(lock, until.at(), empty))
        return failure{errc::timeout, "pool \"" + name() + "\": " + std::to_string(slots_.in_use()) +
                                          " connections are still out; they are closed when they come back"};
    return {};
}

// ---- making connections

void pool_core::connect_as_needed() {
    const std::lock_guard lock{mutex_};
    if (closed_ || !breaker_.allows()) return;
    const auto now = steady_clock::now();
    const auto most = config_->max_connecting();
    construction_demand demand;
    demand.waiting = waiters_.size();
    demand.at_once = most;
    if (!waiters_.empty() && slots_.in_use() + slots_.idle() != 0) {
        // One by one while others are open, and faster the longer threads wait.
        const auto waits = (now - waiters_.front()->since) / patience;
        demand.at_once = static_cast<unsigned>(std::min<steady_clock::rep>(1 + waits, most));
    }
    demand.expiring = slots_.expiring(now + replace_ahead);
    auto count = std::min(slots_.wanted(demand), most - std::min(most, slots_.constructing()));
    for (; count > 0; --count) {
        slots_.construction_started();
        ++ordered_;
        if (ordered_ <= resting_ || connectors_.size() >= most) continue;
        try {
            connectors_.emplace_back([this] { connector(); });
        } catch (
            ...) { // no more threads, or no memory: those that are there do it, else the keeper tries again
            if (connectors_.empty()) {
                slots_.construction_failed();
                --ordered_;
            }
            break;
        }
    }
    wake_connectors_.notify_all();
}

void pool_core::connector() {
    for (;;) {
        {
            std::unique_lock lock{mutex_};
            ++resting_;
            wake_connectors_.wait(lock, [&] { return closed_ || ordered_ > 0; });
            --resting_;
            if (closed_) return;
            --ordered_;
        }
        connect_one();
    }
}

result<connection> pool_core::attempt_to_connect() {
    try {
        auto target = target_;
        if (hooks_.before_connect()) {
            connect_config changed = target_->config();
            hooks_.before_connect()(changed);
            auto made = net::connect_target::make(std::move(changed));
            if (!made) return made.error();
            target = std::move(*made);
        }
        auto made = connection::try_open(target, settings_, deadline::never());
        if (made && !made->looks_alive()) // terminated with all others of its database, for instance
            made = connection::try_open(target, settings_, deadline::never());
        if (made && !made->looks_alive()) return stillborn_failure();
        if (!made || !hooks_.after_connect()) return made;
        hooks_.after_connect()(*made);
        made->accept_session();
        if (made->is_clean()) return made;
        return failure{errc::invalid_configuration, "after_connect left a transaction or a stream open"};
    } catch (const error& e) {
        return failure{e.as_failure()};
    } catch (const std::exception& e) {
        return failure{errc::connect_failed, std::string{"a hook of the pool threw: "} + e.what()};
    } catch (...) { // whatever it was, the place among those in the making must become free again
        return failure{errc::connect_failed,
                       "a hook of the pool threw something that is no exception of the standard library"};
    }
}

/// A new connection, in the books.
pool_core::item pool_core::adopt(connection made, std::uint64_t epoch) {
    auto fresh = std::make_unique<pooled>(std::move(made), epoch);
    const std::lock_guard lock{mutex_};
    const auto now = steady_clock::now();
    fresh->created = fresh->last_used = fresh->leased_at = now;
    if (const auto lifetime = config_->max_lifetime(); lifetime > steady_clock::duration::zero()) {
        const auto jitter = config_->lifetime_jitter();
        const double share = std::uniform_real_distribution<double>{-jitter, jitter}(random_);
        fresh->expires = now + steady_clock::duration{static_cast<steady_clock::rep>(
                                   static_cast<double>(lifetime.count()) * (1.0 + share))};
    }
    fresh->breaker_generation = breaker_.generation();
    fresh->state = state::looked_after;
    slots_.constructed(*fresh);
    ++counters_.connects;
    connect_failures_ = 0;
    no_connect_before_ = {};
    last_connect_error_.clear();
    return fresh;
}

void pool_core::connect_one() {
    for (;;) {
        std::uint64_t epoch = 0;
        bool wanted = false;
        {
            std::unique_lock lock{mutex_};
            wake_connectors_.wait_until(lock, no_connect_before_, [&] { return closed_; });
            epoch = epoch_;
            wanted = !closed_;
        }
        const auto attempt = steady_clock::now();
        if (!wanted) return connect_failed(pool_closed_failure(), attempt);
        auto made = attempt_to_connect();
        if (made) {
            auto fresh = adopt(std::move(*made), epoch);
            set_health(true, nullptr);
            const auto unused_since = fresh->created - surely_alive;
            hand_over(std::move(fresh), unused_since);
            return connect_as_needed();
        }
        std::unique_lock lock{mutex_};
        ++counters_.connect_failures;
        last_connect_error_ = made.error().message();
        const bool again = !closed_ && breaker_.allows() && !waiters_.empty() && is_starting_up(made.error());
        if (!again) {
            lock.unlock();
            return connect_failed(made.error(), attempt);
        }
        wake_connectors_.wait_for(lock, startup_pause, [&] { return closed_; });
    }
}

/// With no connection left, all threads that waited since before the attempt share its failure. With other
/// connections open, all go on waiting for those.
void pool_core::connect_failed(const failure& why, steady_clock::time_point attempt) {
    std::uint64_t generation = 0;
    std::uint32_t calls = 0;
    bool closed = false;
    {
        const std::lock_guard lock{mutex_};
        slots_.construction_failed();
        gone_.notify_all();
        closed = closed_;
        generation = breaker_.generation();
        if (!closed) {
            const auto limit = std::min<steady_clock::duration>(
                longest_backoff, first_backoff * (1 << std::min(connect_failures_++, 10U)));
            std::uniform_int_distribution<steady_clock::rep> pick{0, limit.count()};
            no_connect_before_ = steady_clock::now() + steady_clock::duration{pick(random_)};
        }
        while (!waiters_.empty() && waiters_.front()->since <= attempt &&
               slots_.in_use() + slots_.idle() == 0) {
            auto* w = waiters_.front();
            waiters_.pop_front();
            w->why = why;
            w->settled = true;
            w->settled_or_late.notify_one();
            ++counters_.failed_acquires;
            ++calls;
        }
    }
    if (closed) return;
    set_health(false, &why);
    if (is_server_failure(why)) server_failed(generation, std::max(1U, calls));
    connect_as_needed();
}

failure pool_core::warm_up(deadline until) {
    for (;;) {
        {
            const std::lock_guard lock{mutex_};
            const auto there = slots_.in_use() + slots_.idle();
            if (closed_) return pool_closed_failure();
            if (there >= config_->min_connections()) return {};
            if (until.expired()) {
                failure late{errc::timeout, "pool \"" + name() + "\" has " + std::to_string(there) + " of " +
                                                std::to_string(config_->min_connections()) + " connections"};
                if (!last_connect_error_.empty()) late.add_context(last_connect_error_);
                return late;
            }
        }
        connect_as_needed();
        std::this_thread::sleep_for(warm_up_pause);
    }
}

// ---- the keeper

void pool_core::keeper() {
    for (;;) {
        sweep();
        find_leaks();
        connect_as_needed();
        keep_alive();
        check_health();
        probe();
        std::unique_lock lock{mutex_};
        if (closed_) return;
        const auto zero = steady_clock::duration::zero();
        const auto now = steady_clock::now();
        auto rest = std::min<steady_clock::duration>(longest_rest, next_health_check_ - now);
        for (const auto period :
             {config_->max_idle_time(), config_->keepalive(), config_->leak_after(), config_->max_lifetime()})
            if (period > zero) rest = std::min(rest, period / 2);
        if (!breaker_.allows()) rest = std::min(rest, config_->breaker().probe_period());
        slots_.each_idle([&](const pooled& p) { rest = std::min(rest, p.expires - now); });
        wake_keeper_.wait_for(lock, std::max<steady_clock::duration>(rest, shortest_rest),
                              [&] { return closed_ || hurry_; });
        hurry_ = false;
        if (closed_) return;
    }
}

void pool_core::sweep() {
    std::vector<item> old;
    std::vector<item> idle;
    {
        const std::lock_guard lock{mutex_};
        slots_.sweep(steady_clock::now(), config_->max_idle_time(), old, idle);
        counters_.closed_by_lifetime += old.size();
        counters_.closed_by_idle_time += idle.size();
    }
    close_all(std::move(old), close_reason::lifetime);
    close_all(std::move(idle), close_reason::idle);
}

void pool_core::find_leaks() {
    struct suspect {
        std::source_location where;
        steady_clock::time_point since;
        std::string sql;
        std::int32_t pid;
    };
    const auto now = steady_clock::now();
    std::vector<suspect> found;
    {
        const std::lock_guard lock{mutex_};
        const auto limit = config_->leak_after();
        if (limit <= steady_clock::duration::zero()) return;
        slots_.each_in_use([&](pooled& p) {
            if (p.state != state::leased || p.leak_reported || now - p.leased_at < limit) return;
            p.leak_reported = true;
            found.push_back({p.where, p.leased_at, p.last_sql, p.conn.backend_pid()});
        });
        counters_.leaks += found.size();
    }
    if (!observer_) return;
    for (const auto& f : found) {
        leak_event e;
        e.pool = name();
        e.start = f.since;
        e.elapsed = now - f.since;
        e.acquired_at = f.where;
        e.last_sql = f.sql;
        e.backend_pid = f.pid;
        observer_->leaked(e);
    }
}

/// Pings what was quiet for too long, one after the other.
void pool_core::keep_alive() {
    for (;;) {
        item quiet;
        {
            const std::lock_guard lock{mutex_};
            const auto period = config_->keepalive();
            const auto* coldest = slots_.coldest();
            if (period <= steady_clock::duration::zero() || closed_ || coldest == nullptr) return;
            if (steady_clock::now() - std::max(coldest->last_used, coldest->pinged_at) < period) return;
            quiet = slots_.take_coldest();
            quiet->state = state::looked_after;
            quiet->breaker_generation = breaker_.generation();
        }
        const auto f = ping(*quiet, deadline::in(current()->ping_timeout()));
        if (f || !quiet->conn.is_open()) {
            server_failed(quiet->breaker_generation);
            discard(std::move(quiet), close_reason::health);
        } else if (has_lost_role(*quiet)) {
            discard(std::move(quiet), close_reason::health);
        } else {
            quiet->pinged_at = steady_clock::now();
            put_back(std::move(quiet));
        }
    }
}

/// Asks the coldest idle connection whether the server is there, when it is time.
void pool_core::check_health() {
    item probe;
    {
        const std::lock_guard lock{mutex_};
        const auto now = steady_clock::now();
        if (now < next_health_check_) return;
        const auto period = config_->health_check_period();
        const bool checks = period > steady_clock::duration::zero();
        const double share = std::uniform_real_distribution<double>{0.9, 1.1}(random_);
        next_health_check_ = now + (checks ? steady_clock::duration{static_cast<steady_clock::rep>(
                                                 static_cast<double>(period.count()) * share)}
                                           : steady_clock::duration{longest_rest});
        if (!checks || closed_ || !waiters_.empty()) return;
        probe = slots_.take_coldest();
        if (!probe) return;
        probe->state = state::looked_after;
        probe->breaker_generation = breaker_.generation();
    }
    failure f = probe->conn.looks_alive()
                    ? ping(*probe, deadline::in(current()->ping_timeout()))
                    : failure{errc::connection_lost, "the server closed an idle connection"};
    tell_breaker([&](steady_clock::time_point now) { breaker_.health_checked(!f, now); });
    if (f) {
        set_health(false, &f);
        server_failed(probe->breaker_generation);
        discard(std::move(probe), close_reason::health);
    } else if (has_lost_role(*probe)) {
        discard(std::move(probe), close_reason::health);
    } else {
        set_health(true, nullptr);
        probe->pinged_at = steady_clock::now();
        put_back(std::move(probe));
    }
}

// ---- the breaker

template <class F>
void pool_core::tell_breaker(F f) {
    std::optional<breaker::transition> change;
    {
        const std::lock_guard lock{mutex_};
        f(steady_clock::now());
        change = breaker_.take_transition();
    }
    announce(change);
}

void pool_core::server_failed(std::uint64_t began_in, std::uint32_t times) {
    tell_breaker([&](steady_clock::time_point now) {
        for (std::uint32_t i = 0; i < times; ++i) breaker_.failed(now, began_in);
    });
}

void pool_core::command(breaker_order what) {
    tell_breaker([&](steady_clock::time_point now) {
        switch (what) {
        case breaker_order::force_open: breaker_.force_open(now); break;
        case breaker_order::disable: breaker_.disable(now); break;
        case breaker_order::reset: breaker_.reset(now); break;
        }
    });
}

/// Each transition once; and what follows from it.
void pool_core::announce(std::optional<breaker::transition> t) {
    if (!t) return;
    steady_clock::duration retry_after{};
    {
        const std::lock_guard lock{mutex_};
        retry_after = breaker_.retry_after(steady_clock::now());
        if (t->to == breaker_state::open) ++counters_.breaker_openings;
        hurry_ = true;
    }
    wake_keeper_.notify_one();
    if (observer_) {
        const auto server = hosts_of(target_->config());
        breaker_event e;
        e.pool = name();
        e.start = steady_clock::now();
        e.server = server;
        e.from = t->from;
        e.to = t->to;
        e.retry_after = retry_after;
        observer_->breaker_changed(e);
    }
    if (t->to == breaker_state::closed) connect_as_needed();
}

/// While the breaker is open or half-open: asks the server, once or as often as the breaker wants to see it
/// answer. The keeper comes again after the breaker's probe period.
void pool_core::probe() {
    for (;;) {
        bool counted = false;
        std::uint64_t generation = 0;
        {
            const std::lock_guard lock{mutex_};
            const auto now_in = breaker_.state();
            if (closed_ || (now_in != breaker_state::open && now_in != breaker_state::half_open)) return;
        }
        tell_breaker([&](steady_clock::time_point now) {
            counted = breaker_.begin_probe(now);
            generation = breaker_.generation();
        });
        const bool good = probe_once();
        tell_breaker([&](steady_clock::time_point now) {
            if (counted)
                breaker_.end_probe(good, now, generation);
            else if (good)
                breaker_.answered_while_open(now);
        });
        if (!good) return;
    }
}

/// Whether a new connection can be made; it is kept when there is room.
bool pool_core::probe_once() {
    std::uint64_t epoch = 0;
    std::vector<item> coldest; // makes room: those that were open before are likely broken
    {
        const std::lock_guard lock{mutex_};
        epoch = epoch_;
        if (slots_.total() >= config_->max_connections()) {
            auto one = slots_.take_coldest();
            if (!one) return false; // all in use: their holders will find out
            slots_.lost(*one);
            coldest.push_back(std::move(one));
            ++counters_.closed_broken;
        }
        slots_.construction_started();
    }
    close_all(std::move(coldest), close_reason::health);
    auto made = attempt_to_connect();
    if (made) {
        auto fresh = adopt(std::move(*made), epoch);
        set_health(true, nullptr);
        hand_over(std::move(fresh));
        return true;
    }
    const std::lock_guard lock{mutex_};
    slots_.construction_failed();
    gone_.notify_all();
    ++counters_.connect_failures;
    last_connect_error_ = made.error().message();
    return false;
}

} // namespace tusk::blocking::detail
