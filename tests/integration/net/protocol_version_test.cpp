// Protocol 3.2 against whatever server there is: PostgreSQL 18 speaks it, older ones say that they do not.
#include "both_drivers.hpp"

#include <tusk/net/blocking_driver.hpp>
#include <tusk/testing/database.hpp>

using namespace net_test;
using tusk::errc;

namespace protocol_version_test {

std::string conninfo(const std::string& more) {
    return tusk::testing::test_server::shared().url() + "&" + more;
}
bool server_speaks_3_2() { return tusk::testing::test_server::shared().major_version() >= 18; }

class protocol_version : public driver_test {
protected:
    /// A statement that outlasts its deadline is cancelled on the server, and the connection goes on.
    void expect_to_work_and_cancel(const std::string& more) {
        auto c = open(conninfo(more));
        ASSERT_TRUE(c) << c.error().message();
        auto& db = **c;
        // Time enough for the statement to be running when it is cancelled: before that, a server ignores it.
        const auto f = db.exec(tusk::options{}.timeout(400ms), "select pg_catalog.pg_sleep(30)");
        EXPECT_EQ(f.code(), errc::timeout) << f.message();
        EXPECT_TRUE(db.is_open()) << "the server did not take the cancel key";
        const auto answer = db.all("select 'after'");
        ASSERT_TRUE(answer) << answer.error().message();
        EXPECT_EQ(*answer, std::vector<std::string>{"after"});
        expect_in_time();
    }
};
INSTANTIATE_TEST_SUITE_P(drivers, protocol_version, both_drivers,
                         [](const auto& tested) { return tested.param.name; });

std::size_t cancel_key_size(const std::string& more) {
    const auto config = tusk::parse_connect_config(conninfo(more)).value();
    const auto target = tusk::net::connect_target::make(config).value();
    tusk::net::blocking_driver driver;
    const auto f = driver.connect(target, tusk::deadline::in(10s));
    EXPECT_FALSE(f) << f.message();
    return driver.session().cancel_key.size();
}

TEST_P(protocol_version, newer_ones_may_be_asked_of_every_server) {
    expect_to_work_and_cancel("max_protocol_version=3.2");
    expect_to_work_and_cancel("max_protocol_version=latest");
    expect_to_work_and_cancel("max_protocol_version=3.0");
}

TEST_P(protocol_version, a_minimum_is_kept_or_refused_clearly) {
    if (server_speaks_3_2()) {
        expect_to_work_and_cancel("min_protocol_version=3.2");
        return;
    }
    expect_refused(conninfo("min_protocol_version=3.2"), errc::protocol_violation,
                   "the server speaks protocol 3.0 only, min_protocol_version asks for more");
}

TEST(cancel_key, is_longer_in_protocol_3_2) {
    EXPECT_EQ(cancel_key_size("max_protocol_version=3.0"), 4U);
    const auto newer = cancel_key_size("max_protocol_version=3.2");
    EXPECT_EQ(newer, server_speaks_3_2() ? 32U : 4U);
}

} // namespace protocol_version_test
