#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tusk/schema/model.hpp>
#include <tusk/schema/plan.hpp>
#include <tusk/schema/script.hpp>

namespace tusk::schema::detail {

/// The statements that give objects of `from` the names that they have in `to`: by hints, and for
/// constraints, indexes and owned sequences that differ in nothing else. They are for one round: names of
/// parts change after those of the whole, so ask again afterwards.
std::vector<statement> rename_statements(const model& from, const model& to,
                                         const std::vector<rename_hint>& hints);

} // namespace tusk::schema::detail
