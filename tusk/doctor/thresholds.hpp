#pragma once

#include <chrono>
#include <cstdint>

namespace tusk::doctor {

/// From when on something counts. The defaults are those of pghero, or of PostgreSQL's documentation.
class thresholds {
public:
    /// A statement that runs for longer, and a session that is idle inside a transaction for longer.
    thresholds& long_running(std::chrono::seconds t) noexcept { return long_running_ = t, *this; }
    std::chrono::seconds long_running() const noexcept { return long_running_; }

    /// The share of the server's connections in use, 0 to 1.
    thresholds& connections(double share) noexcept { return connections_ = share, *this; }
    double connections() const noexcept { return connections_; }

    /// The share of blocks that were found in memory, 0 to 1.
    thresholds& cache_hits(double share) noexcept { return cache_hits_ = share, *this; }
    double cache_hits() const noexcept { return cache_hits_; }

    /// The share of a sequence's values that are used up, 0 to 1.
    thresholds& sequence(double share) noexcept { return sequence_ = share, *this; }
    double sequence() const noexcept { return sequence_; }

    /// Indexes that nothing reads count from this size on, in bytes.
    thresholds& unused_index(std::int64_t bytes) noexcept { return unused_index_ = bytes, *this; }
    std::int64_t unused_index() const noexcept { return unused_index_; }

    /// Tables count from this number of rows on, where a check is about scans or dead rows.
    thresholds& table_rows(std::int64_t n) noexcept { return table_rows_ = n, *this; }
    std::int64_t table_rows() const noexcept { return table_rows_; }

    /// The share of dead rows in a table, 0 to 1.
    thresholds& dead_rows(double share) noexcept { return dead_rows_ = share, *this; }
    double dead_rows() const noexcept { return dead_rows_; }

    /// Statements (of pg_stat_statements) that take longer on average and were called at least
    /// `slow_calls` times.
    thresholds& slow_statement(std::chrono::milliseconds mean) noexcept {
        return slow_statement_ = mean, *this;
    }
    std::chrono::milliseconds slow_statement() const noexcept { return slow_statement_; }
    thresholds& slow_calls(std::int64_t n) noexcept { return slow_calls_ = n, *this; }
    std::int64_t slow_calls() const noexcept { return slow_calls_; }

    /// How much write-ahead log a replication slot may hold back, in bytes.
    thresholds& retained_wal(std::int64_t bytes) noexcept { return retained_wal_ = bytes, *this; }
    std::int64_t retained_wal() const noexcept { return retained_wal_; }

    /// No check takes longer.
    thresholds& check_timeout(std::chrono::milliseconds t) noexcept { return check_timeout_ = t, *this; }
    std::chrono::milliseconds check_timeout() const noexcept { return check_timeout_; }

private:
    std::chrono::seconds long_running_{60};
    double connections_ = 0.8;
    double cache_hits_ = 0.99;
    double sequence_ = 0.9;
    std::int64_t unused_index_ = std::int64_t{1} << 20;
    std::int64_t table_rows_ = 10'000;
    double dead_rows_ = 0.2;
    std::chrono::milliseconds slow_statement_{20};
    std::int64_t slow_calls_ = 100;
    std::int64_t retained_wal_ = std::int64_t{1} << 30;
    std::chrono::milliseconds check_timeout_{10'000};
};

} // namespace tusk::doctor
