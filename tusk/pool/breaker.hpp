#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <tusk/core/deadline.hpp>
#include <tusk/core/error.hpp>
#include <tusk/core/observer.hpp>

namespace tusk {

/// When a breaker opens, and how it closes again. The defaults suit a database behind a pool.
class breaker_config {
public:
    using duration = steady_clock::duration;

    /// A breaker that counts and never opens.
    static breaker_config off() { return breaker_config{}.enabled(false); }

    breaker_config& enabled(bool on) noexcept {
        enabled_ = on;
        return *this;
    }
    /// What counts is what happened within this time.
    breaker_config& window(duration d) noexcept {
        window_ = d;
        return *this;
    }
    /// Fewer calls than this in the window say nothing.
    breaker_config& min_calls(std::uint32_t n) noexcept {
        min_calls_ = n;
        return *this;
    }
    /// Opens when this share of the calls failed, above 0 to 1.
    breaker_config& failure_share(double share) noexcept {
        share_ = share;
        return *this;
    }
    /// Opens after so many failed health checks in a row; 0 is never.
    breaker_config& health_failures(std::uint32_t n) noexcept {
        health_failures_ = n;
        return *this;
    }
    /// Stays open this long at most before it is tried; doubles each time it opens again, up to `max_open`.
    breaker_config& open_for(duration d) noexcept {
        open_for_ = d;
        return *this;
    }
    breaker_config& max_open(duration d) noexcept {
        max_open_ = d;
        return *this;
    }
    /// Share of `open_for` that is random, either way.
    breaker_config& jitter(double share) noexcept {
        jitter_ = share;
        return *this;
    }
    /// How many probes may be under way in the half-open state, and how many have to succeed to close it.
    breaker_config& probes(std::uint32_t n) noexcept {
        probes_ = n;
        return *this;
    }
    /// How often the server is asked while the breaker is open. An answer ends the open state early, so that
    /// a server that is back is used within this time.
    breaker_config& probe_period(duration d) noexcept {
        probe_period_ = d;
        return *this;
    }

    bool enabled() const noexcept { return enabled_; }
    duration window() const noexcept { return window_; }
    std::uint32_t min_calls() const noexcept { return min_calls_; }
    double failure_share() const noexcept { return share_; }
    std::uint32_t health_failures() const noexcept { return health_failures_; }
    duration open_for() const noexcept { return open_for_; }
    duration max_open() const noexcept { return max_open_; }
    double jitter() const noexcept { return jitter_; }
    std::uint32_t probes() const noexcept { return probes_; }
    duration probe_period() const noexcept { return probe_period_; }

    /// Every setting that makes no sense, in one message; empty when all do.
    std::string problems() const;

private:
    bool enabled_ = true;
    duration window_ = std::chrono::seconds{10};
    std::uint32_t min_calls_ = 20;
    double share_ = 0.5;
    std::uint32_t health_failures_ = 3;
    duration open_for_ = std::chrono::seconds{5};
    duration max_open_ = std::chrono::seconds{60};
    double jitter_ = 0.2;
    std::uint32_t probes_ = 3;
    duration probe_period_ = std::chrono::milliseconds{250};
};

/// A circuit breaker for one server: when it fails too often, calls are refused at once instead of queueing
/// for a server that is not there. A machine without a clock, locks or I/O: the caller says what time it is,
/// serialises the calls, and asks `take_transition` after each.
///
/// closed → open → half_open → closed or open again; `force_open` and `disable` hold it until `reset`.
/// Source: resilience4j CircuitBreaker; reliability rules of the project.
class breaker {
public:
    using time = steady_clock::time_point;

    explicit breaker(breaker_config c = {}, std::uint64_t seed = 1) noexcept;

    breaker_state state() const noexcept { return state_; }
    /// Whether a call may go to the server now. Half-open admits none: probes decide (`begin_probe`).
    bool allows() const noexcept {
        return state_ == breaker_state::closed || state_ == breaker_state::disabled;
    }
    /// How long until an open breaker is tried again.
    steady_clock::duration retry_after(time now) const noexcept;

    /// A call that the server answered, whatever the answer, or one that failed because of the server
    /// (`is_server_failure`). Calls that began before the last transition are of no interest any more: give
    /// the `generation()` of their beginning.
    void succeeded(time now, std::uint64_t began_in);
    void failed(time now, std::uint64_t began_in);
    /// The periodic question whether the server is there.
    void health_checked(bool good, time now);
    /// Counts the transitions.
    std::uint64_t generation() const noexcept { return generation_; }

    /// A place for a probe, when there is one: an open breaker whose time has come becomes half-open. Each
    /// one is given back by `end_probe`; nullopt for a probe that was cancelled.
    bool begin_probe(time now);
    void end_probe(std::optional<bool> good, time now, std::uint64_t began_in);
    /// An answer while open: there is no need to wait for the time to pass.
    void answered_while_open(time now);

    /// Refuses everything until `reset`.
    void force_open(time now) { change(breaker_state::forced_open, now); }
    /// Lets everything pass and decides nothing until `reset`.
    void disable(time now) { change(breaker_state::disabled, now); }
    /// Closed, with an empty window.
    void reset(time now);

    struct transition {
        breaker_state from;
        breaker_state to;
    };
    /// What changed since the last call, each transition once.
    std::optional<transition> take_transition() noexcept;

    /// Calls and failures in the window.
    std::uint32_t calls(time now) noexcept;
    std::uint32_t failures(time now) noexcept;

private:
    struct bucket {
        std::int64_t tick = -1;
        std::uint32_t calls = 0;
        std::uint32_t failures = 0;
    };
    static constexpr std::size_t bucket_count = 10;

    bucket& current(time now) noexcept;
    steady_clock::duration tick_length() const noexcept;
    std::int64_t tick_of(time t) const noexcept;
    void change(breaker_state to, time now);
    void open(time now);
    double random() noexcept;

    breaker_config config_;
    breaker_state state_ = breaker_state::closed;
    std::array<bucket, bucket_count> buckets_{};
    std::size_t current_ = 0; ///< The one of the moments from `current_from_` to `current_until_`.
    time current_from_{};
    time current_until_{};
    std::uint64_t generation_ = 0;
    std::uint64_t random_;
    std::uint32_t bad_checks_ = 0;
    std::uint32_t openings_ = 0; ///< In a row, without a closed state in between.
    std::uint32_t probing_ = 0;
    std::uint32_t good_probes_ = 0;
    time try_again_{};
    std::optional<transition> pending_;
};

/// Whether a failure says that the server, or the way to it, does not work: no connection, a broken one,
/// 57P01 to 57P03, 53100, 53200, 53300. What the caller did wrong, cancellations and full pools do not count.
bool is_server_failure(const failure& f) noexcept;

} // namespace tusk
