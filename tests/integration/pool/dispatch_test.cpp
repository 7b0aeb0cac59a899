// Shared dispatch: the same answers and errors as without it, whoever shares a connection with whom.
#include <atomic>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/pool.hpp>
#include <tusk/testing/gtest.hpp>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace dispatch_test {

constexpr const char* point = "select k, v from kv where id = $1";
constexpr const char* divide = "select (100 / $1::int4)::int4";

class dispatch : public tusk::testing::database_test {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create table kv as select i::int8 as id, 'key-' || i as k, (i * 7)::int4 as v from "
                 "generate_series(1, 1000) i; alter table kv add primary key (id);"
                 "create table tokens (id int8 primary key)");
        return o;
    }
    tusk::pool_config config(unsigned connections = 2) const {
        return tusk::pool_config::parse(url())
            .value()
            .max_connections(connections)
            .min_connections(0)
            .dispatch_slow(1s);
    }
    template <class F>
    void with_pool(tusk::pool_config c, F test, unsigned threads = 1) {
        auto body = [](tusk::pool_config settings, F f) -> asio::awaitable<void> {
            tusk::pool p = co_await tusk::pool::open(std::move(settings));
            // Executed once, statements are known.
            co_await p.one<std::pair<std::string, int>>(point, 1);
            co_await p.one<int>(divide, 1);
            co_await f(p);
            co_await p.close();
            EXPECT_EQ(p.stats().total, 0U);
        };
        tusk::testing::run_async(body(std::move(c), std::move(test)), 60s, threads);
    }
};

asio::awaitable<void> pause(std::chrono::milliseconds d) {
    asio::steady_timer t{co_await asio::this_coro::executor, d};
    co_await t.async_wait(asio::use_awaitable);
}
template <class F>
asio::awaitable<bool> eventually(F done) {
    for (int i = 0; i < 2000; ++i) {
        if (done()) co_return true;
        co_await pause(5ms);
    }
    co_return done();
}

/// Starts `n` coroutines and waits for all of them.
template <class F>
asio::awaitable<void> together(int n, F work) {
    const auto executor = co_await asio::this_coro::executor;
    const auto left = std::make_shared<std::atomic<int>>(n);
    for (int i = 0; i < n; ++i) {
        auto one = [](F f, int index, std::shared_ptr<std::atomic<int>> counter) -> asio::awaitable<void> {
            co_await f(index);
            --*counter;
        };
        asio::co_spawn(executor, one(work, i, left), [](std::exception_ptr e) {
            if (e) std::rethrow_exception(e);
        });
    }
    EXPECT_TRUE(co_await eventually([&] { return *left == 0; }));
}

TEST_F(dispatch, everybody_gets_his_own_answer) {
    for (const unsigned threads : {1U, 3U})
        with_pool(
            config(),
            [](tusk::pool& p) -> asio::awaitable<void> {
                std::atomic<int> wrong{0};
                co_await together(64, [&](int i) -> asio::awaitable<void> {
                    for (int n = 0; n < 50; ++n) {
                        const int id = (i * 50 + n) % 1000 + 1;
                        const auto row = co_await p.one<std::pair<std::string, int>>(point, id);
                        if (row.first != "key-" + std::to_string(id) || row.second != id * 7) ++wrong;
                    }
                });
                EXPECT_EQ(wrong, 0);
                EXPECT_GT(p.stats().shared_statements, 1000U);
                EXPECT_LE(p.stats().connects, 2U);
            },
            threads);
}

