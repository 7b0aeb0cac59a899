// The grammar of `key=value …` strings. Faithful to libpq in its corners: blanks around "=" are skipped (so
// that `a= b=c` gives a the value "b=c"), a backslash takes the next byte literally inside and outside of
// quotes, one at the very end vanishes, and after a closing quote the next key may follow without a blank.
#include <tusk/net/conninfo_settings.hpp>

namespace tusk::conninfo {
namespace {

class keyword_scanner {
public:
    explicit keyword_scanner(std::string_view text) : text_{text} {}

    result<settings> run() {
        settings found;
        for (skip_blanks(); !at_end(); skip_blanks()) {
            setting s;
            if (failure f = key(s.key)) return f;
            skip_blanks();
            if (failure f = value(s.value)) return f;
            if (s.key == "requiressl") s = {"sslmode", s.value.starts_with('1') ? "require" : "prefer"};
            found.put(std::move(s));
        }
        return found;
    }

private:
    bool at_end() const noexcept { return at_ == text_.size(); }
    char peek() const noexcept { return text_[at_]; }
    void skip_blanks() noexcept {
        while (!at_end() && is_space(peek())) ++at_;
    }

    failure key(std::string& out) {
        const std::size_t start = at_;
        while (!at_end() && peek() != '=' && !is_space(peek())) ++at_;
        out = text_.substr(start, at_ - start);
        skip_blanks();
        if (at_end() || peek() != '=') {
            // Often the tail of a password with a blank in it: the text is not repeated.
            return malformed("missing \"=\" after the word at byte " + std::to_string(start + 1) +
                             "; write key=value, and quote values that hold blanks: key='a b'");
        }
        if (out.empty()) return malformed("missing key before \"=\" at byte " + std::to_string(at_ + 1));
        ++at_;
        return {};
    }

    failure value(std::string& out) {
        if (!at_end() && peek() == '\'') return quoted_value(out);
        while (!at_end()) {
            const char c = text_[at_++];
            if (is_space(c)) break;
            if (c != '\\')
                out += c;
            else if (!at_end())
                out += text_[at_++];
        }
        return {};
    }

    failure quoted_value(std::string& out) {
        const std::size_t start = at_++;
        while (!at_end()) {
            const char c = text_[at_++];
            if (c == '\'') return {};
            if (c != '\\')
                out += c;
            else if (!at_end())
                out += text_[at_++];
        }
        return malformed("the quoted value at byte " + std::to_string(start + 1) +
                         " has no closing quote; write \\' for a quote inside a value");
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

} // namespace

result<settings> scan_keywords(std::string_view text) { return keyword_scanner{text}.run(); }

result<settings> scan_connection_string(std::string_view text) {
    if (const auto nul = text.find('\0'); nul != std::string_view::npos)
        return malformed("NUL byte at byte " + std::to_string(nul + 1));
    return url_scheme_length(text) != 0 ? scan_url(text) : scan_keywords(text);
}

} // namespace tusk::conninfo
