#pragma once

#include <gtest/gtest.h>

#include <tusk/client/verify.hpp>

namespace tusk::testing::detail {

/// Problems of statements as failures of the running test.
inline void expect_no_problems(const statement_problems& found, const char* file, int line) {
    for (const auto& p : found) ADD_FAILURE_AT(file, line) << p.text();
}

} // namespace tusk::testing::detail

/// Fails for everything that `tusk::verify_statements` finds, warnings included, in the `sql<…>` statements
/// of the test program: link what is tested. `db` is a blocking connection, pool or transaction.
#define TUSK_VERIFY_STATEMENTS(db)                                                                           \
    ::tusk::testing::detail::expect_no_problems(::tusk::verify_statements(db), __FILE__, __LINE__)
