// What listeners decide without a server: queue and gaps, subscriptions, waiting before another attempt.
#include <tusk/client/gap_keeper.hpp>
#include <tusk/client/notification_queue.hpp>
#include <tusk/client/reconnect.hpp>
#include <tusk/client/subscriptions.hpp>

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using tusk::errc;
using tusk::failure;
using tusk::gap;
using tusk::notification;
using tusk::detail::gap_keeper;
using tusk::detail::notification_queue;
using tusk::detail::reconnect_delay;
using tusk::detail::subscriptions;

namespace notification_test {

notification of(std::string payload) {
    notification n;
    n.channel = "ch";
    n.payload = std::move(payload);
    return n;
}

gap lost() {
    return gap{gap::cause::connection_lost, std::chrono::system_clock::now(),
               failure{errc::connection_lost, "x"}};
}

/// "a b gap(2) c"
std::string drain(notification_queue& q) {
    std::string out;
    while (auto e = q.pop()) {
        if (!out.empty()) out += ' ';
        if (const auto* n = std::get_if<notification>(&*e))
            out += n->payload;
        else
            out += "gap(" + std::to_string(std::get<gap>(*e).dropped()) + ")";
    }
    return out;
}

// ---- queue

TEST(notification_queue, keeps_the_order) {
    notification_queue q{10};
    for (const char* p : {"a", "b", "c"}) q.push(of(p));
    EXPECT_EQ(drain(q), "a b c");
    EXPECT_TRUE(q.empty());
}

TEST(notification_queue, puts_a_gap_where_it_dropped_something) {
    notification_queue q{2};
    for (const char* p : {"a", "b", "c", "d"}) q.push(of(p));
    EXPECT_EQ(q.size(), 3U);
    ASSERT_TRUE(q.pop());
    q.push(of("e"));
    EXPECT_EQ(drain(q), "b gap(2) e");
}

TEST(notification_queue, says_why_it_dropped_something) {
    notification_queue q{1};
    q.push(of("a"));
    const auto before = std::chrono::system_clock::now();
    q.push(of("b"));
    ASSERT_TRUE(q.pop());
    const auto e = q.pop();
    ASSERT_TRUE(e && std::holds_alternative<gap>(*e));
    EXPECT_EQ(std::get<gap>(*e).why(), gap::cause::overflow);
    EXPECT_GE(std::get<gap>(*e).since(), before);
    EXPECT_NE(std::get<gap>(*e).reason().message().find("more than 1 "), std::string::npos);
}

TEST(notification_queue, does_not_grow_whatever_comes) {
    notification_queue q{4};
    for (int i = 0; i < 1000; ++i) {
        q.push(of("n"));
        if (i % 10 == 0) q.push(lost());
    }
    EXPECT_LE(q.size(), 9U);
}

TEST(notification_queue, makes_one_gap_of_those_that_follow_each_other) {
    notification_queue q{1};
    q.push(of("a"));
    q.push(of("b"));
    q.push(lost());
    q.push(of("c"));
    ASSERT_TRUE(q.pop());
    const auto e = q.pop();
    ASSERT_TRUE(e && std::holds_alternative<gap>(*e));
    EXPECT_EQ(std::get<gap>(*e).why(), gap::cause::connection_lost);
    EXPECT_EQ(std::get<gap>(*e).dropped(), 2U);
    EXPECT_TRUE(q.empty());
}

// ---- gaps

TEST(gap_keeper, has_nothing_to_tell_before_the_first_subscription) {
    gap_keeper g;
    g.lost(failure{errc::connect_failed, "x"});
    EXPECT_FALSE(g.take());
}

TEST(gap_keeper, tells_a_loss_once) {
    gap_keeper g;
    g.subscribed();
    const auto heard = std::chrono::system_clock::now();
    g.lost(failure{errc::connection_lost, "first"});
    g.lost(failure{errc::connect_failed, "second"}); // an attempt to connect
    const auto told = g.take();
    ASSERT_TRUE(told);
    EXPECT_LE(told->since(), heard);
    EXPECT_EQ(told->reason().text(), "first");
    EXPECT_FALSE(g.take());
}

TEST(gap_keeper, joins_losses_that_nobody_was_told_of) {
    gap_keeper g;
    g.subscribed();
    g.lost(failure{errc::connection_lost, "first"});
    g.subscribed();
    g.lost(failure{errc::connection_lost, "second"});
    const auto told = g.take();
    ASSERT_TRUE(told);
    EXPECT_EQ(told->reason().text(), "second");
}

// ---- subscriptions

TEST(subscriptions, are_told_to_the_server_once) {
    subscriptions s;
    EXPECT_TRUE(s.add("a"));
    EXPECT_FALSE(s.add("a"));
    EXPECT_TRUE(s.add("b"));
    EXPECT_FALSE(s.settled());
    EXPECT_EQ(s.changes(), "listen \"a\"; listen \"b\"");
    EXPECT_FALSE(s.settled());
    s.applied();
    EXPECT_TRUE(s.settled());
    EXPECT_EQ(s.changes(), "");
}

TEST(subscriptions, that_change_while_the_server_is_told_are_left_for_the_next_time) {
    subscriptions s;
    s.add("a");
    s.add("b");
    s.changes();
    s.remove("a");
    s.add("c");
    s.applied();
    EXPECT_FALSE(s.settled());
    EXPECT_EQ(s.changes(), "unlisten \"a\"; listen \"c\"");
}

TEST(subscriptions, are_all_told_to_another_server) {
    subscriptions s;
    s.add("a");
    s.add("b");
    s.changes();
    s.applied();
    s.forget();
    EXPECT_FALSE(s.settled());
    EXPECT_EQ(s.changes(), "listen \"a\"; listen \"b\"");
}

TEST(subscriptions, quote_what_the_channel_is_called) {
    subscriptions s;
    s.add("Mixed \"Case\"");
    EXPECT_EQ(s.changes(), "listen \"Mixed \"\"Case\"\"\"");
    EXPECT_TRUE(s.remove("Mixed \"Case\""));
    EXPECT_FALSE(s.remove("mixed \"case\""));
}

// ---- waiting

TEST(reconnect_delay, doubles_its_limit_and_stops_there) {
    reconnect_delay d{100ms, 30s};
    std::minstd_rand random{1};
    auto limit = tusk::steady_clock::duration{100ms};
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(d.limit(), limit);
        const auto wait = d.next(random);
        EXPECT_GE(wait, 0ms);
        EXPECT_LE(wait, limit);
        limit = std::min<tusk::steady_clock::duration>(limit * 2, 30s);
    }
    EXPECT_EQ(d.limit(), 30s);
}

