#include <tusk/schema/script.hpp>

#include <algorithm>
#include <optional>

#include <tusk/schema/identifier.hpp>

namespace tusk::schema {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
bool is_word_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool is_word(char c) { return is_word_start(c) || (c >= '0' && c <= '9') || c == '$'; }

struct token {
    enum class kind { word, quoted, string, comment, symbol } what = kind::symbol;
    std::string_view text;
    std::size_t at = 0;
    std::size_t line = 1;
};

/// Words, names, strings, comments and symbols of SQL text.
class tokens {
public:
    explicit tokens(std::string_view sql) : sql_{sql} {}

    bool next(token& out) {
        while (at_ < sql_.size() && is_space(sql_[at_])) advance(1);
        if (at_ >= sql_.size()) return false;
        out.at = at_;
        out.line = line_;
        const char c = sql_[at_];
        std::size_t size = 1;
        out.what = token::kind::symbol;
        if (sql_.substr(at_, 2) == "--") {
            out.what = token::kind::comment;
            size = std::min(sql_.find('\n', at_), sql_.size()) - at_;
        } else if (sql_.substr(at_, 2) == "/*") {
            out.what = token::kind::comment;
            size = comment_size();
        } else if (c == '\'') {
            out.what = token::kind::string;
            size = string_size(0, false);
        } else if ((c == 'e' || c == 'E') && at_ + 1 < sql_.size() && sql_[at_ + 1] == '\'') {
            out.what = token::kind::string;
            size = string_size(1, true);
        } else if (c == '"') {
            out.what = token::kind::quoted;
            size = quoted_size();
        } else if (c == '$' && dollar_size() > 0) {
            out.what = token::kind::string;
            size = dollar_size();
        } else if (is_word_start(c)) {
            out.what = token::kind::word;
            while (at_ + size < sql_.size() && is_word(sql_[at_ + size])) ++size;
        }
        out.text = sql_.substr(at_, size);
        advance(size);
        return true;
    }

private:
    void advance(std::size_t n) {
        line_ +=
            static_cast<std::size_t>(std::count(sql_.begin() + static_cast<std::ptrdiff_t>(at_),
                                                sql_.begin() + static_cast<std::ptrdiff_t>(at_ + n), '\n'));
        at_ += n;
    }
    std::size_t comment_size() const {
        std::size_t depth = 0;
        std::size_t i = at_;
        do {
            const auto two = sql_.substr(i, 2);
            if (two == "/*") ++depth;
            if (two == "*/") --depth;
            i += two == "/*" || two == "*/" ? 2 : 1;
        } while (depth > 0 && i < sql_.size());
        return std::min(i, sql_.size()) - at_;
    }
    std::size_t string_size(std::size_t prefix, bool escapes) const {
        std::size_t i = at_ + prefix + 1;
        for (; i < sql_.size(); ++i) {
            if (escapes && sql_[i] == '\\')
                ++i;
            else if (sql_[i] == '\'') {
                if (i + 1 < sql_.size() && sql_[i + 1] == '\'')
                    ++i;
                else
                    break;
            }
        }
        return std::min(i + 1, sql_.size()) - at_;
    }
    std::size_t quoted_size() const {
        std::size_t i = at_ + 1;
        for (; i < sql_.size(); ++i)
            if (sql_[i] == '"') {
                if (i + 1 < sql_.size() && sql_[i + 1] == '"')
                    ++i;
                else
                    break;
            }
        return std::min(i + 1, sql_.size()) - at_;
    }
    std::size_t dollar_size() const {
        std::size_t end = at_ + 1;
        if (end < sql_.size() && (is_word_start(sql_[end]) || sql_[end] == '$'))
            while (end < sql_.size() && is_word(sql_[end]) && sql_[end] != '$') ++end;
        if (end >= sql_.size() || sql_[end] != '$') return 0;
        const auto tag = sql_.substr(at_, end + 1 - at_);
        const auto close = sql_.find(tag, end + 1);
        return (close == std::string_view::npos ? sql_.size() : close + tag.size()) - at_;
    }

    std::string_view sql_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
};

std::string lower(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
    return out;
}

bool is(const token& t, std::string_view word) {
    return t.what == token::kind::word && lower(t.text) == word;
}

std::string without_psql_lines(std::string_view sql) {
    std::string out;
    std::size_t at = 0;
    while (at < sql.size()) {
        const auto end = std::min(sql.find('\n', at), sql.size());
        const auto line = sql.substr(at, end - at);
        if (line.empty() || line[0] != '\\') out += line;
        if (end < sql.size()) out += '\n';
        at = end + 1;
    }
    return out;
}

} // namespace

