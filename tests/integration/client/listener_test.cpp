// Listeners of both clients: subscriptions, lost connections, slow readers, the end.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <thread>

#include <tests/integration/terminated.hpp>
#include <tusk/client/listener.hpp>
#include <tusk/embedded/server.hpp>
#include <tusk/pool.hpp>
#include <tusk/testing/scripted_server.hpp>

#include "both.hpp"

using namespace client_test;
namespace be = tusk::testing::backend;
using tusk::gap;
using tusk::listener_options;
using tusk::notification;
using tusk::notification_event;

namespace listener_test {

const auto soon = tusk::options{}.timeout(20s);

/// A payload, or "gap".
std::string shown(const notification_event& e) {
    const auto* n = std::get_if<notification>(&e);
    return n != nullptr ? n->payload : "gap";
}

listener_options hasty() {
    listener_options o;
    o.backoff(1ms, 50ms);
    return o;
}

class listeners : public tusk::testing::database_test {
protected:
    /// Runs a test that takes a listener of the test's database and its event loop.
    template <class F>
    void async(F test, listener_options o = hasty()) {
        auto body = [](std::string address, listener_options with, F f) -> asio::awaitable<void> {
            const auto here = co_await asio::this_coro::executor;
            tusk::listener l{here, address, with};
            co_await f(l);
            co_await l.close();
        };
        tusk::testing::run_async(body(url(), std::move(o), std::move(test)));
    }
    void terminate(std::int32_t pid) {
        auto db = connect();
        EXPECT_TRUE(terminated(db, "pid = $1", pid));
    }
};

// ---- asynchronous

TEST_F(listeners, deliver_what_is_sent_once_they_are_ready) {
    auto sender = connect();
    async([&](tusk::listener& l) -> asio::awaitable<void> {
        l.listen("a");
        l.listen("b");
        co_await l.ready(soon);
        sender.notify("a", "1");
        sender.notify("c", "nobody hears it");
        sender.notify("b", "2");
        EXPECT_EQ(shown(co_await l.next(soon)), "1");
        const auto e = co_await l.next(soon);
        EXPECT_EQ(shown(e), "2");
        EXPECT_EQ(std::get<notification>(e).channel, "b");
        EXPECT_EQ(std::get<notification>(e).pid, sender.backend_pid());
    });
}

TEST_F(listeners, know_channels_by_their_exact_names) {
    auto sender = connect();
    const std::vector<std::string> names{
        "Upper", "upper", "with \"quotes\"", "semi; unlisten *", "\xc3\xa4", std::string(63, 'x')};
    async([&](tusk::listener& l) -> asio::awaitable<void> {
        for (const auto& name : names) l.listen(name);
        co_await l.ready(soon);
        for (const auto& name : names) {
            sender.notify(name, name);
            const auto e = co_await l.next(soon);
            EXPECT_EQ(shown(e), name);
        }
        EXPECT_THROW(l.listen(""), tusk::error);
        EXPECT_THROW(l.listen(std::string(64, 'x')), tusk::error);
    });
}

TEST_F(listeners, call_handlers_and_coroutines_in_order) {
    auto sender = connect();
    async([&](tusk::listener& l) -> asio::awaitable<void> {
        std::vector<std::string> calls;
        l.on("a", [&](const notification& n) { calls.push_back("f " + n.payload); });
        l.on("a", [&](const notification& n) -> asio::awaitable<void> {
            asio::steady_timer pause{co_await asio::this_coro::executor, 1ms};
            co_await pause.async_wait(asio::use_awaitable);
            calls.push_back("co " + n.payload);
        });
        l.listen("end");
        co_await l.ready(soon);
        for (const char* p : {"1", "2"}) sender.notify("a", p);
        sender.notify("end");
        co_await l.next(soon);
        while (calls.size() < 4) {
            asio::steady_timer pause{co_await asio::this_coro::executor, 1ms};
            co_await pause.async_wait(asio::use_awaitable);
        }
        EXPECT_EQ(calls, (std::vector<std::string>{"f 1", "co 1", "f 2", "co 2"}));
    });
}

TEST_F(listeners, survive_handlers_that_throw) {
    auto sender = connect();
    std::vector<std::string> errors;
    auto o = hasty();
    o.on_error([&](const tusk::failure& f) { errors.push_back(f.message()); });
    async(
        [&](tusk::listener& l) -> asio::awaitable<void> {
            l.on("a", [](const notification&) { throw std::runtime_error{"oh no"}; });
            l.on("a", [](const notification&) -> asio::awaitable<void> {
                throw tusk::error{tusk::errc::not_found, "nothing there"};
                co_return;
            });
            l.on("a", [&l](const notification& n) {
                if (n.payload == "last") l.unlisten("a"); // a handler may end its own subscription
            });
            co_await l.ready(soon);
            sender.notify("a", "first");
            sender.notify("a", "last");
            while (errors.size() < 4) {
                asio::steady_timer pause{co_await asio::this_coro::executor, 1ms};
                co_await pause.async_wait(asio::use_awaitable);
            }
            EXPECT_EQ(errors[0], "a handler of channel \"a\" threw: oh no");
            EXPECT_NE(errors[1].find("nothing there"), std::string::npos);
        },
        o);
}

TEST_F(listeners, take_channels_on_and_off_while_they_run) {
    auto sender = connect();
    async([&](tusk::listener& l) -> asio::awaitable<void> {
        l.listen("a");
        co_await l.ready(soon);
        const auto pid = l.backend_pid();
        for (int i = 0; i < 10; ++i) {
            l.unlisten("a");
            l.listen("b");
            co_await l.ready(soon);
            sender.notify("a", "too late");
            sender.notify("b", std::to_string(i));
            EXPECT_EQ(shown(co_await l.next(soon)), std::to_string(i));
            l.unlisten("b");
            l.listen("a");
            co_await l.ready(soon);
        }
        EXPECT_EQ(l.backend_pid(), pid);
    });
}

TEST_F(listeners, tell_of_the_gap_before_anything_new) {
    auto sender = connect();
    async([&](tusk::listener& l) -> asio::awaitable<void> {
        std::vector<std::string> called;
        l.on("h", [&](const auto& event) {
            if constexpr (std::is_same_v<std::decay_t<decltype(event)>, gap>)
                called.push_back("gap");
            else
                called.push_back(event.payload);
        });
        l.listen("a");
        l.listen("b");
        co_await l.ready(soon);
        for (int round = 0; round < 3; ++round) {
            const auto before = std::chrono::system_clock::now();
            const auto pid = l.backend_pid();
            terminate(pid);
            const auto first = co_await l.next(soon);
            EXPECT_EQ(shown(first), "gap");
            if (const auto* g = std::get_if<gap>(&first)) {
                EXPECT_EQ(g->why(), gap::cause::connection_lost);
                EXPECT_EQ(g->reason().code(), tusk::condition::connection_lost) << g->reason().message();
                EXPECT_LT(g->since(), std::chrono::system_clock::now());
                EXPECT_LE(g->since(), before + 5s);
            }
            co_await l.ready(soon);
            EXPECT_NE(l.backend_pid(), pid);
            sender.notify("h", std::to_string(round));
            sender.notify("b", "again");
            EXPECT_EQ(shown(co_await l.next(soon)), "again");
        }
        EXPECT_EQ(called, (std::vector<std::string>{"gap", "0", "gap", "1", "gap", "2"}));
    });
}

TEST_F(listeners, deliver_ten_thousand_notifications_in_order) {
    auto sender = connect();
    auto o = hasty();
    o.queue_capacity(20000);
    async(
        [&](tusk::listener& l) -> asio::awaitable<void> {
            l.listen("many");
            co_await l.ready(soon);
            sender.exec("select pg_notify('many', g::text) from generate_series(1, 10000) g");
            int wrong = 0;
            for (int i = 1; i <= 10000; ++i)
                if (shown(co_await l.next(soon)) != std::to_string(i)) ++wrong;
            EXPECT_EQ(wrong, 0);
        },
        o);
}

TEST_F(listeners, report_a_gap_when_their_reader_is_too_slow) {
    auto sender = connect();
    auto o = hasty();
    o.queue_capacity(10);
    async(
        [&](tusk::listener& l) -> asio::awaitable<void> {
            l.listen("many");
            std::size_t heard = 0;
            l.on("last", [&](const notification&) { ++heard; });
            co_await l.ready(soon);
            sender.exec("select pg_notify('many', g::text) from generate_series(1, 1000) g");
            sender.notify("last");
            while (heard == 0) { // until all has arrived
                asio::steady_timer pause{co_await asio::this_coro::executor, 1ms};
                co_await pause.async_wait(asio::use_awaitable);
            }
            for (int i = 1; i <= 10; ++i) EXPECT_EQ(shown(co_await l.next(soon)), std::to_string(i));
            const auto e = co_await l.next(soon);
            const auto* g = std::get_if<gap>(&e);
            EXPECT_NE(g, nullptr);
            if (g != nullptr) {
                EXPECT_EQ(g->why(), gap::cause::overflow);
                EXPECT_EQ(g->dropped(), 990U);
            }
            sender.notify("many", "after");
            EXPECT_EQ(shown(co_await l.next(soon)), "after");
        },
        o);
}

TEST_F(listeners, deliver_only_what_they_are_asked_for) {
    auto own = connect();
    auto other = connect();
    auto o = hasty();
    o.only([pid = own.backend_pid()](const notification& n) { return n.pid != pid; });
    async(
        [&](tusk::listener& l) -> asio::awaitable<void> {
            l.listen("a");
            co_await l.ready(soon);
            own.notify("a", "mine");
            other.notify("a", "other");
            EXPECT_EQ(shown(co_await l.next(soon)), "other");
        },
        o);
}

TEST_F(listeners, may_be_made_of_a_pool_and_take_none_of_its_connections) {
    auto body = [](std::string address) -> asio::awaitable<void> {
        auto config = tusk::pool_config::parse(address).value();
        config.max_connections(1).min_connections(1);
        auto db = co_await tusk::pool::open(config);
        tusk::listener l{db};
        l.listen("a");
        co_await l.ready(soon);
        const auto all = co_await db.acquire();
        co_await all->notify("a", "hello");
        EXPECT_EQ(shown(co_await l.next(soon)), "hello");
        co_await l.close();
    };
    tusk::testing::run_async(body(url()));
}

TEST_F(listeners, that_nobody_lets_in_say_why_they_are_not_ready) {
    auto body = [](std::string address) -> asio::awaitable<void> {
        std::vector<tusk::failure> errors;
        auto o = hasty();
        o.on_error([&](const tusk::failure& f) { errors.push_back(f); });
        const auto here = co_await asio::this_coro::executor;
        tusk::listener l{here, address, o};
        l.listen("a");
        const auto limit = tusk::options{}.timeout(300ms);
        const auto f = co_await l.try_ready(limit);
        EXPECT_EQ(f.code(), tusk::errc::timeout);
        EXPECT_NE(f.message().find("does not exist"), std::string::npos) << f.message();
        EXPECT_GE(errors.size(), 2U) << "it goes on trying";
        co_await l.close();
    };
    tusk::testing::run_async(body(tusk::testing::test_server::shared().url_for("no_such_database_here")));
}

TEST_F(listeners, end_at_once_and_leave_nothing_behind) {
    auto sender = connect();
    asio::io_context context;
    std::optional<tusk::listener> l;
    l.emplace(context.get_executor(), url(), hasty());
    l->listen("a");
    bool waited = false;
    auto work = [](tusk::listener& on, bool& ended) -> asio::awaitable<void> {
        co_await on.ready(soon);
        const auto r = co_await on.try_next(); // until the listener goes
        EXPECT_FALSE(r);
        if (!r) {
            EXPECT_EQ(r.error().code(), tusk::errc::connection_closed);
        }
        ended = true;
    };
    auto end = [](std::optional<tusk::listener>& on) -> asio::awaitable<void> {
        co_await on->ready(soon);
        on.reset();
    };
    asio::co_spawn(context, work(*l, waited), [](const std::exception_ptr& e) { EXPECT_FALSE(e); });
    asio::co_spawn(context, end(l), [](const std::exception_ptr& e) { EXPECT_FALSE(e); });
    context.run_for(10s);
    EXPECT_TRUE(context.stopped()) << "something of the listener still runs";
    EXPECT_TRUE(waited);
}

TEST_F(listeners, that_are_closed_are_not_read_any_more) {
    async([](tusk::listener& l) -> asio::awaitable<void> {
        l.listen("a");
        co_await l.close();
        const auto r = co_await l.try_next(soon);
        EXPECT_EQ(r.error().code(), tusk::errc::connection_closed);
        EXPECT_EQ((co_await l.try_ready(soon)).code(), tusk::errc::connection_closed);
        co_await l.close();
    });
}

TEST_F(listeners, end_while_they_connect) {
    tusk::testing::scripted_server server{{tusk::testing::server_script{}.wait_for_hang_up()}};
    auto body = [](std::string conninfo) -> asio::awaitable<void> {
        const auto here = co_await asio::this_coro::executor;
        tusk::listener l{here, conninfo};
        asio::steady_timer pause{here, 20ms};
        co_await pause.async_wait(asio::use_awaitable);
        const auto start = std::chrono::steady_clock::now();
        co_await l.close();
        EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
    };
    tusk::testing::run_async(body(server.conninfo()));
}

TEST_F(listeners, die_with_their_event_loop) {
    asio::io_context context;
    tusk::listener l{context.get_executor(), url()}; // goes before the loop does
    l.listen("a");
    context.run_for(100ms);
    SUCCEED();
}

/// Lets a listener in, confirms its subscription and never says a word again.
tusk::testing::server_script falls_silent(std::int32_t pid) {
    return tusk::testing::server_script{}
        .let_in(pid)
        .expect('Q')
        .send(be::command_complete("LISTEN") + be::ready_for_query())
        .wait_for_hang_up();
}

TEST_F(listeners, notice_a_peer_that_fell_silent) {
    // The first connection goes dumb; the CancelRequest for the unanswered question is the second one.
    tusk::testing::scripted_server server{{falls_silent(1), tusk::testing::server_script{}.wait_for_hang_up(),
                                           tusk::testing::server_script{}
                                               .let_in(2)
                                               .expect('Q')
                                               .send(be::command_complete("LISTEN") + be::ready_for_query() +
                                                     be::notification_response(9, "a", "back"))
                                               .wait_for_hang_up()}};
    auto o = hasty();
    o.keepalive(50ms).answer_timeout(50ms);
    auto body = [](std::string conninfo, listener_options with) -> asio::awaitable<void> {
        const auto here = co_await asio::this_coro::executor;
        tusk::listener l{here, conninfo, with};
        l.listen("a");
        const auto e = co_await l.next(soon);
        EXPECT_EQ(shown(e), "gap");
        if (const auto* g = std::get_if<gap>(&e)) {
            EXPECT_NE(g->reason().message().find("did not answer"), std::string::npos)
                << g->reason().message();
        }
        EXPECT_EQ(shown(co_await l.next(soon)), "back");
        co_await l.close();
    };
    tusk::testing::run_async(body(server.conninfo(), o));
}

// ---- blocking

TEST_F(listeners, block_for_what_is_sent) {
    auto sender = connect();
    tusk::blocking::listener l{url(), hasty()};
    l.listen("a");
    l.listen("with \"quotes\"");
    l.ready(20s);
    sender.notify("a", "1");
    sender.notify("with \"quotes\"", "2");
    EXPECT_EQ(shown(l.next()), "1");
    EXPECT_EQ(shown(l.next()), "2");
    EXPECT_FALSE(l.next(20ms));
    l.unlisten("a");
    l.listen("b");
    l.ready(20s);
    sender.notify("a", "too late");
    sender.notify("b", "3");
    EXPECT_EQ(shown(l.next()), "3");
}

TEST_F(listeners, that_block_tell_of_the_gap_before_anything_new) {
    auto sender = connect();
    tusk::blocking::listener l{url(), hasty()};
    l.listen("a");
    l.ready(20s);
    const auto pid = l.backend_pid();
    terminate(pid);
    const auto e = l.next(20s);
    ASSERT_TRUE(e);
    ASSERT_TRUE(std::holds_alternative<gap>(*e));
    EXPECT_EQ(std::get<gap>(*e).reason().code(), tusk::condition::connection_lost);
    EXPECT_NE(l.backend_pid(), pid);
    sender.notify("a", "again");
    const auto next = l.next(20s);
    ASSERT_TRUE(next);
    EXPECT_EQ(shown(*next), "again");
}

TEST_F(listeners, that_block_deliver_ten_thousand_notifications_in_order) {
    auto sender = connect();
    tusk::blocking::listener l{url(), hasty()};
    l.listen("many");
    l.ready(20s);
    sender.exec("select pg_notify('many', g::text) from generate_series(1, 10000) g");
    int wrong = 0;
    for (int i = 1; i <= 10000; ++i)
        if (shown(l.next()) != std::to_string(i)) ++wrong;
    EXPECT_EQ(wrong, 0);
}

TEST_F(listeners, that_block_are_told_of_channels_and_of_the_end_by_other_threads) {
    auto sender = connect();
    tusk::blocking::listener l{url(), hasty()};
    l.listen("a");
    l.ready(20s);
    std::vector<std::string> seen;
    std::jthread reader{[&] {
        try {
            for (;;) seen.push_back(shown(l.next()));
        } catch (const tusk::error& e) {
            seen.push_back(e.code() == tusk::errc::connection_closed ? "closed" : e.what());
        }
    }};
    l.listen("b"); // while the other thread waits, or before
    auto db = connect();
    bool sent = false;
    for (int i = 0; i < 500 && !sent; ++i) { // until the server knows of it
        sent = db.one<bool>(
            "select exists(select from pg_stat_activity where pid = $1 and query ~ 'listen \"b\"')",
            l.backend_pid());
        if (!sent) std::this_thread::sleep_for(10ms); // polling the server; nothing signals us
    }
    EXPECT_TRUE(sent);
    sender.notify("b", "1");
    const auto start = std::chrono::steady_clock::now();
    l.close();
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
    reader.join();
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.back(), "closed");
    EXPECT_THROW(l.next(), tusk::error);
}

