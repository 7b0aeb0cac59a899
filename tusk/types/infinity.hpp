#pragma once

#include <chrono>
#include <compare>

namespace tusk {

/// The value `infinity` of PostgreSQL's dates and timestamps; `-tusk::infinity` is the other one. In C++ they
/// are `max()` and `min()` of the time point's type: `sys_time<microseconds> end = tusk::infinity`.
class infinity_t {
public:
    constexpr explicit infinity_t(bool negative = false) noexcept : negative_{negative} {}
    constexpr infinity_t operator-() const noexcept { return infinity_t{!negative_}; }
    constexpr bool is_negative() const noexcept { return negative_; }

    template <class Clock, class Duration>
    constexpr operator std::chrono::time_point<Clock, Duration>() const noexcept {
        using point = std::chrono::time_point<Clock, Duration>;
        return negative_ ? point::min() : point::max();
    }
    template <class Clock, class Duration>
    friend constexpr bool operator==(std::chrono::time_point<Clock, Duration> t, infinity_t i) noexcept {
        return t == static_cast<std::chrono::time_point<Clock, Duration>>(i);
    }
    template <class Clock, class Duration>
    friend constexpr std::strong_ordering operator<=>(std::chrono::time_point<Clock, Duration> t,
                                                      infinity_t i) noexcept {
        return t.time_since_epoch().count() <=>
               static_cast<std::chrono::time_point<Clock, Duration>>(i).time_since_epoch().count();
    }
    friend constexpr bool operator==(infinity_t, infinity_t) noexcept = default;

private:
    bool negative_;
};

inline constexpr infinity_t infinity{};

/// Whether a time point stands for `infinity` or `-infinity`.
template <class Clock, class Duration>
constexpr bool is_infinite(std::chrono::time_point<Clock, Duration> t) noexcept {
    return t == infinity || t == -infinity;
}

} // namespace tusk
