// What only the asynchronous verbs can show, and what an observer sees.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "both.hpp"

using namespace client_test;

namespace copy_async_test {

class copy_async : public users_test {};

TEST_F(copy_async, the_verbs_are_coroutines_on_connections_and_transactions) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        const std::vector<std::pair<std::string, int>> rows{{"carl", 5}, {"dora", 6}};
        EXPECT_EQ(co_await db.copy_in("users", tusk::columns("name", "age"), rows), 2U);
        std::vector<std::string> names;
        EXPECT_EQ(co_await db.copy_out<std::string>("select name from users order by id",
                                                    std::back_inserter(names)),
                  4U);
        EXPECT_EQ(names, (std::vector<std::string>{"ann", "bob", "carl", "dora"}));
        auto tx = co_await db.begin();
        EXPECT_EQ((co_await tx.copy_in_raw("copy users (name) from stdin", "eve\nfred\n")), 2U);
        co_await tx.rollback();
        const auto gone = co_await failure_of(tx.copy_in_raw("copy users (name) from stdin", "eve\n"));
        EXPECT_EQ(gone.code(), tusk::errc::transaction_closed);
        EXPECT_EQ(co_await db.one<std::int64_t>("select count(*) from users"), 4);
        const auto twice = co_await db.try_copy_in("users", tusk::columns("name", "age"), rows);
        EXPECT_EQ(twice.error(), tusk::condition::duplicate);
        const std::vector<std::string> gus{"gus"};
        EXPECT_EQ(co_await db.copy_in("users", tusk::columns("name"), gus), 1U);
    });
}

TEST_F(copy_async, others_have_their_turn_while_data_flow_and_cancelling_ends_it) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        asio::cancellation_signal signal;
        tusk::failure seen;
        bool over = false;
        int rows = 0;
        auto work = [](tusk::connection& c, int& n, tusk::failure& out) -> asio::awaitable<void> {
            const auto endless = [&n] { return std::optional{std::pair{"x" + std::to_string(++n), 1}}; };
            const auto r = co_await c.try_copy_in("users", tusk::columns("name", "age"), endless);
            if (!r) out = r.error();
        };
        asio::co_spawn(executor, work(db, rows, seen),
                       asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr) { over = true; }));
        asio::steady_timer pause{executor, 100ms};
        co_await pause.async_wait(asio::use_awaitable);
        EXPECT_GT(rows, 0);
        signal.emit(asio::cancellation_type::terminal);
        for (int i = 0; i < 300 && !over; ++i) {
            pause.expires_after(10ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
        EXPECT_TRUE(over);
        EXPECT_EQ(seen.code(), tusk::errc::canceled) << seen.message();
        EXPECT_EQ(co_await db.one<std::int64_t>("select count(*) from users"), 2);
    });
}

TEST_F(copy_async, an_unfinished_copy_dies_with_its_event_loop) {
    asio::io_context context;
    auto work = [](std::string address) -> asio::awaitable<void> {
        auto db = co_await tusk::connection::open(address);
        std::vector<std::string> kept(1000, std::string(100, 'x'));
        const auto endless = [&kept] { return std::optional<std::string_view>{kept[0]}; };
        co_await db.copy_in("users", tusk::columns("name"), endless);
    };
    asio::co_spawn(context, work(url()), [](std::exception_ptr) {});
    context.run_for(200ms);
    SUCCEED();
}

struct seen_copy {
    std::string sql;
    std::string table;
    bool out = false;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    bool failed = false;
};

class watching final : public tusk::observer {
public:
    void copy_started(tusk::copy_event&) noexcept override { ++started; }
    void copy_finished(tusk::copy_event& e) noexcept override {
        finished.push_back(
            {std::string{e.sql}, std::string{e.table}, e.out, e.rows, e.bytes, e.error != nullptr});
    }
    int started = 0;
    std::vector<seen_copy> finished;
};

TEST_F(copy_async, an_observer_is_told) {
    const auto watch = std::make_shared<watching>();
    auto db = tusk::blocking::connection::open(url(), tusk::connection_settings{}.observe_with(watch));
    db.copy_in("public.users", tusk::columns("age"), std::vector<int>{}); // 21 bytes around no rows
    db.copy_out<std::string>("select name from users", [](const std::string&) {});
    static_cast<void>(db.try_copy_in("missing", tusk::columns("age"), std::vector<int>{1}));
    ASSERT_EQ(watch->finished.size(), 3U);
    EXPECT_EQ(watch->started, 3);
    EXPECT_EQ(watch->finished[0].table, "public.users");
    EXPECT_FALSE(watch->finished[0].out);
    EXPECT_EQ(watch->finished[0].bytes, 21U);
    EXPECT_EQ(watch->finished[1].rows, 2U);
    EXPECT_TRUE(watch->finished[1].out);
    EXPECT_EQ(watch->finished[1].bytes, 21U + 2 * (2 + 4 + 3));
    EXPECT_TRUE(watch->finished[2].failed);
    EXPECT_EQ(watch->finished[2].sql, "copy \"missing\" (\"age\") from stdin (format binary)");
}

} // namespace copy_async_test