TEST_F(listeners, that_block_notice_a_peer_that_fell_silent) {
    tusk::testing::scripted_server server{
        {falls_silent(1), tusk::testing::server_script{}.wait_for_hang_up(), falls_silent(2)}};
    auto o = hasty();
    o.keepalive(50ms).answer_timeout(50ms);
    tusk::blocking::listener l{server.conninfo(), o};
    l.listen("a");
    l.ready(20s);
    EXPECT_EQ(l.backend_pid(), 1);
    const auto e = l.next(20s);
    ASSERT_TRUE(e);
    EXPECT_EQ(shown(*e), "gap");
    EXPECT_EQ(l.backend_pid(), 2);
}

// ---- a server that goes and comes back

TEST(listener_and_server, find_each_other_again_after_a_restart) {
    auto server = tusk::embedded::server::start().value();
    auto body = [&server]() -> asio::awaitable<void> {
        const auto here = co_await asio::this_coro::executor;
        tusk::listener l{here, server.url(), hasty()};
        l.listen("a");
        co_await l.ready(soon);
        server.restart().value();
        EXPECT_EQ(shown(co_await l.next(soon)), "gap");
        tusk::blocking::connection::open(server.url()).notify("a", "back");
        EXPECT_EQ(shown(co_await l.next(soon)), "back");
        co_await l.close();
    };
    tusk::testing::run_async(body());
    tusk::blocking::listener l{server.url(), hasty()};
    l.listen("a");
    l.ready(20s);
    server.restart().value();
    const auto e = l.next(20s);
    ASSERT_TRUE(e);
    EXPECT_EQ(shown(*e), "gap");
}

} // namespace listener_test
