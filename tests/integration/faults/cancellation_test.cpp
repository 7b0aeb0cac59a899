// A scenario is cancelled after the k-th handler of the event loop, for k = 0, 1, 2, ... until it comes to
// its end before: nowhere does a cancellation lose a connection's state, a waiter, or a process of the
// server. (Deadlines at every step are tried from memory, tests/unit/protocol/query_interruption_test.cpp.)
#include <ranges>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "support.hpp"

#include <tusk/pool.hpp>

namespace faults_test {

namespace cancellation_test {

namespace asio = boost::asio;

class cancelled : public tusk::testing::database_test,
                  public ::testing::WithParamInterface<asio::cancellation_type> {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create table t (a int4)");
        return o;
    }

    using scenario = std::function<asio::awaitable<void>(tusk::connection&)>;

    /// Runs `work` and cancels it after `handlers` turns; true when it was over before.
    bool run_and_cancel(asio::awaitable<void> work, std::size_t handlers) {
        bool over = false;
        asio::cancellation_signal signal;
        auto guarded = [](asio::awaitable<void> inner) -> asio::awaitable<void> {
            co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
            try {
                co_await std::move(inner);
            } catch (const std::exception&) { // cancelled, by our own error or by Asio's
            }
        };
        asio::co_spawn(loop_, guarded(std::move(work)),
                       asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr) { over = true; }));
        loop_.restart();
        for (std::size_t i = 0; i < handlers && !over; ++i) loop_.run_one_for(5s);
        const bool finished = over;
        // In the loop, and waited for: Asio 1.81 passes a signal that comes from outside through the loop's
        // queue, by a pointer that does not outlive the signal.
        bool emitted = finished;
        if (!finished)
            asio::post(loop_, [&] {
                signal.emit(GetParam());
                emitted = true;
            });
        const auto patience = std::chrono::steady_clock::now() + 5s;
        while (!(over && emitted) && std::chrono::steady_clock::now() < patience) loop_.run_one_for(1s);
        EXPECT_TRUE(over) << "cancelled after " << handlers << " handlers, and it goes on";
        return finished;
    }

    template <class T>
    T wait(asio::awaitable<T> work) {
        std::optional<T> out;
        auto store = [](asio::awaitable<T> inner, std::optional<T>& into) -> asio::awaitable<void> {
            into.emplace(co_await std::move(inner));
        };
        std::exception_ptr thrown;
        bool over = false;
        asio::co_spawn(loop_, store(std::move(work), out), [&](std::exception_ptr e) {
            thrown = std::move(e);
            over = true;
        });
        loop_.restart();
        while (!over) loop_.run_one_for(10s);
        if (thrown) std::rethrow_exception(thrown);
        return std::move(*out);
    }

    /// On a connection; it is clean afterwards, or closed.
    void everywhere(const scenario& what) {
        auto open = [](std::string url) -> asio::awaitable<tusk::connection> {
            co_return co_await tusk::connection::open(url);
        };
        std::unique_ptr<tusk::connection> db;
        std::size_t handlers = 0;
        std::size_t connections = 0;
        for (bool finished = false; !finished && handlers < 500 && !HasFailure(); ++handlers) {
            SCOPED_TRACE("cancelled after " + std::to_string(handlers) + " handlers");
            if (!db || !db->is_open()) {
                db = std::make_unique<tusk::connection>(wait(open(url())));
                ++connections;
            }
            finished = run_and_cancel(what(*db), handlers);
            if (!db->is_open()) continue;
            EXPECT_EQ(wait(db->one<int>("select $1::int4", static_cast<int>(handlers))),
                      static_cast<int>(handlers));
            EXPECT_EQ(db->status(), tusk::transaction_status::idle);
        }
        EXPECT_GE(handlers, 3U) << "nothing was cancelled";
        EXPECT_LT(handlers, 500U);
        EXPECT_LT(connections, 4U) << "a cancellation need not cost the connection";
        db.reset();
        expect_nothing_left();
    }

    void expect_nothing_left() {
        auto asking = connect();
        for (int i = 0; i < 200; ++i) // asked of another process, which tells nobody
            if (asking.one<std::int64_t>(
                    "select count(*) from pg_stat_activity, pg_sleep(0.02) where datname = "
                    "current_database() and pid <> pg_backend_pid()") == 0)
                return;
        ADD_FAILURE() << "a process of the server is left over";
    }

    asio::io_context loop_;
};

TEST_P(cancelled, at_every_step_of_connecting) {
    std::size_t handlers = 0;
    auto work = [](std::string url) -> asio::awaitable<void> {
        auto db = co_await tusk::connection::open(url);
        EXPECT_EQ(co_await db.one<int>("select 1"), 1);
    };
    while (!run_and_cancel(work(url()), handlers) && handlers < 500 && !HasFailure()) ++handlers;
    EXPECT_GT(handlers, 3U);
    EXPECT_LT(handlers, 500U);
    expect_nothing_left();
}

