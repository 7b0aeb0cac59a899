#include <atomic>
#include <fstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/embedded/server.hpp>
#include <tusk/net/credentials.hpp>
#include <tusk/pool.hpp>
#include <tusk/testing/gtest.hpp>

namespace pool_test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class pool_test : public tusk::testing::database_test {
protected:
    tusk::pool_config config() const {
        return tusk::pool_config::parse(url()).value().max_connections(3).min_connections(0);
    }
    template <class F>
    void async(F test, unsigned threads = 1) {
        auto body = [](tusk::pool_config c, F f) -> asio::awaitable<void> {
            auto p = co_await tusk::pool::open(std::move(c));
            co_await f(p);
            co_await p.close();
            EXPECT_EQ(p.stats().total, 0U);
        };
        tusk::testing::run_async(body(config(), std::move(test)), 60s, threads);
    }
};

asio::awaitable<void> pause(std::chrono::milliseconds d) {
    asio::steady_timer t{co_await asio::this_coro::executor, d};
    co_await t.async_wait(asio::use_awaitable);
}

/// Waits until `done()`; false after 10 s.
template <class F>
asio::awaitable<bool> eventually(F done) {
    for (int i = 0; i < 1000; ++i) {
        if (done()) co_return true;
        co_await pause(10ms);
    }
    co_return done();
}

TEST_F(pool_test, statements_share_connections) {
    async([](tusk::pool& p) -> asio::awaitable<void> {
        for (int i = 0; i < 50; ++i) EXPECT_EQ(co_await p.one<int>("select $1::int4", i), i);
        EXPECT_EQ(p.stats().connects, 1U);
        EXPECT_EQ(p.stats().idle, 1U);
    });
}

TEST_F(pool_test, the_connection_used_last_is_used_next) {
    async([](tusk::pool& p) -> asio::awaitable<void> {
        auto a = co_await p.acquire();
        auto b = co_await p.acquire();
        const auto last = b->backend_pid();
        a.release();
        b.release();
        EXPECT_EQ(p.stats().idle, 2U);
        auto again = co_await p.acquire();
        EXPECT_EQ(again->backend_pid(), last);
    });
}

TEST_F(pool_test, never_more_than_the_maximum_and_nobody_is_lost) {
    async(
        [](tusk::pool& p) -> asio::awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            std::atomic<int> finished{0};
            std::atomic<int> wrong{0};
            auto worker = [](tusk::pool& pool, int id, std::atomic<int>& done,
                             std::atomic<int>& bad) -> asio::awaitable<void> {
                for (int i = 0; i < 20; ++i)
                    if (co_await pool.one<int>("select $1::int4 + $2::int4", id, i) != id + i) ++bad;
                ++done;
            };
            for (int i = 0; i < 64; ++i)
                asio::co_spawn(executor, worker(p, i * 100, finished, wrong), asio::detached);
            EXPECT_TRUE(co_await eventually([&] { return finished == 64; }));
            EXPECT_EQ(wrong, 0);
            const auto s = p.stats();
            EXPECT_LE(s.connects, 3U);
            EXPECT_EQ(s.acquires + s.shared_statements, 64U * 20U + 1U);
            EXPECT_GT(s.waited_acquires + s.shared_statements, 0U);
            EXPECT_EQ(s.waiting, 0U);
        },
        2);
}

TEST_F(pool_test, waiters_are_served_in_order) {
    async([](tusk::pool& p) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        auto a = co_await p.acquire();
        auto b = co_await p.acquire();
        auto c = co_await p.acquire();
        std::vector<int> order;
        auto waiter = [](tusk::pool& pool, int id, std::vector<int>& out) -> asio::awaitable<void> {
            auto l = co_await pool.acquire();
            out.push_back(id);
        };
        for (int i = 0; i < 10; ++i) {
            asio::co_spawn(executor, waiter(p, i, order), asio::detached);
            EXPECT_TRUE(
                co_await eventually([&] { return p.stats().waiting == static_cast<unsigned>(i) + 1; }));
        }
        b.release();
        EXPECT_TRUE(co_await eventually([&] { return order.size() == 10; }));
        EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    });
}

