#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace simulation {

using std::chrono::steady_clock;

/// While one exists, the clock of its thread stands still until somebody moves it, the timers of an event
/// loop of this thread are set against that clock, and `std::random_device` is a generator that begins with
/// the seed. Other threads do not notice. How: virtual_time.cpp.
class virtual_time {
public:
    explicit virtual_time(std::uint64_t seed) noexcept;
    ~virtual_time();
    virtual_time(const virtual_time&) = delete;
    virtual_time& operator=(const virtual_time&) = delete;

    /// Of the thread that asks, or null.
    static virtual_time* here() noexcept;

    steady_clock::time_point now() const noexcept { return now_; }
    void advance(steady_clock::duration d) noexcept { now_ += d; }

    /// Moves the clock to the next timer that is set and lets it ring: the event loop sees it in its next
    /// `poll()`. False when none is set.
    bool ring() noexcept;
    /// When `ring` would ring.
    std::optional<steady_clock::time_point> next() const noexcept { return next_; }

    // What the replaced functions call
    void set_timer(int timer, std::optional<steady_clock::duration> in) noexcept;
    std::uint32_t random() noexcept;

private:
    steady_clock::time_point now_{std::chrono::hours{1000}};
    std::optional<steady_clock::time_point> next_;
    int timer_ = -1;
    std::uint64_t random_;
};

} // namespace simulation
