#pragma once

#include <map>
#include <string>
#include <vector>

#include <tusk/migrate/detail/lint_rules.hpp>
#include <tusk/migrate/lint.hpp>

namespace tusk::migrate::detail {

/// New names that do not fit: NM101 (schema) to NM106 (check), as Atlas numbers them.
std::vector<remark> remarks_on_names(const node& statement, const std::map<named_thing, std::string>& rules);

/// What a statement did that holds up others: LK101, LK102.
std::vector<remark> remarks_on_measured(const measured_statement& what);

} // namespace tusk::migrate::detail
