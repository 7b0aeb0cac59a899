#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tusk::detail {

/// Walks through SQL text and tells apart what is code and what is not: it knows '…', E'…' and their
/// continuation on another line, U&'…', "…", $tag$…$tag$, comments and nested comments. Casts (`::`), slices,
/// and operators such as `?` are just text. As PostgreSQL's scan.l with standard_conforming_strings on.
///
/// Every piece is a part of the text; together they are the text.
class sql_lexer {
public:
    enum class kind : std::uint8_t {
        text,        ///< As it is; also strings, names, comments.
        name,        ///< `{name}`; `name` is what stands between.
        open_brace,  ///< `{{`, which stands for `{`.
        close_brace, ///< `}}`, which stands for `}`.
        number,      ///< `$1`
        semicolon,
        stray_brace, ///< A brace that is none of these.
        unfinished,  ///< A string, a quoted name or a comment without its end.
    };
    struct piece {
        kind what = kind::text;
        std::string_view text;
        std::string_view name;
        /// Of `text`: holds something other than white space and comments.
        bool is_code = false;
    };

    constexpr explicit sql_lexer(std::string_view sql) noexcept : sql_{sql} {}

    /// The next piece; false at the end.
    constexpr bool next(piece& out) noexcept {
        out = piece{};
        if (at_ == sql_.size()) return false;
        const std::size_t begin = at_;
        if (special(out)) {
            out.text = sql_.substr(begin, at_ - begin);
            return true;
        }
        while (at_ < sql_.size() && !begins_special()) {
            const auto one = skip_token();
            if (one == token::unfinished) {
                out.what = kind::unfinished;
                break;
            }
            out.is_code = out.is_code || one == token::code;
        }
        out.text = sql_.substr(begin, at_ - begin);
        return true;
    }

private:
    /// As `std::string_view::find`, by counting: with -fsanitize=undefined g++ 12 cannot compare a pointer
    /// into a template's argument with null while it compiles.
    constexpr std::size_t place_of(char c, std::size_t from) const noexcept {
        for (; from < sql_.size(); ++from)
            if (sql_[from] == c) return from;
        return std::string_view::npos;
    }
    constexpr std::size_t place_of(std::string_view what, std::size_t from) const noexcept {
        for (; from + what.size() <= sql_.size(); ++from) {
            std::size_t same = 0;
            while (same < what.size() && sql_[from + same] == what[same]) ++same;
            if (same == what.size()) return from;
        }
        return std::string_view::npos;
    }
    enum class token : std::uint8_t { blank, code, unfinished };

    static constexpr bool is_space(char c) noexcept {
        return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
    }
    static constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
    static constexpr bool begins_word(char c) noexcept {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               static_cast<unsigned char>(c) >= 0x80;
    }
    static constexpr bool continues_word(char c) noexcept {
        return begins_word(c) || is_digit(c) || c == '$';
    }
    static constexpr bool is_name(std::string_view s) noexcept {
        if (s.empty() || !begins_word(s[0])) return false;
        for (const char c : s)
            if (!begins_word(c) && !is_digit(c)) return false;
        return true;
    }
    constexpr char peek(std::size_t ahead = 0) const noexcept {
        return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
    }
    constexpr bool begins_special() const noexcept {
        const char c = peek();
        return c == '{' || c == '}' || c == ';' || (c == '$' && is_digit(peek(1)));
    }

    constexpr bool special(piece& out) noexcept {
        if (!begins_special()) return false;
        const char c = sql_[at_];
        if (c == '$') {
            out.what = kind::number;
            ++at_;
            while (is_digit(peek())) ++at_;
        } else if (c == ';') {
            out.what = kind::semicolon;
            ++at_;
        } else if (peek(1) == c) {
            out.what = c == '{' ? kind::open_brace : kind::close_brace;
            at_ += 2;
        } else {
            const auto close = c == '{' ? place_of('}', at_) : std::string_view::npos;
            out.name =
                close == std::string_view::npos ? std::string_view{} : sql_.substr(at_ + 1, close - at_ - 1);
            out.what = is_name(out.name) ? kind::name : kind::stray_brace;
            at_ += out.what == kind::name ? out.name.size() + 2 : 1;
        }
        return true;
    }

