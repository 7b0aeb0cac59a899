#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace bench {

/// What one timed section cost this process.
struct sample {
    double wall_s = 0;
    double user_s = 0; ///< getrusage(RUSAGE_SELF), all threads.
    double sys_s = 0;
    std::uint64_t allocations = 0; ///< When they are counted.
    std::uint64_t allocated_bytes = 0;
};

/// How long operations took, in microseconds.
struct percentiles {
    double p50_us = 0;
    double p99_us = 0;
};

/// Takes the time of one section. Connecting, preparing and warming up stay outside.
class measurement {
public:
    explicit measurement(bool count_allocations) noexcept : count_{count_allocations} {}

    /// Runs `work` and measures it. Never inlined, so that a profiler can be told to look at nothing else
    /// (callgrind: --toggle-collect='bench::measurement::timed*').
    void timed(const std::function<void()>& work);

    /// How long each operation took, in nanoseconds, for workloads that note it.
    void latencies(std::vector<std::uint32_t> nanoseconds);
    const std::optional<percentiles>& latency() const noexcept { return latency_; }

    const sample& taken() const noexcept { return sample_; }
    bool counts_allocations() const noexcept { return count_; }

private:
    bool count_;
    sample sample_;
    std::optional<percentiles> latency_;
};

/// Nanoseconds since it was made; what a workload notes for each operation.
class stopwatch {
public:
    std::uint32_t nanoseconds() const noexcept {
        const auto passed = std::chrono::steady_clock::now() - begin_;
        return static_cast<std::uint32_t>(std::chrono::nanoseconds{passed}.count());
    }

private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// The most memory this process ever had resident, in KiB.
std::int64_t peak_rss_kb();

/// Keeps the compiler from leaving out the work that made `value`.
template <class T>
inline void keep(const T& value) {
    asm volatile("" : : "r"(&value) : "memory");
}

} // namespace bench
