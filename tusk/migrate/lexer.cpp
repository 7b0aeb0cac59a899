#include <tusk/migrate/lexer.hpp>

namespace tusk::migrate {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

} // namespace

bool token::is(std::string_view expected) const noexcept {
    if (kind != token_kind::word || text.size() != expected.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (lowered(text[i]) != expected[i]) return false;
    return true;
}

bool lexer::next(token& out) noexcept {
    while (is_space(peek())) ++at_;
    // A NUL is no end: the server will refuse it, and so it has to get there.
    if (at_ >= sql_.size()) return false;
    out.offset = at_;
    out.kind = token_kind::symbol;
    if (!scan(out.kind)) {
        at_ = sql_.size();
        out.kind = token_kind::unfinished;
    }
    out.text = sql_.substr(out.offset, at_ - out.offset);
    return true;
}

bool lexer::next_code(token& out) noexcept {
    while (next(out))
        if (out.kind != token_kind::comment) return true;
    return false;
}

bool lexer::scan(token_kind& kind) noexcept {
    const char c = peek();
    if (c == '-' && peek(1) == '-') {
        kind = token_kind::comment;
        while (at_ < sql_.size() && peek() != '\n' && peek() != '\r') ++at_;
        return true;
    }
    if (c == '/' && peek(1) == '*') {
        kind = token_kind::comment;
        return skip_comment();
    }
    if (c == '\'') {
        kind = token_kind::string;
        return skip_quoted('\'');
    }
    if (c == '"') {
        kind = token_kind::quoted;
        return skip_quoted('"');
    }
    if (c == '$') return skip_dollar(kind);
    if (begins_word(c)) return scan_word(kind);
    if (is_digit(c)) {
        kind = token_kind::number;
        skip_number();
        return true;
    }
    kind = c == ';' ? token_kind::semicolon : token_kind::symbol;
    ++at_;
    return true;
}

bool lexer::scan_word(token_kind& kind) noexcept {
    const char first = lowered(peek());
    const char second = peek(1);
    kind = token_kind::string;
    if (first == 'u' && second == '&' && (peek(2) == '\'' || peek(2) == '"')) {
        at_ += 2;
        kind = peek() == '"' ? token_kind::quoted : token_kind::string;
        return skip_quoted(peek());
    }
    if (second == '\'' && first == 'e') {
        ++at_;
        return skip_escaped();
    }
    if (second == '\'' && (first == 'b' || first == 'x' || first == 'n')) {
        ++at_;
        return skip_quoted('\'');
    }
    kind = token_kind::word;
    while (at_ < sql_.size() && (begins_word(peek()) || is_digit(peek()) || peek() == '$')) ++at_;
    return true;
}

bool lexer::skip_comment() noexcept {
    std::size_t depth = 0;
    do {
        if (at_ >= sql_.size()) return false;
        if (peek() == '/' && peek(1) == '*') {
            ++depth;
            at_ += 2;
        } else if (peek() == '*' && peek(1) == '/') {
            --depth;
            at_ += 2;
        } else {
            ++at_;
        }
    } while (depth > 0);
    return true;
}

/// A doubled quote ends one and begins another, which comes to the same.
bool lexer::skip_quoted(char quote) noexcept {
    const auto end = sql_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return false;
    at_ = end + 1;
    return true;
}

/// E'…', and its continuation on another line, where escapes go on to count.
bool lexer::skip_escaped() noexcept {
    for (;;) {
        for (++at_;; ++at_) {
            if (at_ >= sql_.size()) return false;
            if (peek() == '\'') break;
            if (peek() == '\\' && ++at_ >= sql_.size()) return false;
        }
        ++at_;
        if (peek() == '\'') continue;
        const auto before = at_;
        bool broken = false;
        for (; is_space(peek()); ++at_) broken = broken || peek() == '\n' || peek() == '\r';
        if (broken && peek() == '\'') continue;
        at_ = before;
        return true;
    }
}

bool lexer::skip_dollar(token_kind& kind) noexcept {
    std::size_t end = at_ + 1;
    if (end < sql_.size() && is_digit(sql_[end])) {
        kind = token_kind::number;
        ++at_;
        skip_number();
        return true;
    }
    if (end < sql_.size() && begins_word(sql_[end]))
        while (end < sql_.size() && (begins_word(sql_[end]) || is_digit(sql_[end]))) ++end;
    if (end >= sql_.size() || sql_[end] != '$') {
        ++at_;
        return true;
    }
    kind = token_kind::string;
    const auto tag = sql_.substr(at_, end + 1 - at_);
    const auto close = sql_.find(tag, end + 1);
    if (close == std::string_view::npos) return false;
    at_ = close + tag.size();
    return true;
}

void lexer::skip_number() noexcept {
    while (is_digit(peek()) || peek() == '.' || begins_word(peek())) ++at_;
}

} // namespace tusk::migrate
