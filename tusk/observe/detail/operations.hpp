#pragma once

#include <tusk/observe/registry.hpp>

/// What the metrics observer measures of statements, and how it is shown in either vocabulary.
namespace tusk::observe::detail {

/// Durations by pool, query type, table, error class and SQLSTATE ("none" for success).
family<histogram, 5>& measure_operations(registry& in);

/// Rows of successful statements by pool, query type and table.
family<histogram, 3>& measure_rows(registry& in);

/// Which servers ("host|port") and databases a pool was connected to; what is recorded does not matter.
family<histogram, 3>& measure_servers(registry& in);

/// Adds the views that show them. Declares the names that the views use, so that nobody else takes them.
void show_operations(registry& in);

} // namespace tusk::observe::detail
