#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tusk::common {

/// The candidate that `word` is most likely a misspelling of; empty when none is near. A swap of two
/// neighbours counts as one mistake. Source: optimal string alignment distance.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

/// `; did you mean "x"?` or nothing, to be put behind a message.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

} // namespace tusk::common
