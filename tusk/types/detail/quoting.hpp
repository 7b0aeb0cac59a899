#pragma once

#include <cstddef>

#include <tusk/types/parameters.hpp>

namespace tusk::detail {

/// Does this character need another one in front of it between double quotes?
constexpr bool is_escaped(char c) noexcept { return c == '"' || c == '\\'; }

/// Puts what was appended since `start` between double quotes. A quote inside gets `before_quote` in front of
/// it, a backslash another backslash.
void put_in_quotes(value_sink& out, std::size_t start, char before_quote);

} // namespace tusk::detail
