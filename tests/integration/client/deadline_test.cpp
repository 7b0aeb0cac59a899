#include <boost/asio/io_context.hpp>

#include <thread>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "both.hpp"

using namespace client_test;

namespace deadline_test {

class deadlines : public users_test {
protected:
    /// Waits until the server runs no query of this database but the asking one.
    bool server_is_quiet() {
        auto db = connect();
        for (int i = 0; i < 200; ++i) {
            if (db.one<std::int64_t>(
                    "select count(*) from pg_stat_activity where state = 'active' and datname = "
                    "current_database() and pid <> pg_backend_pid()") == 0)
                return true;
            std::this_thread::sleep_for(10ms); // polling another process; nothing signals us
        }
        return false;
    }
};

TEST_F(deadlines, a_late_answer_is_cancelled_on_the_server_and_the_connection_stays_usable) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        const auto pid = db.backend_pid();
        const auto limit = tusk::options{}.timeout(100ms);
        const auto start = std::chrono::steady_clock::now();
        const auto f = co_await failure_of(db.exec(limit, "select pg_sleep(30)"));
        EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
        EXPECT_EQ(f.code(), tusk::errc::timeout);
        EXPECT_EQ(f.code(), tusk::condition::timeout);
        EXPECT_EQ(f.sql(), "select pg_sleep(30)");
        EXPECT_TRUE(db.is_open());
        for (int i = 0; i < 20; ++i) EXPECT_EQ(co_await db.one<int>("select $1::int4", i), i);
        EXPECT_EQ(db.backend_pid(), pid);
    });
    auto db = connect();
    const auto limit = tusk::options{}.timeout(100ms);
    EXPECT_EQ(failure_of([&] { db.exec(limit, "select pg_sleep(30)"); }).code(), tusk::errc::timeout);
    EXPECT_EQ(db.one<int>("select 1"), 1);
    EXPECT_TRUE(server_is_quiet());
}

TEST_F(deadlines, a_deadline_that_has_passed_sends_nothing) {
    auto db = connect();
    const auto past = tusk::options{}.until(tusk::deadline{std::chrono::steady_clock::now() - 1s});
    const auto f = failure_of([&] { db.exec(past, "delete from users"); });
    EXPECT_EQ(f.code(), tusk::errc::timeout);
    EXPECT_EQ(f.sent(), tusk::sent_state::none);
    EXPECT_EQ(f.retry(), tusk::retry_advice::safe);
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from users"), 2);
}

TEST_F(deadlines, a_timeout_around_the_answer_never_hits_the_next_statement) {
    async([this](tusk::connection& db) -> asio::awaitable<void> {
        int late = 0;
        for (int i = 0; i < 150; ++i) {
            const auto limit = tusk::options{}.timeout(std::chrono::microseconds{500 + 20 * (i % 100)});
            auto r = co_await db.try_one<int>(limit, "select $1::int4 from pg_sleep(0.002)", i);
            if (r) {
                EXPECT_EQ(*r, i);
            } else {
                EXPECT_EQ(r.error().code(), tusk::errc::timeout) << r.error().message();
                ++late;
            }
            if (!db.is_open()) db = co_await tusk::connection::open(url()); // the server was slow to react
            EXPECT_EQ(co_await db.one<int>("select $1::int4", i), i);
        }
        EXPECT_GT(late, 0);
    });
}

TEST_F(deadlines, cancelling_the_coroutine_cancels_the_statement) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        asio::cancellation_signal signal;
        tusk::failure seen;
        bool over = false;
        auto work = [](tusk::connection& c, tusk::failure& out) -> asio::awaitable<void> {
            auto r = co_await c.try_exec("select pg_sleep(30)");
            if (!r) out = r.error();
        };
        asio::co_spawn(executor, work(db, seen),
                       asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr) { over = true; }));
        asio::steady_timer pause{executor, 100ms};
        co_await pause.async_wait(asio::use_awaitable);
        signal.emit(asio::cancellation_type::terminal);
        for (int i = 0; i < 300 && !over; ++i) {
            pause.expires_after(10ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
        EXPECT_TRUE(over);
        EXPECT_EQ(seen.code(), tusk::errc::canceled) << seen.message();
        EXPECT_EQ(co_await db.one<int>("select 1"), 1);
    });
}

TEST_F(deadlines, an_unfinished_operation_dies_with_its_event_loop) {
    // No leak and no crash (run under AddressSanitizer): the loop goes while a statement is running.
    asio::io_context context;
    auto work = [](std::string address) -> asio::awaitable<void> {
        auto db = co_await tusk::connection::open(address);
        co_await db.exec("select pg_sleep(30)");
    };
    asio::co_spawn(context, work(url()), [](std::exception_ptr) {});
    context.run_for(300ms);
    SUCCEED();
}

} // namespace deadline_test
