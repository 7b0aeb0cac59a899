#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <tusk/core/observer.hpp>
#include <tusk/observe/log.hpp>

namespace tusk::observe {

/// A statement that took long, with what is known of others like it.
struct slow_query {
    std::string fingerprint; ///< The statement without its values.
    std::uint64_t id = 0;    ///< `fingerprint_id`.
    std::string sql;         ///< As it was sent: parameters have no values in it, literals do.
    std::string table;
    std::string pool;
    std::string command;
    steady_clock::duration elapsed{};
    std::uint64_t rows = 0;
    std::int32_t backend_pid = 0;
    std::uint16_t arguments = 0;
    bool failed = false;
    std::optional<trace_context> trace;
    std::uint64_t unreported = 0; ///< Slow ones like it since the report before.
    std::string plan;             ///< What `explain` returned.
};

/// All slow statements of one fingerprint.
struct slow_statement {
    std::string fingerprint;
    std::uint64_t times = 0;
    steady_clock::duration total{};
    steady_clock::duration longest{};
};

/// When a statement is slow, and what is done about it.
class slow_query_options {
public:
    using explainer = std::function<std::string(std::string_view sql, std::uint16_t arguments)>;

    /// From here on it is slow (100 ms).
    slow_query_options& threshold(steady_clock::duration t) noexcept {
        threshold_ = t;
        return *this;
    }
    /// How often statements of one fingerprint are reported at most (once a minute).
    slow_query_options& interval(steady_clock::duration t) noexcept {
        interval_ = t;
        return *this;
    }
    /// How many fingerprints are kept (1,000); later ones count together, as "other".
    slow_query_options& capacity(std::size_t fingerprints) noexcept {
        capacity_ = fingerprints;
        return *this;
    }
    /// Asked for the plan of read-only statements that are reported, on the thread that reports; what it
    /// throws is the plan then. `tusk::blocking::explain` is made for it, on a connection of its own.
    slow_query_options& explain(explainer e) {
        explain_ = std::move(e);
        return *this;
    }
    steady_clock::duration threshold() const noexcept { return threshold_; }
    steady_clock::duration interval() const noexcept { return interval_; }
    std::size_t capacity() const noexcept { return capacity_; }
    const explainer& explain() const noexcept { return explain_; }

private:
    steady_clock::duration threshold_ = std::chrono::milliseconds{100};
    steady_clock::duration interval_ = std::chrono::minutes{1};
    std::size_t capacity_ = 1'000;
    explainer explain_;
};

/// Reports slow statements, once per fingerprint and interval, on a thread of its own. A statement that is
/// not slow costs a comparison. Safe from several threads.
class slow_queries final : public observer {
public:
    /// Reports that wait for their turn; more are counted only.
    static constexpr std::size_t most_waiting = 64;

    /// `report` may block; what it throws is swallowed. Throws `tusk::error` (`errc::invalid_argument`) for
    /// an empty one.
    explicit slow_queries(std::function<void(const slow_query&)> report,
                          slow_query_options how = slow_query_options{});
    /// Reports what still waits.
    ~slow_queries() override;

    void query_finished(query_event& event) noexcept override;

    /// What was slow so far, the costliest first.
    std::vector<slow_statement> statements() const;
    /// Waits until everything that was slow before the call has been reported.
    void flush();

private:
    struct known {
        slow_statement sums;
        steady_clock::time_point reported{};
        std::uint64_t unreported = 0;
    };
    void note(const query_event& event);
    void run();
    void tell(slow_query& about) noexcept;

    std::function<void(const slow_query&)> report_;
    slow_query_options how_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, known, std::less<>> known_;
    std::deque<slow_query> waiting_;
    bool reporting_ = false;
    bool ending_ = false;
    std::thread thread_;
};

/// Whether a statement only reads, as far as its words tell: SELECT, VALUES, TABLE, and WITH without a word
/// that writes.
bool only_reads(std::string_view sql);

/// A report as a line at warn: `slow query` with the fields of §"Slow statements" in docs/observability.md.
log_record to_record(const slow_query& of);

} // namespace tusk::observe
