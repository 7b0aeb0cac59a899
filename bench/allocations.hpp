#pragma once

#include <cstdint>

/// Counts what operator new and aligned_alloc are asked for. What C libraries take from malloc is not seen.
namespace bench::allocations {

struct count {
    std::uint64_t calls = 0;
    std::uint64_t bytes = 0;
};

/// From now on, in all threads.
void start() noexcept;
/// What was counted since `start`.
count stop() noexcept;

} // namespace bench::allocations
