#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <tusk/client/named_arguments.hpp>
#include <tusk/orm/model.hpp>

/// Pieces of SQL in a program's text, and what the compiler finds out about them.
namespace tusk::orm {

/// The compiler names one of these when a piece of SQL is wrong. None of them exists.
namespace refused {
void unknown_column_in_sql_fragment();
void unknown_alias_in_sql_fragment();
void wrong_number_of_arguments_for_sql_fragment();
void name_without_argument_in_sql_fragment();
void unfinished_string_or_comment_in_sql_fragment();
void stray_brace_in_sql_fragment();
void semicolon_in_sql_fragment();
void dollar_number_in_sql_fragment_write_a_question_mark();
void positions_and_names_in_one_sql_fragment();
} // namespace refused

/// The members of a plain struct as arguments for `{member}`: `where("u.a = {a} and u.b = {b}",
/// names(filter))`.
template <class T>
struct members_argument {
    using orm_argument = void;
    using type = T;
    const T& value;
};
template <class T>
members_argument<T> names(const T& of) noexcept {
    return {of};
}

namespace detail {

/// Takes a piece of SQL apart: placeholders (`?`, `?0`, `{name}`), qualified names, and the rest. Strings,
/// quoted names, dollar quotes, comments and casts are known. `??` is a question mark, `{{` a brace.
class fragment_lexer {
public:
    enum class kind : std::uint8_t {
        text,
        next,      ///< `?`
        numbered,  ///< `?2`; `number`
        named,     ///< `{name}`; `name`
        literally, ///< `??`, `{{`, `}}`: `name` is what is meant
        qualified, ///< `u.name`: `name` and `column`
        semicolon,
        dollar, ///< `$1`
        stray_brace,
        unfinished,
    };
    struct piece {
        kind what = kind::text;
        std::string_view text;
        std::string_view name;
        std::string_view column;
        std::size_t number = 0;
    };

    constexpr explicit fragment_lexer(std::string_view sql) noexcept : sql_{sql} {}

