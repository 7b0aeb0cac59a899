#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <tusk/net/completion.hpp>
#include <tusk/net/hosts.hpp>
#include <tusk/pool/pool.hpp>
#include <tusk/pool/slots.hpp>

namespace tusk::detail {

/// One connection of the pool.
struct pooled : slot_times {
    explicit pooled(connection c) : conn{std::move(c)} {}
    connection conn;
    steady_clock::time_point leased_at{};
};

class shared_request;
class shared_session;

/// A caller in the queue. It is owned by the queue and by its coroutine; whoever takes it out of the queue
/// completes it.
struct waiter {
    /// Who wants one statement executed and no connection of his own; null for all others.
    shared_request* statement = nullptr;
    net::completion done;
    std::unique_ptr<pooled> got;
    failure why;
    deadline until;
    asio::any_io_executor executor;
    steady_clock::time_point since{}; ///< When it joined the queue.
    bool queued = false;
};

/// The pool itself; the `pool` object, its leases and its background work share it.
class pool_core : public std::enable_shared_from_this<pool_core> {
public:
    pool_core(asio::any_io_executor executor, pool_config config, std::shared_ptr<observer> observed_by,
              std::shared_ptr<const net::connect_target> target);

    void start();
    /// An idle connection that needs no looking at, without waiting; else an empty lease and the way is
    /// `acquire`.
    lease take_now();
    asio::awaitable<result<lease>> acquire(deadline until);
    /// Whether a statement may travel with others; see dispatch.hpp.
    bool may_share(const request& what, client_sink& sink) const;
    asio::awaitable<bool> execute_shared(request& what, client_sink& sink, deadline until, failure& out);
    void release(std::unique_ptr<pooled> what) noexcept;
    void discard(std::unique_ptr<pooled> what, close_reason why) noexcept;
    asio::awaitable<void> close(deadline until);
    /// Closes what is idle and stops the background work; from a destructor.
    void abandon() noexcept;

    pool_stats stats() const;
    const pool_config& config() const noexcept { return config_; }
    connection_settings& settings() noexcept { return settings_; }
    const asio::any_io_executor& executor() const noexcept { return executor_; }
    /// The deadline of waiting for a connection, within that of the call.
    deadline acquire_deadline(deadline call) const {
        return earlier(call, deadline::in(config_.acquire_timeout()));
    }

private:
    friend class shared_session;
    using item = std::unique_ptr<pooled>;

    void cancel_shared(const std::shared_ptr<waiter>& w);

    asio::awaitable<void> wait_for(std::shared_ptr<waiter> w);
    asio::awaitable<void> wait_until_empty(std::shared_ptr<waiter> w,
                                           std::shared_ptr<asio::steady_timer> timer);
    static void cancel_later(const std::shared_ptr<asio::steady_timer>& timer);
    asio::awaitable<bool> usable(pooled& what, deadline until);
    asio::awaitable<void> connect_one();
    asio::awaitable<void> clean_up(item what);
    asio::awaitable<void> maintain();
    asio::awaitable<void> check_health();
    asio::awaitable<failure> ping(pooled& what, options o);
    std::string_view question_for_role(const pooled& what) const noexcept;
    bool has_lost_role(const pooled& what) const noexcept;
    void discard_for_role(item what) noexcept;
    void connect_as_needed();
    void hand_over(item what, steady_clock::time_point now = steady_clock::now());
    void connect_failed(failure why, steady_clock::time_point attempt);
    void arm_waiter_timer(deadline first);
    void expire_waiters();
    void finish_waiter(const std::shared_ptr<waiter>& w);
    failure timeout_failure() const;
    steady_clock::time_point expiry_of_new();
    void report_closed(close_reason why) noexcept;
    bool is_fresh(const pooled& what, steady_clock::time_point now) const noexcept;
    void report_acquire(acquire_result r, steady_clock::time_point since, bool waited, const failure* why);
    void set_health(bool healthy, const failure* why);
    static void post_spawn(const asio::any_io_executor& on, asio::awaitable<void> work);

    asio::any_io_executor executor_;
    const pool_config config_;
    std::shared_ptr<observer> observer_;
    std::shared_ptr<const net::connect_target> target_;
    connection_settings settings_;

    mutable std::mutex mutex_; // guards everything below
    slots<pooled> slots_;
    std::deque<std::shared_ptr<waiter>> waiters_;
    std::vector<shared_session*> shared_; ///< Connections that are shared now.
    pool_stats counters_;
    std::string last_connect_error_;
    bool closed_ = false;
    bool started_ = false;
    std::minstd_rand random_{std::random_device{}()};
    std::uint32_t health_failures_ = 0;
    steady_clock::time_point waiter_timer_at_ = steady_clock::time_point::max();
    asio::steady_timer waiter_timer_;      // touched on the strand of `timers_` only
    asio::steady_timer maintenance_timer_; // likewise
    asio::any_io_executor timers_;
    std::shared_ptr<waiter> closer_; // waits until everything is back
};

} // namespace tusk::detail
