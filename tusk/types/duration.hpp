#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <ratio>
#include <utility>

/// Between the durations of a program and the server's microseconds, with every overflow caught.
namespace tusk::detail {

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

/// How many microseconds a tick is, or how many ticks a microsecond.
template <class Duration>
using tick_ratio = std::ratio_divide<typename Duration::period, std::micro>;

/// Durations that count whole ticks, each a multiple or a whole fraction of a microsecond.
template <class T>
concept sql_duration =
    is_duration<T> && std::integral<typename T::rep> && (tick_ratio<T>::num == 1 || tick_ratio<T>::den == 1);

/// Microseconds convert into it without loss.
template <class Duration>
inline constexpr bool holds_microseconds = tick_ratio<Duration>::num == 1;

/// Rounds down; false when it does not fit.
template <sql_duration Duration>
constexpr bool to_microseconds(Duration d, std::int64_t& out) noexcept {
    using ratio = tick_ratio<Duration>;
    if (!std::in_range<std::int64_t>(d.count())) return false;
    const auto count = static_cast<std::int64_t>(d.count());
    if constexpr (ratio::den == 1)
        return !__builtin_mul_overflow(count, std::int64_t{ratio::num}, &out);
    else {
        out = count / ratio::den - (count % ratio::den < 0 ? 1 : 0);
        return true;
    }
}

/// False when it does not fit.
template <sql_duration Duration>
    requires holds_microseconds<Duration>
constexpr bool from_microseconds(std::int64_t microseconds, Duration& out) noexcept {
    std::int64_t count = 0;
    if (__builtin_mul_overflow(microseconds, std::int64_t{tick_ratio<Duration>::den}, &count)) return false;
    if (!std::in_range<typename Duration::rep>(count)) return false;
    out = Duration{static_cast<typename Duration::rep>(count)};
    return true;
}

} // namespace tusk::detail
