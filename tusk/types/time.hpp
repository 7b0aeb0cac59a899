#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string_view>

#include <tusk/types/codec.hpp>
#include <tusk/types/duration.hpp>
#include <tusk/types/infinity.hpp>

/// Codecs of date, time, timestamp and timestamptz. The four do not mix: a `sys_time` is an instant and
/// becomes a timestamptz only, a `local_time` is what a clock on a wall shows and becomes a timestamp only.
/// Source: PostgreSQL `datatype/timestamp.h`, `utils/adt/{date,timestamp,datetime}.c`.
namespace tusk {

/// The value of a `time`: microseconds since midnight, up to and including 24:00.
class time_of_day {
public:
    static constexpr std::chrono::microseconds end_of_day = std::chrono::hours{24};

    /// Midnight.
    constexpr time_of_day() noexcept = default;
    /// A value outside 0 … 24 h cannot be sent (`errc::value_out_of_range`).
    constexpr explicit time_of_day(std::chrono::microseconds since_midnight) noexcept
        : value_{since_midnight} {}

    constexpr std::chrono::microseconds since_midnight() const noexcept { return value_; }
    /// Hours, minutes, seconds and microseconds, for calendars and formatting.
    constexpr std::chrono::hh_mm_ss<std::chrono::microseconds> hms() const noexcept {
        return std::chrono::hh_mm_ss{value_};
    }
    constexpr bool ok() const noexcept { return value_ >= value_.zero() && value_ <= end_of_day; }
    friend constexpr bool operator==(time_of_day, time_of_day) noexcept = default;
    friend constexpr auto operator<=>(time_of_day a, time_of_day b) noexcept {
        return a.value_.count() <=> b.value_.count();
    }

private:
    std::chrono::microseconds value_{0};
};

namespace detail {

/// Unix time in microseconds and in days; the extremes of the integer stand for the infinities.
inline constexpr std::int64_t infinite_time = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t minus_infinite_time = std::numeric_limits<std::int64_t>::min();

/// The server counts from 2000-01-01.
inline constexpr std::int64_t server_epoch_days = 10957;
inline constexpr std::int64_t server_epoch = server_epoch_days * 86'400'000'000;
/// 4714-11-24 BC, day zero of the Julian period, is the server's first day, in Unix time; its last date is
/// 5874897-12-31. Its last timestamp lies past the end of 64-bit Unix microseconds.
inline constexpr std::int64_t first_date = -2440588;
inline constexpr std::int64_t last_date = 2145042905;
inline constexpr std::int64_t first_timestamp = first_date * 86'400'000'000;

codec_errc decode_timestamp_text(std::string_view text, bool with_zone,
                                 std::int64_t& unix_microseconds) noexcept;
codec_errc encode_timestamp_text(value_sink& out, std::int64_t unix_microseconds, bool with_zone);
codec_errc decode_date_text(std::string_view text, std::int64_t& unix_days) noexcept;
codec_errc encode_date_text(value_sink& out, std::int64_t unix_days);
codec_errc decode_time_text(std::string_view text, time_of_day& out) noexcept;
codec_errc encode_time_text(value_sink& out, time_of_day value);

inline codec_errc decode_timestamp_binary(const std::byte* p, std::size_t n, std::int64_t& out) noexcept {
    if (n != 8) return codec_errc::malformed;
    out = wire::load_big_endian<std::int64_t>(p);
    if (out == infinite_time || out == minus_infinite_time) return codec_errc::ok;
    if (__builtin_add_overflow(out, server_epoch, &out) || out == infinite_time || out < first_timestamp)
        return codec_errc::out_of_range;
    return codec_errc::ok;
}
inline codec_errc encode_timestamp_binary(value_sink& out, std::int64_t value) {
    if (value != infinite_time && value != minus_infinite_time) {
        if (value < first_timestamp) return codec_errc::out_of_range;
        value -= server_epoch;
    }
    out.put_int(value);
    return codec_errc::ok;
}
inline codec_errc decode_date_binary(const std::byte* p, std::size_t n, std::int64_t& out) noexcept {
    if (n != 4) return codec_errc::malformed;
    const auto days = wire::load_big_endian<std::int32_t>(p);
    if (days == std::numeric_limits<std::int32_t>::max())
        out = infinite_time;
    else if (days == std::numeric_limits<std::int32_t>::min())
        out = minus_infinite_time;
    else {
        out = days + server_epoch_days;
        if (out < first_date || out > last_date) return codec_errc::out_of_range;
    }
    return codec_errc::ok;
}
inline codec_errc encode_date_binary(value_sink& out, std::int64_t days) {
    if (days == infinite_time)
        out.put_int(std::numeric_limits<std::int32_t>::max());
    else if (days == minus_infinite_time)
        out.put_int(std::numeric_limits<std::int32_t>::min());
    else {
        if (days < first_date || days > last_date) return codec_errc::out_of_range;
        out.put_int(static_cast<std::int32_t>(days - server_epoch_days));
    }
    return codec_errc::ok;
}

/// Any date or time type: none of them is an argument for another one.
constexpr bool is_time_type(oid_t type) noexcept {
    return type == oid::date || type == oid::time || type == oid::timestamp || type == oid::timestamptz ||
           type == oid::interval || type == oid::timetz;
}

/// Time points as the server's microseconds; false when it does not fit.
template <class Point>
constexpr bool to_unix_microseconds(Point t, std::int64_t& out) noexcept {
    if (is_infinite(t)) {
        out = t == infinity ? infinite_time : minus_infinite_time;
        return true;
    }
    return to_microseconds(t.time_since_epoch(), out);
}
template <class Point>
constexpr bool from_unix_microseconds(std::int64_t value, Point& out) noexcept {
    if (value == infinite_time)
        out = infinity;
    else if (value == minus_infinite_time)
        out = -infinity;
    else {
        typename Point::duration since_epoch{};
        if (!from_microseconds(value, since_epoch)) return false;
        out = Point{since_epoch};
        return !is_infinite(out);
    }
    return true;
}

/// Reads into time points of microseconds or finer (out_of_range when too far away); takes every precision as
/// an argument, rounding down.
template <class Point, oid_t Type>
struct timestamp_codec {
    static constexpr oid_t natural = Type;
    static constexpr std::size_t natural_size = 8;
    static constexpr bool with_zone = Type == oid::timestamptz;
    static constexpr bool readable = holds_microseconds<typename Point::duration>;