    constexpr bool next(piece& out) noexcept {
        out = piece{};
        if (at_ == sql_.size()) return false;
        const std::size_t begin = at_;
        const char c = sql_[at_];
        if (c == '?')
            question(out);
        else if (c == '{' || c == '}')
            brace(out);
        else if (c == ';')
            single(out, kind::semicolon);
        else if (c == '$' && is_digit(peek(1)))
            single(out, kind::dollar);
        else if (begins_word(c) || c == '"')
            word(out);
        else if (is_digit(c))
            digits();
        else
            other(out);
        out.text = sql_.substr(begin, at_ - begin);
        return true;
    }

private:
    static constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
    static constexpr bool begins_word(char c) noexcept {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               static_cast<unsigned char>(c) >= 0x80;
    }
    static constexpr bool continues_word(char c) noexcept {
        return begins_word(c) || is_digit(c) || c == '$';
    }
    constexpr char peek(std::size_t ahead = 0) const noexcept {
        return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
    }
    constexpr void single(piece& out, kind what) noexcept {
        out.what = what;
        ++at_;
    }
    constexpr void digits() noexcept {
        while (is_digit(peek()) || (peek() == '.' && is_digit(peek(1)))) ++at_;
    }
    constexpr void question(piece& out) noexcept {
        ++at_;
        if (peek() == '?') {
            ++at_;
            out.what = kind::literally;
            out.name = "?";
        } else if (is_digit(peek())) {
            out.what = kind::numbered;
            for (; is_digit(peek()); ++at_)
                out.number = out.number * 10 + static_cast<std::size_t>(peek() - '0');
        } else {
            out.what = kind::next;
        }
    }
    constexpr void brace(piece& out) noexcept {
        const char c = peek();
        if (peek(1) == c) {
            out.what = kind::literally;
            out.name = sql_.substr(at_, 1);
            at_ += 2;
            return;
        }
        const auto close = c == '{' ? place_of(sql_, '}', at_) : std::string_view::npos;
        out.what = close == std::string_view::npos ? kind::stray_brace : kind::named;
        if (close == std::string_view::npos) {
            ++at_;
            return;
        }
        out.name = sql_.substr(at_ + 1, close - at_ - 1);
        at_ = close + 1;
        if (out.name.empty() || !begins_word(out.name[0])) out.what = kind::stray_brace;
    }
    /// A name, with or without quotes; empty when it has no end.
    constexpr std::string_view name_here() noexcept {
        const std::size_t begin = at_;
        if (peek() == '"') {
            const auto end = place_of(sql_, '"', at_ + 1);
            at_ = end == std::string_view::npos ? sql_.size() : end + 1;
            return end == std::string_view::npos ? std::string_view{}
                                                 : sql_.substr(begin + 1, end - begin - 1);
        }
        while (at_ < sql_.size() && continues_word(sql_[at_])) ++at_;
        return sql_.substr(begin, at_ - begin);
    }
    constexpr void word(piece& out) noexcept {
        const auto first = name_here();
        if (first.empty()) {
            out.what = kind::unfinished;
            return;
        }
        const bool e = first == "e" || first == "E";
        if (e && peek() == '\'') {
            if (!string(true)) out.what = kind::unfinished;
            return;
        }
        std::size_t parts = 1;
        std::string_view second;
        while (peek() == '.' && (begins_word(peek(1)) || peek(1) == '"')) {
            ++at_;
            second = name_here();
            ++parts;
        }
        const bool call = peek() == '(';
        if (parts == 2 && !call) { // three parts have a schema
            out.what = kind::qualified;
            out.name = first;
            out.column = second;
        }
    }
    constexpr bool string(bool escapes) noexcept {
        for (++at_; at_ < sql_.size(); ++at_) {
            if (escapes && sql_[at_] == '\\') {
                ++at_;
                continue;
            }
            if (sql_[at_] != '\'') continue;
            ++at_;
            if (peek() != '\'') return true;
        }
        at_ = sql_.size();
        return false;
    }
    constexpr bool comment() noexcept {
        std::size_t depth = 0;
        do {
            if (at_ >= sql_.size()) return false;
            const bool opens = peek() == '/' && peek(1) == '*';
            const bool closes = peek() == '*' && peek(1) == '/';
            depth = opens ? depth + 1 : closes ? depth - 1 : depth;
            at_ += opens || closes ? 2 : 1;
        } while (depth > 0);
        return true;
    }
    constexpr bool dollar_quote() noexcept {
        std::size_t end = at_ + 1;
        while (end < sql_.size() && begins_word(sql_[end])) ++end;
        if (end >= sql_.size() || sql_[end] != '$') {
            ++at_;
            return true;
        }
        const auto tag = sql_.substr(at_, end + 1 - at_);
        const auto close = place_of(sql_, tag, end + 1);
        at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
        return close != std::string_view::npos;
    }
    constexpr void other(piece& out) noexcept {
        const char c = peek();
        bool finished = true;
        if (c == '\'')
            finished = string(false);
        else if (c == '$')
            finished = dollar_quote();
        else if (c == '/' && peek(1) == '*')
            finished = comment();
        else if (c == '-' && peek(1) == '-')
            while (at_ < sql_.size() && sql_[at_] != '\n') ++at_;
        else
            ++at_;
        if (!finished) out.what = kind::unfinished;
    }

    std::string_view sql_;
    std::size_t at_ = 0;
};

/// A model under an alias; empty for its own.
template <class T, sql_text Alias = "">
struct in_scope {
    using model = T;
    static constexpr std::string_view alias() noexcept {
        if constexpr (Alias.view().empty())
            return table_of<T>.alias;
        else
            return kept.view();
    }
    static constexpr auto kept = Alias;
};
/// Something in scope whose columns nobody knows: a common table expression, a function, raw SQL.
struct anything {
    static constexpr std::string_view alias() noexcept { return {}; }
};

enum class scope_answer : std::uint8_t { fine, no_column, no_alias };

template <class Entry>
constexpr scope_answer ask(std::string_view alias, std::string_view column) {
    if constexpr (std::is_same_v<Entry, anything>) {
        return scope_answer::no_alias;
    } else {
        if (Entry::alias() != alias) return scope_answer::no_alias;
        return table_of<typename Entry::model>.has(column) ? scope_answer::fine : scope_answer::no_column;
    }
}

/// What qualified names may refer to.
template <class... Entries>
struct scope {
    static constexpr bool open = (std::is_same_v<Entries, anything> || ...);
    template <class... More>
    using with = scope<Entries..., More...>;
    template <class T>
    static constexpr bool has = (std::is_same_v<Entries, in_scope<T>> || ...);

