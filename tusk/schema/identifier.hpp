#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tusk::schema {

/// A name as it has to stand in SQL: in quotes unless it is a plain lower-case word that is no keyword.
std::string quote_identifier(std::string_view name);
/// A string constant: `'it''s'`, with the `E` form when there are backslashes.
std::string quote_literal(std::string_view text);
/// `schema.name`, both quoted where needed; the name alone when the schema is empty.
std::string qualified_name(std::string_view schema, std::string_view name);

/// What stands at the beginning of SQL text: an identifier, unquoted and folded as the server does it.
/// `text` is moved behind it. Empty when there is none.
std::string take_identifier(std::string_view& text);

/// Lists inside a field of an object: items separated by the character of `list_separator`.
inline constexpr char list_separator = '\x1e';
std::vector<std::string> split_list(std::string_view list);
std::string join(const std::vector<std::string>& items, std::string_view between);

} // namespace tusk::schema
