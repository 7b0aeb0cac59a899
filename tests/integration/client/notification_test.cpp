// Notifications on ordinary connections of both clients.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "both.hpp"

using namespace client_test;

namespace notification_test {

class notifications : public users_test {};

const auto soon = tusk::options{}.timeout(10s);

TEST_F(notifications, that_the_server_would_refuse_are_not_sent) {
    auto db = connect();
    const auto f = failure_of([&] { db.notify("ch", std::string(8000, 'x')); });
    EXPECT_EQ(f.code(), tusk::errc::invalid_argument);
    EXPECT_EQ(failure_of([&] { db.notify("", "x"); }).code(), tusk::errc::invalid_argument);
    EXPECT_EQ(failure_of([&] { db.notify(std::string(64, 'c'), "x"); }).code(), tusk::errc::invalid_argument);
    async([](tusk::connection& c) -> asio::awaitable<void> {
        const std::string large(8000, 'x');
        EXPECT_EQ((co_await failure_of(c.notify("ch", large))).code(), tusk::errc::invalid_argument);
        EXPECT_EQ((co_await c.try_notify("", "x")).code(), tusk::errc::invalid_argument);
    });
}

TEST_F(notifications, of_the_largest_size_arrive) {
    auto db = connect();
    const std::string channel(63, 'c');
    const std::string payload(7999, 'x');
    db.script("listen " + channel);
    db.notify(channel, payload);
    const auto n = db.next_notification(soon);
    EXPECT_EQ(n.channel, channel);
    EXPECT_EQ(n.payload, payload);
    EXPECT_EQ(n.pid, db.backend_pid());
}

TEST_F(notifications, arrive_with_the_answer_to_a_statement) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        co_await db.script("listen ch");
        EXPECT_FALSE(db.poll_notification());
        co_await db.notify("ch", "mine");
        const auto n = db.poll_notification();
        EXPECT_TRUE(n);
        if (n) {
            EXPECT_EQ(n->payload, "mine");
        }
        EXPECT_FALSE(db.poll_notification());
    });
}

TEST_F(notifications, are_waited_for) {
    auto sender = connect();
    async([&sender](tusk::connection& db) -> asio::awaitable<void> {
        co_await db.script("listen ch");
        const auto here = co_await asio::this_coro::executor;
        asio::post(here, [&sender] { sender.notify("ch", "hello"); }); // when `db` waits already
        const auto n = co_await db.next_notification(soon);
        EXPECT_EQ(n.payload, "hello");
        EXPECT_EQ(n.pid, sender.backend_pid());
        EXPECT_EQ(co_await db.one<int>("select 1"), 1);
    });
}

TEST_F(notifications, of_a_transaction_arrive_after_its_commit) {
    auto sender = connect();
    auto db = connect();
    db.script("listen ch");
    auto tx = sender.begin();
    tx.notify("ch", "committed");
    const auto limit = tusk::options{}.timeout(50ms);
    EXPECT_EQ(db.try_next_notification(limit).error().code(), tusk::errc::timeout);
    tx.commit();
    EXPECT_EQ(db.next_notification(soon).payload, "committed");
    auto lost = sender.begin();
    lost.notify("ch", "rolled back");
    lost.rollback();
    sender.notify("ch", "last");
    EXPECT_EQ(db.next_notification(soon).payload, "last");
}

TEST_F(notifications, come_through_while_rows_are_streamed) {
    auto sender = connect();
    async([&sender](tusk::connection& db) -> asio::awaitable<void> {
        co_await db.script("listen ch");
        auto rows = co_await db.stream<std::int64_t>("select g::int8 from generate_series(1, 50000) g");
        std::int64_t sum = 0;
        int sent = 0;
        for (;;) {
            auto row = co_await rows.next();
            if (!row) break;
            sum += *row;
            if (*row % 1000 == 0) {
                sender.notify("ch", std::to_string(sent));
                ++sent;
            }
            static_cast<void>(db.is_open());
        }
        EXPECT_EQ(sum, 50000LL * 50001 / 2);
        for (int i = 0; i < sent; ++i) {
            const auto n = co_await db.next_notification(soon);
            EXPECT_EQ(n.payload, std::to_string(i));
        }
        EXPECT_EQ(sent, 50);
    });
}

