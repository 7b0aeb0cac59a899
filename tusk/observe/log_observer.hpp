#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include <tusk/core/observer.hpp>
#include <tusk/observe/log.hpp>

namespace tusk::observe {

/// What a line is about; each has a level of its own.
enum class log_category : std::uint8_t {
    connection, ///< Made, failed, closed, cancelled.
    query,      ///< Statements, batches, COPYs and transactions.
    pool,       ///< Acquires that failed, pressure, leaks, retries, health, the breaker.
    server,     ///< NOTICE and WARNING of the server.
};

/// What a log observer writes, and how.
class log_options {
public:
    log_options& format(log_format f) noexcept {
        format_ = f;
        return *this;
    }
    /// Of all categories. Info by default: what fails, and what happens to pools and connections; at debug
    /// every statement has a line.
    log_options& level(log_level l) noexcept {
        levels_.fill(l);
        return *this;
    }
    log_options& level(log_category of, log_level l) noexcept {
        levels_[static_cast<std::size_t>(of)] = l;
        return *this;
    }
    /// Statements are cut after this many bytes (1,000).
    log_options& longest_sql(std::size_t bytes) noexcept {
        longest_sql_ = bytes;
        return *this;
    }
    /// Shows the server's DETAIL, which may hold values of rows. Off by default.
    log_options& details(bool on = true) noexcept {
        details_ = on;
        return *this;
    }
    /// Of lines at warn and error that say the same (message, pool, SQLSTATE), the first `lines` in each
    /// `interval` are written (10 in 1 s); the next one afterwards says how many were not, as `suppressed`.
    /// 0 lines: all are written.
    log_options& repeats(std::uint32_t lines, steady_clock::duration interval) noexcept {
        repeats_ = lines;
        interval_ = interval;
        return *this;
    }

    log_format format() const noexcept { return format_; }
    log_level level(log_category of) const noexcept { return levels_[static_cast<std::size_t>(of)]; }
    std::size_t longest_sql() const noexcept { return longest_sql_; }
    bool shows_details() const noexcept { return details_; }
    std::uint32_t repeats() const noexcept { return repeats_; }
    steady_clock::duration interval() const noexcept { return interval_; }

private:
    log_format format_ = log_format::logfmt;
    std::array<log_level, 4> levels_{log_level::info, log_level::info, log_level::info, log_level::info};
    std::size_t longest_sql_ = 1'000;
    std::uint32_t repeats_ = 10;
    steady_clock::duration interval_ = std::chrono::seconds{1};
    bool details_ = false;
};

/// Writes what connections and pools do as structured lines. Arguments are counted, their values never shown.
/// A line that is not wanted costs a comparison. Safe from several threads.
class log_observer final : public observer {
public:
    /// Throws `tusk::error` (`errc::invalid_argument`) for an empty sink.
    explicit log_observer(log_sink to, log_options how = log_options{});

    void connect_finished(connect_event& event) noexcept override;
    void query_finished(query_event& event) noexcept override;
    void prepared(prepare_event& event) noexcept override;
    void canceled(cancel_event& event) noexcept override;
    void batch_finished(batch_event& event) noexcept override;
    void copy_finished(copy_event& event) noexcept override;
    void transaction_finished(transaction_event& event) noexcept override;
    void acquire_finished(acquire_event& event) noexcept override;
    void connection_closed(connection_closed_event& event) noexcept override;
    void health_checked(health_event& event) noexcept override;
    void breaker_changed(breaker_event& event) noexcept override;
    void retried(retry_event& event) noexcept override;
    void under_pressure(pressure_event& event) noexcept override;
    void leaked(leak_event& event) noexcept override;
    void notice(const server_error& from) noexcept override;

private:
    bool wants(log_category of, log_level level) const noexcept { return level >= how_.level(of); }
    /// `fill(record)` adds the fields.
    template <class Fill>
    void write(log_category of, log_level level, std::string_view message, const observed& event,
               Fill fill) noexcept;
    void add_error(log_record& to, const failure& why) const;
    /// How many such lines were not written since the last one; nothing when this one is not to be, either.
    bool admit(const log_record& line, const observed& event, std::uint64_t& suppressed);

    struct repeated {
        steady_clock::time_point since{};
        std::uint32_t lines = 0;
        std::uint64_t suppressed = 0;
    };

    log_sink to_;
    log_options how_;
    std::mutex mutex_;
    std::map<std::string, repeated> repeats_;
};

} // namespace tusk::observe
