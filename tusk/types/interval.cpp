// Text forms of intervals.
#include <tusk/types/interval.hpp>

#include <tusk/types/detail/text_cursor.hpp>

namespace tusk {

namespace detail {

namespace {

constexpr std::int64_t microseconds_per_second = 1'000'000;

/// Sums amounts of a unit, each with a sign of its own; every sum that does not fit is remembered.
struct interval_sum {
    std::int64_t months = 0;
    std::int64_t days = 0;
    std::int64_t microseconds = 0;
    bool overflow = false;

    void add(std::int64_t& field, std::int64_t amount, std::int64_t unit, bool negative) noexcept {
        std::int64_t product = 0;
        overflow |= __builtin_mul_overflow(negative ? -amount : amount, unit, &product) ||
                    __builtin_add_overflow(field, product, &field);
    }
    codec_errc finish(interval& out) const noexcept {
        if (overflow || !std::in_range<std::int32_t>(months) || !std::in_range<std::int32_t>(days))
            return codec_errc::out_of_range;
        out = {static_cast<std::int32_t>(months), static_cast<std::int32_t>(days),
               std::chrono::microseconds{microseconds}};
        return codec_errc::ok;
    }
};

/// `:MM:SS[.ffffff]` after the hours.
bool read_clock(text_cursor& in, std::int64_t hours, bool negative, interval_sum& sum) noexcept {
    std::int64_t minutes = 0, seconds = 0, fraction = 0;
    if (!in.eat(':') || !in.number(2, 2, minutes) || !in.eat(':') || !in.number(2, 2, seconds) ||
        !in.fraction(fraction) || minutes > 59 || seconds > 59)
        return false;
    sum.add(sum.microseconds, hours, 3600 * microseconds_per_second, negative);
    sum.add(sum.microseconds, minutes * 60 + seconds, microseconds_per_second, negative);
    sum.add(sum.microseconds, fraction, 1, negative);
    return true;
}

/// A word that follows an amount; the plural is also used for one below zero ("-1 days").
bool read_unit(text_cursor& in, std::int64_t amount, bool negative, interval_sum& sum) noexcept {
    if (!in.eat(' ')) return false;
    if (in.eat("year"))
        sum.add(sum.months, amount, 12, negative);
    else if (in.eat("mon"))
        sum.add(sum.months, amount, 1, negative);
    else if (in.eat("day"))
        sum.add(sum.days, amount, 1, negative);
    else
        return false;
    in.eat('s');
    return true;
}

/// `1 year 2 mons -3 days +04:05:06.789`
bool read_postgres_style(text_cursor in, interval_sum& sum) noexcept {
    for (;;) {
        const bool negative = in.eat_sign();
        std::int64_t amount = 0;
        if (!in.number(1, 18, amount)) return false;
        if (in.peek() == ':') return read_clock(in, amount, negative, sum) && in.finished();
        if (!read_unit(in, amount, negative, sum)) return false;
        if (in.finished()) return true;
        if (!in.eat(' ')) return false;
    }
}

/// One `2M` of the ISO form, after its `P` or `T`.
bool read_iso_amount(text_cursor& in, bool clock, interval_sum& sum) noexcept {
    const bool negative = in.eat_sign();
    std::int64_t amount = 0, fraction = 0;
    if (!in.number(1, 18, amount)) return false;
    const bool fractional = in.peek() == '.';
    if (!in.fraction(fraction) || (fractional && (!clock || in.peek() != 'S'))) return false;
    if (!clock && in.eat('Y'))
        sum.add(sum.months, amount, 12, negative);
    else if (!clock && in.eat('M'))
        sum.add(sum.months, amount, 1, negative);
    else if (!clock && in.eat('W'))
        sum.add(sum.days, amount, 7, negative);
    else if (!clock && in.eat('D'))
        sum.add(sum.days, amount, 1, negative);
    else if (clock && in.eat('H'))
        sum.add(sum.microseconds, amount, 3600 * microseconds_per_second, negative);
    else if (clock && in.eat('M'))
        sum.add(sum.microseconds, amount, 60 * microseconds_per_second, negative);
    else if (clock && in.eat('S')) {
        sum.add(sum.microseconds, amount, microseconds_per_second, negative);
        sum.add(sum.microseconds, fraction, 1, negative);
    } else
        return false;
    return true;
}

/// `P1Y2M-3DT4H5M6.789S`
bool read_iso_style(text_cursor in, interval_sum& sum) noexcept {
    if (!in.eat('P') || in.finished()) return false;
    bool clock = false;
    while (!in.finished()) {
        if (!clock && in.eat('T')) clock = true;
        if (!read_iso_amount(in, clock, sum)) return false;
    }
    return true;
}

/// The magnitude of any integer, the lowest included.
constexpr std::uint64_t magnitude(std::int64_t value) noexcept {
    return value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
}

void write_amount(text_writer& out, std::int32_t amount, std::string_view unit) noexcept {
    if (amount < 0) out.put('-');
    out.number(magnitude(amount));
    out.put(unit);
}

/// As the server does it: the time has a '+' when the amount before it is negative.
text_writer write_interval(const interval& value) noexcept {
    text_writer out;
    if (is_infinite(value)) {
        out.put(value.months < 0 ? "-infinity" : "infinity");
        return out;
    }
    if (value.months != 0) write_amount(out, value.months, " mons ");
    if (value.days != 0) write_amount(out, value.days, " days ");
    const std::int64_t time = value.microseconds.count();
    if (time < 0)
        out.put('-');
    else if (value.days < 0 || (value.days == 0 && value.months < 0))
        out.put('+');
    const std::uint64_t microseconds = magnitude(time);
    const std::uint64_t seconds = microseconds / microseconds_per_second;
    out.number(seconds / 3600, 2);
    out.put(':');
    out.number(seconds / 60 % 60, 2);
    out.put(':');
    out.number(seconds % 60, 2);
    out.fraction(microseconds % microseconds_per_second);
    return out;
}

} // namespace

codec_errc decode_interval_text(std::string_view text, interval& out) noexcept {
    if (text == "infinity" || text == "-infinity") {
        out = text.front() == '-' ? -infinity : infinity;
        return codec_errc::ok;
    }
    interval_sum sum;
    const text_cursor in{text};
    const bool read = text.starts_with('P') ? read_iso_style(in, sum) : read_postgres_style(in, sum);
    return read ? sum.finish(out) : codec_errc::malformed;
}

void encode_interval_text(value_sink& out, const interval& value) { out.put(write_interval(value).text()); }

} // namespace detail

std::string interval::to_string() const { return std::string{detail::write_interval(*this).text()}; }

} // namespace tusk