TEST(reconnect_delay, takes_any_time_below_the_limit) {
    std::minstd_rand random{1};
    bool low = false;
    bool high = false;
    for (int i = 0; i < 200; ++i) {
        reconnect_delay d{100ms, 30s};
        const auto wait = d.next(random);
        low = low || wait < 20ms;
        high = high || wait > 80ms;
    }
    EXPECT_TRUE(low && high);
}

TEST(reconnect_delay, begins_anew_after_a_connection_that_lasted) {
    reconnect_delay d{100ms, 30s};
    std::minstd_rand random{1};
    for (int i = 0; i < 4; ++i) d.next(random);
    d.connected_for(1s); // shorter than the limit: it may be the same trouble
    EXPECT_EQ(d.limit(), 1600ms);
    d.connected_for(2s);
    EXPECT_EQ(d.limit(), 100ms);
}

// ---- what NOTIFY takes

TEST(notifications, have_a_channel_and_a_bounded_payload) {
    using tusk::detail::check_notification;
    EXPECT_FALSE(check_notification("ch", ""));
    EXPECT_FALSE(check_notification(std::string(63, 'c'), std::string(7999, 'p')));
    EXPECT_EQ(check_notification("", "p").code(), errc::invalid_argument);
    EXPECT_EQ(check_notification(std::string(64, 'c'), "p").code(), errc::invalid_argument);
    EXPECT_EQ(check_notification(std::string_view{"a\0b", 3}, "p").code(), errc::invalid_argument);
    EXPECT_NE(check_notification("ch", std::string(8000, 'p')).message().find("8000 bytes"),
              std::string::npos);
}

} // namespace notification_test
