// A cluster object over a primary and two standbys: routing, lag, a promotion, a demotion.
#include "cluster.hpp"

#include <set>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <tusk/pool.hpp>
#include <tusk/testing/run_async.hpp>

using namespace replication_test;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace cluster_test {

constexpr auto ask_port = "select pg_catalog.current_setting('port')";

/// Not in a coroutine: g++ 12 refuses a list of hosts inside a co_await expression.
tusk::cluster_config config_of(cluster& servers) {
    auto c = tusk::cluster_config::parse(servers.conninfo({primary, first, second})).value();
    tusk::pool_config pool = c.pool();
    return c.pool(pool.max_connections(3).min_connections(0)).check_period(100ms);
}

asio::awaitable<void> breathe() {
    asio::steady_timer t{co_await asio::this_coro::executor, 10ms};
    co_await t.async_wait(asio::use_awaitable);
}

template <class F>
asio::awaitable<bool> eventually(F done) {
    const auto until = tusk::deadline::in(20s);
    while (!done()) {
        if (until.expired()) co_return false;
        co_await breathe();
    }
    co_return true;
}

std::size_t count(const tusk::cluster& c, tusk::cluster_role role) {
    std::size_t n = 0;
    for (const auto& m : c.members()) n += m.reachable && m.role == role ? 1 : 0;
    return n;
}

class over_a_cluster : public ::testing::Test {
protected:
    template <class F>
    void with(tusk::cluster_config config, F test) {
        auto body = [](tusk::cluster_config c, F f) -> asio::awaitable<void> {
            auto db = co_await tusk::cluster::open(std::move(c));
            co_await f(db);
            co_await db.close();
        };
        tusk::testing::run_async(body(std::move(config), std::move(test)), 120s);
    }
    cluster servers_;
};

TEST_F(over_a_cluster, writes_go_to_the_primary_and_reads_to_the_replicas) {
    with(config_of(servers_), [this](tusk::cluster& db) -> asio::awaitable<void> {
        EXPECT_EQ(co_await db.one<std::string>(ask_port), servers_.port(primary));
        EXPECT_TRUE(co_await eventually([&] { return count(db, tusk::cluster_role::replica) == 2; }));
        auto reads = db.reads();
        std::set<std::string> ports;
        for (int i = 0; i < 40; ++i) ports.insert(co_await reads.one<std::string>(ask_port));
        EXPECT_EQ(ports, (std::set<std::string>{servers_.port(first), servers_.port(second)}));
        const auto refused = co_await reads.try_exec("create table t ()");
        EXPECT_EQ(refused.error().code(), tusk::condition::read_only);
        auto tx = co_await db.begin();
        EXPECT_EQ(co_await tx.one<std::string>(ask_port), servers_.port(primary));
        co_await tx.rollback();
    });
}

TEST_F(over_a_cluster, who_has_written_can_read_it_on_a_replica) {
    with(config_of(servers_), [this](tusk::cluster& db) -> asio::awaitable<void> {
        co_await db.exec("create table t (v int)");
        EXPECT_TRUE(co_await eventually([&] { return count(db, tusk::cluster_role::replica) == 2; }));
        for (int i = 1; i <= 30; ++i) {
            co_await db.exec("insert into t values ($1)", i);
            auto own = tusk::read_options{}.at_least(co_await db.written());
            auto reads = db.reads(own);
            EXPECT_EQ(co_await reads.one<std::int64_t>("select count(*) from t"), i);
        }
    });
}

TEST_F(over_a_cluster, a_replica_that_lags_gets_no_reads) {
    servers_.connect(first).script("select pg_catalog.pg_wal_replay_pause()");
    with(config_of(servers_).max_lag(0s), [this](tusk::cluster& db) -> asio::awaitable<void> {
        co_await db.exec("create table t (v int)");
        const auto lags = [&] {
            for (const auto& m : db.members())
                if (m.server.ends_with(":" + servers_.port(first)) && m.bytes_behind > 0 && m.lag > 0s)
                    return true;
            return false;
        };
        EXPECT_TRUE(co_await eventually(lags));
        auto reads = db.reads();
        for (int i = 0; i < 20; ++i)
            EXPECT_NE(co_await reads.one<std::string>(ask_port), servers_.port(first));
    });
}

TEST_F(over_a_cluster, a_promotion_is_followed_within_two_seconds) {
    with(config_of(servers_), [this](tusk::cluster& db) -> asio::awaitable<void> {
        EXPECT_EQ(co_await db.one<std::string>(ask_port), servers_.port(primary));
        servers_.at(primary).kill9().value();
        EXPECT_TRUE(co_await eventually([&] { return count(db, tusk::cluster_role::primary) == 0; }));
        const auto limit = tusk::options{}.timeout(50ms);
        const auto none = co_await db.try_exec(limit, "select 1");
        EXPECT_FALSE(none);
        EXPECT_EQ(none.error().code(), tusk::errc::no_suitable_host) << none.error().message();
        EXPECT_NE(none.error().message().find("is not reachable"), std::string::npos)
            << none.error().message();

        servers_.promote(first);
        const auto promoted = std::chrono::steady_clock::now();
        const auto patient = tusk::options{}.timeout(10s);
        EXPECT_EQ(co_await db.one<std::string>(patient, ask_port), servers_.port(first));
        EXPECT_LT(std::chrono::steady_clock::now() - promoted, 2s);
        co_await db.exec("create table written_after_it ()");
    });
}

TEST_F(over_a_cluster, without_replicas_the_primary_answers_reads_unless_it_may_not) {
    servers_.at(first).stop().value();
    servers_.at(second).stop().value();
    with(config_of(servers_), [this](tusk::cluster& db) -> asio::awaitable<void> {
        auto reads = db.reads();
        EXPECT_EQ(co_await reads.one<std::string>(ask_port), servers_.port(primary));
    });
    with(config_of(servers_).read_from_primary(false), [](tusk::cluster& db) -> asio::awaitable<void> {
        auto reads = db.reads();
        const auto r = co_await reads.try_one<std::string>(ask_port);
        EXPECT_EQ(r.error().code(), tusk::errc::no_suitable_host);
        EXPECT_EQ(db.replica(), nullptr);
    });
}

TEST_F(over_a_cluster, nobody_there_is_told_with_what_each_said) {
    for (const auto which : {primary, first, second}) servers_.at(which).stop().value();
    auto body = [](tusk::cluster_config c) -> asio::awaitable<void> {
        tusk::failure why;
        try {
            auto db = co_await tusk::cluster::open(std::move(c));
        } catch (const tusk::error& e) {
            why = e.as_failure();
        }
        EXPECT_EQ(why.code(), tusk::errc::no_suitable_host);
        EXPECT_NE(why.message().find("is not reachable"), std::string::npos) << why.message();
    };
    tusk::testing::run_async(body(config_of(servers_)), 60s);
}

} // namespace cluster_test
