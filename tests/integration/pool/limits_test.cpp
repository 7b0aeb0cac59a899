// What a pool does at its limits, and how it says so.
#include "pool_support.hpp"

#include <sys/types.h>

#include <csignal>

#include <tests/integration/terminated.hpp>

using namespace pool_tests;

namespace limits_test {

class pool_limits : public pool_fixture {};

asio::awaitable<void> use(tusk::pool& p, const char* sql, std::atomic<int>& done) {
    co_await p.exec(tusk::options{}.share(false), sql);
    ++done;
}

// Source: HikariCP, "Welcome to the Jungle": 50 requests at once, a query takes 2 ms, connecting 150 ms.
TEST_F(pool_limits, a_burst_that_the_open_connections_can_serve_opens_few_more) {
    tusk::pool_hooks hooks;
    hooks.after_connect([](tusk::connection&) { return pause(150ms); });
    const auto five = config().max_connections(50).min_connections(5).hooks(hooks);
    with_pool(five, [](tusk::pool& p) -> asio::awaitable<void> {
        const auto warm = co_await p.warm_up();
        EXPECT_FALSE(warm);
        const auto executor = co_await asio::this_coro::executor;
        std::atomic<int> done{0};
        for (int i = 0; i < 50; ++i)
            asio::co_spawn(executor, use(p, "select pg_sleep(0.002)", done), asio::detached);
        EXPECT_TRUE(co_await eventually([&] { return done == 50; }));
        EXPECT_LE(p.stats().connects, 12U) << "one by one while the others work";
    });
}

TEST_F(pool_limits, callers_who_wait_long_get_more_connections) {
    with_pool(config().max_connections(6), [](tusk::pool& p) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        std::atomic<int> done{0};
        for (int i = 0; i < 6; ++i)
            asio::co_spawn(executor, use(p, "select pg_sleep(0.5)", done), asio::detached);
        EXPECT_TRUE(co_await eventually([&] { return p.stats().in_use == 6; }));
        EXPECT_TRUE(co_await eventually([&] { return done == 6; }));
    });
}

TEST_F(pool_limits, never_more_than_the_limit_is_in_the_making) {
    unsigned most = 0;
    unsigned now = 0;
    tusk::pool_hooks hooks;
    hooks.after_connect([&](tusk::connection&) -> asio::awaitable<void> {
        most = std::max(most, ++now);
        co_await pause(150ms);
        --now;
    });
    with_pool(config().max_connections(10).min_connections(10).max_connecting(3).hooks(hooks),
              [&](tusk::pool& p) -> asio::awaitable<void> {
                  const auto warm = co_await p.warm_up();
                  EXPECT_FALSE(warm);
                  EXPECT_EQ(p.stats().total, 10U);
              });
    EXPECT_LE(most, 3U);
    EXPECT_GE(most, 2U);
}

TEST_F(pool_limits, so_many_are_kept_idle) {
    with_pool(config().max_connections(5).min_idle(2), [](tusk::pool& p) -> asio::awaitable<void> {
        EXPECT_TRUE(co_await eventually([&] { return p.stats().idle >= 2; }));
        auto a = co_await p.acquire();
        auto b = co_await p.acquire();
        EXPECT_TRUE(co_await eventually([&] {
            const auto s = p.stats();
            return s.idle >= 2 && s.in_use == 2;
        }));
    });
}

TEST_F(pool_limits, a_ping_without_an_answer_ends_at_its_timeout) {
    const auto one = config().max_connections(1).ping_after_idle(1ms).ping_timeout(150ms);
    with_pool(one, [](tusk::pool& p) -> asio::awaitable<void> {
        pid_t silent = 0;
        {
            auto held = co_await p.acquire();
            silent = held->backend_pid();
        }
        co_await pause(10ms);
        EXPECT_EQ(::kill(silent, SIGSTOP), 0);
        const auto begin = steady_clock::now();
        auto held = co_await p.acquire();
        const auto took = steady_clock::now() - begin;
        ::kill(silent, SIGCONT);
        EXPECT_NE(held->backend_pid(), silent) << "another one took its place";
        EXPECT_GE(took, 150ms);
        EXPECT_LT(took, 900ms) << "and no cancel request was waited for";
    });
}

TEST_F(pool_limits, pressure_is_told_once_each_time) {
    const auto seen = std::make_shared<recording_observer>();
    with_pool(
        config().max_connections(4).pressure(0.75, 30ms),
        [&](tusk::pool& p) -> asio::awaitable<void> {
            std::vector<tusk::lease> held;
            for (int round = 0; round < 2; ++round) {
                for (int i = 0; i < 4; ++i) held.push_back(co_await p.acquire());
                EXPECT_EQ(seen->count("usage"), static_cast<std::size_t>(round) + 1);
                held.clear();
                EXPECT_TRUE(co_await eventually([&] { return p.stats().in_use == 0; }));
            }
            for (int i = 0; i < 4; ++i) held.push_back(co_await p.acquire());
            const auto executor = co_await asio::this_coro::executor;
            std::atomic<int> done{0};
            const auto before = seen->count("slow acquire"); // connecting may have been slow, too
            asio::co_spawn(executor, use(p, "select 1", done), asio::detached);
            co_await pause(60ms);
            held.clear();
            EXPECT_TRUE(co_await eventually([&] { return done == 1; }));
            EXPECT_EQ(seen->count("slow acquire"), before + 1);
        },
        seen);
}

asio::awaitable<tusk::lease> forgetful(tusk::pool& p) { return p.acquire(); }

