#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tusk::migrate {

enum class token_kind : std::uint8_t {
    word,   ///< A keyword or a name without quotes.
    quoted, ///< "name", U&"name"
    string, ///< '…', E'…', B'…', X'…', N'…', U&'…', $tag$…$tag$
    number, ///< Also `$1`.
    symbol, ///< One character of anything else.
    semicolon,
    comment,    ///< To the end of the line (without it), or /* … */, which nest.
    unfinished, ///< A string, a quoted name or a comment without its end; the last token.
};

struct token {
    token_kind kind = token_kind::symbol;
    std::string_view text;
    std::size_t offset = 0;

    /// The word, without regard to case; `expected` in lower case.
    bool is(std::string_view expected) const noexcept;
    bool is_symbol(char c) const noexcept { return kind == token_kind::symbol && text.front() == c; }
};

/// SQL text as PostgreSQL's scan.l sees it with standard_conforming_strings on, whatever its version: good
/// enough to find where statements end and what they begin with, also when their grammar is newer than any
/// parser at hand. White space is left out.
class lexer {
public:
    explicit lexer(std::string_view sql, std::size_t begin = 0) noexcept : sql_{sql}, at_{begin} {}

    /// The next token; false at the end.
    bool next(token& out) noexcept;
    /// The next one that is no comment.
    bool next_code(token& out) noexcept;

private:
    char peek(std::size_t ahead = 0) const noexcept {
        return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
    }
    bool scan(token_kind& kind) noexcept;
    bool scan_word(token_kind& kind) noexcept;
    bool skip_comment() noexcept;
    bool skip_quoted(char quote) noexcept;
    bool skip_escaped() noexcept;
    bool skip_dollar(token_kind& kind) noexcept;
    void skip_number() noexcept;

    std::string_view sql_;
    std::size_t at_;
};

} // namespace tusk::migrate