TEST_F(pool_test, an_acquire_timeout_says_why) {
    async([](tusk::pool& p) -> asio::awaitable<void> {
        auto a = co_await p.acquire();
        auto b = co_await p.acquire();
        auto c = co_await p.acquire();
        const auto limit = tusk::options{}.timeout(50ms);
        auto r = co_await p.try_acquire(limit);
        EXPECT_FALSE(r);
        EXPECT_EQ(r.error().code(), tusk::errc::pool_timeout);
        EXPECT_EQ(r.error().code(), tusk::condition::unavailable);
        EXPECT_NE(r.error().message().find("3 in use"), std::string::npos) << r.error().message();
        EXPECT_EQ(r.error().retry(), tusk::retry_advice::safe);
        EXPECT_EQ(p.stats().timeouts, 1U);
        a.release();
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
    });
}

TEST_F(pool_test, open_transactions_and_streams_end_when_the_lease_does) {
    async([](tusk::pool& p) -> asio::awaitable<void> {
        {
            auto l = co_await p.acquire();
            co_await l->exec("begin");
            co_await l->exec("create table leaked (a int)");
        }
        {
            auto tx = co_await p.begin();
            co_await tx.exec("create table leaked_too (a int)");
        }
        {
            auto rows = co_await p.stream<int>("select generate_series(1, 10000000)");
            co_await rows.next();
        }
        EXPECT_TRUE(co_await eventually([&] { return p.stats().in_use == 0; }));
        EXPECT_EQ(co_await p.one<std::int64_t>("select count(*) from pg_class where relname like 'leaked%'"),
                  0);
        EXPECT_EQ(p.stats().closed_broken, 0U);
    });
}

TEST_F(pool_test, transact_on_a_connection_of_its_own) {
    async([](tusk::pool& p) -> asio::awaitable<void> {
        co_await p.exec("create table t (a int)");
        const auto n = co_await p.transact([](tusk::transaction& tx) -> asio::awaitable<int> {
            co_await tx.exec("insert into t values (1)");
            co_return co_await tx.one<int>("select count(*)::int4 from t");
        });
        EXPECT_EQ(n, 1);
        EXPECT_EQ(p.stats().in_use, 0U);
    });
}

TEST_F(pool_test, killed_connections_are_replaced) {
    async([this](tusk::pool& p) -> asio::awaitable<void> {
        auto a = co_await p.acquire();
        auto b = co_await p.acquire();
        a.release();
        b.release();
        auto admin = connect();
        admin.exec("select pg_terminate_backend(pid) from pg_stat_activity where datname = "
                   "current_database() and pid <> "
                   "pg_backend_pid()");
        co_await pause(1100ms); // longer than ping_after_idle: what was idle is looked at before use
        for (int i = 0; i < 5; ++i) EXPECT_EQ(co_await p.one<int>("select 1"), 1);
        EXPECT_EQ(p.stats().closed_broken, 2U);
    });
}

TEST_F(pool_test, the_health_check_finds_a_connection_that_the_server_closed) {
    auto c = config().min_connections(0).health_check_period(50ms);
    tusk::testing::run_async(
        [](tusk::pool_config cfg, tusk::blocking::connection admin) -> asio::awaitable<void> {
            auto p = co_await tusk::pool::open(cfg);
            const auto pid = co_await p.one<int>("select pg_backend_pid()");
            EXPECT_TRUE(admin.one<bool>("select pg_terminate_backend($1)", pid));
            EXPECT_TRUE(co_await eventually([&] { return p.stats().health_check_failures >= 1; }));
            EXPECT_EQ(p.stats().total, 0U);
            EXPECT_FALSE(p.stats().healthy);
            EXPECT_EQ(co_await p.one<int>("select 1"), 1);
            EXPECT_TRUE(p.stats().healthy);
            co_await p.close();
        }(c, connect()));
}