    static constexpr scope_answer look_up(std::string_view alias, std::string_view column) {
        auto answer = open ? scope_answer::fine : scope_answer::no_alias;
        static_cast<void>(((ask<Entries>(alias, column) != scope_answer::no_alias
                                ? (answer = ask<Entries>(alias, column), true)
                                : false) ||
                           ...));
        return answer;
    }
};

template <class A>
inline constexpr bool names_from_members = false;
template <class T>
inline constexpr bool names_from_members<members_argument<T>> = true;

constexpr bool is_model_name(std::string_view name) noexcept {
    return name == "table" || name == "alias" || name == "columns" || name == "table_columns" ||
           name == "pks";
}

template <class... A>
constexpr bool member_has_name([[maybe_unused]] std::string_view name) {
    [[maybe_unused]] const auto among = [&]<class T>(const T*) {
        if constexpr (names_from_members<T>)
            for (const auto& m : tusk::detail::member_names_v<typename T::type>)
                if (m == name) return true;
        return false;
    };
    return (among(static_cast<const A*>(nullptr)) || ...);
}

/// Checks a piece of SQL while the program is compiled.
template <class Scope, class... A>
consteval void check_fragment(std::string_view sql) {
    using kind = fragment_lexer::kind;
    constexpr std::size_t positional =
        (0 + ... + (tusk::detail::is_named<A> || names_from_members<A> ? 0 : 1));
    constexpr bool any_named = (tusk::detail::is_named<A> || ...);
    fragment_lexer lexer{sql};
    fragment_lexer::piece p;
    std::size_t in_order = 0;
    std::size_t highest = 0;
    while (lexer.next(p)) {
        switch (p.what) {
        case kind::next: ++in_order; break;
        case kind::numbered: highest = p.number + 1 > highest ? p.number + 1 : highest; break;
        case kind::named:
            if (!any_named && !member_has_name<A...>(p.name) && !is_model_name(p.name))
                refused::name_without_argument_in_sql_fragment();
            break;
        case kind::qualified: {
            const auto answer = p.name == "excluded" || p.name == "EXCLUDED"
                                    ? scope_answer::fine
                                    : Scope::look_up(p.name, p.column);
            if (answer == scope_answer::no_column) refused::unknown_column_in_sql_fragment();
            if (answer == scope_answer::no_alias) refused::unknown_alias_in_sql_fragment();
            break;
        }
        case kind::semicolon: refused::semicolon_in_sql_fragment(); break;
        case kind::dollar: refused::dollar_number_in_sql_fragment_write_a_question_mark(); break;
        case kind::stray_brace: refused::stray_brace_in_sql_fragment(); break;
        case kind::unfinished: refused::unfinished_string_or_comment_in_sql_fragment(); break;
        default: break;
        }
    }
    if (in_order != 0 && highest != 0) refused::positions_and_names_in_one_sql_fragment();
    if ((in_order != 0 ? in_order : highest) != positional)
        refused::wrong_number_of_arguments_for_sql_fragment();
}

} // namespace detail

/// A piece of SQL that the compiler has checked: its strings and comments end, its qualified names are
/// columns of models in scope, its placeholders are as many as its arguments. Made of literals only, so that
/// nothing that a program reads can become SQL.
template <class Scope, class... A>
class fragment {
public:
    template <class S>
        requires std::convertible_to<const S&, std::string_view>
    consteval fragment(const S& sql) : text_{sql} { // NOLINT: meant to be implicit
        detail::check_fragment<Scope, A...>(text_);
    }
    constexpr std::string_view text() const noexcept { return text_; }

private:
    std::string_view text_;
};

} // namespace tusk::orm
