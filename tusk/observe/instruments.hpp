#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace tusk::observe {

namespace detail {

inline constexpr std::size_t cache_line = 64;

/// Threads are spread over this many copies of a cell, so that they rarely write the same cache line.
inline constexpr std::size_t shard_count = 4;

/// Gives the calling thread its shard, round robin.
std::size_t assign_shard() noexcept;

/// `shard_count` means "not assigned yet"; a constant initialiser keeps the access one plain load.
inline constinit thread_local std::size_t shard_of_thread = shard_count;

inline std::size_t this_shard() noexcept {
    return shard_of_thread < shard_count ? shard_of_thread : assign_shard();
}

} // namespace detail

/// A number that only grows. Recording is lock-free, never allocates and never blocks; any thread may record.
class counter {
public:
    void add(std::uint64_t n = 1) noexcept {
        cells_[detail::this_shard()].value.fetch_add(n, std::memory_order_relaxed);
    }

    /// Everything added so far. Sees each addition that happened before the call.
    std::uint64_t value() const noexcept;

private:
    struct alignas(detail::cache_line) cell {
        std::atomic<std::uint64_t> value{0};
    };
    std::array<cell, detail::shard_count> cells_;
};

/// A number that goes up and down. One atomic: the last `set` wins, whatever thread it came from.
class gauge {
public:
    void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
    void add(double difference = 1) noexcept { value_.fetch_add(difference, std::memory_order_relaxed); }
    void subtract(double difference = 1) noexcept { value_.fetch_sub(difference, std::memory_order_relaxed); }
    double value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<double> value_{0};
};

/// Upper bounds in seconds that suit most services: .005 .01 .025 .05 .1 .25 .5 1 2.5 5 10.
/// Source: `DefBuckets` of the Prometheus Go client.
std::span<const double> default_buckets() noexcept;

/// Upper bounds in seconds that hold both `default_buckets()` and those of OpenTelemetry's semantic
/// conventions (.001 .005 .01 .05 .1 .5 1 5 10), so that one histogram can be shown with either.
std::span<const double> database_buckets() noexcept;

/// What a histogram held when it was read.
struct histogram_values {
    std::vector<double> bounds; ///< Inclusive upper bounds, ascending, without +Inf.
    std::vector<std::uint64_t>
        cumulative; ///< How many values were ≤ each bound; the last one (+Inf) is the count.
    double sum = 0;

    std::uint64_t count() const noexcept { return cumulative.empty() ? 0 : cumulative.back(); }

    /// The same values in fewer buckets. `wanted`: some of `bounds`; others are left out.
    histogram_values with_bounds(std::span<const double> wanted) const;

    /// Adds what another histogram held. Throws `tusk::error` (`errc::invalid_configuration`) when its
    /// buckets are others.
    void add(const histogram_values& more);
};

/// Counts of values in fixed buckets, and their sum. Recording is lock-free and never allocates.
class histogram {
public:
    /// `bounds`: inclusive upper bounds, at least one, finite and strictly ascending (a last +Inf is
    /// understood and may be given). Throws `tusk::error` (`errc::invalid_configuration`) otherwise.
    explicit histogram(std::span<const double> bounds = default_buckets());

    /// Adds one value; NaN is ignored, because it would spoil the sum for good.
    void record(double value) noexcept;

    /// Adds one duration, in seconds.
    template <class Rep, class Period>
    void record(std::chrono::duration<Rep, Period> elapsed) noexcept {
        record(std::chrono::duration<double>{elapsed}.count());
    }

    /// The buckets and the count always agree with each other; the sum may be ahead of or behind them by the
    /// values that other threads record during the call.
    histogram_values values() const;

    std::span<const double> bounds() const noexcept { return bounds_; }

private:
    struct alignas(detail::cache_line) line {
        std::array<std::atomic<std::uint64_t>, detail::cache_line / sizeof(std::uint64_t)> cells{};
    };
    // A shard is a run of whole lines: the bits of the sum, then a count for each bound, then the one of
    // +Inf.
    std::atomic<std::uint64_t>& cell(std::size_t shard, std::size_t index) const noexcept {
        constexpr std::size_t per_line = cache_line_cells;
        return lines_[shard * lines_per_shard_ + index / per_line].cells[index % per_line];
    }
    static constexpr std::size_t cache_line_cells = detail::cache_line / sizeof(std::uint64_t);

    std::vector<double> bounds_;
    std::size_t lines_per_shard_;
    std::unique_ptr<line[]> lines_;
};

namespace detail {

/// Whether `bounds` can be a histogram's, as its constructor says.
bool are_valid_bounds(std::span<const double> bounds) noexcept;

/// `bounds` without a last +Inf.
std::span<const double> finite_bounds(std::span<const double> bounds) noexcept;

} // namespace detail

} // namespace tusk::observe
