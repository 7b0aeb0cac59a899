#pragma once

#include <algorithm>
#include <chrono>

namespace tusk {

/// The clock of every timeout: steady, so that a jump of the wall clock expires nothing.
using steady_clock = std::chrono::steady_clock;

/// A point in time by which an operation has to be over. One deadline covers queueing, connecting, writing
/// and reading. The default is "never".
class deadline {
public:
    constexpr deadline() noexcept = default;
    constexpr explicit deadline(steady_clock::time_point at) noexcept : at_{at} {}

    static constexpr deadline never() noexcept { return {}; }

    /// `timeout` from now; a duration of zero or less means "never" when `zero_is_never`, else "at once".
    static deadline in(steady_clock::duration timeout, bool zero_is_never = true) noexcept {
        if (timeout <= steady_clock::duration::zero() && zero_is_never) return never();
        const auto now = steady_clock::now();
        if (timeout > steady_clock::time_point::max() - now) return never();
        return deadline{now + timeout};
    }

    constexpr steady_clock::time_point at() const noexcept { return at_; }
    constexpr bool is_never() const noexcept { return at_ == steady_clock::time_point::max(); }
    bool expired() const noexcept { return !is_never() && steady_clock::now() >= at_; }

    /// Time left, never negative; the largest duration when there is no deadline.
    steady_clock::duration remaining() const noexcept {
        if (is_never()) return steady_clock::duration::max();
        return std::max(at_ - steady_clock::now(), steady_clock::duration::zero());
    }

    friend constexpr deadline earlier(deadline a, deadline b) noexcept { return a.at_ < b.at_ ? a : b; }
    friend constexpr bool operator==(deadline, deadline) noexcept = default;

private:
    steady_clock::time_point at_ = steady_clock::time_point::max();
};

/// Where a part that keeps time reads it from; tests pass a clock that they move by hand.
class clock_source {
public:
    virtual ~clock_source() = default;
    virtual steady_clock::time_point now() const noexcept = 0;
};

/// The real clock.
const clock_source& real_clock() noexcept;

} // namespace tusk
