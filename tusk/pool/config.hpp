#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <tusk/core/deadline.hpp>
#include <tusk/core/error.hpp>
#include <tusk/net/conninfo.hpp>
#include <tusk/pool/breaker.hpp>
#include <tusk/pool/hooks.hpp>
#include <tusk/pool/retry.hpp>

namespace tusk {

/// When a session that comes back is made as it was after connecting (`connection::reset_session`, a round
/// trip off everybody's way).
enum class reset_policy : std::uint8_t {
    when_altered, ///< After statements that may have left something behind; the others cost nothing.
    always,
    never,
};

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
    /// 2 n + 1 connections for a server with n cores and an SSD; see `recommended_connections`.
    static pool_config for_cores(unsigned server_cores);
    /// Of the environment: `DATABASE_URL`, else `DB_HOST`, `DB_PORT`, `DB_NAME`, `DB_USER`, `DB_PASSWORD`,
    /// `DB_SSL_MODE`; and over both `DB_MAX_CONNS`, `DB_MIN_CONNS`, `DB_MAX_CONN_LIFETIME`,
    /// `DB_MAX_CONN_IDLE_TIME`, `DB_HEALTH_CHECK_PERIOD`, `DB_CONNECT_TIMEOUT` (docs/pool.md). `lookup` takes
    /// a name and gives null for a variable that is not set. Errors: `errc::invalid_configuration`,
    /// `errc::invalid_connection_string`, which name the variable.
    static result<pool_config> from_environment(const std::function<const char*(const char*)>& lookup);
    static result<pool_config> from_environment();

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
    /// How long the answer to such a ping, and to those of the health check, may take.
    pool_config& ping_timeout(duration d) {
        ping_timeout_ = d;
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

    /// Kept idle on top of what is in use, as far as `max_connections` allows; 0 is off.
    pool_config& min_idle(unsigned n) {
        min_idle_ = n;
        return *this;
    }
    /// How many connections may be in the making at a time: a server that comes back is not stormed, and a
    /// burst that the open connections can serve does not open many more.
    pool_config& max_connecting(unsigned n) {
        max_connecting_ = n;
        return *this;
    }
    /// Idle connections are pinged when they were quiet for so long, so that firewalls do not forget them. 0
    /// (the default) is off.
    pool_config& keepalive(duration d) {
        keepalive_ = d;
        return *this;
    }
    pool_config& reset(reset_policy p) {
        reset_ = p;
        return *this;
    }
    /// A lease that is held for longer is reported (`observer::leaked`), with the place where it was
    /// acquired. 0 (the default) is off.
    pool_config& leak_after(duration d) {
        leak_after_ = d;
        return *this;
    }
    /// The share of connections in use, 0 to 1, and the time to get one, at which the observer is told that
    /// the pool is under pressure. Above 1, and 0, are off.
    pool_config& pressure(double usage, duration slow_acquire) {
        pressure_usage_ = usage;
        pressure_acquire_ = slow_acquire;
        return *this;
    }
    /// Which statements of the pool's own verbs (`exec`, `one`, …) are done again when they fail, by
    /// themselves: those that took no effect; and those that are marked `options{}.idempotent()`.
    pool_config& retry(retry_policy p) {
        retry_ = p;
        return *this;
    }
    pool_config& breaker(breaker_config c) {
        breaker_ = c;
        return *this;
    }
    /// What its connections begin with. Pools that are given copies of the same settings share what is known
    /// of statements and types. Observer, name and statement timeout are the pool's own.
    pool_config& connections(connection_settings s) {
        connections_ = std::move(s);
        return *this;
    }
    pool_config& hooks(pool_hooks h) {
        hooks_ = std::move(h);
        return *this;
    }

    unsigned min_idle() const noexcept { return min_idle_; }
    unsigned max_connecting() const noexcept { return max_connecting_; }
    duration keepalive() const noexcept { return keepalive_; }
    reset_policy reset() const noexcept { return reset_; }
    duration leak_after() const noexcept { return leak_after_; }
    double pressure_usage() const noexcept { return pressure_usage_; }
    duration pressure_acquire() const noexcept { return pressure_acquire_; }
    const retry_policy& retry() const noexcept { return retry_; }
    const breaker_config& breaker() const noexcept { return breaker_; }
    const pool_hooks& hooks() const noexcept { return hooks_; }
    const std::optional<connection_settings>& connections() const noexcept { return connections_; }
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
    duration ping_timeout() const noexcept { return ping_timeout_; }

    /// Every setting that makes no sense, in one message. `errc::invalid_configuration`.
    failure validate() const;

private:
    connect_config server_;
    std::string name_ = "default";
    unsigned max_ = 20;
    unsigned min_ = 2;
    unsigned min_idle_ = 0;
    unsigned max_connecting_ = 4;
    reset_policy reset_ = reset_policy::when_altered;
    unsigned dispatch_batch_ = 8;
    duration dispatch_slow_ = std::chrono::milliseconds{5};
    duration lifetime_ = std::chrono::hours{1};
    double jitter_ = 0.1;
    duration idle_ = std::chrono::minutes{5};
    duration health_ = std::chrono::seconds{30};
    duration acquire_ = std::chrono::seconds{5};
    duration statement_ = std::chrono::seconds{30};
    duration ping_after_ = std::chrono::seconds{1};
    duration ping_timeout_ = std::chrono::seconds{1};
    duration keepalive_{0};
    duration leak_after_{0};
    double pressure_usage_ = 0.8;
    duration pressure_acquire_ = std::chrono::milliseconds{100};
    retry_policy retry_;
    breaker_config breaker_;
    pool_hooks hooks_;
    std::optional<connection_settings> connections_; ///< Absent: the pool's own.
};

/// A duration as people write it: "500ms", "30s", "5m", "1h", "1h30m", "2d"; a bare number is an error,
/// because nobody can tell its unit. `errc::invalid_configuration`, without naming the key.
result<steady_clock::duration> parse_duration(std::string_view text);

/// How many connections keep a server busy: (cores × 2) + spindles; more only wait for each other. An SSD
/// counts as one spindle. Source: PostgreSQL wiki, "Number of Database Connections"; HikariCP, "About Pool
/// Sizing".
constexpr unsigned recommended_connections(unsigned server_cores, unsigned spindles = 1) noexcept {
    return server_cores * 2 + spindles;
}
/// Statements per second that so many connections can execute, of this average duration.
constexpr double capacity(unsigned connections, steady_clock::duration average) noexcept {
    return connections / std::chrono::duration<double>(average).count();
}
/// Connections that are busy on average at this load (Little's law), rounded up.
constexpr unsigned busy_connections(double statements_per_second, steady_clock::duration average) noexcept {
    const double busy = statements_per_second * std::chrono::duration<double>(average).count();
    const auto whole = static_cast<unsigned>(busy);
    return whole < busy ? whole + 1 : whole;
}

} // namespace tusk
