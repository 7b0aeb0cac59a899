#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tusk::cli {

/// The candidate that `word` is most likely a misspelling of; empty when none is near. A swap of two
/// neighbours counts as one mistake. Source: optimal string alignment distance.
std::string closest(std::string_view word, const std::vector<std::string>& candidates);

} // namespace tusk::cli
