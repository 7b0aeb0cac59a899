#include <bench/measure.hpp>

#include <algorithm>
#include <chrono>

#include <sys/resource.h>

#include <bench/allocations.hpp>

namespace bench {

namespace {

double seconds(const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

rusage usage() {
    rusage out{};
    getrusage(RUSAGE_SELF, &out);
    return out;
}

} // namespace

[[gnu::noinline]] void measurement::timed(const std::function<void()>& work) {
    using clock = std::chrono::steady_clock;
    if (count_) allocations::start();
    const rusage before = usage();
    const auto begin = clock::now();
    work();
    const auto end = clock::now();
    const rusage after = usage();
    const auto counted = count_ ? allocations::stop() : allocations::count{};
    sample_ = {std::chrono::duration<double>(end - begin).count(),
               seconds(after.ru_utime) - seconds(before.ru_utime),
               seconds(after.ru_stime) - seconds(before.ru_stime), counted.calls, counted.bytes};
}

void measurement::latencies(std::vector<std::uint32_t> nanoseconds) {
    if (nanoseconds.empty()) return;
    const auto at = [&](double share) {
        const auto last = static_cast<double>(nanoseconds.size() - 1);
        const auto place = nanoseconds.begin() + static_cast<std::ptrdiff_t>(share * last);
        std::nth_element(nanoseconds.begin(), place, nanoseconds.end());
        return *place / 1e3;
    };
    const double middle = at(0.5);
    latency_ = {middle, at(0.99)};
}

std::int64_t peak_rss_kb() { return usage().ru_maxrss; }

} // namespace bench