TEST_P(cancelled, at_every_step_of_queries) {
    everywhere([](tusk::connection& db) -> asio::awaitable<void> {
        EXPECT_EQ(co_await db.one<int>("select $1::int4 from pg_sleep(0.002)", 1), 1);
        EXPECT_EQ((co_await db.all<int>("select generate_series(1, $1)", 10)).size(), 10U);
    });
}

TEST_P(cancelled, at_every_step_of_a_batch) {
    everywhere([](tusk::connection& db) -> asio::awaitable<void> {
        tusk::batch b;
        auto a = b.one<int>("select $1::int4", 1);
        auto c = b.all<int>("select generate_series(1, $1)", 100);
        co_await db.run(b);
        EXPECT_EQ(a.get(), 1);
        EXPECT_EQ(c.get().size(), 100U);
    });
}

TEST_P(cancelled, at_every_step_of_copying_in) {
    everywhere([](tusk::connection& db) -> asio::awaitable<void> {
        auto numbers = std::views::iota(0, 30'000);
        EXPECT_EQ(co_await db.copy_in("t", tusk::columns("a"), numbers), 30'000U);
    });
    // All of a COPY or nothing of it.
    EXPECT_EQ(connect().one<std::int64_t>("select count(*) % 30000 from t"), 0);
}

TEST_P(cancelled, at_every_step_of_copying_out) {
    everywhere([](tusk::connection& db) -> asio::awaitable<void> {
        int rows = 0;
        auto sink = [&](int) { ++rows; };
        co_await db.copy_out<int>("select generate_series(1, 20000)", sink);
        EXPECT_EQ(rows, 20'000);
    });
}

TEST_P(cancelled, at_every_step_of_a_transaction) {
    everywhere([](tusk::connection& db) -> asio::awaitable<void> {
        co_await db.transact([](tusk::transaction& tx) -> asio::awaitable<void> {
            co_await tx.exec("insert into t values ($1)", 1);
            co_await tx.exec("insert into t values ($1)", 2);
        });
    });
    EXPECT_EQ(connect().one<std::int64_t>("select count(*) % 2 from t"), 0) << "both or none";
}

TEST_P(cancelled, at_every_step_of_a_stream) {
    everywhere([](tusk::connection& db) -> asio::awaitable<void> {
        auto rows = co_await db.stream<int>("select generate_series(1, 20)");
        int n = 0;
        while (auto row = co_await rows.next()) EXPECT_EQ(*row, ++n);
        EXPECT_EQ(n, 20);
    });
}

TEST_P(cancelled, at_every_step_of_acquiring_from_a_pool) {
    auto config = tusk::pool_config::parse(url()).value().max_connections(2).min_connections(0);
    tusk::pool pool{loop_.get_executor(), config};
    auto work = [](tusk::pool& p) -> asio::awaitable<void> {
        auto first = co_await p.acquire();
        auto second = co_await p.acquire();
        second.release();
        EXPECT_EQ(co_await p.one<int>("select $1::int4", 5), 5);
        EXPECT_EQ(co_await first->one<int>("select 1"), 1);
        co_await p.transact([](tusk::transaction& tx) -> asio::awaitable<void> {
            co_await tx.exec("insert into t values ($1)", 1);
        });
    };
    std::size_t handlers = 0;
    while (!run_and_cancel(work(pool), handlers) && handlers < 500 && !HasFailure()) {
        ++handlers;
        for (int i = 0; i < 2; ++i) EXPECT_EQ(wait(pool.one<int>("select $1::int4", i)), i);
    }
    EXPECT_GT(handlers, 3U);
    EXPECT_LT(handlers, 500U);
    auto both = [](tusk::pool& p) -> asio::awaitable<bool> {
        auto a = co_await p.acquire();
        auto b = co_await p.acquire();
        co_return a->is_open() && b->is_open();
    };
    EXPECT_TRUE(wait(both(pool))) << "every connection is to be had";
    EXPECT_EQ(pool.stats().waiting, 0U);
    auto close = [](tusk::pool& p) -> asio::awaitable<bool> {
        co_await p.close(tusk::deadline::in(5s));
        co_return p.stats().total == 0;
    };
    EXPECT_TRUE(wait(close(pool)));
    expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(by, cancelled,
                         ::testing::Values(asio::cancellation_type::terminal, asio::cancellation_type::total),
                         [](const auto& of) {
                             return of.param == asio::cancellation_type::terminal ? "terminal" : "total";
                         });

} // namespace cancellation_test

} // namespace faults_test
