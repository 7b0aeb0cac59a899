// Text forms of dates and times: DateStyle ISO, which Tusk asks every server for.
#include <tusk/types/time.hpp>

#include <tusk/types/detail/text_cursor.hpp>
#include <tusk/types/time_tz.hpp>

namespace tusk::detail {

namespace {

constexpr std::int64_t microseconds_per_second = 1'000'000;
constexpr std::int64_t seconds_per_day = 86'400;
constexpr std::int64_t microseconds_per_day = seconds_per_day * microseconds_per_second;

/// Year 0 is 1 BC. `std::chrono::year` ends at 32767, the server's years do not.
struct civil_date {
    std::int64_t year = 0;
    std::int64_t month = 1;
    std::int64_t day = 1;
};

constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t b) noexcept {
    return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

// The calendar repeats every 400 years (146097 days). Within such an era count years from March, so that the
// leap day comes last; then the days before a month are floor((153 * months since March + 2) / 5).
constexpr std::int64_t days_per_era = 146'097;
constexpr std::int64_t epoch_since_march_of_year_0 = 719'468;

constexpr std::int64_t to_days(const civil_date& date) noexcept {
    const std::int64_t months = (date.month + 9) % 12;
    const std::int64_t year = date.month < 3 ? date.year - 1 : date.year;
    const std::int64_t era = floor_divide(year, 400);
    const std::int64_t year_of_era = year - era * 400;
    const std::int64_t day_of_year = (153 * months + 2) / 5 + date.day - 1;
    const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * days_per_era + day_of_era - epoch_since_march_of_year_0;
}

constexpr civil_date to_civil(std::int64_t days) noexcept {
    days += epoch_since_march_of_year_0;
    const std::int64_t era = floor_divide(days, days_per_era);
    const std::int64_t day_of_era = days - era * days_per_era;
    // Leap days before this one are taken out: one in 4 years (1460 days), none in a 100th, one in a 400th.
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t months = (5 * day_of_year + 2) / 153;
    civil_date date;
    date.day = day_of_year - (153 * months + 2) / 5 + 1;
    date.month = months < 10 ? months + 3 : months - 9;
    date.year = year_of_era + era * 400 + (date.month < 3 ? 1 : 0);
    return date;
}

static_assert(to_days({1970, 1, 1}) == 0 && to_days({2000, 1, 1}) == server_epoch_days);
static_assert(to_days({-4713, 11, 24}) == first_date && to_days({5874897, 12, 31}) == last_date);

constexpr bool is_day_of_month(const civil_date& date) noexcept {
    constexpr std::int64_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date.month < 1 || date.month > 12 || date.day < 1) return false;
    const bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    return date.day <= lengths[date.month - 1] + (leap && date.month == 2 ? 1 : 0);
}

/// Year (four digits or more), month, day. The era comes at the end of the text.
bool read_date(text_cursor& in, civil_date& out) noexcept {
    return in.number(4, 7, out.year) && in.eat('-') && in.number(2, 2, out.month) && in.eat('-') &&
           in.number(2, 2, out.day);
}

/// " BC" or nothing, and then the end; the year was counted from 1.
bool finish_date(text_cursor& in, civil_date& date) noexcept {
    if (date.year < 1) return false;
    if (in.eat(" BC")) date.year = 1 - date.year;
    return in.finished() && is_day_of_month(date);
}

/// Hours, minutes, seconds and their fraction, in microseconds.
bool read_time(text_cursor& in, std::int64_t last_hour, std::int64_t& out) noexcept {
    std::int64_t hours = 0, minutes = 0, seconds = 0, fraction = 0;
    if (!in.number(2, 2, hours) || !in.eat(':') || !in.number(2, 2, minutes) || !in.eat(':') ||
        !in.number(2, 2, seconds) || !in.fraction(fraction))
        return false;
    if (hours > last_hour || minutes > 59 || seconds > 59) return false;
    out = ((hours * 60 + minutes) * 60 + seconds) * microseconds_per_second + fraction;
    return true;
}

/// `+05`, `-03:30`, `+00:19:32` (local mean time of old dates), in seconds east.
bool read_zone(text_cursor& in, std::int64_t& out) noexcept {
    if (in.peek() != '+' && in.peek() != '-') return false;
    const bool west = in.eat_sign();
    std::int64_t hours = 0, minutes = 0, seconds = 0;
    if (!in.number(2, 2, hours)) return false;
    if (in.eat(':') && !in.number(2, 2, minutes)) return false;
    if (in.eat(':') && !in.number(2, 2, seconds)) return false;
    if (hours > 15 || minutes > 59 || seconds > 59) return false;
    out = (hours * 60 + minutes) * 60 + seconds;
    if (west) out = -out;
    return true;
}

bool read_infinity(std::string_view text, std::int64_t& out) noexcept {
    if (text == "infinity")
        out = infinite_time;
    else if (text == "-infinity")
        out = minus_infinite_time;
    else
        return false;
    return true;
}

bool write_infinity(value_sink& out, std::int64_t value) {
    if (value == infinite_time)
        out.put("infinity");
    else if (value == minus_infinite_time)
        out.put("-infinity");
    else
        return false;
    return true;
}

void write_date(text_writer& out, const civil_date& date) noexcept {
    out.number(static_cast<std::uint64_t>(date.year > 0 ? date.year : 1 - date.year), 4);
    out.put('-');
    out.number(static_cast<std::uint64_t>(date.month), 2);
    out.put('-');
    out.number(static_cast<std::uint64_t>(date.day), 2);
}

void write_era(text_writer& out, const civil_date& date) noexcept {
    if (date.year <= 0) out.put(" BC");
}

void write_time(text_writer& out, std::int64_t microseconds) noexcept {
    const auto seconds = static_cast<std::uint64_t>(microseconds / microseconds_per_second);
    out.number(seconds / 3600, 2);
    out.put(':');
    out.number(seconds / 60 % 60, 2);
    out.put(':');
    out.number(seconds % 60, 2);
    out.fraction(static_cast<std::uint64_t>(microseconds % microseconds_per_second));
}

/// Minutes and seconds only where they are not zero.
void write_zone(text_writer& out, std::int64_t east) noexcept {
    out.put(east < 0 ? '-' : '+');
    const auto seconds = static_cast<std::uint64_t>(east < 0 ? -east : east);
    out.number(seconds / 3600, 2);
    if (seconds % 3600 == 0) return;
    out.put(':');
    out.number(seconds / 60 % 60, 2);
    if (seconds % 60 == 0) return;
    out.put(':');
    out.number(seconds % 60, 2);
}

} // namespace

