#pragma once

#include <cstdint>
#include <source_location>
#include <string>
#include <vector>

#include <tusk/core/observer.hpp>
#include <tusk/pool/stats.hpp>

namespace tusk {

/// A pool at one moment, for people: who holds what, and for how long. Made by `pool::describe()`.
struct pool_description {
    enum class connection_state : std::uint8_t {
        idle,
        leased,       ///< Somebody holds it.
        shared,       ///< Several statements are on their way on it.
        looked_after, ///< Being pinged, cleaned up or handed over.
    };
    struct pooled_connection {
        connection_state state = connection_state::idle;
        std::int32_t backend_pid = 0;
        std::string server; ///< "host:port".
        steady_clock::duration age{};
        steady_clock::duration since{};   ///< How long in this state.
        steady_clock::duration expires{}; ///< Until it is replaced; zero when it never is.
        std::source_location acquired_at; ///< Of a lease; line 0 when there is none.
        std::string sql;                  ///< Executed last, or being executed.
    };
    struct waiting_caller {
        steady_clock::duration since{};
        bool for_statement = false; ///< For one statement, on any connection; else for a connection.
    };

    std::string name;
    pool_stats stats;
    breaker_state breaker = breaker_state::closed;
    steady_clock::duration retry_after{}; ///< Of an open breaker.
    std::string last_connect_error;       ///< Of the last attempt, if that failed.
    std::vector<pooled_connection> connections;
    std::vector<waiting_caller> waiting; ///< In the order in which they are served.
};

/// Names for logs and JSON: "idle", "half_open".
std::string_view to_string(pool_description::connection_state s) noexcept;
std::string_view to_string(breaker_state s) noexcept;

/// The description as one JSON object, for a debug page: times in milliseconds (`age_ms`), the holder of a
/// lease as "file:line" and function. It shows the texts of statements, so that the page is for operators.
std::string to_json(const pool_description& of);

} // namespace tusk
