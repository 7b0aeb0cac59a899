// Which hosts are tried, in which order, and what a server's role has to be.
#include <tusk/net/hosts.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

using tusk::errc;
using tusk::failure;
using tusk::target_session_attrs;
using tusk::net::connect_plan;
using tusk::net::endpoint;
using tusk::protocol::server_role;

namespace hosts_test {

connect_plan plan_of(const std::string& conninfo) {
    return connect_plan{tusk::parse_connect_config(conninfo).value()};
}

std::string order_of(const connect_plan& plan) {
    std::string out;
    for (const auto& host : plan.hosts()) out += host.host + " ";
    return out;
}

constexpr server_role primary{false, false};
constexpr server_role locked_primary{false, true};
constexpr server_role standby{true, true};

failure unsuitable() { return failure{errc::no_suitable_host, "another role"}; }
failure unreachable() { return failure{errc::connect_failed, "nobody there"}; }

TEST(roles, each_attribute_accepts_the_servers_that_it_names) {
    struct expectation {
        target_session_attrs wanted;
        bool primary, locked_primary, standby;
    };
    for (const auto& e : {expectation{target_session_attrs::any, true, true, true},
                          expectation{target_session_attrs::read_write, true, false, false},
                          expectation{target_session_attrs::read_only, false, true, true},
                          expectation{target_session_attrs::primary, true, true, false},
                          expectation{target_session_attrs::standby, false, false, true},
                          expectation{target_session_attrs::prefer_standby, true, true, true}}) {
        const std::string name{to_string(e.wanted)};
        EXPECT_EQ(tusk::net::fits(primary, e.wanted), e.primary) << name;
        EXPECT_EQ(tusk::net::fits(locked_primary, e.wanted), e.locked_primary) << name;
        EXPECT_EQ(tusk::net::fits(standby, e.wanted), e.standby) << name;
        EXPECT_EQ(!tusk::net::check_role(standby, e.wanted), e.standby) << name;
    }
}

TEST(roles, the_error_says_the_role_and_what_was_asked_for) {
    const auto f = tusk::net::check_role(standby, target_session_attrs::read_write);
    EXPECT_EQ(f.code(), errc::no_suitable_host);
    EXPECT_NE(f.message().find("a standby, read-only"), std::string::npos) << f.message();
    EXPECT_NE(f.message().find("read-write"), std::string::npos) << f.message();
    const auto g = tusk::net::check_role(locked_primary, target_session_attrs::standby);
    EXPECT_NE(g.message().find("a primary, read-only"), std::string::npos) << g.message();
}

TEST(hosts, are_tried_in_the_order_given) {
    auto plan = plan_of("host=a,b,c target_session_attrs=read-write");
    EXPECT_EQ(order_of(plan), "a b c ");
    EXPECT_EQ(plan.wanted(), target_session_attrs::read_write);
    for (const auto& host : plan.hosts()) plan.failed(host, nullptr, unsuitable());
    EXPECT_FALSE(plan.next_pass());
    EXPECT_EQ(plan.summary().code(), errc::no_suitable_host);
}

TEST(hosts, prefer_standby_comes_back_to_those_that_were_no_standby) {
    auto plan = plan_of("host=a,b,c target_session_attrs=prefer-standby");
    EXPECT_EQ(plan.wanted(), target_session_attrs::standby);
    const auto hosts = plan.hosts();
    plan.failed(hosts[0], nullptr, unsuitable());
    plan.failed(hosts[1], nullptr, unreachable());
    plan.failed(hosts[2], nullptr, unsuitable());
    plan.failed(hosts[2], nullptr, unsuitable()); // its second address
    ASSERT_TRUE(plan.next_pass());
    EXPECT_EQ(order_of(plan), "a c ");
    EXPECT_EQ(plan.wanted(), target_session_attrs::any);
    for (const auto& host : plan.hosts()) plan.failed(host, nullptr, unreachable());
    EXPECT_FALSE(plan.next_pass());
}

TEST(hosts, prefer_standby_has_no_second_pass_when_nobody_let_us_in) {
    auto plan = plan_of("host=a,b target_session_attrs=prefer-standby");
    for (const auto& host : plan.hosts()) plan.failed(host, nullptr, unreachable());
    EXPECT_FALSE(plan.next_pass());
    EXPECT_EQ(plan.summary().code(), errc::connect_failed);
}

TEST(hosts, a_wrong_password_ends_prefer_standby_too) {
    auto plan = plan_of("host=a,b target_session_attrs=prefer-standby");
    const auto hosts = plan.hosts();
    plan.failed(hosts[0], nullptr, unsuitable());
    tusk::server_error refused;
    refused.sqlstate = "28P01";
    plan.failed(hosts[1], nullptr, failure{std::move(refused)});
    EXPECT_TRUE(plan.stop());
    EXPECT_FALSE(plan.next_pass());
}

TEST(hosts, the_error_names_each_with_its_failure) {
    auto plan = plan_of("host=a,b target_session_attrs=read-write");
    const auto hosts = plan.hosts();
    plan.failed(hosts[0], nullptr, tusk::net::check_role(standby, plan.wanted()));
    plan.failed(hosts[1], nullptr, unreachable());
    const auto text = plan.summary().message();
    EXPECT_NE(text.find("a:5432: the server is a standby"), std::string::npos) << text;
    EXPECT_NE(text.find("b:5432: nobody there"), std::string::npos) << text;
}

TEST(hosts, random_shuffles_hosts_and_the_addresses_of_one) {
    // 100 draws of one order out of 40,320: never, unless nothing is shuffled.
    std::set<std::string> orders;
    std::set<std::string> address_orders;
    for (int i = 0; i < 100; ++i) {
        const auto plan = plan_of("host=a,b,c,d,e,f,g,h load_balance_hosts=random");
        orders.insert(order_of(plan));
        std::vector<endpoint> addresses(8);
        for (std::size_t k = 0; k < addresses.size(); ++k) addresses[k].display = std::to_string(k);
        plan.arrange(addresses);
        std::string order;
        for (const auto& at : addresses) order += at.display;
        address_orders.insert(order);
        std::sort(order.begin(), order.end());
        EXPECT_EQ(order, "01234567");
    }
    EXPECT_GT(orders.size(), 1U);
    EXPECT_GT(address_orders.size(), 1U);
}

TEST(hosts, the_resolvers_order_of_addresses_stays_without_load_balancing) {
    const auto plan = plan_of("host=a");
    std::vector<endpoint> addresses(4);
    for (std::size_t k = 0; k < addresses.size(); ++k) addresses[k].display = std::to_string(k);
    plan.arrange(addresses);
    std::string order;
    for (const auto& at : addresses) order += at.display;
    EXPECT_EQ(order, "0123");
}

TEST(hosts, resolving_a_name_takes_no_longer_than_it_may) {
    tusk::host_address nowhere{"no-such-host.invalid", 5432};
    const auto begin = tusk::steady_clock::now();
    const auto none = tusk::net::resolve_until(nowhere, tusk::deadline::in(std::chrono::milliseconds{50}));
    ASSERT_FALSE(none);
    EXPECT_TRUE(none.error().code() == tusk::errc::timeout ||
                none.error().code() == tusk::errc::host_not_found)
        << none.error().message();
    EXPECT_LT(tusk::steady_clock::now() - begin, std::chrono::seconds{2});
    const auto numeric =
        tusk::net::resolve_until(tusk::host_address{"127.0.0.1", 5432}, tusk::deadline::in({}));
    ASSERT_TRUE(numeric) << "an address needs no time";
    EXPECT_EQ(numeric->size(), 1U);
}

} // namespace hosts_test
