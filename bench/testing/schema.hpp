#pragma once

#include <string>

namespace bench_testing {

/// So many tables, each with a primary key, a unique constraint, a B-tree, a GIN index and a foreign key.
std::string schema_of(int tables);

} // namespace bench_testing
