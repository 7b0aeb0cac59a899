// Pgpool-II in front of one server, in raw and in streaming replication mode: that nobody notices it.
#include <array>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <client/over_asio.hpp>
#include <tusk/pool.hpp>
#include <tusk/pool/blocking_pool.hpp>
#include <tusk/pool/cluster.hpp>

#include "pgpool.hpp"

using namespace client_test;

namespace one_server_test {

using pgpool_test::pgpool;

class behind_pgpool : public users_test, public testing::WithParamInterface<const char*> {
protected:
    void SetUp() override {
        if (!std::filesystem::exists(pgpool_test::pgpool_program()))
            GTEST_SKIP() << "Pgpool-II is not there (scripts/setup)";
        users_test::SetUp();
        if (HasFatalFailure() || IsSkipped()) return;
        const auto config = tusk::parse_connect_config(url()).value();
        database_ = config.database();
        between_ = std::make_unique<pgpool>(
            GetParam(),
            std::vector<pgpool_test::backend>{{config.hosts().front().host, config.hosts().front().port}});
    }
    std::string address(const std::string& more = "") const { return between_->url(database_, more); }

    std::string database_;
    std::unique_ptr<pgpool> between_;
};

TEST_P(behind_pgpool, both_clients_prepare_and_run_statements_in_every_mode) {
    for (const char* driver : {"asio", "blocking"}) {
        for (const char* mode : {"cache_statement", "cache_describe", "describe_exec", "exec"}) {
            auto db = connect_by(driver, address(std::string{"default_query_exec_mode="} + mode));
            for (int i = 0; i < 10; ++i)
                EXPECT_EQ(db->one<int>("select $1::int4 + 1", i), i + 1) << driver << " " << mode;
            EXPECT_EQ(db->one<std::string>("select name from users where name = $1", "ann"), "ann");
            EXPECT_FALSE(db->maybe<int>("select age from users where name = 'nobody'"));
            tusk::batch b;
            auto one = b.one<int>("select $1::int4", 1);
            auto wrong = b.one<int>("select 1 / $1::int4", 0);
            const auto f = db->try_run(b);
            EXPECT_TRUE(f) << driver << " " << mode;
            EXPECT_EQ(db->one<int>("select 7"), 7) << driver << " " << mode;
        }
    }
}

asio::awaitable<void> asks(tusk::pool& db, int from, int& open) {
    for (int i = from; i < from + 20; ++i)
        EXPECT_EQ(co_await db.one<int>("select $1::int4 /* shared */", i), i);
    --open;
}

class behind_pgpool_in_streaming_mode : public behind_pgpool {};

TEST_P(behind_pgpool_in_streaming_mode, a_pool_does_all_its_verbs) {
    const auto body = [](std::string at) -> asio::awaitable<void> {
        auto db = co_await tusk::pool::open(at);
        EXPECT_EQ(co_await db.exec("insert into users (name, age) values ($1, $2)", "cid", 7), 1U);
        const auto all = co_await db.all<user>("select id, name, age from users order by id");
        EXPECT_EQ(all.size(), 3U);
        tusk::batch b;
        auto inserted = b.exec("insert into users (name) values ($1)", std::string{"dan"});
        auto counted = b.one<std::int64_t>("select count(*) from users");
        co_await db.run(b);
        EXPECT_EQ(inserted.get(), 1U);
        EXPECT_EQ(counted.get(), 4);
        const auto rename = [](tusk::transaction& tx) -> asio::awaitable<void> {
            co_await tx.exec("update users set name = $1 where name = $2", "eve", "dan");
            EXPECT_EQ(co_await tx.one<std::int64_t>("select count(*) from users where name = 'eve'"), 1);
        };
        co_await db.transact(rename);
        const auto fails = [](tusk::transaction& tx) -> asio::awaitable<void> {
            co_await tx.exec("delete from users");
            co_await tx.exec("insert into users (name) values ('ann'), ('ann')");
        };
        const auto f = co_await failure_of(db.transact(fails));
        EXPECT_EQ(f, tusk::condition::duplicate) << f.message();
        EXPECT_EQ(co_await db.one<std::int64_t>("select count(*) from users"), 4);
        auto rows = co_await db.stream<int>("select generate_series(1, 5000)::int4");
        int sum = 0;
        while (auto row = co_await rows.next()) sum += *row > 0 ? 1 : 0;
        EXPECT_EQ(sum, 5000);
        int open = 12;
        for (int i = 0; i < 12; ++i) asio::co_spawn(db.executor(), asks(db, i * 100, open), asio::detached);
        while (open > 0) {
            asio::steady_timer pause{co_await asio::this_coro::executor, 5ms};
            co_await pause.async_wait(asio::use_awaitable);
        }
        const auto s = db.stats();
        EXPECT_GT(s.shared_statements, 0U) << "nobody waited";
        co_await db.close();
    };
    tusk::testing::run_async(body(address("pool_max_conns=3")), 60s);
}

TEST_P(behind_pgpool, copies_in) {
    const auto body = [](std::string at) -> asio::awaitable<void> {
        auto db = co_await tusk::pool::open(at);
        std::vector<std::tuple<std::string, int>> rows;
        for (int i = 0; i < 1000; ++i) rows.emplace_back("n" + std::to_string(i), i);
        const auto columns = tusk::columns("name", "age");
        EXPECT_EQ(co_await db.copy_in("users", columns, rows), 1000U);
        EXPECT_EQ(co_await db.one<std::int64_t>("select count(*) from users"), 1002);
        co_await db.close();
    };
    tusk::testing::run_async(body(address("pool_max_conns=2")), 60s);
}

TEST_P(behind_pgpool, carries_cancel_requests) {
    const auto body = [](std::string at, std::string direct) -> asio::awaitable<void> {
        auto db = co_await tusk::pool::open(at);
        const auto limit = tusk::options{}.timeout(300ms);
        const auto began = std::chrono::steady_clock::now();
        const auto late = co_await db.try_exec(limit, "select pg_sleep(30)");
        EXPECT_FALSE(late);
        EXPECT_EQ(late.error().code(), tusk::errc::timeout) << late.error().message();
        EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
        EXPECT_EQ(co_await db.one<int>("select 7"), 7);
        auto other = co_await tusk::connection::open(direct);
        EXPECT_EQ(co_await other.one<std::int64_t>(
                      "select count(*) from pg_stat_activity where query like '%pg_sleep(30)%' and state = "
                      "'active' and pid <> pg_backend_pid()"),
                  0);
        co_await db.close();
    };
    tusk::testing::run_async(body(address("pool_max_conns=1"), url()), 60s);
}

TEST_P(behind_pgpool_in_streaming_mode, a_cluster_of_it_alone_writes_and_reads) {
    const auto body = [](std::string at) -> asio::awaitable<void> {
        const auto config = tusk::cluster_config::parse(at).value();
        auto db = co_await tusk::cluster::open(config);
        EXPECT_EQ(co_await db.exec("insert into users (name) values ($1)", "cid"), 1U);
        const auto position = co_await db.written();
        auto reads = db.reads(tusk::read_options{}.at_least(position));
        EXPECT_EQ(co_await reads.one<std::int64_t>("select count(*) from users"), 3);
        co_await db.close();
    };
    tusk::testing::run_async(body(address("pool_max_conns=2")), 60s);
}

TEST_P(behind_pgpool, a_restart_of_it_is_survived) {
    const auto body = [](std::string at, pgpool& between) -> asio::awaitable<void> {
        auto db = co_await tusk::pool::open(at);
        EXPECT_EQ(co_await db.one<int>("select 1"), 1);
        between.stop();
        const auto limit = tusk::options{}.timeout(200ms);
        const auto away = co_await db.try_one<int>(limit, "select 1");
        EXPECT_FALSE(away);
        between.start();
        auto back = co_await db.try_one<int>("select 1");
        const auto until = tusk::deadline::in(20s); // the breaker may have opened
        while (!back && !until.expired()) {
            asio::steady_timer pause{co_await asio::this_coro::executor, 50ms};
            co_await pause.async_wait(asio::use_awaitable);
            back = co_await db.try_one<int>("select 1");
        }
        EXPECT_TRUE(back) << back.error().message();
        co_await db.close();
    };
    tusk::testing::run_async(body(address("pool_max_conns=2"), *between_), 60s);
}

class behind_pgpool_in_raw_mode : public behind_pgpool {};

/// In raw mode Pgpool-II 4.3 opens a transaction when an INSERT, UPDATE or DELETE is prepared, and does not
/// end it. Nobody is told then that such a write has happened.
TEST_P(behind_pgpool_in_raw_mode, a_write_that_is_left_in_a_transaction_is_an_error) {
    const auto body = [](std::string at) -> asio::awaitable<void> {
        auto db = co_await tusk::pool::open(at);
        std::int64_t there = 2;
        int refused = 0;
        for (int i = 0; i < 6; ++i) {
            const auto alone =
                co_await db.try_exec("insert into users (name) values ($1)", std::to_string(i));
            there += alone ? 1 : 0;
            if (alone) continue;
            ++refused;
            EXPECT_EQ(alone.error().code(), tusk::errc::protocol_violation) << alone.error().message();
            EXPECT_NE(alone.error().message().find("raw mode"), std::string::npos);
        }
        EXPECT_GT(refused, 0);
        tusk::batch b;
        auto inserted = b.exec("insert into users (name, age) values ($1, 1)", std::string{"dan"});
        const auto batched = co_await failure_of(db.run(b));
        there += batched ? 0 : 1;
        EXPECT_EQ(co_await db.one<std::int64_t>("select count(*) from users"), there);
        const auto inside = [](tusk::transaction& tx) -> asio::awaitable<void> {
            co_await tx.exec("insert into users (name) values ($1)", "eve");
        };
        co_await db.transact(inside);
        EXPECT_EQ(co_await db.one<std::int64_t>("select count(*) from users"), there + 1);
        co_await db.close();
    };
    tusk::testing::run_async(body(address("pool_max_conns=2")), 60s);
    auto threads = tusk::blocking::pool::open(address("pool_max_conns=2"));
    const auto before = threads.one<std::int64_t>("select count(*) from users");
    const auto alone = threads.try_exec("insert into users (name, age) values ($1, 2)", "fay");
    EXPECT_EQ(threads.one<std::int64_t>("select count(*) from users"), before + (alone ? 1 : 0));
}

INSTANTIATE_TEST_SUITE_P(mode, behind_pgpool_in_streaming_mode, testing::Values("streaming_replication"),
                         [](const auto& which) { return std::string{which.param}; });
INSTANTIATE_TEST_SUITE_P(mode, behind_pgpool_in_raw_mode, testing::Values("raw"),
                         [](const auto& which) { return std::string{which.param}; });
INSTANTIATE_TEST_SUITE_P(mode, behind_pgpool, testing::Values("raw", "streaming_replication"),
                         [](const auto& which) { return std::string{which.param}; });

} // namespace one_server_test