TEST_F(pool_test, a_broken_lease_is_not_given_out_again) {
    async([](tusk::pool& p) -> asio::awaitable<void> {
        {
            auto l = co_await p.acquire();
            auto r = co_await l->try_exec("select pg_terminate_backend(pg_backend_pid())");
            EXPECT_FALSE(r);
            EXPECT_EQ(r.error().code(), tusk::condition::connection_lost);
        }
        EXPECT_EQ(p.stats().total, 0U);
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
    });
}

TEST_F(pool_test, connections_age_out) {
    auto c = config().max_lifetime(200ms).lifetime_jitter(0);
    tusk::testing::run_async([](tusk::pool_config cfg) -> asio::awaitable<void> {
        auto p = co_await tusk::pool::open(cfg);
        const auto first = co_await p.one<int>("select pg_backend_pid()");
        co_await pause(250ms);
        EXPECT_NE(co_await p.one<int>("select pg_backend_pid()"), first);
        EXPECT_GE(p.stats().closed_by_lifetime, 1U);
        co_await p.close();
    }(c));
}

TEST_F(pool_test, the_minimum_is_kept_and_the_surplus_goes) {
    auto c = config().min_connections(1).max_idle_time(100ms).health_check_period(50ms);
    tusk::testing::run_async([](tusk::pool_config cfg) -> asio::awaitable<void> {
        auto p = co_await tusk::pool::open(cfg);
        {
            auto a = co_await p.acquire();
            auto b = co_await p.acquire();
            auto d = co_await p.acquire();
        }
        EXPECT_TRUE(co_await eventually([&] { return p.stats().total == 1; }));
        EXPECT_GE(p.stats().closed_by_idle_time, 2U);
        co_await pause(300ms);
        EXPECT_EQ(p.stats().total, 1U);
        co_await p.close();
    }(c));
}

TEST_F(pool_test, closing_refuses_new_callers_and_waits_for_leases) {
    tusk::testing::run_async([](tusk::pool_config cfg) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        auto p = co_await tusk::pool::open(cfg);
        auto held = std::make_shared<tusk::lease>(co_await p.acquire());
        bool closed = false;
        auto closing = [](tusk::pool& pool, bool& done) -> asio::awaitable<void> {
            co_await pool.close();
            done = true;
        };
        asio::co_spawn(executor, closing(p, closed), asio::detached);
        co_await pause(50ms);
        EXPECT_FALSE(closed);
        auto r = co_await p.try_exec("select 1");
        EXPECT_EQ(r.error().code(), tusk::errc::pool_closed);
        EXPECT_EQ(co_await (*held)->one<int>("select 1"), 1);
        held->release();
        EXPECT_TRUE(co_await eventually([&] { return closed; }));
        co_await p.close(); // twice is fine
    }(config()));
}

TEST_F(pool_test, a_deadline_bounds_closing) {
    tusk::testing::run_async([](tusk::pool_config cfg) -> asio::awaitable<void> {
        auto p = co_await tusk::pool::open(cfg);
        auto held = co_await p.acquire();
        const auto start = std::chrono::steady_clock::now();
        co_await p.close(tusk::deadline::in(100ms));
        EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
    }(config()));
}

TEST_F(pool_test, cancelled_waiters_leave_the_queue) {
    async([](tusk::pool& p) -> asio::awaitable<void> {
        auto a = co_await p.acquire();
        auto b = co_await p.acquire();
        auto c = co_await p.acquire();
        const auto executor = co_await asio::this_coro::executor;
        std::atomic<int> timeouts{0};
        auto waiter = [](tusk::pool& pool, std::atomic<int>& n) -> asio::awaitable<void> {
            const auto limit = tusk::options{}.timeout(100ms);
            auto r = co_await pool.try_acquire(limit);
            if (!r) ++n;
        };
        for (int i = 0; i < 1000; ++i) asio::co_spawn(executor, waiter(p, timeouts), asio::detached);
        EXPECT_TRUE(co_await eventually([&] { return timeouts == 1000; }));
        EXPECT_EQ(p.stats().waiting, 0U);
        a.release();
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
    });
}