std::vector<script_statement> split_script(std::string_view whole) {
    const auto sql = without_psql_lines(whole);
    std::vector<script_statement> out;
    tokens all{sql};
    token t;
    std::size_t begin = 0;
    std::size_t line = 0;
    int depth = 0;
    int blocks = 0;
    bool atomic = false;
    bool after_begin = false;
    std::size_t ended_on = 0;
    while (all.next(t)) {
        if (t.what == token::kind::comment) {
            if (line == 0 && !out.empty() && ended_on == t.line)
                out.back().trailing += std::string{t.text} + "\n";
            continue;
        }
        if (t.text == ";" && depth <= 0 && blocks == 0) {
            if (line != 0) out.push_back({sql.substr(begin, t.at - begin), line, {}});
            begin = t.at + 1;
            ended_on = t.line;
            line = 0;
            depth = 0;
            atomic = false;
            continue;
        }
        if (line == 0) line = t.line;
        if (t.text == "(") ++depth;
        if (t.text == ")") --depth;
        if (after_begin && is(t, "atomic")) {
            atomic = true;
            blocks = 1;
        } else if (atomic && (is(t, "case"))) {
            ++blocks;
        } else if (atomic && is(t, "end")) {
            --blocks;
        }
        after_begin = is(t, "begin");
    }
    if (line != 0) out.push_back({sql.substr(begin), line, {}});
    return out;
}

namespace {

/// The former name that a comment gives.
std::optional<std::string> former_name(std::string_view comment) {
    for (const auto* mark : {"tusk:renamed", "@renamed", "@rename", "atlas:renamed_from"}) {
        auto at = comment.find(mark);
        if (at == std::string_view::npos) continue;
        auto rest = comment.substr(at + std::string_view{mark}.size());
        while (!rest.empty() && (is_space(rest[0]))) rest.remove_prefix(1);
        if (rest.substr(0, 5) == "from=") rest.remove_prefix(5);
        auto name = take_identifier(rest);
        if (!rest.empty() && rest[0] == '.') {
            rest.remove_prefix(1);
            name = take_identifier(rest);
        }
        if (!name.empty()) return name;
    }
    return std::nullopt;
}

/// Reads the hints of one CREATE statement.
class hint_reader {
public:
    explicit hint_reader(const script_statement& from) {
        text_ = from.text;
        tokens all{text_};
        token t;
        while (all.next(t)) tokens_.push_back(t);
        trailing_ = former_name(from.trailing);
    }

    void read(std::vector<rename_hint>& out) {
        if (!read_head()) return;
        if (const auto name = head_hint()) out.push_back({kind_, schema_, "", name_, *name, false});
        if (kind_ == object_kind::table || is_enum_) read_items(out);
    }

private:
    bool read_head() {
        std::size_t i = 0;
        const auto code = [&] {
            while (i < tokens_.size() && tokens_[i].what == token::kind::comment) ++i;
            return i < tokens_.size();
        };
        if (!code() || !is(tokens_[i], "create")) return false;
        first_ = i++;
        for (; code(); ++i) {
            const auto word = lower(tokens_[i].text);
            if (word == "table")
                kind_ = object_kind::table;
            else if (word == "type")
                kind_ = object_kind::enum_type;
            else if (word == "index")
                kind_ = object_kind::index;
            else if (word == "materialized") {
                kind_ = object_kind::materialized_view;
                stored_ = true;
                continue;
            } else if (word == "view")
                kind_ = stored_ ? object_kind::materialized_view : object_kind::view;
            else if (word == "sequence")
                kind_ = object_kind::sequence;
            else if (word == "domain")
                kind_ = object_kind::domain;
            else if (word == "schema")
                kind_ = object_kind::schema;
            else if (word == "policy")
                kind_ = object_kind::policy;
            else if (word == "or" || word == "replace" || word == "unique" || word == "unlogged")
                continue;
            else
                return false;
            break;
        }
        ++i;
        while (code() && (is(tokens_[i], "if") || is(tokens_[i], "not") || is(tokens_[i], "exists") ||
                          is(tokens_[i], "concurrently")))
            ++i;
        if (!code()) return false;
        name_ = unquoted(tokens_[i++]);
        if (i + 1 < tokens_.size() && tokens_[i].text == ".") {
            schema_ = name_;
            name_ = unquoted(tokens_[i + 1]);
            i += 2;
        }
        after_name_ = i;
        for (body_ = i; body_ < tokens_.size() && tokens_[body_].text != "("; ++body_)
            if (is(tokens_[body_], "enum")) is_enum_ = true;
        return true;
    }