    constexpr token skip_token() noexcept {
        const char c = sql_[at_];
        if (is_space(c)) {
            ++at_;
            return token::blank;
        }
        if (c == '-' && peek(1) == '-') {
            skip_line();
            return token::blank;
        }
        if (c == '/' && peek(1) == '*') return skip_comment() ? token::blank : token::unfinished;
        if (c == '\'') return skip_string(false) ? token::code : token::unfinished;
        if (c == '"') return skip_quoted('"') ? token::code : token::unfinished;
        if (c == '$') return skip_dollar() ? token::code : token::unfinished;
        if (begins_word(c)) return skip_word() ? token::code : token::unfinished;
        ++at_;
        return token::code;
    }

    constexpr void skip_line() noexcept {
        while (at_ < sql_.size() && sql_[at_] != '\n' && sql_[at_] != '\r') ++at_;
    }
    constexpr bool skip_comment() noexcept {
        std::size_t depth = 0;
        do {
            if (at_ >= sql_.size()) return false;
            if (sql_[at_] == '/' && peek(1) == '*') {
                ++depth;
                at_ += 2;
            } else if (sql_[at_] == '*' && peek(1) == '/') {
                --depth;
                at_ += 2;
            } else {
                ++at_;
            }
        } while (depth > 0);
        return true;
    }
    /// A doubled quote ends one and begins another, which comes to the same.
    constexpr bool skip_quoted(char quote) noexcept {
        const auto end = place_of(quote, at_ + 1);
        at_ = end == std::string_view::npos ? sql_.size() : end + 1;
        return end != std::string_view::npos;
    }
    constexpr bool skip_string(bool escapes) noexcept {
        if (!escapes) return skip_quoted('\'');
        do {
            for (++at_;; ++at_) {
                if (at_ >= sql_.size()) return false;
                if (sql_[at_] == '\'') break;
                if (sql_[at_] == '\\') ++at_;
                if (at_ >= sql_.size()) return false;
            }
            ++at_;
        } while (peek() == '\'' || skip_to_continuation());
        return true;
    }
    /// A string goes on, with the same rules, behind white space with a line break in it.
    constexpr bool skip_to_continuation() noexcept {
        const std::size_t before = at_;
        bool broken = false;
        for (;;) {
            if (is_space(peek())) {
                broken = broken || peek() == '\n' || peek() == '\r';
                ++at_;
            } else if (peek() == '-' && peek(1) == '-') {
                skip_line();
            } else {
                break;
            }
        }
        if (broken && peek() == '\'') return true;
        at_ = before;
        return false;
    }
    constexpr bool skip_word() noexcept {
        const std::size_t begin = at_;
        while (at_ < sql_.size() && continues_word(sql_[at_])) ++at_;
        const bool is_e = at_ - begin == 1 && (sql_[begin] == 'e' || sql_[begin] == 'E');
        return !(is_e && peek() == '\'') || skip_string(true);
    }
    /// `$tag$…$tag$`, or a dollar that is no quote.
    constexpr bool skip_dollar() noexcept {
        std::size_t end = at_ + 1;
        if (end < sql_.size() && begins_word(sql_[end]))
            while (end < sql_.size() && (begins_word(sql_[end]) || is_digit(sql_[end]))) ++end;
        if (end >= sql_.size() || sql_[end] != '$') {
            ++at_;
            return true;
        }
        const auto tag = sql_.substr(at_, end + 1 - at_);
        const auto close = place_of(tag, end + 1);
        at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
        return close != std::string_view::npos;
    }

    std::string_view sql_;
    std::size_t at_ = 0;
};

} // namespace tusk::detail
