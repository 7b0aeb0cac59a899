#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tusk::detail {

/// Reads the fixed little languages of dates, times and intervals from left to right.
class text_cursor {
public:
    explicit text_cursor(std::string_view text) noexcept : text_{text} {}

    bool finished() const noexcept { return text_.empty(); }
    char peek() const noexcept { return text_.empty() ? '\0' : text_.front(); }
    bool at_digit() const noexcept { return peek() >= '0' && peek() <= '9'; }

    bool eat(char c) noexcept {
        if (text_.empty() || text_.front() != c) return false;
        text_.remove_prefix(1);
        return true;
    }
    bool eat(std::string_view word) noexcept {
        if (!text_.starts_with(word)) return false;
        text_.remove_prefix(word.size());
        return true;
    }
    /// A '-' or '+'; true for '-'.
    bool eat_sign() noexcept {
        if (eat('-')) return true;
        eat('+');
        return false;
    }
    /// Between `least` and `most` digits (at most 18); false when there are fewer or more.
    bool number(std::size_t least, std::size_t most, std::int64_t& out) noexcept {
        std::size_t count = 0;
        out = 0;
        while (at_digit()) {
            if (++count > most) return false;
            out = out * 10 + (text_.front() - '0');
            text_.remove_prefix(1);
        }
        return count >= least;
    }
    /// An optional point with one to six digits, in millionths.
    bool fraction(std::int64_t& out) noexcept {
        out = 0;
        if (!eat('.')) return true;
        const std::size_t before = text_.size();
        if (!number(1, 6, out)) return false;
        for (std::size_t digits = before - text_.size(); digits < 6; ++digits) out *= 10;
        return true;
    }

private:
    std::string_view text_;
};

/// Appends to a small buffer that is known to be large enough.
class text_writer {
public:
    void put(char c) noexcept { text_[size_++] = c; }
    void put(std::string_view text) noexcept {
        for (const char c : text) put(c);
    }
    /// With zeros in front up to `width`.
    void number(std::uint64_t value, std::size_t width = 1) noexcept {
        char reversed[20];
        std::size_t count = 0;
        for (; value != 0 || count < width; value /= 10)
            reversed[count++] = static_cast<char>('0' + value % 10);
        while (count != 0) put(reversed[--count]);
    }
    /// A point and six digits; nothing for zero.
    void fraction(std::uint64_t millionths) noexcept {
        if (millionths == 0) return;
        put('.');
        number(millionths, 6);
    }
    std::string_view text() const noexcept { return {text_, size_}; }

private:
    char text_[96];
    std::size_t size_ = 0;
};

} // namespace tusk::detail
