#pragma once

#include <string_view>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/migrate/statement.hpp>

namespace tusk::migrate {

/// The statements of an SQL text. PostgreSQL 15's own grammar says where they end, as far as it knows them;
/// for everything else (newer grammar, mistakes) the lexer does, which knows strings, dollar quotes, nested
/// comments, parentheses and BEGIN ATOMIC … END.
///
/// `delimiter` other than ";" separates literally, wherever it stands, and is not part of a statement.
/// `base` is added to the offsets. Errors: `errc::invalid_argument` for a string, a quoted name or a comment
/// that does not end; its message begins with "line:column: ".
result<std::vector<statement>> split_statements(std::string_view sql, std::string_view delimiter = ";",
                                                std::size_t base = 0);

/// The same by the lexer alone.
result<std::vector<statement>> split_by_lexer(std::string_view sql, std::size_t base = 0);

} // namespace tusk::migrate
