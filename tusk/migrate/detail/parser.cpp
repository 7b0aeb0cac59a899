#include <tusk/migrate/detail/parser.hpp>

#include <algorithm>

#include <boost/json/parse.hpp>

#include <pg_query.h>

namespace tusk::migrate::detail {

std::optional<std::vector<std::size_t>> statement_ends(const std::string& sql) {
    const auto split = pg_query_split_with_parser(sql.c_str());
    std::optional<std::vector<std::size_t>> out;
    if (split.error == nullptr) {
        out.emplace();
        for (int i = 0; i < split.n_stmts; ++i) {
            const auto& each = *split.stmts[i];
            const auto begin = static_cast<std::size_t>(std::max(each.stmt_location, 0));
            // A length of 0 is "to the end of the text".
            out->push_back(each.stmt_len == 0 ? sql.size() : begin + static_cast<std::size_t>(each.stmt_len));
        }
    }
    pg_query_free_split_result(split);
    return out;
}

parsed parse(const std::string& sql) {
    const auto answer = pg_query_parse(sql.c_str());
    parsed out;
    if (answer.error != nullptr) {
        out.error = answer.error->message;
        out.position = static_cast<std::size_t>(std::max(answer.error->cursorpos, 1)) - 1;
    } else {
        boost::json::error_code ec;
        boost::json::parse_options deep;
        deep.max_depth = 1000; // long AND chains nest
        const auto whole = boost::json::parse(answer.parse_tree, ec, {}, deep);
        const auto* statements = ec ? nullptr : whole.as_object().if_contains("stmts");
        if (statements != nullptr && !statements->as_array().empty())
            out.tree = statements->as_array().front().as_object().at("stmt");
        else
            out.error = ec ? "the tree is nested too deeply" : "no statement";
    }
    pg_query_free_parse_result(answer);
    return out;
}

} // namespace tusk::migrate::detail
