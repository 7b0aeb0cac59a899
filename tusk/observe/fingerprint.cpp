#include <tusk/observe/fingerprint.hpp>

namespace tusk::observe {

namespace {

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool is_word(char c) noexcept { return is_letter(c) || is_digit(c) || c == '$'; }

class normaliser {
public:
    explicit normaliser(std::string_view sql) : sql_{sql} { out_.reserve(sql.size()); }

    std::string run() {
        while (at_ < sql_.size()) step();
        while (out_.ends_with(' ') || out_.ends_with(';')) out_.pop_back();
        return std::move(out_);
    }

private:
    char peek(std::size_t ahead = 0) const noexcept {
        return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
    }

    void step() {
        const char c = peek();
        if (is_space(c)) return space(1);
        if (c == '-' && peek(1) == '-')
            return space(sql_.find('\n', at_) == sql_.npos ? sql_.size() - at_ : sql_.find('\n', at_) - at_);
        if (c == '/' && peek(1) == '*') return space(comment_length());
        if (c == '\'') return literal(quoted_length(at_, '\'', false));
        if ((c == 'e' || c == 'E') && peek(1) == '\'') return literal(1 + quoted_length(at_ + 1, '\'', true));
        if (is_prefix(c) && peek(1) == '\'') return literal(1 + quoted_length(at_ + 1, '\'', false));
        if (c == '"') return copy(quoted_length(at_, '"', false));
        if (c == '$' && is_digit(peek(1))) return literal(1 + digits_at(at_ + 1));
        if (c == '$' && dollar_length() != 0) return literal(dollar_length());
        if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return literal(number_length());
        if (is_letter(c)) return word();
        copy(1);
    }

    /// Bit strings, hexadecimal ones and national characters.
    static bool is_prefix(char c) noexcept {
        return c == 'b' || c == 'B' || c == 'x' || c == 'X' || c == 'n' || c == 'N';
    }

    void space(std::size_t length) {
        at_ += length;
        if (!out_.empty() && !out_.ends_with(' ')) out_ += ' ';
    }

    void copy(std::size_t length) {
        out_ += sql_.substr(at_, length);
        at_ += length;
    }

    /// Keywords and names that are not quoted are the same in either case.
    void word() {
        while (at_ < sql_.size() && is_word(sql_[at_])) {
            const char c = sql_[at_++];
            out_ += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
    }

    /// A value; one more after a comma says nothing new.
    void literal(std::size_t length) {
        at_ += length;
        std::string_view before = out_;
        while (before.ends_with(' ')) before.remove_suffix(1);
        if (before.ends_with(',')) {
            before.remove_suffix(1);
            while (before.ends_with(' ')) before.remove_suffix(1);
            if (before.ends_with('?')) {
                out_.resize(before.size());
                return;
            }
        }
        out_ += '?';
    }

    std::size_t quoted_length(std::size_t from, char quote, bool backslashes) const noexcept {
        std::size_t i = from + 1;
        for (; i < sql_.size(); ++i) {
            if (backslashes && sql_[i] == '\\') {
                ++i;
                continue;
            }
            if (sql_[i] != quote) continue;
            if (i + 1 < sql_.size() && sql_[i + 1] == quote)
                ++i;
            else
                return i + 1 - from;
        }
        return sql_.size() - from;
    }

    std::size_t comment_length() const noexcept {
        std::size_t depth = 0, i = at_;
        while (i < sql_.size()) {
            const auto two = sql_.substr(i, 2);
            if (two == "/*") {
                ++depth, i += 2;
            } else if (two == "*/") {
                i += 2;
                if (--depth == 0) return i - at_;
            } else {
                ++i;
            }
        }
        return sql_.size() - at_;
    }

    /// Of `$tag$ … $tag$`; 0 when it is none.
    std::size_t dollar_length() const noexcept {
        std::size_t end = at_ + 1;
        while (end < sql_.size() && (is_letter(sql_[end]) || is_digit(sql_[end]))) ++end;
        if (end >= sql_.size() || sql_[end] != '$') return 0;
        const auto tag = sql_.substr(at_, end + 1 - at_);
        const auto close = sql_.find(tag, end + 1);
        return (close == sql_.npos ? sql_.size() : close + tag.size()) - at_;
    }

    std::size_t digits_at(std::size_t from) const noexcept {
        std::size_t i = from;
        while (i < sql_.size() && is_digit(sql_[i])) ++i;
        return i - from;
    }

    std::size_t number_length() const noexcept {
        std::size_t i = at_;
        while (i < sql_.size() && (is_word(sql_[i]) || sql_[i] == '.')) {
            const bool exponent = (sql_[i] == 'e' || sql_[i] == 'E') && i + 1 < sql_.size() &&
                                  (sql_[i + 1] == '-' || sql_[i + 1] == '+');
            i += exponent ? 2 : 1;
        }
        return i - at_;
    }

    std::string_view sql_;
    std::size_t at_ = 0;
    std::string out_;
};

} // namespace

std::string fingerprint(std::string_view sql) { return normaliser{sql}.run(); }

/// FNV-1a.
std::uint64_t fingerprint_id(std::string_view fingerprint) noexcept {
    std::uint64_t hash = 0xCBF29CE484222325ULL;
    for (const char c : fingerprint) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    return hash;
}

} // namespace tusk::observe