TEST_F(pool_limits, a_lease_that_is_held_for_too_long_is_told_with_its_place_and_statement) {
    const auto seen = std::make_shared<recording_observer>();
    with_pool(
        config().leak_after(50ms),
        [&](tusk::pool& p) -> asio::awaitable<void> {
            auto l = co_await forgetful(p);
            co_await l->exec("select 'here'");
            EXPECT_TRUE(co_await eventually([&] { return seen->count("leaked") == 1; }));
            EXPECT_EQ(p.stats().leaks, 1U);
            co_await pause(100ms);
            EXPECT_EQ(seen->count("leaked"), 1U) << "once";
            l.release();
            EXPECT_EQ(seen->count("returned"), 1U);
            EXPECT_EQ(seen->count("forgetful"), 2U);
            EXPECT_EQ(seen->count("select 'here'"), 1U);
        },
        seen);
}

TEST_F(pool_limits, describe_shows_who_has_what) {
    with_pool(config().name("main"), [](tusk::pool& p) -> asio::awaitable<void> {
        auto l = co_await forgetful(p);
        co_await l->exec("select 'mine'");
        {
            auto idle = co_await p.acquire();
        }
        const auto d = p.describe();
        EXPECT_EQ(d.name, "main");
        EXPECT_EQ(d.breaker, tusk::breaker_state::closed);
        EXPECT_EQ(d.connections.size(), 2U);
        for (const auto& c : d.connections) {
            if (c.state == tusk::pool_description::connection_state::leased) {
                EXPECT_EQ(c.sql, "select 'mine'");
                EXPECT_NE(std::string{c.acquired_at.function_name()}.find("forgetful"), std::string::npos);
                EXPECT_EQ(c.backend_pid, l->backend_pid());
            } else {
                EXPECT_EQ(to_string(c.state), "idle");
                EXPECT_EQ(c.acquired_at.line(), 0U);
            }
            EXPECT_GT(c.expires, 50min);
            EXPECT_FALSE(c.server.empty());
        }
    });
}

TEST_F(pool_limits, settings_change_while_the_pool_is_in_use) {
    with_pool(config().max_connections(4), [&](tusk::pool& p) -> asio::awaitable<void> {
        {
            std::vector<tusk::lease> held;
            for (int i = 0; i < 4; ++i) held.push_back(co_await p.acquire());
            p.reconfigure(p.config().max_connections(2));
            EXPECT_EQ(p.stats().max, 2U);
            EXPECT_EQ(p.stats().in_use, 4U) << "nobody loses what he has";
        }
        EXPECT_TRUE(co_await eventually([&] { return p.stats().total <= 2; }));
        EXPECT_THROW(p.reconfigure(p.config().max_connections(0)), tusk::error);
        p.reconfigure(p.config().max_connections(5).min_connections(5));
        EXPECT_TRUE(co_await eventually([&] { return p.stats().total == 5; }));
        p.reconfigure(p.config().min_connections(0).max_connections(1).acquire_timeout(20ms));
        EXPECT_TRUE(co_await eventually([&] { return p.stats().total == 1 && p.stats().idle == 1; }));
        auto l = co_await p.acquire();
        auto r = co_await p.try_acquire();
        EXPECT_EQ(r.error().code(), tusk::errc::pool_timeout);
    });
}

TEST_F(pool_limits, quiet_connections_are_kept_alive) {
    with_pool(config().max_connections(2).keepalive(30ms).health_check_period(0ms),
              [&](tusk::pool& p) -> asio::awaitable<void> {
                  const auto pid = co_await p.one<int>("select pg_backend_pid()");
                  auto admin = connect();
                  EXPECT_TRUE(admin.one<bool>("select pg_terminate_backend($1)", pid));
                  EXPECT_TRUE(co_await eventually([&] { return p.stats().total == 0; }));
              });
}

TEST_F(pool_limits, an_idle_connection_is_replaced_before_it_expires) {
    with_pool(config().min_connections(2).max_lifetime(1s).lifetime_jitter(0),
              [](tusk::pool& p) -> asio::awaitable<void> {
                  EXPECT_TRUE(co_await eventually([&] { return p.stats().closed_by_lifetime >= 2; }));
                  EXPECT_GE(p.stats().total, 1U);
              });
}

TEST_F(pool_limits, closing_cancels_what_does_not_end_and_then_cuts) {
    auto body = [](tusk::pool_config c) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        auto p = co_await tusk::pool::open(c);
        tusk::failure how;
        auto endless = [](tusk::pool& pool, tusk::failure& out) -> asio::awaitable<void> {
            auto r = co_await pool.try_exec("select pg_sleep(60)");
            if (!r) out = r.error();
        };
        asio::co_spawn(executor, endless(p, how), asio::detached);
        EXPECT_TRUE(co_await eventually([&] { return p.stats().in_use == 1; }));
        co_await pause(20ms);
        const auto began = steady_clock::now();
        co_await p.close(tusk::deadline::in(50ms));
        EXPECT_LT(steady_clock::now() - began, 5s);
        EXPECT_EQ(p.stats().total, 0U);
        EXPECT_TRUE(co_await eventually([&] { return static_cast<bool>(how); }));
        EXPECT_EQ(how.code(), tusk::condition::canceled) << how.message();
    };
    tusk::testing::run_async(body(config()));
}

TEST_F(pool_limits, a_connection_that_died_while_idle_is_replaced_without_a_word) {
    with_pool(config().health_check_period(0ms), [&](tusk::pool& p) -> asio::awaitable<void> {
        const auto pid = co_await p.one<int>("select pg_backend_pid()");
        auto admin = connect();
        EXPECT_TRUE(terminated(admin, "pid = $1", pid));
        EXPECT_NE(co_await p.one<int>("select pg_backend_pid()"), pid);
        EXPECT_EQ(p.stats().closed_broken, 1U);
    });
}

} // namespace limits_test
