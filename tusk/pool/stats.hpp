#pragma once

#include <cstdint>

#include <tusk/core/deadline.hpp>
#include <tusk/core/observer.hpp>

namespace tusk {

/// What a pool looks like at one moment, and what it has done since it was made.
struct pool_stats {
    // Now
    std::uint32_t max = 0;
    std::uint32_t min = 0;
    std::uint32_t total = 0; ///< idle + in_use + constructing.
    std::uint32_t idle = 0;
    std::uint32_t in_use = 0;       ///< Leased, those being cleaned up included.
    std::uint32_t constructing = 0; ///< Being connected.
    std::uint32_t waiting = 0;      ///< Callers in the queue.
    bool healthy = true;            ///< The last contact with the server was good.
    bool closed = false;
    breaker_state breaker = breaker_state::closed;
    // Since the start
    std::uint64_t acquires = 0;          ///< Successful.
    std::uint64_t waited_acquires = 0;   ///< Of these, how many found no idle connection.
    steady_clock::duration wait_time{0}; ///< Of successful acquires together.
    std::uint64_t timeouts = 0;
    std::uint64_t canceled = 0;
    std::uint64_t failed_acquires = 0;   ///< No connection could be made, or the pool was closed.
    std::uint64_t shared_statements = 0; ///< Executed on a connection that others used at the same time.
    std::uint64_t shared_runs = 0;       ///< How often a connection was shared.
    std::uint64_t connects = 0;          ///< Connections made.
    std::uint64_t connect_failures = 0;
    std::uint64_t closed_by_lifetime = 0;
    std::uint64_t closed_by_idle_time = 0;
    std::uint64_t closed_broken = 0;
    std::uint64_t health_check_failures = 0;
    std::uint64_t detached = 0; ///< Connections that left the pool with their holders.
    std::uint64_t retries = 0;  ///< Statements that were done again.
    std::uint64_t breaker_openings = 0;
    std::uint64_t leaks = 0; ///< Leases that were held for longer than `leak_after`.
};

} // namespace tusk
