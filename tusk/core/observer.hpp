#pragma once

#include <chrono>
#include <cstdint>
#include <source_location>
#include <string_view>

#include <tusk/core/deadline.hpp>
#include <tusk/core/error.hpp>
#include <tusk/core/trace_context.hpp>

namespace tusk {

/// Fields that every event shares. One event object lives from its `…_started` to its `…_finished` call, so
/// an observer may keep a token in `context`. Views are valid during the call only.
struct observed {
    std::string_view pool; ///< Name of the pool; empty for a single connection.
    steady_clock::time_point start{};
    steady_clock::duration elapsed{}; ///< Set before `…_finished`.
    const failure* error = nullptr;   ///< Set before `…_finished`; null on success.
    void* context = nullptr;          ///< The observer's own.
    /// What the caller gave with `options::trace`; null when it gave none. Of queries and batches.
    const trace_context* trace = nullptr;
};

/// Making a connection, from name resolution to ReadyForQuery.
struct connect_event : observed {
    std::string_view host;
    std::uint16_t port = 0;
    std::string_view database;
    std::string_view user;
    std::int32_t backend_pid = 0;
    bool tls = false;
};

/// One statement, from its first byte to ReadyForQuery.
struct query_event : observed {
    std::string_view sql;
    std::string_view table; ///< As declared by the caller or the query builder; never parsed out of the text.
    std::string_view command; ///< First word of the command tag ("SELECT"), set before `query_finished`.
    std::uint64_t rows = 0;   ///< Rows returned or affected.
    std::int32_t backend_pid = 0;
    std::uint16_t arguments = 0; ///< How many; the values are never shown.
    bool described = false;      ///< A Parse/Describe round trip was needed.
};

/// A statement that the server parsed and described in the course of a query; `elapsed` is the query's.
struct prepare_event : observed {
    std::string_view sql;
    std::uint16_t parameters = 0;
    std::uint16_t columns = 0;
    std::int32_t backend_pid = 0;
};

/// The server was asked to cancel what it was doing. `error` is what the caller was told; null when the
/// answer came all the same.
struct cancel_event : observed {
    std::string_view sql;   ///< Empty for a batch.
    bool timed_out = false; ///< The deadline passed; else the caller cancelled.
    std::int32_t backend_pid = 0;
};

/// Several statements in one round trip.
struct batch_event : observed {
    std::size_t statements = 0;
    bool independent = false; ///< Each is a transaction of its own.
    std::int32_t backend_pid = 0;
};

/// One COPY, from its first byte to ReadyForQuery.
struct copy_event : observed {
    std::string_view sql;
    std::string_view table;  ///< The table of a typed COPY, or as declared by the caller.
    bool out = false;        ///< TO STDOUT; else FROM STDIN.
    std::uint64_t rows = 0;  ///< Rows copied.
    std::uint64_t bytes = 0; ///< Data that passed, without the headers of messages.
    std::int32_t backend_pid = 0;
};

/// A transaction that is over, from `begin()` on. One that nobody ended is rolled back and counts when it is
/// dropped.
struct transaction_event : observed {
    bool committed = false;
    bool nested = false; ///< A savepoint.
};

enum class acquire_result : std::uint8_t { ok, timeout, canceled, closed, circuit_open, failed };

struct acquire_event : observed {
    acquire_result result = acquire_result::ok;
    bool waited = false; ///< No idle connection was there.
};

enum class close_reason : std::uint8_t { lifetime, idle, broken, reset_failed, health, shutdown };

/// A lease going back; `elapsed` is how long it was held.
struct release_event : observed {
    std::int32_t backend_pid = 0;
};

struct connection_closed_event : observed {
    close_reason reason = close_reason::broken;
};

struct health_event : observed {
    bool healthy = false;
    std::uint32_t consecutive_failures = 0;
};

/// The state of a circuit breaker.
enum class breaker_state : std::uint8_t {
    closed,      ///< All is well; calls pass.
    open,        ///< The server fails; calls are refused.
    half_open,   ///< Probes find out whether it is back; calls are refused.
    forced_open, ///< Refused by an operator's hand, until reset.
    disabled,    ///< Calls pass whatever happens, until reset.
};

/// A breaker went from one state to another.
struct breaker_event : observed {
    std::string_view server; ///< "host:port".
    breaker_state from = breaker_state::closed;
    breaker_state to = breaker_state::closed;
    steady_clock::duration retry_after{}; ///< When an open one is tried again, at the latest.
};

/// A statement failed in a way that allows to send it again, and is going to be, after `delay`.
struct retry_event : observed {
    std::string_view sql;
    std::uint32_t attempt = 0; ///< Of the next attempt; the first retry is 2.
    steady_clock::duration delay{};
};

/// A pool comes to its limits.
struct pressure_event : observed {
    enum class kind : std::uint8_t {
        usage,        ///< The share of connections in use passed the threshold (`usage` says it).
        slow_acquire, ///< Getting a connection took longer than the threshold (`elapsed` says it).
    };
    kind what = kind::usage;
    double usage = 0; ///< Connections in use by the maximum, 0 to 1.
    std::uint32_t waiting = 0;
};

/// A lease is held for longer than `leak_after`; once more when it comes back after all.
struct leak_event : observed {
    std::source_location acquired_at; ///< Who has it.
    std::string_view last_sql;        ///< What was executed on it last, or is being executed.
    std::int32_t backend_pid = 0;
    bool returned = false;
};

/// What an exporter implements. Calls come from whatever thread does the work, must not block and must not
/// throw. Parts call it through a pointer that may be null; nothing is formatted when nobody listens.
class observer {
public:
    virtual ~observer() = default;
    virtual void connect_started(connect_event&) noexcept {}
    virtual void connect_finished(connect_event&) noexcept {}
    virtual void query_started(query_event&) noexcept {}
    virtual void query_finished(query_event&) noexcept {}
    virtual void prepared(prepare_event&) noexcept {}
    virtual void canceled(cancel_event&) noexcept {}
    virtual void batch_started(batch_event&) noexcept {}
    virtual void batch_finished(batch_event&) noexcept {}
    virtual void copy_started(copy_event&) noexcept {}
    virtual void copy_finished(copy_event&) noexcept {}
    virtual void transaction_finished(transaction_event&) noexcept {}
    virtual void acquire_finished(acquire_event&) noexcept {}
    virtual void released(release_event&) noexcept {}
    virtual void connection_closed(connection_closed_event&) noexcept {}
    virtual void health_checked(health_event&) noexcept {}
    virtual void breaker_changed(breaker_event&) noexcept {}
    virtual void retried(retry_event&) noexcept {}
    virtual void under_pressure(pressure_event&) noexcept {}
    virtual void leaked(leak_event&) noexcept {}
    virtual void notice(const server_error&) noexcept {}
};

} // namespace tusk
