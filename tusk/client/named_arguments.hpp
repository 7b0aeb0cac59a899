#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/client/sql_lexer.hpp>
#include <tusk/core/error.hpp>

namespace tusk {

/// An argument with a name: `db.one<user>("select * from users where email = {email}", named("email",
/// mail))`. The name is a literal, or lives until the call returns.
template <class T>
class named_argument {
public:
    named_argument(std::string_view name, const T& value) noexcept : name_{name}, value_{value} {}
    std::string_view name() const noexcept { return name_; }
    const T& value() const noexcept { return value_; }

private:
    std::string_view name_;
    const T& value_;
};

template <class T>
named_argument<T> named(std::string_view name, const T& value) noexcept {
    return {name, value};
}

namespace detail {

template <class T>
inline constexpr bool is_named = false;
template <class T>
inline constexpr bool is_named<named_argument<T>> = true;

/// What can be wrong with the braces of a text.
enum class brace_error : std::uint8_t { none, stray_brace, unfinished, mixed };

/// Goes through a text with names; `put(text)` gets what the server is to see, `number_of(name)` says which
/// `$n` a name is, from 1. At compile time as well as at run time.
template <class Put, class NumberOf>
constexpr brace_error rewrite_names(std::string_view sql, Put put, NumberOf number_of) {
    sql_lexer lexer{sql};
    sql_lexer::piece p;
    bool names = false;
    bool numbers = false;
    auto wrong = brace_error::none;
    while (lexer.next(p)) {
        switch (p.what) {
        case sql_lexer::kind::name: {
            names = true;
            char digits[20] = {};
            std::size_t at = sizeof digits;
            for (std::size_t n = number_of(p.name); n > 0; n /= 10)
                digits[--at] = static_cast<char>('0' + n % 10);
            digits[--at] = '$';
            put(std::string_view{digits + at, sizeof digits - at});
            break;
        }
        case sql_lexer::kind::open_brace: put(std::string_view{"{"}); break;
        case sql_lexer::kind::close_brace: put(std::string_view{"}"}); break;
        case sql_lexer::kind::stray_brace:
            if (wrong == brace_error::none) wrong = brace_error::stray_brace;
            put(p.text);
            break;
        case sql_lexer::kind::unfinished:
            if (wrong == brace_error::none) wrong = brace_error::unfinished;
            put(p.text);
            break;
        case sql_lexer::kind::number: numbers = true; [[fallthrough]];
        default: put(p.text);
        }
    }
    return wrong == brace_error::none && names && numbers ? brace_error::mixed : wrong;
}

/// A text with `$n` in place of names, and which name each number stands for.
struct rewritten_sql {
    std::string text;
    std::vector<std::string_view> names; ///< Parts of the original.
};

/// `errc::invalid_argument` for braces that mean nothing, and for names and numbers (`$1`) in one text.
result<rewritten_sql> rewrite_named(std::string_view sql);

/// Finds the argument of every name: position by number. `errc::invalid_argument` names what is missing,
/// given twice or not used.
result<std::vector<std::size_t>> match_named(const rewritten_sql& sql,
                                             const std::vector<std::string_view>& given);

} // namespace detail

} // namespace tusk
