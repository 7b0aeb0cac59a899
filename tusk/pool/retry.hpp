#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include <tusk/core/deadline.hpp>
#include <tusk/core/error.hpp>

namespace tusk {

namespace asio = boost::asio;

/// How often and when something that failed is done again. What may be done again is not decided here but by
/// the failure itself (`failure::retry()`).
class retry_policy {
public:
    using duration = steady_clock::duration;

    /// One attempt, no retry.
    static retry_policy none() { return retry_policy{}.attempts(1); }

    /// All attempts together, the first included.
    retry_policy& attempts(std::uint32_t n) noexcept {
        attempts_ = n;
        return *this;
    }
    /// The wait before attempt n + 1 is a random time between zero and `base` · 2ⁿ⁻¹, `cap` at most.
    retry_policy& backoff(duration base, duration cap) noexcept {
        base_ = base;
        cap_ = cap;
        return *this;
    }
    /// Retries may be this share of the calls of the last time, and so many a second whatever the share:
    /// where everything fails, retries must not multiply the load.
    retry_policy& budget(double share_of_calls, double floor_per_second) noexcept {
        share_ = share_of_calls;
        floor_ = floor_per_second;
        return *this;
    }

    std::uint32_t attempts() const noexcept { return attempts_; }
    duration base() const noexcept { return base_; }
    duration cap() const noexcept { return cap_; }
    double budget_share() const noexcept { return share_; }
    double budget_floor() const noexcept { return floor_; }
    /// The longest wait before the attempt after `attempt` (1 is the first).
    duration limit_after(std::uint32_t attempt) const noexcept;
    /// Settings that make no sense, in one message; empty when all do.
    std::string problems() const;

private:
    std::uint32_t attempts_ = 3;
    duration base_ = std::chrono::milliseconds{50};
    duration cap_ = std::chrono::seconds{2};
    double share_ = 0.1;
    double floor_ = 10;
};

/// A token bucket that calls fill and retries empty. Safe from several threads.
/// Source: userver's retry budget; Finagle's `RetryBudget`.
class retry_budget {
public:
    retry_budget(const retry_policy& p, steady_clock::time_point now) noexcept;

    /// One more call.
    void called() noexcept;
    /// Takes what a retry costs; false when there is not enough.
    bool take(steady_clock::time_point now) noexcept;

private:
    static constexpr std::int64_t token = 1000; ///< What one retry costs.
    void add(std::int64_t amount) noexcept;

    std::int64_t per_call_;
    double per_second_;
    std::int64_t most_;
    std::atomic<std::int64_t> tokens_;
    std::atomic<steady_clock::rep> filled_at_;
};

/// Why nothing is done again, or how long to wait before it is.
struct retry_decision {
    bool again = false;
    steady_clock::duration delay{0};
};

/// Whether the attempt that just failed is to be followed by another: the failure allows it, attempts and
/// budget are left, and the wait ends before the deadline does. `random` lies between 0 and 1; `idempotent`
/// says that doing it twice does no harm.
retry_decision decide_retry(const retry_policy& policy, const failure& f, std::uint32_t attempt,
                            bool idempotent, deadline until, steady_clock::time_point now,
                            double random) noexcept;

/// Between 0 and 1, from the thread's own generator.
double random_share() noexcept;

/// Ends after `d`, or throws `boost::system::system_error` when it is cancelled.
asio::awaitable<void> pause_for(steady_clock::duration d);

/// Runs `f()`, an awaitable, until it succeeds or nothing allows another attempt; rethrows what it threw
/// last. For work over several statements that is whole each time: `f` must begin its transaction itself.
///
///     auto n = co_await tusk::with_retry({}, deadline::in(5s), [&] { return transfer(db, from, to); });
///
/// `retry_advice::safe` and `transaction` allow another attempt, `if_idempotent` only if `idempotent` is set.
template <class F>
auto with_retry(retry_policy policy, deadline until, F f, bool idempotent = false)
    -> std::invoke_result_t<F&> {
    for (std::uint32_t attempt = 1;; ++attempt) {
        retry_decision next;
        try {
            co_return co_await f();
        } catch (const error& e) {
            next = decide_retry(policy, e.as_failure(), attempt, idempotent, until, steady_clock::now(),
                                random_share());
            if (!next.again) throw;
        }
        co_await pause_for(next.delay);
    }
}

} // namespace tusk
