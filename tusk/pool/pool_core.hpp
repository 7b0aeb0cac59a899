#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <source_location>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <tusk/client/shared_request.hpp>
#include <tusk/net/completion.hpp>
#include <tusk/net/frame_memory.hpp>
#include <tusk/net/hosts.hpp>
#include <tusk/pool/describe.hpp>
#include <tusk/pool/pool.hpp>
#include <tusk/pool/slots.hpp>

namespace tusk::detail {

/// One connection of the pool. What is not said to be otherwise belongs to whoever holds it.
struct pooled : slot_times {
    pooled(connection c, std::uint64_t of_epoch) : conn{std::move(c)}, remote{conn}, epoch{of_epoch} {}
    connection conn;
    const connection_remote remote; ///< For others than the holder.
    const std::uint64_t epoch;      ///< Of `replace_all`, when it was made.
    bool blamed = false;            ///< A statement on it failed by the server's fault.
    bool doubted = false;           ///< It refused to write: is it still what was wanted?
    // Guarded by the pool's mutex
    steady_clock::time_point leased_at{};
    std::source_location where; ///< Of the lease.
    std::uint64_t breaker_generation = 0;
    steady_clock::time_point pinged_at{};
    pool_description::connection_state state = pool_description::connection_state::idle;
    /// Set by who looks for leaks, read by the holder when it comes back.
    std::atomic<bool> leak_reported{false};
};

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
///
/// One mutex guards the books; it is never held while a connection, an observer or a hook is called. (A
/// connection's driver calls the pool under its own lock, in shared dispatch.)
class pool_core : public std::enable_shared_from_this<pool_core> {
public:
    pool_core(asio::any_io_executor executor, pool_config config, std::shared_ptr<observer> observed_by,
              std::shared_ptr<const net::connect_target> target);

    void start();
    /// An idle connection that needs no looking at, without waiting; else an empty lease and the way is
    /// `acquire`.
    lease take_now(const std::source_location& where);
    asio::awaitable<result<lease>> acquire(deadline until, std::source_location where);
    /// Every idle connection that passes the checks.
    asio::awaitable<std::vector<lease>> acquire_all_idle(std::source_location where);
    /// Whether a statement may travel with others; see dispatch.hpp.
    bool may_share(const request& what, client_sink& sink) const;
    asio::awaitable<bool> execute_shared(request& what, client_sink& sink, deadline until, failure& out);
    /// What to do after a failed attempt.
    retry_decision after_failure(const failure& f, std::uint32_t attempt, const request& what,
                                 deadline until);
    void call_succeeded() noexcept { retry_budget_.called(); }

    void release(std::unique_ptr<pooled> what) noexcept;
    void discard(std::unique_ptr<pooled> what, close_reason why) noexcept;
    connection detach(std::unique_ptr<pooled> what);
    /// Replaces every connection; those in use when they come back.
    void replace_all();
    asio::awaitable<failure> warm_up(deadline until);
    void reconfigure(const pool_config& c);
    asio::awaitable<void> close(deadline until);
    /// Closes what is idle and stops the background work; from a destructor.
    void abandon() noexcept;

    pool_stats stats() const;
    pool_description describe() const;
    pool_config config() const { return *current(); }
    const std::string& name() const noexcept { return settings_.pool_name(); }
    connection_settings& settings() noexcept { return settings_; }
    const asio::any_io_executor& executor() const noexcept { return executor_; }
    steady_clock::duration statement_timeout() const noexcept {
        return steady_clock::duration{statement_timeout_.load(std::memory_order_relaxed)};
    }
    /// The deadline of waiting for a connection, within that of the call.
    deadline acquire_deadline(deadline call) const {
        return earlier(
            call, deadline::in(steady_clock::duration{acquire_timeout_.load(std::memory_order_relaxed)}));
    }

    enum class breaker_order : std::uint8_t { force_open, disable, reset };
    void command(breaker_order what);
    breaker_state breaker_now() const;

private:
    friend class shared_session;
    using item = std::unique_ptr<pooled>;
    using state = pool_description::connection_state;

    /// For a coroutine that may be unwound (cancelled) while it has a connection that is not a lease yet:
    /// gives it back then.
    class keeper {
    public:
        keeper(pool_core& of, item& what) noexcept : pool_{of}, what_{what} {}
        ~keeper() {
            if (what_) pool_.give_up(std::move(what_));
        }
        keeper(const keeper&) = delete;
        keeper& operator=(const keeper&) = delete;

    private:
        pool_core& pool_;
        item& what_;
    };
    void give_up(item what) noexcept;

    pool_stats stats_locked() const;
    std::shared_ptr<const pool_config> current() const {
        const std::lock_guard lock{mutex_};
        return config_;
    }
    void apply(const pool_config& c);

    // Acquiring
    item take_idle_locked(state as, const std::source_location& where);
    asio::awaitable<result<bool>> passes_checks(pooled& what, deadline until);
    asio::awaitable<failure> ping(pooled& what, deadline until);
    void lend(pooled& what, const std::source_location& where, steady_clock::time_point now);
    void acquire_failed(const failure& why, steady_clock::time_point since, bool waited);

    // The queue
    asio::awaitable<void> wait_for(std::shared_ptr<waiter> w);
    bool join_queue(const std::shared_ptr<waiter>& w);
    void cancel_waiter(const std::shared_ptr<waiter>& w);
    void cancel_shared(const std::shared_ptr<waiter>& w);
    void arm_waiter_timer(deadline first);
    void expire_waiters();
    static void finish(const std::shared_ptr<waiter>& w) { w->done.post(w->executor); }

