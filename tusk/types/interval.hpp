#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <tusk/types/codec.hpp>
#include <tusk/types/duration.hpp>
#include <tusk/types/infinity.hpp>
#include <tusk/types/time.hpp>

/// Codecs of `interval`.
namespace tusk {

/// The value of an `interval`: three amounts that do not convert into each other, as a month has no fixed
/// number of days and a day no fixed number of hours. Equality compares field by field; use the server for an
/// order.
struct interval {
    std::int32_t months = 0;
    std::int32_t days = 0;
    std::chrono::microseconds microseconds{0};

    constexpr interval() noexcept = default;
    constexpr interval(std::int32_t months_, std::int32_t days_,
                       std::chrono::microseconds microseconds_) noexcept
        : months{months_}, days{days_}, microseconds{microseconds_} {}
    /// `infinity` or `-infinity` (servers from 17 on).
    constexpr interval(infinity_t i) noexcept
        : months{i.is_negative() ? std::numeric_limits<std::int32_t>::min()
                                 : std::numeric_limits<std::int32_t>::max()},
          days{months}, microseconds{i.is_negative() ? std::chrono::microseconds::min()
                                                     : std::chrono::microseconds::max()} {}

    /// As the server prints it with IntervalStyle `postgres`, months not split into years: `14 mons -3 days
    /// 04:05:06`.
    std::string to_string() const;

    friend constexpr bool operator==(const interval&, const interval&) noexcept = default;
};

/// Whether it is one of the two infinite intervals.
constexpr bool is_infinite(const interval& i) noexcept {
    return i == interval{infinity} || i == interval{-infinity};
}

namespace detail {
/// IntervalStyle `postgres` (the default) or `iso_8601`.
codec_errc decode_interval_text(std::string_view text, interval& out) noexcept;
void encode_interval_text(value_sink& out, const interval& value);
} // namespace detail

template <>
struct codec<interval> {
    static constexpr oid_t natural = oid::interval;
    static bool accepts(oid_t type, bool) noexcept { return type == oid::interval; }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, interval& out) noexcept {
        if (n != 16) return codec_errc::malformed;
        out.microseconds = std::chrono::microseconds{wire::load_big_endian<std::int64_t>(p)};
        out.days = wire::load_big_endian<std::int32_t>(p + 8);
        out.months = wire::load_big_endian<std::int32_t>(p + 12);
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, interval& out) noexcept {
        return detail::decode_interval_text(text, out);
    }
    static bool binary_target(oid_t type) noexcept { return type == oid::interval; }
    static codec_errc encode_binary(value_sink& out, oid_t, const interval& value) {
        out.put_int(std::int64_t{value.microseconds.count()});
        out.put_int(value.days);
        out.put_int(value.months);
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t type, const interval& value) {
        if (detail::is_time_type(type) && type != oid::interval) return codec_errc::wrong_type;
        detail::encode_interval_text(out, value);
        return codec_errc::ok;
    }
};

/// interval as elapsed time. As an argument a duration is hours, minutes and seconds without days, rounded
/// down to microseconds; as a field it holds microseconds or finer, days count 24 hours (what subtracting
/// timestamps gives), and an interval with months is `out_of_range`.
template <detail::sql_duration Duration>
struct codec<Duration> {
    static constexpr oid_t natural = oid::interval;
    static constexpr bool readable = detail::holds_microseconds<Duration>;

    static bool accepts(oid_t type, bool) noexcept { return readable && type == oid::interval; }
    static codec_errc decode_binary(oid_t type, const std::byte* p, std::size_t n, Duration& out) noexcept {
        interval value;
        const codec_errc result = codec<interval>::decode_binary(type, p, n, value);
        return result == codec_errc::ok ? elapsed(value, out) : result;
    }
    static codec_errc decode_text(oid_t type, std::string_view text, Duration& out) noexcept {
        interval value;
        const codec_errc result = codec<interval>::decode_text(type, text, value);
        return result == codec_errc::ok ? elapsed(value, out) : result;
    }
    static bool binary_target(oid_t type) noexcept { return type == oid::interval; }
    static codec_errc encode_binary(value_sink& out, oid_t type, Duration value) {
        std::int64_t microseconds = 0;
        if (!detail::to_microseconds(value, microseconds)) return codec_errc::out_of_range;
        return codec<interval>::encode_binary(out, type, {0, 0, std::chrono::microseconds{microseconds}});
    }
    static codec_errc encode_text(value_sink& out, oid_t type, Duration value) {
        std::int64_t microseconds = 0;
        if (!detail::to_microseconds(value, microseconds)) return codec_errc::out_of_range;
        return codec<interval>::encode_text(out, type, {0, 0, std::chrono::microseconds{microseconds}});
    }

private:
    static codec_errc elapsed(const interval& value, Duration& out) noexcept {
        if constexpr (!readable)
            return codec_errc::wrong_type;
        else {
            if (value.months != 0) return codec_errc::out_of_range;
            std::int64_t total = 0;
            if (__builtin_mul_overflow(value.days, std::int64_t{86'400'000'000}, &total) ||
                __builtin_add_overflow(total, value.microseconds.count(), &total))
                return codec_errc::out_of_range;
            return detail::from_microseconds(total, out) ? codec_errc::ok : codec_errc::out_of_range;
        }
    }
};

} // namespace tusk