TEST(pool_and_server, a_restart_is_survived) {
    auto server = tusk::embedded::server::start().value();
    auto config = tusk::pool_config::parse(server.url()).value().max_connections(4).min_connections(0);
    tusk::testing::run_async(
        [](tusk::pool_config cfg, tusk::embedded::server& s) -> asio::awaitable<void> {
            auto p = co_await tusk::pool::open(cfg);
            EXPECT_EQ(co_await p.one<int>("select 1"), 1);
            s.kill9().value();
            auto r = co_await p.try_one<int>("select 1");
            EXPECT_FALSE(r);
            EXPECT_EQ(r.error().code(), tusk::condition::unavailable) << r.error().message();
            const auto down = co_await p.try_one<int>("select 1");
            EXPECT_FALSE(down);
            EXPECT_EQ(down.error().code(), tusk::condition::cannot_connect) << down.error().message();
            EXPECT_EQ(down.error().sent(), tusk::sent_state::none);
            EXPECT_FALSE(p.stats().healthy);
            s.start_again().value();
            const auto start = std::chrono::steady_clock::now();
            EXPECT_TRUE(co_await eventually([&] { return true; }));
            auto back = co_await p.try_one<int>("select 1");
            EXPECT_TRUE(back) << back.error().message();
            EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
            EXPECT_TRUE(p.stats().healthy);
            co_await p.close();
        }(config, server),
        60s);
}

/// Gives the password to the first that asks, and to the second when it is told to.
class slow_source : public tusk::credential_source {
public:
    void get(const tusk::credential_request&, answer done) override {
        if (asked++ == 0)
            done(std::string{"secret"});
        else
            later = std::move(done);
    }
    bool rejected(const tusk::credential_request&) override { return false; }
    int asked = 0;
    answer later;
};

TEST(pool_and_server, a_connection_that_comes_back_goes_to_a_waiter_whose_own_is_still_being_made) {
    auto server = tusk::embedded::server::start().value();
    auto admin = tusk::blocking::connection::open(server.url());
    admin.exec("create role app login password 'secret'");
    std::ofstream{server.data_dir() / "pg_hba.conf"} << "local all app scram-sha-256\nlocal all all trust\n";
    admin.one<bool>("select pg_reload_conf()");
    auto source = std::make_shared<slow_source>();
    auto target = tusk::parse_connect_config(server.url()).value();
    target.user("app").database("postgres").credentials(source);
    auto config = tusk::pool_config::from(target).value().max_connections(2).min_connections(0);
    tusk::testing::run_async(
        [](tusk::pool_config cfg, slow_source& secrets) -> asio::awaitable<void> {
            auto p = co_await tusk::pool::open(std::move(cfg));
            auto held = co_await p.acquire();
            int got = 0;
            auto waiter = [](tusk::pool& from, int& pid) -> asio::awaitable<void> {
                auto l = co_await from.acquire();
                pid = l->backend_pid();
            };
            asio::co_spawn(co_await asio::this_coro::executor, waiter(p, got), asio::detached);
            EXPECT_TRUE(co_await eventually([&] { return secrets.later != nullptr; }));
            const auto pid = held->backend_pid();
            held.release();
            EXPECT_TRUE(co_await eventually([&] { return got != 0; }));
            EXPECT_EQ(got, pid);
            EXPECT_EQ(p.stats().constructing, 1U);
            secrets.later(std::string{"secret"});
            EXPECT_TRUE(co_await eventually([&] { return p.stats().idle == 2; }));
            co_await p.close();
        }(config, *source),
        60s);
}

TEST(pool_and_server, a_wrong_configuration_shows_at_once) {
    tusk::testing::run_async([]() -> asio::awaitable<void> {
        tusk::failure f;
        try {
            co_await tusk::pool::open("postgres:///x?pool_max_conns=none");
        } catch (const tusk::error& e) {
            f = e.as_failure();
        }
        EXPECT_EQ(f.code(), tusk::errc::invalid_configuration);
        EXPECT_NE(f.message().find("pool_max_conns"), std::string::npos) << f.message();
        try {
            co_await tusk::pool::open("postgres://u@127.0.0.1:1/x");
        } catch (const tusk::error& e) {
            f = e.as_failure();
        }
        EXPECT_EQ(f.code(), tusk::errc::connect_failed) << f.message();
    }());
}

} // namespace pool_test
