#include <cli/verify_sql.hpp>

#include <algorithm>

#include <tusk/client/sql_lexer.hpp>

namespace tusk::cli {

namespace {

/// What stands before the first word: white space and comments.
std::size_t before_code(std::string_view sql) {
    for (std::size_t at = 0; at < sql.size();) {
        if (sql.substr(at, 2) == "--") {
            at = std::min(sql.find('\n', at), sql.size());
        } else if (sql.substr(at, 2) == "/*") {
            std::size_t depth = 0;
            do {
                const auto two = sql.substr(at, 2);
                if (two == "/*") ++depth;
                if (two == "*/") --depth;
                at += two == "/*" || two == "*/" ? 2 : 1;
            } while (depth > 0 && at < sql.size());
        } else if (std::string_view{" \t\n\r\f\v"}.find(sql[at]) != std::string_view::npos) {
            ++at;
        } else {
            return at;
        }
    }
    return sql.size();
}

} // namespace

std::vector<sql_statement> split_statements(std::string_view sql) {
    using tusk::detail::sql_lexer;
    std::vector<sql_statement> out;
    sql_lexer lexer{sql};
    sql_lexer::piece p;
    std::size_t begin = 0;
    std::size_t at = 0;
    const auto end_statement = [&](std::size_t end) {
        const auto skipped = before_code(sql.substr(begin, end - begin));
        const auto first = begin + skipped;
        if (first < end) {
            const auto lines =
                std::count(sql.begin(), sql.begin() + static_cast<std::ptrdiff_t>(first), '\n');
            out.push_back({std::string{sql.substr(first, end - first)}, static_cast<std::size_t>(lines) + 1});
        }
        begin = end + 1;
    };
    while (lexer.next(p)) {
        if (p.what == sql_lexer::kind::semicolon) end_statement(at);
        at += p.text.size();
    }
    end_statement(sql.size());
    return out;
}

} // namespace tusk::cli