    static bool accepts(oid_t type, bool) noexcept { return readable && type == Type; }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, Point& out) noexcept {
        std::int64_t value = 0;
        const codec_errc result = decode_timestamp_binary(p, n, value);
        return result == codec_errc::ok ? finish(value, out) : result;
    }
    static codec_errc decode_text(oid_t, std::string_view text, Point& out) noexcept {
        std::int64_t value = 0;
        const codec_errc result = decode_timestamp_text(text, with_zone, value);
        return result == codec_errc::ok ? finish(value, out) : result;
    }
    static bool binary_target(oid_t type) noexcept { return type == Type; }
    static codec_errc encode_binary(value_sink& out, oid_t, Point t) {
        std::int64_t value = 0;
        return to_unix_microseconds(t, value) ? encode_timestamp_binary(out, value)
                                              : codec_errc::out_of_range;
    }
    static codec_errc encode_text(value_sink& out, oid_t type, Point t) {
        if (is_time_type(type) && type != Type) return codec_errc::wrong_type;
        std::int64_t value = 0;
        return to_unix_microseconds(t, value) ? encode_timestamp_text(out, value, with_zone)
                                              : codec_errc::out_of_range;
    }

private:
    static codec_errc finish(std::int64_t value, Point& out) noexcept {
        if constexpr (!readable)
            return codec_errc::wrong_type;
        else
            return from_unix_microseconds(value, out) ? codec_errc::ok : codec_errc::out_of_range;
    }
};

/// Days since the Unix epoch of the three C++ types of a date; false when the type cannot hold the day.
template <class Clock>
constexpr bool to_unix_days(std::chrono::time_point<Clock, std::chrono::days> day,
                            std::int64_t& out) noexcept {
    if (is_infinite(day))
        out = day == infinity ? infinite_time : minus_infinite_time;
    else
        out = day.time_since_epoch().count();
    return true;
}
template <class Clock>
constexpr bool from_unix_days(std::int64_t days,
                              std::chrono::time_point<Clock, std::chrono::days>& out) noexcept {
    if (days == infinite_time)
        out = infinity;
    else if (days == minus_infinite_time)
        out = -infinity;
    else
        out = std::chrono::time_point<Clock, std::chrono::days>{std::chrono::days{days}};
    return true;
}
constexpr bool to_unix_days(std::chrono::year_month_day date, std::int64_t& out) noexcept {
    if (!date.ok()) return false;
    out = std::chrono::sys_days{date}.time_since_epoch().count();
    return true;
}
constexpr bool from_unix_days(std::int64_t days, std::chrono::year_month_day& out) noexcept {
    constexpr auto first = std::chrono::sys_days{std::chrono::year::min() / 1 / 1};
    constexpr auto last = std::chrono::sys_days{std::chrono::year::max() / 12 / 31};
    if (days < first.time_since_epoch().count() || days > last.time_since_epoch().count()) return false;
    out = std::chrono::sys_days{std::chrono::days{days}};
    return true;
}

template <class Date>
struct date_codec {
    static constexpr oid_t natural = oid::date;
    static constexpr std::size_t natural_size = 4;
    static bool accepts(oid_t type, bool) noexcept { return type == oid::date; }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, Date& out) noexcept {
        std::int64_t days = 0;
        const codec_errc result = decode_date_binary(p, n, days);
        if (result != codec_errc::ok) return result;
        return from_unix_days(days, out) ? codec_errc::ok : codec_errc::out_of_range;
    }
    static codec_errc decode_text(oid_t, std::string_view text, Date& out) noexcept {
        std::int64_t days = 0;
        const codec_errc result = decode_date_text(text, days);
        if (result != codec_errc::ok) return result;
        return from_unix_days(days, out) ? codec_errc::ok : codec_errc::out_of_range;
    }
    static bool binary_target(oid_t type) noexcept { return type == oid::date; }
    static codec_errc encode_binary(value_sink& out, oid_t, Date date) {
        std::int64_t days = 0;
        return to_unix_days(date, days) ? encode_date_binary(out, days) : codec_errc::out_of_range;
    }
    static codec_errc encode_text(value_sink& out, oid_t type, Date date) {
        if (is_time_type(type) && type != oid::date) return codec_errc::wrong_type;
        std::int64_t days = 0;
        return to_unix_days(date, days) ? encode_date_text(out, days) : codec_errc::out_of_range;
    }
};

