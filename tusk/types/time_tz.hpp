#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tusk/types/codec.hpp>
#include <tusk/types/time.hpp>

/// Codec of timetz. Source: PostgreSQL `utils/adt/date.c`.
namespace tusk {

/// The value of a `time with time zone`: a time of day and how far that clock is from UTC. Ordered as the
/// server orders it: by the time in UTC, then the more easterly one first.
class time_tz {
public:
    /// The offset is below 16 hours in both directions.
    static constexpr std::chrono::seconds offset_limit = std::chrono::hours{16};

    /// Midnight, UTC.
    constexpr time_tz() noexcept = default;
    /// The offset is positive east of Greenwich. What is not `ok()` cannot be sent
    /// (`errc::value_out_of_range`).
    constexpr explicit time_tz(time_of_day time,
                               std::chrono::seconds utc_offset = std::chrono::seconds{0}) noexcept
        : time_{time}, utc_offset_{utc_offset} {}

    constexpr time_of_day time() const noexcept { return time_; }
    constexpr std::chrono::seconds utc_offset() const noexcept { return utc_offset_; }
    constexpr bool ok() const noexcept {
        return time_.ok() && utc_offset_ > -offset_limit && utc_offset_ < offset_limit;
    }
    friend constexpr bool operator==(time_tz, time_tz) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(time_tz a, time_tz b) noexcept {
        const auto in_utc = [](time_tz t) { return (t.time_.since_midnight() - t.utc_offset_).count(); };
        if (const auto order = in_utc(a) <=> in_utc(b); order != 0) return order;
        return b.utc_offset_.count() <=> a.utc_offset_.count();
    }

private:
    time_of_day time_;
    std::chrono::seconds utc_offset_{0};
};

namespace detail {
codec_errc decode_timetz_text(std::string_view text, time_tz& out) noexcept;
codec_errc encode_timetz_text(value_sink& out, time_tz value);
} // namespace detail

template <>
struct codec<time_tz> {
    static constexpr oid_t natural = oid::timetz;
    static bool accepts(oid_t type, bool) noexcept { return type == oid::timetz; }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, time_tz& out) noexcept {
        if (n != 12) return codec_errc::malformed;
        const std::chrono::microseconds time{wire::load_big_endian<std::int64_t>(p)};
        const std::chrono::seconds west{wire::load_big_endian<std::int32_t>(p + 8)};
        const time_tz value{time_of_day{time}, -west};
        if (!value.ok()) return codec_errc::malformed;
        out = value;
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, time_tz& out) noexcept {
        return detail::decode_timetz_text(text, out);
    }
    static bool binary_target(oid_t type) noexcept { return type == oid::timetz; }
    static codec_errc encode_binary(value_sink& out, oid_t, time_tz value) {
        if (!value.ok()) return codec_errc::out_of_range;
        out.put_int(std::int64_t{value.time().since_midnight().count()});
        out.put_int(static_cast<std::int32_t>(-value.utc_offset().count()));
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t type, time_tz value) {
        if (detail::is_time_type(type) && type != oid::timetz) return codec_errc::wrong_type;
        return detail::encode_timetz_text(out, value);
    }
};

} // namespace tusk
