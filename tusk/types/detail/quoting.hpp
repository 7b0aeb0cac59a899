#pragma once

#include <cstddef>

#include <tusk/types/parameters.hpp>

namespace tusk::detail {

/// Puts what was appended since `start` between double quotes. A quote inside gets `before_quote` in front of
/// it, a backslash another backslash.
void put_in_quotes(value_sink& out, std::size_t start, char before_quote);

} // namespace tusk::detail