TEST_F(dispatch, errors_are_the_statements_own) {
    with_pool(config(1), [](tusk::pool& p) -> asio::awaitable<void> {
        std::atomic<int> failed{0};
        std::atomic<int> wrong{0};
        co_await together(100, [&](int i) -> asio::awaitable<void> {
            const auto r = co_await p.try_one<int>(divide, i % 3);
            if (i % 3 == 0) {
                if (!r && r.error().code() == tusk::make_error_code(*tusk::sqlstate::parse("22012")))
                    ++failed;
                if (!r && r.error().sql() != divide) ++wrong;
            } else if (!r || *r != 100 / (i % 3)) {
                ++wrong;
            }
        });
        EXPECT_EQ(failed, 34);
        EXPECT_EQ(wrong, 0);
        EXPECT_GT(p.stats().shared_statements, 50U);
        // A result that does not fit, and too many rows.
        co_await together(20, [&](int i) -> asio::awaitable<void> {
            if (i % 2 == 0) {
                EXPECT_EQ(
                    (co_await p.try_one<std::pair<std::string, std::int16_t>>(point, 900)).value().second,
                    6300);
            } else {
                EXPECT_EQ((co_await p.try_one<std::pair<std::string, int>>(point, 100'000)).error().code(),
                          tusk::errc::not_found);
            }
        });
    });
}

TEST_F(dispatch, each_statement_is_a_transaction_of_its_own) {
    with_pool(config(1), [](tusk::pool& p) -> asio::awaitable<void> {
        constexpr const char* insert = "insert into tokens values ($1)";
        co_await p.exec(insert, 0);
        std::atomic<int> duplicates{0};
        co_await together(200, [&](int i) -> asio::awaitable<void> {
            const auto r = co_await p.try_exec(insert, i / 2 + 1); // each twice
            if (!r) {
                EXPECT_EQ(r.error().code(), tusk::condition::duplicate);
                ++duplicates;
            }
        });
        EXPECT_EQ(duplicates, 100);
        EXPECT_EQ(co_await p.one<std::int64_t>("select count(*) from tokens"), 101);
    });
}

TEST_F(dispatch, who_wants_a_connection_is_not_overtaken_for_ever) {
    with_pool(config(1), [](tusk::pool& p) -> asio::awaitable<void> {
        std::atomic<bool> stop{false};
        std::atomic<int> done{0};
        co_await together(21, [&](int i) -> asio::awaitable<void> {
            if (i < 20) {
                while (!stop) {
                    co_await p.one<std::pair<std::string, int>>(point, 5);
                    ++done;
                }
            } else {
                for (int n = 0; n < 20; ++n) {
                    auto l = co_await p.acquire();
                    EXPECT_EQ(co_await l->one<int>("select 1"), 1);
                    auto tx = co_await l->begin();
                    co_await tx.exec("insert into tokens values ($1)", n);
                    co_await tx.rollback();
                }
                stop = true;
            }
        });
        EXPECT_GT(done, 20);
        EXPECT_EQ(co_await p.one<std::int64_t>("select count(*) from tokens"), 0);
    });
}

TEST_F(dispatch, off_means_off) {
    const auto storm = [](tusk::pool& p) -> asio::awaitable<void> {
        const auto alone = tusk::options{}.share(false);
        co_await together(30, [&](int) -> asio::awaitable<void> {
            co_await p.one<std::pair<std::string, int>>(alone, point, 5);
        });
        EXPECT_EQ(p.stats().shared_statements, 0U);
    };
    with_pool(config(1), storm);
    with_pool(config(1).dispatch_batch(1), [](tusk::pool& p) -> asio::awaitable<void> {
        co_await together(
            30, [&](int) -> asio::awaitable<void> { co_await p.one<std::pair<std::string, int>>(point, 5); });
        EXPECT_EQ(p.stats().shared_statements, 0U);
    });
}

TEST_F(dispatch, what_changes_the_session_and_what_is_slow_travels_alone) {
    with_pool(config(1).dispatch_slow(20ms), [](tusk::pool& p) -> asio::awaitable<void> {
        constexpr const char* slow = "select length(pg_sleep(0.03)::text)";
        co_await p.one<int>(slow);
        co_await p.exec("set application_name = 'x'");
        co_await together(5, [&](int i) -> asio::awaitable<void> {
            if (i % 2 == 0)
                co_await p.one<int>(slow);
            else
                co_await p.exec("set application_name = 'x'");
        });
        EXPECT_EQ(p.stats().shared_statements, 0U);
    });
}

TEST_F(dispatch, a_deadline_is_its_callers_own) {
    with_pool(config(1), [](tusk::pool& p) -> asio::awaitable<void> {
        constexpr const char* maybe_slow = "select length(pg_sleep($1::float8)::text)";
        co_await p.one<int>(maybe_slow, 0.0);
        std::atomic<int> late{0};
        std::atomic<int> fine{0};
        const auto start = std::chrono::steady_clock::now();
        co_await together(12, [&](int i) -> asio::awaitable<void> {
            const auto limit = tusk::options{}.timeout(i == 3 ? 150ms : 20s);
            const auto r = co_await p.try_one<int>(limit, maybe_slow, i == 3 ? 60.0 : 0.0);
            if (!r && r.error().code() == tusk::errc::timeout) ++late;
            if (r) ++fine;
        });
        EXPECT_EQ(late, 1);
        EXPECT_EQ(fine, 11);
        EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
        EXPECT_GT(p.stats().shared_statements, 5U);
    });
}

TEST_F(dispatch, a_caller_that_cancels_disturbs_nobody) {
    with_pool(config(1), [](tusk::pool& p) -> asio::awaitable<void> {
        constexpr const char* maybe_slow = "select length(pg_sleep($1::float8)::text)";
        co_await p.one<int>(maybe_slow, 0.0);
        const auto executor = co_await asio::this_coro::executor;
        std::vector<asio::cancellation_signal> signals(10);
        std::atomic<int> canceled{0};
        std::atomic<int> fine{0};
        for (std::size_t i = 0; i < signals.size(); ++i) {
            auto work = [](tusk::pool& db, std::size_t index, std::atomic<int>& ok,
                           std::atomic<int>& ended) -> asio::awaitable<void> {
                const auto r = co_await db.try_one<int>(maybe_slow, index % 3 == 1 ? 60.0 : 0.0);
                if (r)
                    ++ok;
                else if (r.error().code() == tusk::errc::canceled)
                    ++ended;
            };
            asio::co_spawn(executor, work(p, i, fine, canceled),
                           asio::bind_cancellation_slot(signals[i].slot(), asio::detached));
        }
        co_await pause(100ms);
        for (std::size_t i = 0; i < signals.size(); ++i)
            if (i % 3 == 1) signals[i].emit(asio::cancellation_type::terminal);
        EXPECT_TRUE(co_await eventually([&] { return canceled == 3 && fine == 7; }))
            << canceled << " " << fine;
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
        EXPECT_EQ(p.stats().connects, 1U);
    });
}

TEST_F(dispatch, a_lost_connection_fails_what_was_on_it_and_nothing_else) {
    with_pool(config(2), [&](tusk::pool& p) -> asio::awaitable<void> {
        int rounds = 0;
        std::atomic<bool> stop{false};
        std::atomic<int> lost{0};
        std::atomic<int> fine{0};
        std::atomic<int> strange{0};
        co_await together(33, [&](int i) -> asio::awaitable<void> {
            if (i == 32) {
                // Asynchronous, so that statements go on being sent while the server ends their sessions. One
                // may end between two statements: then none is lost.
                auto admin = co_await tusk::connection::open(url());
                for (; rounds < 5 || (lost == 0 && rounds < 200); ++rounds) {
                    const int before = fine;
                    co_await eventually([&] { return fine >= before + 50; });
                    co_await admin.exec(
                        "select pg_terminate_backend(pid) from pg_stat_activity where datname = "
                        "current_database() and pid <> pg_backend_pid()");
                }
                stop = true;
                co_return;
            }
            while (!stop) {
                const auto r = co_await p.try_one<std::pair<std::string, int>>(point, i + 1);
                if (!r) {
                    r.error().code() == tusk::condition::connection_lost ||
                            r.error().code() == tusk::condition::unavailable
                        ? ++lost
                        : ++strange;
                } else if (r->second == (i + 1) * 7) {
                    ++fine;
                } else {
                    ++strange;
                }
            }
        });
        EXPECT_EQ(strange, 0);
        EXPECT_GT(fine, 100);
        EXPECT_GT(lost, 0);
        EXPECT_LE(lost, rounds * 2 * 8) << "no more than what was on the connections";
    });
}

TEST_F(dispatch, a_table_that_changes_under_the_statements) {
    auto admin = connect();
    with_pool(config(1), [&](tusk::pool& p) -> asio::awaitable<void> {
        constexpr const char* star = "select id, k, v from kv where id = $1 limit 1";
        struct row {
            std::int64_t id;
            std::string k;
            std::int64_t v;
        };
        co_await p.one<row>(star, 1);
        std::atomic<int> wrong{0};
        co_await together(17, [&](int i) -> asio::awaitable<void> {
            if (i == 16) {
                co_await pause(20ms);
                admin.exec("alter table kv alter column v type int8");
                co_return;
            }
            for (int n = 0; n < 60; ++n) {
                const auto r = co_await p.try_one<row>(star, i + 1);
                EXPECT_TRUE(r) << r.error().message();
                if (!r || r->v != (i + 1) * 7) ++wrong;
                if (n % 20 == 0) co_await pause(5ms);
            }
        });
        EXPECT_EQ(wrong, 0);
    });
}

} // namespace dispatch_test