TEST_F(notifications, that_do_not_come_leave_the_connection_usable) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        co_await db.script("listen ch");
        const auto pid = db.backend_pid();
        const auto limit = tusk::options{}.timeout(30ms);
        for (int i = 0; i < 5; ++i) {
            const auto r = co_await db.try_next_notification(limit);
            EXPECT_FALSE(r);
            if (!r) {
                EXPECT_EQ(r.error().code(), tusk::errc::timeout);
            }
            EXPECT_EQ(co_await db.one<int>("select $1::int4", i), i);
        }
        EXPECT_EQ(db.backend_pid(), pid);
    });
}

TEST_F(notifications, are_no_longer_waited_for_when_the_caller_cancels) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        const auto here = co_await asio::this_coro::executor;
        co_await db.script("listen ch");
        asio::cancellation_signal signal;
        tusk::failure seen;
        auto work = [](tusk::connection& c, tusk::failure& out) -> asio::awaitable<void> {
            auto r = co_await c.try_next_notification();
            if (!r) out = r.error();
        };
        asio::post(here, [&signal] { signal.emit(asio::cancellation_type::terminal); });
        co_await asio::co_spawn(here, work(db, seen),
                                asio::bind_cancellation_slot(signal.slot(), asio::use_awaitable));
        EXPECT_EQ(seen.code(), tusk::errc::canceled) << seen.message();
        EXPECT_EQ(co_await db.one<int>("select 1"), 1);
    });
}

TEST_F(notifications, tell_that_the_server_ended_the_connection) {
    auto killer = connect();
    auto db = connect();
    db.script("listen ch");
    killer.exec("select pg_terminate_backend($1)", db.backend_pid());
    const auto r = db.try_next_notification(soon);
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), tusk::condition::connection_lost) << r.error().message();
    EXPECT_FALSE(db.is_open());
}

TEST_F(notifications, beyond_the_limit_are_dropped_and_that_is_an_error) {
    tusk::connection_settings settings;
    settings.notification_capacity(3);
    auto db = tusk::blocking::connection::open(url(), settings);
    db.script("listen ch");
    for (int i = 0; i < 5; ++i) db.notify("ch", std::to_string(i));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(db.next_notification(soon).payload, std::to_string(i));
    const auto r = db.try_next_notification(soon);
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), tusk::errc::connection_busy);
    EXPECT_NE(r.error().message().find("2 notifications were dropped"), std::string::npos);
    db.notify("ch", "again");
    EXPECT_EQ(db.next_notification(soon).payload, "again");
}

TEST_F(notifications, of_the_connection_itself_are_ignored_on_demand) {
    tusk::connection_settings settings;
    settings.ignore_own_notifications();
    auto db = tusk::blocking::connection::open(url(), settings);
    auto other = connect();
    db.script("listen ch");
    db.notify("ch", "mine");
    other.notify("ch", "other");
    EXPECT_EQ(db.next_notification(soon).payload, "other");
    EXPECT_FALSE(db.poll_notification());
}

// ---- the event loop

/// Runs `context` until it has nothing to do any more; false when it still has after a while.
bool runs_out(asio::io_context& context) {
    context.restart();
    context.run_for(2s);
    return context.stopped();
}

asio::awaitable<void> open_into(std::optional<tusk::connection>& out, std::string url) {
    out.emplace(co_await tusk::connection::open(url));
    const auto hour = tusk::options{}.timeout(1h);
    EXPECT_EQ(co_await out->one<int>(hour, "select 1"), 1);
}

asio::awaitable<void> run_late(tusk::connection& db) {
    const auto limit = tusk::options{}.timeout(50ms);
    const auto r = co_await db.try_exec(limit, "select pg_sleep(30)");
    EXPECT_EQ(r.error().code(), tusk::errc::timeout);
}

TEST_F(notifications, and_deadlines_of_an_idle_connection_do_not_keep_the_event_loop_running) {
    asio::io_context context;
    for (const bool on_strand : {false, true}) {
        std::optional<tusk::connection> db;
        const asio::any_io_executor on =
            on_strand ? asio::any_io_executor{asio::make_strand(context)} : context.get_executor();
        std::exception_ptr thrown;
        const auto over = [&](const std::exception_ptr& e) { thrown = e; };
        asio::co_spawn(on, open_into(db, url()), over);
        EXPECT_TRUE(runs_out(context)) << "the timer of an hour keeps run() from returning";
        ASSERT_TRUE(db && !thrown);
        EXPECT_TRUE(db->is_open());
        asio::co_spawn(on, run_late(*db), over); // deadlines still count
        EXPECT_TRUE(runs_out(context));
        EXPECT_FALSE(thrown);
        db.reset();
        EXPECT_TRUE(runs_out(context));
    }
}

} // namespace notification_test
