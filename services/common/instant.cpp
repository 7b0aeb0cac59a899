#include <services/common/instant.hpp>

#include <array>
#include <cstdio>

namespace tusk::common {

namespace {

/// Eats text from the left.
class reader {
public:
    explicit reader(std::string_view text) noexcept : text_{text} {}

    bool done() const noexcept { return text_.empty(); }
    char peek() const noexcept { return text_.empty() ? '\0' : text_.front(); }
    bool take(char c) noexcept {
        if (peek() != c || text_.empty()) return false;
        text_.remove_prefix(1);
        return true;
    }
    bool digit(int& out) noexcept {
        if (peek() < '0' || peek() > '9') return false;
        out = peek() - '0';
        text_.remove_prefix(1);
        return true;
    }
    /// Exactly `count` digits.
    bool number(int count, int& out) noexcept {
        out = 0;
        for (int next = 0; count > 0; --count) {
            if (!digit(next)) return false;
            out = out * 10 + next;
        }
        return true;
    }
    /// Digits of a fraction as microseconds, rounded down.
    bool fraction(std::chrono::microseconds& out) noexcept {
        int weight = 100'000;
        int next = 0;
        int count = 0;
        for (; digit(next); ++count, weight /= 10) out += std::chrono::microseconds{next * weight};
        return count > 0;
    }

private:
    std::string_view text_;
};

bool read_offset(reader& from, std::chrono::minutes& offset) noexcept {
    if (from.take('Z') || from.take('z')) return true;
    const bool west = from.peek() == '-';
    if (!from.take('-') && !from.take('+')) return false;
    int hours = 0;
    int minutes = 0;
    if (!from.number(2, hours) || !from.take(':') || !from.number(2, minutes)) return false;
    if (hours > 23 || minutes > 59) return false;
    offset = std::chrono::minutes{(hours * 60 + minutes) * (west ? -1 : 1)};
    return true;
}

} // namespace

std::optional<instant> parse_instant(std::string_view text) noexcept {
    reader from{text};
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    if (!from.number(4, year) || !from.take('-') || !from.number(2, month) || !from.take('-') ||
        !from.number(2, day))
        return std::nullopt;
    if (!from.take('T') && !from.take('t')) return std::nullopt;
    if (!from.number(2, hour) || !from.take(':') || !from.number(2, minute) || !from.take(':') ||
        !from.number(2, second))
        return std::nullopt;
    std::chrono::microseconds fraction{0};
    if (from.take('.') && !from.fraction(fraction)) return std::nullopt;
    std::chrono::minutes offset{0};
    if (!read_offset(from, offset) || !from.done()) return std::nullopt;

    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (year == 0 || !date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
           std::chrono::seconds{second} + fraction - offset;
}

std::string format_instant(instant at) {
    const auto midnight = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{midnight};
    const std::chrono::hh_mm_ss time{at - midnight};
    std::array<char, 64> text{};
    const int size = std::snprintf(
        text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
        static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
    return {text.data(), static_cast<std::size_t>(size)};
}

} // namespace tusk::common
