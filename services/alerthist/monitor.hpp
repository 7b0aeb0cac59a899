#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <services/alerthist/common.hpp>
#include <tusk/core/observer.hpp>
#include <tusk/pool/pool.hpp>

namespace tusk::alerthist {

/// What the rest of the service has done since the start; the monitor makes rates of it.
struct service_counts {
    std::uint64_t http_requests = 0;
    std::uint64_t alerts = 0;
    std::uint64_t events = 0;
    std::uint64_t published = 0;
    std::size_t clients = 0; ///< Now.
};

/// Watches the pool for people: a sample a second for five minutes, the latest slow queries, the time that
/// each statement took. Passes what it sees on to another observer. Safe from several threads.
class monitor final : public observer {
public:
    monitor(std::shared_ptr<observer> next, std::chrono::steady_clock::duration slow)
        : next_{std::move(next)}, slow_{slow}, since_{std::chrono::system_clock::now()} {}

    void connect_finished(connect_event& e) noexcept override { next_->connect_finished(e); }
    void query_finished(query_event& e) noexcept override;
    void batch_finished(batch_event& e) noexcept override;
    void copy_finished(copy_event& e) noexcept override { next_->copy_finished(e); }
    void acquire_finished(acquire_event& e) noexcept override;
    void released(release_event& e) noexcept override { next_->released(e); }
    void connection_closed(connection_closed_event& e) noexcept override { next_->connection_closed(e); }
    void health_checked(health_event& e) noexcept override { next_->health_checked(e); }
    void breaker_changed(breaker_event& e) noexcept override { next_->breaker_changed(e); }
    void retried(retry_event& e) noexcept override { next_->retried(e); }
    void under_pressure(pressure_event& e) noexcept override { next_->under_pressure(e); }
    void leaked(leak_event& e) noexcept override { next_->leaked(e); }

    /// Ends the second and returns its sample as JSON (PoolSample of the API). To be called once a second.
    std::string tick(const pool& of, const service_counts& counts);

    /// Pool and Statements of the API.
    std::string pool_json(const pool& of) const;
    std::string statements_json(std::size_t limit) const;

private:
    struct statement {
        std::string table;
        std::uint64_t calls = 0, errors = 0, rows = 0;
        std::chrono::nanoseconds total{0}, longest{0};
        std::array<std::uint32_t, 64> buckets{}; ///< Of durations, each 1.5 times the one before.
    };
    struct slow_query {
        instant at;
        std::chrono::nanoseconds took;
        std::string sql, table, sqlstate;
        std::uint64_t rows;
    };
    void add(std::string_view sql, std::string_view table, std::uint64_t rows, const observed& e) noexcept;

    std::shared_ptr<observer> next_;
    std::chrono::steady_clock::duration slow_;
    std::chrono::system_clock::time_point since_;
    mutable std::mutex mutex_;                    // of all below
    std::vector<float> query_times_, wait_times_; ///< Milliseconds, of this second.
    std::uint64_t queries_ = 0, query_errors_ = 0, acquires_ = 0, timeouts_ = 0;
    std::uint64_t all_queries_ = 0, all_query_errors_ = 0;
    service_counts last_;
    std::chrono::steady_clock::time_point last_tick_ = std::chrono::steady_clock::now();
    std::deque<std::string> samples_;
    std::deque<slow_query> slow_queries_;
    std::unordered_map<std::string, statement> statements_;
};

} // namespace tusk::alerthist