/// A day that is a time point of a clock is also an argument for that clock's timestamps: its midnight.
template <class Day, oid_t Timestamp>
struct day_codec : date_codec<Day> {
    static bool binary_target(oid_t type) noexcept { return type == oid::date || type == Timestamp; }
    static codec_errc encode_binary(value_sink& out, oid_t type, Day day) {
        return type == Timestamp ? timestamp_codec<Day, Timestamp>::encode_binary(out, type, day)
                                 : date_codec<Day>::encode_binary(out, type, day);
    }
    static codec_errc encode_text(value_sink& out, oid_t type, Day day) {
        return type == Timestamp ? timestamp_codec<Day, Timestamp>::encode_text(out, type, day)
                                 : date_codec<Day>::encode_text(out, type, day);
    }
};

} // namespace detail

/// timestamptz. The server's microseconds need a time point of that precision or finer to be read.
template <detail::sql_duration Duration>
struct codec<std::chrono::time_point<std::chrono::system_clock, Duration>>
    : detail::timestamp_codec<std::chrono::sys_time<Duration>, oid::timestamptz> {};

/// timestamp (without time zone).
template <detail::sql_duration Duration>
struct codec<std::chrono::time_point<std::chrono::local_t, Duration>>
    : detail::timestamp_codec<std::chrono::local_time<Duration>, oid::timestamp> {};

/// date.
template <>
struct codec<std::chrono::sys_days> : detail::day_codec<std::chrono::sys_days, oid::timestamptz> {};
template <>
struct codec<std::chrono::local_days> : detail::day_codec<std::chrono::local_days, oid::timestamp> {};
/// date; infinities and years past ±32767 are `out_of_range`.
template <>
struct codec<std::chrono::year_month_day> : detail::date_codec<std::chrono::year_month_day> {};

/// time (without time zone).
template <>
struct codec<time_of_day> {
    static constexpr oid_t natural = oid::time;
    static constexpr std::size_t natural_size = 8;
    static bool accepts(oid_t type, bool) noexcept { return type == oid::time; }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, time_of_day& out) noexcept {
        if (n != 8) return codec_errc::malformed;
        const time_of_day value{std::chrono::microseconds{wire::load_big_endian<std::int64_t>(p)}};
        if (!value.ok()) return codec_errc::malformed;
        out = value;
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, time_of_day& out) noexcept {
        return detail::decode_time_text(text, out);
    }
    static bool binary_target(oid_t type) noexcept { return type == oid::time; }
    static codec_errc encode_binary(value_sink& out, oid_t, time_of_day value) {
        if (!value.ok()) return codec_errc::out_of_range;
        out.put_int(std::int64_t{value.since_midnight().count()});
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t type, time_of_day value) {
        if (detail::is_time_type(type) && type != oid::time) return codec_errc::wrong_type;
        return detail::encode_time_text(out, value);
    }
};

} // namespace tusk
