// Standbys: copies of a stopped primary that follow it when it runs again.
#include "support.hpp"

namespace tusk::embedded {
namespace standby_test {

using namespace test;

server_options primary_options() {
    return server_options{}.setting("wal_level", "replica").setting("max_wal_senders", "2");
}

/// Asks until the answer is this one.
bool comes_true(const server& of, const std::string& sql, const std::string& wanted) {
    const auto until = soon();
    while (ask(of, sql) != wanted) {
        if (until.expired()) return false;
        ask(of, "select pg_sleep(0.01)");
    }
    return true;
}

TEST(standby, follows_its_primary_and_does_not_write) {
    auto primary = started(primary_options());
    ASSERT_EQ(ask(primary, "create table before_the_copy as select 1 as x"), "");
    ASSERT_TRUE(primary.stop());
    auto copy = started(server_options{}.standby_of(primary.data_dir(), primary.url()));
    EXPECT_EQ(ask(copy, "select pg_is_in_recovery()"), "t") << "and it needs no primary to start";
    EXPECT_EQ(ask(copy, "select x from before_the_copy"), "1");
    ASSERT_TRUE(primary.start_again());
    ASSERT_EQ(ask(primary, "create table after_the_copy as select 2 as x"), "");
    EXPECT_TRUE(comes_true(copy, "select x from after_the_copy", "2"));
    EXPECT_NE(ask(copy, "create table t ()").find("error: "), std::string::npos);
}

TEST(standby, becomes_a_primary_and_stays_one) {
    auto primary = started(primary_options());
    ASSERT_TRUE(primary.stop());
    auto copy = started(server_options{}.standby_of(primary.data_dir(), primary.url()));
    EXPECT_EQ(ask(copy, "select pg_promote()"), "t");
    EXPECT_EQ(ask(copy, "create table t as select 3 as x"), "");
    ASSERT_TRUE(copy.restart());
    EXPECT_EQ(ask(copy, "select x from t"), "3");
    EXPECT_EQ(ask(copy, "select pg_is_in_recovery()"), "f");
}

TEST(standby, is_not_made_of_a_running_server) {
    const auto primary = started(primary_options());
    const auto copy = server::start(server_options{}.standby_of(primary.data_dir(), primary.url()));
    ASSERT_FALSE(copy);
    EXPECT_EQ(copy.error().code(), errc::environment);
    EXPECT_NE(copy.error().message().find("stop the primary first"), std::string::npos)
        << copy.error().message();
}

} // namespace standby_test
} // namespace tusk::embedded
