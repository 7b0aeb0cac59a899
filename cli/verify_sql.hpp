#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tusk::cli {

/// One statement of an SQL file.
struct sql_statement {
    std::string text;     ///< Without comments and white space before it, and without the semicolon.
    std::size_t line = 1; ///< Of its first word.
};

/// The statements of a text; what is only white space and comments is none. Semicolons in strings, quoted
/// names and comments separate nothing; those in the body of a BEGIN ATOMIC function do, which is not right.
std::vector<sql_statement> split_statements(std::string_view sql);

} // namespace tusk::cli