    /// Before the statement, behind the name, or right behind the opening parenthesis on its line.
    std::optional<std::string> head_hint() const {
        std::optional<std::string> out;
        const auto look = [&](std::size_t begin, std::size_t end) {
            for (auto i = begin; i < end && i < tokens_.size() && !out; ++i)
                if (tokens_[i].what == token::kind::comment) out = former_name(tokens_[i].text);
        };
        look(0, first_);
        for (auto i = after_name_; i < tokens_.size() && tokens_[i].what == token::kind::comment; ++i)
            look(i, i + 1);
        for (auto i = body_ + 1; i < tokens_.size() && tokens_[i].what == token::kind::comment &&
                                 tokens_[i].line == tokens_[body_].line;
             ++i)
            look(i, i + 1);
        if (!out && kind_ != object_kind::table && !is_enum_) out = trailing_;
        return out;
    }

    void read_items(std::vector<rename_hint>& out) const {
        int depth = 0;
        std::vector<std::size_t> item;      // tokens of the item
        std::vector<std::size_t> last;      // of the one before
        std::optional<std::string> waiting; // from a line of its own
        std::size_t line = body_ < tokens_.size() ? tokens_[body_].line : 0;
        bool begun = false;
        for (auto i = body_; i < tokens_.size(); ++i) {
            const auto& t = tokens_[i];
            if (t.what == token::kind::comment) {
                const auto name = begun ? former_name(t.text) : std::nullopt;
                if (!name) continue;
                if (t.line == line && !(item.empty() && last.empty()))
                    add(item.empty() ? last : item, *name, out);
                else if (t.line != line)
                    waiting = name;
                continue;
            }
            line = t.line;
            if (t.text == "(" && ++depth == 1) {
                begun = true;
                continue;
            }
            if (t.text == ")" && --depth == 0) break;
            if (t.text == "," && depth == 1) {
                last = item;
                item.clear();
                continue;
            }
            item.push_back(i);
            if (waiting && item.size() == 1) {
                pending_ = waiting;
                waiting.reset();
            }
            if (pending_ && item.size() == 2) flush(item, out);
        }
        if (pending_ && !item.empty()) flush(item, out);
    }

    void flush(const std::vector<std::size_t>& item, std::vector<rename_hint>& out) const {
        const auto name = *pending_;
        pending_.reset();
        add(item, name, out);
    }

    void add(const std::vector<std::size_t>& item, const std::string& from,
             std::vector<rename_hint>& out) const {
        const auto& first = tokens_[item.front()];
        if (is_enum_) {
            auto value = std::string{first.text};
            if (value.size() > 1 && value.front() == '\'') value = value.substr(1, value.size() - 2);
            out.push_back({object_kind::enum_type, schema_, name_, value, from, true});
        } else if (is(first, "constraint") && item.size() > 1) {
            out.push_back({object_kind::constraint, schema_, name_, unquoted(tokens_[item[1]]), from, false});
        } else {
            out.push_back({object_kind::column, schema_, name_, unquoted(first), from, false});
        }
    }

    static std::string unquoted(const token& t) {
        auto text = t.text;
        return take_identifier(text);
    }

    std::string text_;
    std::vector<token> tokens_;
    std::optional<std::string> trailing_;
    object_kind kind_ = object_kind::table;
    bool stored_ = false;
    bool is_enum_ = false;
    std::string schema_;
    std::string name_;
    std::size_t first_ = 0;
    std::size_t after_name_ = 0;
    std::size_t body_ = 0;
    mutable std::optional<std::string> pending_;
};

} // namespace

std::vector<rename_hint> rename_hints(const std::vector<script_statement>& script) {
    std::vector<rename_hint> out;
    for (const auto& statement : script) {
        if ((statement.text + statement.trailing).find("rename") == std::string::npos) continue;
        hint_reader{statement}.read(out);
    }
    return out;
}

} // namespace tusk::schema
