#include <tusk/migrate/splitter.hpp>

#include <optional>

#include <tusk/migrate/detail/parser.hpp>
#include <tusk/migrate/lexer.hpp>
#include <tusk/migrate/text.hpp>

namespace tusk::migrate {

namespace {

/// The parser needs a hundred times the text's size in memory; what is larger is data, not definitions.
constexpr std::size_t parser_limit = 4u << 20;

/// Begin and end of a statement, with the comments above it.
struct extent {
    std::size_t begin;
    std::size_t end;
};

/// BEGIN ATOMIC … END, and the CASE … END in it.
class body_depth {
public:
    void see(const token& t) {
        if (t.is("atomic") && after_begin_)
            ++depth_;
        else if (depth_ > 0 && t.is("case"))
            ++depth_;
        else if (depth_ > 0 && t.is("end"))
            --depth_;
        after_begin_ = t.is("begin");
    }
    bool inside() const { return depth_ > 0; }

private:
    std::size_t depth_ = 0;
    bool after_begin_ = false;
};

failure unfinished(std::string_view sql, const token& t) {
    const auto at = position_of(sql, t.offset);
    const char* what = t.text.starts_with("/*")  ? "a comment"
                       : t.text.starts_with('"') ? "a quoted name"
                                                 : "a string";
    return failure{errc::invalid_argument, std::to_string(at.line) + ":" + std::to_string(at.column) + ": " +
                                               what + " that begins here has no end\n" +
                                               with_caret(sql, t.offset)};
}

/// Keeps the comments that stand right above, and the text itself.
class statement_reader {
public:
    explicit statement_reader(std::string_view sql, std::size_t base) : sql_{sql}, base_{base} {}

    /// Nothing when there is no code in it.
    std::optional<statement> read(extent where) const {
        statement out;
        lexer tokens{sql_.substr(0, where.end), where.begin};
        token t;
        std::size_t last_end = where.begin;
        bool found = false;
        while (!found && tokens.next(t)) {
            if (has_empty_line(last_end, t.offset)) out.comments.clear();
            last_end = t.offset + t.text.size();
            found = t.kind != token_kind::comment && t.kind != token_kind::semicolon;
            if (t.kind == token_kind::comment) out.comments.emplace_back(t.text);
            if (t.kind == token_kind::semicolon) out.comments.clear();
        }
        if (!found) return std::nullopt;
        out.text = trimmed(sql_.substr(t.offset, where.end - t.offset));
        out.offset = base_ + t.offset;
        out.kind = kind_of(out.text);
        return out;
    }

private:
    bool has_empty_line(std::size_t from, std::size_t to) const {
        std::size_t breaks = 0;
        for (const char c : sql_.substr(from, to - from))
            if (c == '\n') ++breaks;
        return breaks > 1;
    }

    std::string_view sql_;
    std::size_t base_;
};

std::vector<statement> read_all(std::string_view sql, const std::vector<extent>& extents, std::size_t base) {
    std::vector<statement> out;
    const statement_reader reader{sql, base};
    for (const auto& each : extents)
        if (auto one = reader.read(each)) out.push_back(std::move(*one));
    return out;
}

/// The end of what is no statement: `\connect` goes to the end of its line.
std::size_t line_end(std::string_view sql, std::size_t at) {
    const auto end = sql.find('\n', at);
    return end == std::string_view::npos ? sql.size() : end;
}

result<std::vector<extent>> extents_by_lexer(std::string_view sql) {
    std::vector<extent> out;
    lexer tokens{sql};
    body_depth body;
    std::size_t begin = 0;
    std::size_t parentheses = 0;
    bool fresh = true;
    for (token t; tokens.next(t);) {
        if (t.kind == token_kind::unfinished) return failed<std::vector<extent>>(unfinished(sql, t));
        if (t.kind == token_kind::comment) continue;
        if (fresh && t.is_symbol('\\')) {
            const auto end = line_end(sql, t.offset);
            out.push_back({begin, end});
            begin = end;
            tokens = lexer{sql, end};
            continue;
        }
        fresh = false;
        body.see(t);
        if (t.is_symbol('(')) ++parentheses;
        if (t.is_symbol(')') && parentheses > 0) --parentheses;
        if (t.kind != token_kind::semicolon || parentheses > 0 || body.inside()) continue;
        out.push_back({begin, t.offset + 1});
        begin = t.offset + 1;
        body = {};
        fresh = true;
    }
    out.push_back({begin, sql.size()});
    return out;
}

/// From the ends that the parser found; nothing when it does not understand the text.
std::optional<std::vector<extent>> extents_by_parser(std::string_view sql) {
    if (sql.size() > parser_limit || sql.find('\0') != std::string_view::npos) return std::nullopt;
    const auto ends = detail::statement_ends(std::string{sql});
    if (!ends) return std::nullopt;
    std::vector<extent> out;
    std::size_t begin = 0;
    for (auto end : *ends) {
        // The parser leaves the semicolon out; comments may stand before it.
        lexer tokens{sql, end};
        token t;
        if (tokens.next_code(t) && t.kind == token_kind::semicolon) end = t.offset + 1;
        out.push_back({begin, end});
        begin = end;
    }
    return out;
}

std::vector<statement> split_literally(std::string_view sql, std::string_view delimiter, std::size_t base) {
    std::vector<extent> extents;
    for (std::size_t begin = 0; begin <= sql.size();) {
        auto end = sql.find(delimiter, begin);
        if (end == std::string_view::npos) end = sql.size();
        extents.push_back({begin, end});
        begin = end + delimiter.size();
    }
    return read_all(sql, extents, base);
}

} // namespace

result<std::vector<statement>> split_by_lexer(std::string_view sql, std::size_t base) {
    auto extents = extents_by_lexer(sql);
    if (!extents) return failed<std::vector<statement>>(extents.error());
    return read_all(sql, *extents, base);
}

result<std::vector<statement>> split_statements(std::string_view sql, std::string_view delimiter,
                                                std::size_t base) {
    if (delimiter != ";" && !delimiter.empty()) return split_literally(sql, delimiter, base);
    if (const auto extents = extents_by_parser(sql)) return read_all(sql, *extents, base);
    return split_by_lexer(sql, base);
}

} // namespace tusk::migrate
