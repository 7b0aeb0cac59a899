// The fixtures for Catch2, in a program of their own.
#include <gtest/gtest.h>

#include "support.hpp"

namespace catch2_test {

using namespace testing_support;

TEST(catch2_fixtures, work_as_their_users_use_them) {
#ifndef TUSK_CATCH2_PROGRAM
    GTEST_SKIP() << "Catch2 is not installed (`apt-get install catch2`)";
#else
    const auto done = shell(TUSK_CATCH2_PROGRAM);
    EXPECT_EQ(done.status, 0) << done.text;
    EXPECT_TRUE(contains(done.text, "All tests passed")) << done.text;
#endif
}

TEST(catch2_fixtures, keep_the_database_of_a_failed_test) {
#ifndef TUSK_CATCH2_PROGRAM
    GTEST_SKIP() << "Catch2 is not installed (`apt-get install catch2`)";
#else
    const scoped_variable keep{"TUSK_KEEP", "failed"};
    const auto done = shell(std::string{TUSK_CATCH2_PROGRAM} + " fails");
    EXPECT_NE(done.status, 0);
    EXPECT_TRUE(contains(done.text, "kept: psql 'postgres://")) << done.text;
#endif
}

} // namespace catch2_test
