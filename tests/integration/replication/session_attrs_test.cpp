// target_session_attrs and load_balance_hosts before a primary and two standbys, by both drivers.
#include "both_drivers.hpp"
#include "cluster.hpp"

#include <set>

using namespace replication_test;
using tusk::errc;

namespace session_attrs_test {

class session_attrs : public net_test::driver_test {
protected:
    /// The port of the server that `conninfo` leads to, or why it leads nowhere.
    std::string reached(const std::string& conninfo) {
        const auto c = open(conninfo);
        if (!c) return c.error().message();
        const auto port = (*c)->all("select pg_catalog.current_setting('port')");
        return port ? port->front() : port.error().message();
    }
    void expect_reached(node which, const std::vector<node>& order, const std::string& attrs) {
        EXPECT_EQ(reached(servers.conninfo(order, "target_session_attrs=" + attrs)), servers.port(which))
            << attrs;
    }
    tusk::failure refused(const std::vector<node>& order, const std::string& attrs) {
        const auto c = open(servers.conninfo(order, "target_session_attrs=" + attrs));
        if (c) {
            ADD_FAILURE() << attrs << " was satisfied";
            return {};
        }
        return c.error();
    }
    void expect_text(const tusk::failure& f, const std::string& part) {
        EXPECT_NE(f.message().find(part), std::string::npos) << f.message();
    }

    cluster servers;
};
INSTANTIATE_TEST_SUITE_P(drivers, session_attrs, net_test::both_drivers,
                         [](const auto& tested) { return tested.param.name; });

TEST_P(session_attrs, the_first_host_of_the_wanted_role_is_taken) {
    const std::vector<node> primary_first{primary, first, second};
    expect_reached(primary, primary_first, "any");
    expect_reached(primary, primary_first, "read-write");
    expect_reached(primary, primary_first, "primary");
    expect_reached(first, primary_first, "read-only");
    expect_reached(first, primary_first, "standby");
    expect_reached(first, primary_first, "prefer-standby");

    const std::vector<node> primary_last{second, first, primary};
    expect_reached(second, primary_last, "any");
    expect_reached(primary, primary_last, "read-write");
    expect_reached(primary, primary_last, "primary");
    expect_reached(second, primary_last, "read-only");
    expect_reached(second, primary_last, "standby");
    expect_reached(second, primary_last, "prefer-standby");
}

TEST_P(session_attrs, when_none_fits_the_error_says_which_host_has_which_role) {
    const auto no_primary = refused({first, second}, "read-write");
    EXPECT_EQ(no_primary.code(), errc::no_suitable_host);
    for (const auto which : {first, second})
        expect_text(no_primary, "127.0.0.1:" + servers.port(which) + ": the server is a standby, read-only");
    const auto no_standby = refused({primary}, "standby");
    EXPECT_EQ(no_standby.code(), errc::no_suitable_host);
    expect_text(no_standby, "127.0.0.1:" + servers.port(primary));
    expect_text(no_standby, "a primary, read-write");
    expect_reached(primary, {primary}, "prefer-standby");
}

TEST_P(session_attrs, a_host_that_is_down_is_passed_over) {
    servers.at(first).stop(tusk::embedded::stop_mode::immediate).value();
    expect_reached(primary, {first, primary, second}, "any");
    expect_reached(primary, {first, second, primary}, "read-write");
    expect_reached(second, {first, primary, second}, "standby");
    expect_reached(second, {first, primary, second}, "prefer-standby");
    expect_reached(primary, {first, primary}, "prefer-standby");
    const auto f = refused({first, second}, "primary");
    expect_text(f, "127.0.0.1:" + servers.port(second) + ": the server is a standby");
    expect_text(f, "127.0.0.1:" + servers.port(first));
}

TEST_P(session_attrs, a_primary_may_be_read_only) {
    servers.set_read_only(primary, true);
    expect_reached(primary, {primary, first}, "read-only");
    expect_reached(primary, {first, primary}, "primary");
    expect_text(refused({primary, first}, "read-write"), "a primary, read-only");
}

TEST_P(session_attrs, promotion_moves_read_write) {
    const std::vector<node> all{primary, first, second};
    expect_reached(primary, all, "read-write");
    auto watcher = open(servers.conninfo({first}, "target_session_attrs=standby"));
    ASSERT_TRUE(watcher) << watcher.error().message();
    servers.at(primary).kill9().value();
    expect_text(refused(all, "read-write"), "a standby, read-only");
    servers.promote(first);
    expect_reached(first, all, "read-write");
    expect_reached(first, all, "primary");
    expect_reached(second, all, "standby");
    // A connection outlives the promotion.
    EXPECT_FALSE((*watcher)->exec({}, "create table written_after_the_promotion ()"));
}

TEST_P(session_attrs, load_balancing_reaches_every_host) {
    // 40 draws that leave one of three out: once in three million runs.
    std::set<std::string> ports;
    for (int i = 0; i < 40; ++i)
        ports.insert(reached(servers.conninfo({primary, first, second}, "load_balance_hosts=random")));
    EXPECT_EQ(ports,
              (std::set<std::string>{servers.port(primary), servers.port(first), servers.port(second)}));
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(reached(servers.conninfo({primary, first, second},
                                           "load_balance_hosts=random target_session_attrs=read-write")),
                  servers.port(primary));
}

TEST(role, a_change_is_seen_by_a_reported_parameter) {
    cluster servers;
    if (!servers.reports_roles()) GTEST_SKIP() << "PostgreSQL 14 and newer report in_hot_standby";
    auto db = tusk::blocking::connection::open(servers.conninfo({first}));
    EXPECT_EQ(db.parameter("in_hot_standby"), "on");
    servers.promote(first);
    EXPECT_EQ(db.one<int>("select 1"), 1);
    EXPECT_EQ(db.parameter("in_hot_standby"), "off");
}

} // namespace session_attrs_test
