// A pool over a list of hosts, when roles change under it.
#include "cluster.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <tusk/pool.hpp>
#include <tusk/testing/run_async.hpp>

using namespace replication_test;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace pool_failover_test {

constexpr auto ask_port = "select pg_catalog.current_setting('port')";

/// Not in a coroutine: g++ 12 refuses a list of hosts inside a co_await expression.
tusk::pool_config pool_over(cluster& servers, const std::vector<node>& order, const std::string& attrs) {
    const auto conninfo = servers.conninfo(order, "target_session_attrs=" + attrs);
    return tusk::pool_config::parse(conninfo).value().max_connections(3).min_connections(0);
}

asio::awaitable<void> breathe() {
    asio::steady_timer t{co_await asio::this_coro::executor, 10ms};
    co_await t.async_wait(asio::use_awaitable);
}

/// Tries until a statement succeeds (20 s at most), and answers what it answered.
asio::awaitable<std::string> first_answer(tusk::pool& db, const char* sql) {
    const auto until = tusk::deadline::in(20s);
    for (;;) {
        const auto answer = co_await db.try_one<std::string>(sql);
        if (answer) co_return *answer;
        if (until.expired()) co_return answer.error().message();
        co_await breathe();
    }
}

/// Fills the idle stack with three connections.
asio::awaitable<void> open_three(tusk::pool& db) {
    auto a = co_await db.acquire();
    auto b = co_await db.acquire();
    auto c = co_await db.acquire();
}

asio::awaitable<void> fail_over(cluster& servers, tusk::pool_config config) {
    auto db = co_await tusk::pool::open(std::move(config));
    co_await open_three(db);
    EXPECT_EQ(co_await db.one<std::string>(ask_port), servers.port(primary));
    auto lease = co_await db.acquire(); // one in use, two idle when it happens

    servers.at(primary).kill9().value();
    const auto lost = co_await lease->try_exec("select 1");
    EXPECT_FALSE(lost);
    lease.release();
    const auto meanwhile = co_await db.try_one<std::string>(ask_port);
    EXPECT_FALSE(meanwhile) << "nobody may write now";

    servers.promote(first);
    const auto now_at = co_await first_answer(db, ask_port);
    EXPECT_EQ(now_at, servers.port(first));
    const auto written = co_await db.try_exec("create table written_after_the_failover ()");
    EXPECT_TRUE(written) << written.error().message();
    // Nothing of the old server is left: every connection writes.
    for (int i = 0; i < 6; ++i) EXPECT_EQ(co_await db.one<std::string>(ask_port), servers.port(first));
    co_await db.close();
}

asio::awaitable<void> promote_a_read_replica(cluster& servers, tusk::pool_config config) {
    config.ping_after_idle(1h).health_check_period(1h); // only the statements of this test hear of it
    auto db = co_await tusk::pool::open(std::move(config));
    co_await open_three(db);
    EXPECT_EQ(co_await db.one<std::string>(ask_port), servers.port(first));
    const auto connects = db.stats().connects;
    servers.promote(first);
    // The next answer tells; the connection is not given out again, and neither are its neighbours.
    EXPECT_EQ(co_await db.one<std::string>(ask_port), servers.port(first));
    const auto now_at = co_await db.one<std::string>(ask_port);
    EXPECT_EQ(now_at, servers.port(second));
    EXPECT_EQ(db.stats().connects, connects + 1);
    EXPECT_EQ(db.stats().closed_broken, 3U);
    co_await db.close();
}

asio::awaitable<void> lock_the_primary(cluster& servers, tusk::pool_config config) {
    config.ping_after_idle(1h).health_check_period(1h);
    auto db = co_await tusk::pool::open(std::move(config));
    co_await open_three(db);
    servers.set_read_only(primary, true);
    const auto told = co_await db.try_exec("select 1"); // the answer carries the change
    EXPECT_TRUE(told);
    const auto refused = co_await db.try_exec("select 1");
    EXPECT_FALSE(refused);
    if (!refused) {
        EXPECT_EQ(refused.error().code(), tusk::errc::no_suitable_host) << refused.error().message();
    }
    servers.set_read_only(primary, false);
    EXPECT_EQ(co_await first_answer(db, ask_port), servers.port(primary));
    co_await db.close();
}

/// A server that does not report its role is asked when a connection was idle for a while.
asio::awaitable<void> lock_an_old_primary(cluster& servers, tusk::pool_config config) {
    auto db = co_await tusk::pool::open(std::move(config.ping_after_idle(1ms)));
    co_await open_three(db);
    EXPECT_EQ(co_await db.one<std::string>(ask_port), servers.port(primary));
    servers.set_read_only(primary, true);
    co_await breathe();
    const auto refused = co_await db.try_exec("select 1");
    EXPECT_FALSE(refused);
    if (!refused) {
        EXPECT_EQ(refused.error().code(), tusk::errc::no_suitable_host) << refused.error().message();
    }
    EXPECT_EQ(db.stats().closed_broken, 3U);
    servers.set_read_only(primary, false);
    EXPECT_EQ(co_await first_answer(db, ask_port), servers.port(primary));
    co_await db.close();
}

TEST(pool_over_hosts, read_write_heals_after_a_failover) {
    cluster servers;
    tusk::testing::run_async(fail_over(servers, pool_over(servers, {primary, first, second}, "read-write")),
                             60s);
}

TEST(pool_over_hosts, a_connection_whose_server_was_promoted_is_replaced) {
    cluster servers;
    if (!servers.reports_roles()) GTEST_SKIP() << "PostgreSQL 14 and newer report in_hot_standby";
    tusk::testing::run_async(promote_a_read_replica(servers, pool_over(servers, {first, second}, "standby")),
                             60s);
}

TEST(pool_over_hosts, a_connection_whose_server_became_read_only_is_replaced) {
    cluster servers;
    if (!servers.reports_roles()) GTEST_SKIP() << "PostgreSQL 14 and newer report in_hot_standby";
    tusk::testing::run_async(lock_the_primary(servers, pool_over(servers, {primary, first}, "read-write")),
                             60s);
}

TEST(pool_over_hosts, an_idle_connection_is_asked_for_its_role_when_it_does_not_tell) {
    cluster servers;
    if (servers.reports_roles()) GTEST_SKIP() << "PostgreSQL 14 and newer report in_hot_standby";
    tusk::testing::run_async(lock_an_old_primary(servers, pool_over(servers, {primary, first}, "read-write")),
                             60s);
}

} // namespace pool_failover_test
