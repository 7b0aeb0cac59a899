#pragma once

#include <vector>

#include <tusk/schema/object.hpp>

namespace tusk::schema::detail {

/// Fills `mentions` of functions and procedures: which relations, types and routines their text names. The
/// server does not look into bodies that are strings, so this is a guess by words: it orders statements where
/// it can and decides nothing.
void find_mentions(std::vector<object>& objects);

} // namespace tusk::schema::detail
