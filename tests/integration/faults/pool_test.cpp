// The pool through the proxy: what happens to one connection, or to all of them, heals.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "support.hpp"

#include <tusk/pool.hpp>

namespace faults_test {

namespace pool_test {

namespace asio = boost::asio;

class pool_faults : public tusk::testing::database_test {
protected:
    void SetUp() override {
        database_test::SetUp();
        proxy_ = std::make_unique<fault_proxy>(url());
    }
    void TearDown() override {
        proxy_.reset();
        database_test::TearDown();
    }
    template <class F>
    void async(F test, unsigned connections = 3) {
        auto config =
            tusk::pool_config::parse(proxy_->url()).value().max_connections(connections).min_connections(0);
        auto body = [](tusk::pool_config c, fault_proxy& proxy, F f) -> asio::awaitable<void> {
            auto p = co_await tusk::pool::open(std::move(c));
            co_await f(p, proxy);
            co_await p.close(tusk::deadline::in(5s));
        };
        tusk::testing::run_async(body(std::move(config), *proxy_, std::move(test)), 60s);
    }

private:
    std::unique_ptr<fault_proxy> proxy_;
};

asio::awaitable<void> answer(tusk::pool& p, int n, int& right, int& over) {
    const auto limit = tusk::options{}.timeout(5s);
    const auto r = co_await p.try_one<int>(limit, "select $1::int4", n);
    right += r && *r == n ? 1 : 0;
    ++over;
}

asio::awaitable<void> until_over(const int& over, int wanted) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    while (over < wanted) {
        timer.expires_after(5ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

TEST_F(pool_faults, heals_after_every_connection_was_cut) {
    async([](tusk::pool& p, fault_proxy& proxy) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        for (int round = 0; round < 5; ++round) {
            int right = 0;
            int over = 0;
            for (int i = 0; i < 30; ++i) asio::co_spawn(executor, answer(p, i, right, over), asio::detached);
            co_await until_over(over, 3); // in the middle of it
            proxy.cut();
            co_await until_over(over, 30);
            // A connection that was used a moment ago is not looked at before it is used again.
            int failed = 0;
            for (auto r = co_await p.try_one<int>("select 7"); !r; r = co_await p.try_one<int>("select 7")) {
                EXPECT_EQ(r.error().code(), condition::connection_lost) << r.error().message();
                EXPECT_LE(++failed, 3) << "more than there are connections";
                if (failed > 3) break;
            }
        }
        EXPECT_EQ(p.stats().waiting, 0U);
        EXPECT_EQ(p.stats().in_use, 0U);
    });
}

TEST_F(pool_faults, one_black_holed_connection_does_not_stop_the_others) {
    async([](tusk::pool& p, fault_proxy& proxy) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
        proxy.to_client().at_byte(0).stop(); // the next one to be answered never is
        int stuck_right = 0;
        int stuck_over = 0;
        asio::co_spawn(executor, answer(p, 1, stuck_right, stuck_over), asio::detached);
        co_await until_over(stuck_over, 0);
        int right = 0;
        int over = 0;
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < 50; ++i) asio::co_spawn(executor, answer(p, i, right, over), asio::detached);
        co_await until_over(over, 50);
        EXPECT_LT(std::chrono::steady_clock::now() - start, 4s) << "nobody waited for the one in the hole";
        EXPECT_EQ(right, 50);
        EXPECT_EQ(stuck_over, 0);
        EXPECT_EQ(p.stats().in_use, 1U);
        co_await until_over(stuck_over, 1);
        EXPECT_EQ(stuck_right, 0);
        EXPECT_EQ(p.stats().in_use, 0U);
        EXPECT_EQ(p.stats().closed_broken, 1U);
    });
}

TEST_F(pool_faults, latency_is_shared_by_all_connections_at_once) {
    async(
        [](tusk::pool& p, fault_proxy& proxy) -> asio::awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            proxy.to_client().latency(50ms, 10ms);
            int right = 0;
            int over = 0;
            const auto start = std::chrono::steady_clock::now();
            for (int i = 0; i < 40; ++i) asio::co_spawn(executor, answer(p, i, right, over), asio::detached);
            co_await until_over(over, 40);
            EXPECT_EQ(right, 40);
            EXPECT_LT(std::chrono::steady_clock::now() - start, 4s)
                << "one after the other they would take longer";
        },
        10);
}

TEST_F(pool_faults, a_server_that_is_away_is_an_error_at_once_and_used_again_when_it_is_back) {
    async([](tusk::pool& p, fault_proxy& proxy) -> asio::awaitable<void> {
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
        proxy.arrivals(arrival::refuse);
        proxy.cut();
        const auto lost = co_await p.try_one<int>("select 1");
        EXPECT_FALSE(lost);
        const auto away = co_await p.try_one<int>("select 1");
        EXPECT_FALSE(away);
        EXPECT_EQ(away.error().code(), condition::unavailable) << away.error().message();
        EXPECT_EQ(away.error().sent(), tusk::sent_state::none);
        proxy.arrivals(arrival::forward);
        const auto back = co_await p.try_one<int>("select 1");
        EXPECT_TRUE(back) << back.error().message();
    });
}

TEST_F(pool_faults, a_server_that_accepts_and_is_silent_costs_the_acquire_timeout_only) {
    async([](tusk::pool& p, fault_proxy& proxy) -> asio::awaitable<void> {
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
        proxy.arrivals(arrival::hold);
        proxy.cut();
        static_cast<void>(co_await p.try_one<int>("select 1"));
        const auto start = std::chrono::steady_clock::now();
        const auto limit = tusk::options{}.timeout(200ms);
        const auto r = co_await p.try_one<int>(limit, "select 1");
        EXPECT_FALSE(r);
        EXPECT_EQ(r.error().code(), condition::timeout) << r.error().message();
        EXPECT_EQ(r.error().sent(), tusk::sent_state::none);
        EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
        proxy.arrivals(arrival::forward);
        proxy.cut();
        const auto back = co_await p.try_one<int>("select 1");
        EXPECT_TRUE(back) << back.error().message();
    });
}

/// As behind a NAT that has forgotten it: no end, no reset, no answer.
TEST_F(pool_faults, an_idle_connection_that_fell_silent_is_replaced) {
    async([](tusk::pool& p, fault_proxy& proxy) -> asio::awaitable<void> {
        auto config = p.config();
        config.ping_after_idle(1ms);
        p.reconfigure(config);
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
        proxy.to_client().at_byte(0).on_connection(0).stop();
        asio::steady_timer timer{co_await asio::this_coro::executor, 20ms};
        co_await timer.async_wait(asio::use_awaitable);
        const auto start = std::chrono::steady_clock::now();
        const auto r = co_await p.try_one<int>("select 2");
        EXPECT_TRUE(r && *r == 2) << r.error().message();
        EXPECT_LT(std::chrono::steady_clock::now() - start, 1s + 2s) << "a ping may take a second";
        EXPECT_EQ(p.stats().connects, 2U);
    });
}

} // namespace pool_test

} // namespace faults_test