    // Coming back
    bool needs_care(pooled& what) const;
    asio::awaitable<void> take_care(item what);
    asio::awaitable<bool> restore(pooled& what);
    void hand_over(item what, steady_clock::time_point now = steady_clock::now());
    void hand_to_first_locked(item& what, std::shared_ptr<waiter>& to,
                              std::shared_ptr<shared_session>& session);
    void close_all(std::vector<item> what, close_reason why) noexcept;
    void say_goodbye(pooled& what) const noexcept;
    void report_release(const pooled& what, steady_clock::time_point now);

    // Connecting
    void connect_as_needed();
    asio::awaitable<void> connect_one();
    asio::awaitable<result<connection>> attempt_to_connect();
    asio::awaitable<void> wait_for_backoff();
    item adopt(connection made, std::uint64_t epoch);
    void connect_failed(failure why, steady_clock::time_point attempt);
    steady_clock::time_point expiry_of_new_locked();
    unsigned connecting_limit_locked(steady_clock::time_point now) const;

    // Upkeep
    asio::awaitable<void> maintain();
    static asio::awaitable<void> rest(std::shared_ptr<pool_core> self, steady_clock::duration d);
    void sweep(steady_clock::time_point now);
    void find_leaks(steady_clock::time_point now);
    steady_clock::duration time_to_next_task_locked(steady_clock::time_point now) const;
    asio::awaitable<void> keep_alive();
    asio::awaitable<void> check_health();
    void put_back(item what);
    steady_clock::duration health_period_locked();
    void set_health(bool healthy, const failure* why);

    // Role (pool_role.cpp)
    std::string_view question_for_role(const pooled& what, bool doubted) const noexcept;
    asio::awaitable<failure> ask_for_role(pooled& what, options o);
    bool has_lost_role(const pooled& what) const noexcept;
    void discard_for_role(item what) noexcept;
    void drop_idle_for_role() noexcept;

    // Breaker (pool_breaker.cpp)
    void server_failed(std::uint64_t began_in, std::uint32_t times = 1);
    void announce(std::optional<breaker::transition> t);
    void health_result(bool good);
    asio::awaitable<void> probe();
    static asio::awaitable<void> rest_quietly(steady_clock::duration d);
    asio::awaitable<bool> probe_once(item& with);

    // The end
    std::vector<std::shared_ptr<waiter>> closers_if_empty_locked();
    asio::awaitable<bool> wait_until_empty(deadline until);
    asio::awaitable<void> wait_for_last(std::shared_ptr<waiter> w, std::shared_ptr<asio::steady_timer> timer);
    std::vector<connection_remote> in_use();

    // Telling
    void report_closed(close_reason why) noexcept;
    void report_acquire(acquire_result r, steady_clock::time_point since, bool waited, const failure* why);
    void report_usage(double usage, std::uint32_t waiting);
    static void post_spawn(const asio::any_io_executor& on, asio::awaitable<void> work);

    asio::any_io_executor executor_;
    std::shared_ptr<observer> observer_;
    std::shared_ptr<const net::connect_target> target_;
    connection_settings settings_;
    const pool_hooks hooks_;
    std::atomic<reset_policy> reset_{reset_policy::when_altered};
    std::atomic<steady_clock::rep> acquire_timeout_{0};
    std::atomic<steady_clock::rep> statement_timeout_{0};
    std::atomic<steady_clock::rep> dispatch_slow_{0};
    std::atomic<unsigned> dispatch_batch_{1};
    retry_budget retry_budget_;

    mutable std::mutex mutex_; // guards everything below
    std::shared_ptr<const pool_config> config_;
    slots<pooled> slots_;
    std::deque<std::shared_ptr<waiter>> waiters_;
    std::vector<shared_session*> shared_; ///< Connections that are shared now.
    pool_stats counters_;
    breaker breaker_;
    bool probing_ = false;
    std::string last_connect_error_;
    std::uint32_t connect_failures_ = 0; ///< In a row.
    steady_clock::time_point no_connect_before_{};
    std::uint64_t epoch_ = 0; ///< Of `replace_all`.
    bool closed_ = false;
    bool started_ = false;
    bool pressed_ = false; ///< Usage is above the threshold.
    std::minstd_rand random_{std::random_device{}()};
    std::uint32_t health_failures_ = 0;
    steady_clock::time_point next_health_check_{};
    steady_clock::time_point waiter_timer_at_ = steady_clock::time_point::max();
    asio::steady_timer waiter_timer_;      // touched on the strand of `timers_` only
    asio::steady_timer maintenance_timer_; // likewise
    asio::any_io_executor timers_;
    std::vector<std::shared_ptr<waiter>> closers_; // wait until everything is back
};

} // namespace tusk::detail

/// What stands between a caller and his connection.
template <class T, class... Arguments>
struct std::coroutine_traits<boost::asio::awaitable<T, boost::asio::any_io_executor>,
                             tusk::detail::pool_core&, Arguments...> {
    using promise_type = tusk::net::recycled_frame<T>;
};
template <class T, class... Arguments>
struct std::coroutine_traits<boost::asio::awaitable<T, boost::asio::any_io_executor>, tusk::pool&,
                             Arguments...> {
    using promise_type = tusk::net::recycled_frame<T>;
};
