#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

namespace tusk::migrate::detail {

/// libpg_query, the parser of PostgreSQL 15, behind a narrow door. It helps to split and to lint; it never
/// decides what is valid SQL: the server does.

/// Where the statements of a text end (before their semicolon), in bytes; nothing when it does not parse.
std::optional<std::vector<std::size_t>> statement_ends(const std::string& sql);

/// What the parser says of one statement: its tree, or why there is none.
struct parsed {
    boost::json::value tree;  ///< The node, such as `{"CreateStmt":{…}}`; null when it does not parse.
    std::string error;        ///< Empty when it parses.
    std::size_t position = 0; ///< Of the error, in characters from 0.
};
parsed parse(const std::string& sql);

} // namespace tusk::migrate::detail
