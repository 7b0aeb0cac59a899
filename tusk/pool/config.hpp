#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <tusk/core/deadline.hpp>
#include <tusk/core/error.hpp>
#include <tusk/net/conninfo.hpp>

namespace tusk {

/// Settings of a pool. Durations of zero mean "no limit" where a limit is meant, and "off" where a period is
/// meant. The presets are starting points; measure, and see `for_cores`.
class pool_config {
public:
    using duration = steady_clock::duration;

    /// 20 connections at most, 2 at least.
    pool_config() = default;
    /// Of a connection string; its `pool_*` keys are read (docs/pool.md).
    static result<pool_config> parse(std::string_view conninfo);
    static result<pool_config> from(connect_config server);

    /// 10 / 2: a developer's machine.
    static pool_config development();
    /// 20 / 5.
    static pool_config production();
    /// 50 / 10.
    static pool_config high_traffic();
    /// 2 n + 1 connections for a server with n cores and an SSD: (cores × 2) + spindles.
    static pool_config for_cores(unsigned server_cores);

    pool_config& server(connect_config c) {
        server_ = std::move(c);
        return *this;
    }
    /// For events, metrics and messages.
    pool_config& name(std::string n) {
        name_ = std::move(n);
        return *this;
    }
    /// Never more connections than this, those in the making included. At least 1.
    pool_config& max_connections(unsigned n) {
        max_ = n;
        return *this;
    }
    /// Kept open even when idle; at most `max_connections`.
    pool_config& min_connections(unsigned n) {
        min_ = n;
        return *this;
    }
    /// A connection is replaced when it is this old, ± `lifetime_jitter`, so that not all go at once.
    pool_config& max_lifetime(duration d) {
        lifetime_ = d;
        return *this;
    }
    /// Share of `max_lifetime`, 0 to 0.5.
    pool_config& lifetime_jitter(double share) {
        jitter_ = share;
        return *this;
    }
    /// An idle connection above `min_connections` is closed after this.
    pool_config& max_idle_time(duration d) {
        idle_ = d;
        return *this;
    }
    /// How often idle connections are looked after, and the server is asked whether it is there.
    pool_config& health_check_period(duration d) {
        health_ = d;
        return *this;
    }
    /// Limit of waiting for a connection.
    pool_config& acquire_timeout(duration d) {
        acquire_ = d;
        return *this;
    }
    /// Limit of a statement, waiting for a connection included, when the call sets none.
    pool_config& statement_timeout(duration d) {
        statement_ = d;
        return *this;
    }
    /// A connection that was idle for longer is pinged before it is given out.
    pool_config& ping_after_idle(duration d) {
        ping_after_ = d;
        return *this;
    }

    /// How many statements of different callers may be on their way on one connection at a time, when callers
    /// would have to wait for connections otherwise; 1 is off. Each stays a transaction of its own.
    pool_config& dispatch_batch(unsigned n) {
        dispatch_batch_ = n;
        return *this;
    }
    /// Statements that usually take longer than this never share a connection.
    pool_config& dispatch_slow(duration d) {
        dispatch_slow_ = d;
        return *this;
    }

    unsigned dispatch_batch() const noexcept { return dispatch_batch_; }
    duration dispatch_slow() const noexcept { return dispatch_slow_; }
    const connect_config& server() const noexcept { return server_; }
    const std::string& name() const noexcept { return name_; }
    unsigned max_connections() const noexcept { return max_; }
    unsigned min_connections() const noexcept { return min_; }
    duration max_lifetime() const noexcept { return lifetime_; }
    double lifetime_jitter() const noexcept { return jitter_; }
    duration max_idle_time() const noexcept { return idle_; }
    duration health_check_period() const noexcept { return health_; }
    duration acquire_timeout() const noexcept { return acquire_; }
    duration statement_timeout() const noexcept { return statement_; }
    duration ping_after_idle() const noexcept { return ping_after_; }

    /// Every setting that makes no sense, in one message. `errc::invalid_configuration`.
    failure validate() const;

private:
    connect_config server_;
    std::string name_ = "default";
    unsigned max_ = 20;
    unsigned min_ = 2;
    unsigned dispatch_batch_ = 8;
    duration dispatch_slow_ = std::chrono::milliseconds{5};
    duration lifetime_ = std::chrono::hours{1};
    double jitter_ = 0.1;
    duration idle_ = std::chrono::minutes{5};
    duration health_ = std::chrono::seconds{30};
    duration acquire_ = std::chrono::seconds{5};
    duration statement_ = std::chrono::seconds{30};
    duration ping_after_ = std::chrono::seconds{1};
};

/// A duration as people write it: "500ms", "30s", "5m", "1h", "1h30m", "2d"; a bare number is an error,
/// because nobody can tell its unit. `errc::invalid_configuration`, without naming the key.
result<steady_clock::duration> parse_duration(std::string_view text);

} // namespace tusk