codec_errc decode_timestamp_text(std::string_view text, bool with_zone, std::int64_t& out) noexcept {
    if (read_infinity(text, out)) return codec_errc::ok;
    text_cursor in{text};
    civil_date date;
    std::int64_t time = 0, east = 0;
    if (!read_date(in, date) || !(in.eat(' ') || in.eat('T')) || !read_time(in, 23, time))
        return codec_errc::malformed;
    if (with_zone && !read_zone(in, east)) return codec_errc::malformed;
    if (!finish_date(in, date)) return codec_errc::malformed;
    // The days alone reach past the range in the last year: borrow one, so that no sum on the way overflows.
    std::int64_t rest = time - east * microseconds_per_second;
    std::int64_t days = to_days(date);
    if (days > 0) {
        --days;
        rest += microseconds_per_day;
    }
    if (__builtin_mul_overflow(days, microseconds_per_day, &out) || __builtin_add_overflow(out, rest, &out) ||
        out == infinite_time || out < first_timestamp)
        return codec_errc::out_of_range;
    return codec_errc::ok;
}

codec_errc encode_timestamp_text(value_sink& out, std::int64_t value, bool with_zone) {
    if (write_infinity(out, value)) return codec_errc::ok;
    if (value < first_timestamp) return codec_errc::out_of_range;
    const std::int64_t days = floor_divide(value, microseconds_per_day);
    const civil_date date = to_civil(days);
    text_writer text;
    write_date(text, date);
    text.put(' ');
    write_time(text, value - days * microseconds_per_day);
    if (with_zone) text.put("+00");
    write_era(text, date);
    out.put(text.text());
    return codec_errc::ok;
}

codec_errc decode_date_text(std::string_view text, std::int64_t& out) noexcept {
    if (read_infinity(text, out)) return codec_errc::ok;
    text_cursor in{text};
    civil_date date;
    if (!read_date(in, date) || !finish_date(in, date)) return codec_errc::malformed;
    out = to_days(date);
    return out < first_date || out > last_date ? codec_errc::out_of_range : codec_errc::ok;
}

codec_errc encode_date_text(value_sink& out, std::int64_t days) {
    if (write_infinity(out, days)) return codec_errc::ok;
    if (days < first_date || days > last_date) return codec_errc::out_of_range;
    const civil_date date = to_civil(days);
    text_writer text;
    write_date(text, date);
    write_era(text, date);
    out.put(text.text());
    return codec_errc::ok;
}

codec_errc decode_time_text(std::string_view text, time_of_day& out) noexcept {
    text_cursor in{text};
    std::int64_t microseconds = 0;
    if (!read_time(in, 24, microseconds) || !in.finished()) return codec_errc::malformed;
    const time_of_day value{std::chrono::microseconds{microseconds}};
    if (!value.ok()) return codec_errc::malformed;
    out = value;
    return codec_errc::ok;
}

codec_errc encode_time_text(value_sink& out, time_of_day value) {
    if (!value.ok()) return codec_errc::out_of_range;
    text_writer text;
    write_time(text, value.since_midnight().count());
    out.put(text.text());
    return codec_errc::ok;
}

codec_errc decode_timetz_text(std::string_view text, time_tz& out) noexcept {
    text_cursor in{text};
    std::int64_t microseconds = 0, east = 0;
    if (!read_time(in, 24, microseconds) || !read_zone(in, east) || !in.finished())
        return codec_errc::malformed;
    const time_tz value{time_of_day{std::chrono::microseconds{microseconds}}, std::chrono::seconds{east}};
    if (!value.ok()) return codec_errc::malformed;
    out = value;
    return codec_errc::ok;
}

codec_errc encode_timetz_text(value_sink& out, time_tz value) {
    if (!value.ok()) return codec_errc::out_of_range;
    text_writer text;
    write_time(text, value.time().since_midnight().count());
    write_zone(text, value.utc_offset().count());
    out.put(text.text());
    return codec_errc::ok;
}

} // namespace tusk::detail
