#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <source_location>
#include <string>
#include <thread>
#include <vector>

#include <tusk/net/hosts.hpp>
#include <tusk/pool/blocking_pool.hpp>
#include <tusk/pool/breaker.hpp>
#include <tusk/pool/retry.hpp>
#include <tusk/pool/slots.hpp>

/// The blocking pool behind its handle. Private to the part.
namespace tusk::blocking::detail {

/// One connection of the pool. What is not said to be otherwise belongs to whoever holds it.
struct pooled : tusk::detail::slot_times {
    pooled(connection c, std::uint64_t of_epoch) : conn{std::move(c)}, epoch{of_epoch} {}
    connection conn;
    const std::uint64_t epoch; ///< Of `replace_all`, when it was made.
    bool blamed = false;       ///< A statement on it failed by the server's fault.
    std::string last_sql;      ///< Written by the holder under the pool's mutex.
    // Guarded by the pool's mutex
    steady_clock::time_point leased_at{};
    std::source_location where; ///< Of the lease.
    std::uint64_t breaker_generation = 0;
    steady_clock::time_point pinged_at{};
    pool_description::connection_state state = pool_description::connection_state::idle;
    bool leak_reported = false;
};

/// A thread in the queue; it lives on that thread's stack. Whoever takes it out of the queue settles it.
struct waiter {
    std::condition_variable settled_or_late;
    std::unique_ptr<pooled> got;
    failure why;
    steady_clock::time_point since{};
    bool settled = false;
};

/// One mutex guards the books; it is never held while a connection, an observer or a hook is called. Its
/// threads are a keeper, which looks after what is idle and probes an open breaker, and connectors, as many
/// as connections were ever made at once.
class pool_core : public std::enable_shared_from_this<pool_core> {
public:
    pool_core(const pool_config& config, std::shared_ptr<observer> observed_by, pool_hooks hooks,
              std::shared_ptr<const net::connect_target> target);

    void start();
    result<lease> acquire(deadline until, const std::source_location& where);
    void release(std::unique_ptr<pooled> what) noexcept;
    void discard(std::unique_ptr<pooled> what, close_reason why) noexcept;
    connection detach(std::unique_ptr<pooled> what);
    /// What the holder executes, for `describe` and the leak detector.
    void note_sql(pooled& what, std::string_view sql);

    retry_decision after_failure(const failure& f, std::uint32_t attempt, const request& what,
                                 deadline until);
    void call_succeeded() noexcept { retry_budget_.called(); }

    void replace_all();
    failure warm_up(deadline until);
    void reconfigure(const pool_config& c);
    /// Ends the pool's threads.
    void shut() noexcept;
    failure close(deadline until);

    pool_stats stats() const;
    pool_description describe() const;
    pool_config config() const { return *current(); }
    const std::string& name() const noexcept { return settings_.pool_name(); }
    connection_settings& settings() noexcept { return settings_; }
    steady_clock::duration statement_timeout() const { return current()->statement_timeout(); }
    deadline acquire_deadline(deadline call) const {
        return earlier(call, deadline::in(current()->acquire_timeout()));
    }
    enum class breaker_order : std::uint8_t { force_open, disable, reset };
    void command(breaker_order what);
    breaker_state breaker_now() const;

private:
    using item = std::unique_ptr<pooled>;
    using state = pool_description::connection_state;

    std::shared_ptr<const pool_config> current() const {
        const std::lock_guard lock{mutex_};
        return config_;
    }
    void apply(const pool_config& c);
    pool_stats stats_locked() const;

    item take_idle_locked();
    item wait_locked(std::unique_lock<std::mutex>& lock, deadline until, failure& why);
    result<bool> passes_checks(pooled& what, deadline until);
    failure ping(pooled& what, deadline until);
    lease lend(item what, const std::source_location& where, steady_clock::time_point since, bool waited);

    bool restore(pooled& what);
    void hand_over(item what, steady_clock::time_point now = steady_clock::now());
    void put_back(item what);
    void close_all(std::vector<item> what, close_reason why) noexcept;
    void say_goodbye(pooled& what) const noexcept;

    void connect_as_needed();
    void connector();
    void connect_one();
    result<connection> attempt_to_connect();
    item adopt(connection made, std::uint64_t epoch);
    void connect_failed(const failure& why, steady_clock::time_point attempt);

    void keeper();
    void sweep();
    void find_leaks();
    void keep_alive();
    void check_health();
    void probe();
    bool probe_once();
    bool has_lost_role(const pooled& what) const noexcept;

    void server_failed(std::uint64_t began_in, std::uint32_t times = 1);
    template <class F>
    void tell_breaker(F f);
    void announce(std::optional<breaker::transition> t);
    void set_health(bool healthy, const failure* why);
    void report_acquire(acquire_result r, steady_clock::time_point since, bool waited, const failure* why);
    void report_usage(double usage, std::uint32_t waiting);
    void report_closed(close_reason why) noexcept;

    std::shared_ptr<observer> observer_;
    std::shared_ptr<const net::connect_target> target_;
    connection_settings settings_;
    const pool_hooks hooks_;
    retry_budget retry_budget_;

    mutable std::mutex mutex_; // guards everything below
    std::shared_ptr<const pool_config> config_;
    tusk::detail::slots<pooled> slots_;
    std::deque<waiter*> waiters_;
    pool_stats counters_;
    breaker breaker_;
    std::string last_connect_error_;
    std::uint32_t connect_failures_ = 0; ///< In a row.
    std::uint32_t health_failures_ = 0;
    steady_clock::time_point no_connect_before_{};
    steady_clock::time_point next_health_check_{};
    std::uint64_t epoch_ = 0; ///< Of `replace_all`.
    bool closed_ = false;
    bool pressed_ = false; ///< Usage is above the threshold.
    bool hurry_ = false;   ///< The keeper has something to do.
    unsigned ordered_ = 0; ///< Connections that no connector has begun to make.
    unsigned resting_ = 0; ///< Connectors without work.
    std::minstd_rand random_{std::random_device{}()};
    std::condition_variable wake_keeper_;
    std::condition_variable wake_connectors_;
    std::condition_variable gone_; ///< The last connection, for `close`.
    std::thread keeper_;
    std::vector<std::thread> connectors_;
};

} // namespace tusk::blocking::detail
