// What a real server does to its clients: stops, ends sessions that were quiet for too long, has no more
// room.
#include <signal.h>

#include <tuple>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "support.hpp"

#include <tusk/embedded/server.hpp>
#include <tusk/pool.hpp>

namespace faults_test {

namespace server_test {

namespace asio = boost::asio;
using namespace tusk::literals;
using std::chrono::steady_clock;
using tusk::sent_state;

/// A process that does not move while this exists.
class stopped {
public:
    explicit stopped(pid_t process) : process_{process} { ::kill(process_, SIGSTOP); }
    ~stopped() { ::kill(process_, SIGCONT); }
    stopped(const stopped&) = delete;
    stopped& operator=(const stopped&) = delete;

private:
    pid_t process_;
};

class server_faults : public faults {
protected:
    /// Without the proxy.
    std::unique_ptr<subject> direct() {
        auto made = open_subject(GetParam(), tusk::parse_connect_config(url()).value());
        if (made) return std::move(*made);
        ADD_FAILURE() << made.error().message();
        return nullptr;
    }
    void until_gone(int pid) {
        auto db = connect();
        for (int i = 0; i < 500; ++i)
            if (db.one<std::int64_t>("select count(*) from pg_stat_activity, pg_sleep(0.01) where pid = $1",
                                     pid) == 0)
                return;
        ADD_FAILURE() << "process " << pid << " is still there";
    }
};

TEST_P(server_faults, a_stopped_backend_costs_its_statement_the_deadline_and_the_grace_time) {
    const auto db = direct();
    ASSERT_NE(db, nullptr);
    const auto pid = db->db().one<int>("select pg_backend_pid()");
    EXPECT_FALSE(db->exec("insert into t values (1)")); // from now on it needs one round trip
    {
        const stopped backend{pid};
        start_clock();
        const auto f = db->exec("insert into t values (1)", tusk::options{}.timeout(200ms));
        EXPECT_EQ(f.code(), errc::timeout) << f.message();
        EXPECT_EQ(f.sent(), sent_state::complete);
        EXPECT_GE(elapsed(), 200ms);
        EXPECT_LT(elapsed(), 200ms + 1000ms + 2000ms);
        EXPECT_FALSE(db->is_open());
    }
    until_gone(pid);
    EXPECT_TRUE(server_is_quiet());
}

TEST_P(server_faults, a_session_that_was_idle_for_too_long_says_so_at_the_next_use) {
    const auto db = direct();
    ASSERT_NE(db, nullptr);
    if (db->db().one<int>("select current_setting('server_version_num')::int4") < 140000)
        GTEST_SKIP() << "idle_session_timeout came with PostgreSQL 14";
    const auto pid = db->db().one<int>("select pg_backend_pid()");
    db->db().exec("set idle_session_timeout = 30");
    until_gone(pid);
    const auto f = db->exec("select 1");
    EXPECT_EQ(f.code(), tusk::make_error_code("57P05"_sqlstate)) << f.message();
    EXPECT_EQ(f, condition::connection_lost);
    EXPECT_NE(f.retry(), tusk::retry_advice::never) << "nothing was running";
    EXPECT_FALSE(db->is_open());
}

TEST_P(server_faults, a_transaction_that_was_idle_for_too_long_is_over) {
    const auto db = direct();
    ASSERT_NE(db, nullptr);
    const auto pid = db->db().one<int>("select pg_backend_pid()");
    // In one message: between two of them it could be over already.
    EXPECT_FALSE(db->exec("set idle_in_transaction_session_timeout = 30; begin; insert into t values (1)",
                          tusk::options{}.mode(tusk::exec_mode::simple_protocol)));
    until_gone(pid);
    const auto f = db->exec("commit");
    EXPECT_EQ(f.code(), tusk::make_error_code("25P03"_sqlstate)) << f.message();
    EXPECT_FALSE(db->is_open());
    EXPECT_EQ(rows_of_t(), 0);
}

TEST_P(server_faults, the_servers_timeouts_are_told_from_the_clients) {
    const auto db = direct();
    ASSERT_NE(db, nullptr);
    db->db().exec("set statement_timeout = 50");
    const auto servers = db->exec("select pg_sleep(30)");
    EXPECT_EQ(servers.code(), tusk::make_error_code("57014"_sqlstate));
    EXPECT_NE(servers.message().find("statement timeout"), std::string::npos) << servers.message();
    EXPECT_EQ(servers.sent(), sent_state::answered);
    db->db().exec("set statement_timeout = 0");
    const auto ours = db->exec("select pg_sleep(30)", tusk::options{}.timeout(50ms));
    EXPECT_EQ(ours.code(), errc::timeout) << ours.message();
    EXPECT_TRUE(db->is_open()) << "the server obeyed";
    EXPECT_FALSE(db->exec("select 1"));

    auto other = connect();
    other.exec("begin");
    other.exec("lock table t in access exclusive mode");
    db->db().exec("set lock_timeout = 50");
    const auto lock = db->exec("insert into t values (1)");
    EXPECT_EQ(lock.code(), tusk::make_error_code("55P03"_sqlstate)) << lock.message();
    EXPECT_FALSE(db->exec("select 1"));
    other.exec("rollback");
}

TEST_P(server_faults, a_search_path_that_changes_changes_the_statements) {
    const auto db = direct();
    ASSERT_NE(db, nullptr);
    auto& v = db->db();
    for (const char* sql : {"create schema a", "create schema b", "create table a.x as select 1 as v",
                            "create table b.x as select 'one'::text as v", "set search_path = a"})
        v.exec(sql);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(v.one<int>("select v from x"), 1);
    v.exec("set search_path = b");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(v.one<std::string>("select v from x"), "one");
    v.exec("set search_path = a");
    EXPECT_EQ(v.one<int>("select v from x"), 1);
    const auto wrong = v.try_one<std::chrono::year_month_day>("select v from x");
    EXPECT_FALSE(wrong) << "and a type that does not fit is still noticed";
}

/// FETCH has other columns each time: those of its cursor.
TEST_P(server_faults, a_statement_whose_columns_depend_on_the_moment) {
    const auto db = direct();
    ASSERT_NE(db, nullptr);
    auto& v = db->db();
    EXPECT_EQ(db->exec("fetch all from c").code(), tusk::make_error_code("34000"_sqlstate));
    v.exec("begin");
    v.exec("declare c cursor for select generate_series(1, 3)");
    EXPECT_EQ(v.all<int>("fetch all from c"), (std::vector<int>{1, 2, 3}));
    v.exec("commit");
    v.exec("begin");
    v.exec("declare c cursor for select 'x'::text");
    // What the statement was described as is wrong now, and inside a transaction nothing is done again.
    const auto other = v.try_all<std::string>("fetch all from c");
    if (!other) {
        v.exec("rollback");
        v.exec("begin");
        v.exec("declare c cursor for select 'x'::text");
        EXPECT_EQ(v.all<std::string>("fetch all from c"), std::vector<std::string>{"x"});
    }
    v.exec("rollback");
    EXPECT_TRUE(db->is_open());
}

TEST_P(server_faults, a_hundred_thousand_notices_need_no_memory) {
    const auto db = direct();
    ASSERT_NE(db, nullptr);
    EXPECT_FALSE(
        db->exec("do $$ begin for i in 1 .. 100000 loop raise notice 'number %', i; end loop; end $$",
                 tusk::options{}.timeout(60s)));
    EXPECT_EQ(db->db().one<int>("select 1"), 1);
}

INSTANTIATE_TEST_SUITE_P(drivers, server_faults, ::testing::Values("blocking", "asio"),
                         [](const auto& of) { return of.param; });

// ---- a pool

/// A server of the test's own, to be stopped and filled.
class pool_and_server_faults : public ::testing::Test {
protected:
    template <class F>
    void with_pool(unsigned connections, F test) {
        auto config =
            tusk::pool_config::parse(server_.url()).value().max_connections(connections).min_connections(0);
        auto body = [](tusk::pool_config c, F f) -> asio::awaitable<void> {
            auto p = co_await tusk::pool::open(std::move(c));
            co_await f(p);
            co_await p.close(tusk::deadline::in(5s));
            EXPECT_EQ(p.stats().total, 0U);
        };
        tusk::testing::run_async(body(std::move(config), std::move(test)), 60s);
    }
    tusk::embedded::server server_ =
        tusk::embedded::server::start(tusk::embedded::server_options{}.setting("max_connections", "5"))
            .value();
};

asio::awaitable<void> sleep_a_little(tusk::pool& p, int& good, int& over) {
    const auto limit = tusk::options{}.timeout(20s).share(false);
    const auto r = co_await p.try_exec(limit, "select pg_sleep(0.05)");
    good += r ? 1 : 0;
    ++over;
}

asio::awaitable<bool> until(const int& over, int wanted) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    for (int i = 0; i < 6000 && over < wanted; ++i) {
        timer.expires_after(5ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
    co_return over == wanted;
}

TEST_F(pool_and_server_faults, a_stopped_backend_frees_its_place) {
    with_pool(1, [](tusk::pool& p) -> asio::awaitable<void> {
        const auto pid = co_await p.one<int>("select pg_backend_pid()");
        const stopped backend{pid};
        const auto limit = tusk::options{}.timeout(100ms);
        const auto late = co_await p.try_one<int>(limit, "select 1");
        EXPECT_FALSE(late);
        EXPECT_EQ(late.error(), condition::timeout) << late.error().message();
        const auto next = co_await p.try_one<int>("select 2");
        EXPECT_TRUE(next && *next == 2) << "the only place is taken by a connection that is stuck";
    });
}

TEST_F(pool_and_server_faults, a_stopped_postmaster_lets_those_work_who_are_in) {
    with_pool(3, [this](tusk::pool& p) -> asio::awaitable<void> {
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
        {
            const stopped postmaster{server_.pid()};
            for (int i = 0; i < 10; ++i) EXPECT_EQ(co_await p.one<int>("select $1::int4", i), i);
            auto held = co_await p.acquire();
            const auto limit = tusk::options{}.timeout(300ms);
            const auto start = steady_clock::now();
            const auto another = co_await p.try_acquire(limit);
            EXPECT_FALSE(another);
            EXPECT_EQ(another.error(), condition::timeout) << another.error().message();
            EXPECT_EQ(another.error().sent(), sent_state::none);
            EXPECT_LT(steady_clock::now() - start, 3s);
            EXPECT_EQ(co_await held->one<int>("select 2"), 2);
        }
        auto a = co_await p.acquire();
        auto b = co_await p.acquire();
        EXPECT_TRUE(a && b) << "and it goes on when it moves again";
    });
}

/// Five connections for a pool of ten: 53300 is no reason to fail a caller who can wait.
TEST_F(pool_and_server_faults, one_that_is_full_is_shared) {
    with_pool(10, [](tusk::pool& p) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        int good = 0;
        int over = 0;
        for (int i = 0; i < 60; ++i) asio::co_spawn(executor, sleep_a_little(p, good, over), asio::detached);
        EXPECT_TRUE(co_await until(over, 60));
        EXPECT_EQ(good, 60);
        EXPECT_LE(p.stats().idle + p.stats().in_use, 5U);
    });
}

// ---- names that mean something else

class own_queries : public tusk::testing::database_test {};

/// An attacker who may create objects has made his own of what the driver asks about. Source: CVE-2018-1058.
TEST_F(own_queries, are_not_misled_by_the_search_path) {
    auto owner = connect();
    owner.script("create schema evil; create type evil.mood as enum ('sad', 'happy');"
                 "create type evil.place as (street text, number int4);"
                 "create table evil.houses (id int4 not null, at evil.place, owner evil.mood);"
                 "insert into evil.houses values (1, ('a', 2), 'happy')");
    for (const char* name : {"pg_type", "pg_enum", "pg_attribute", "pg_range", "pg_namespace", "pg_class"})
        owner.exec(std::string{"create table evil."} + name + " (nothing int4)");
    for (const char* name : {"pg_is_in_recovery", "pg_current_xact_id_if_assigned", "pg_advisory_unlock_all"})
        owner.exec(std::string{"create function evil."} + name +
                   "() returns bool language plpgsql as 'begin raise exception ''misled''; end'");
    auto db = connect();
    db.exec("set search_path = evil, pg_catalog");
    EXPECT_EQ(db.one<std::string>("select owner from houses"), "happy");
    using place = std::tuple<std::string, int>; // as a column of a row of one
    const auto at = db.one<std::tuple<place>>("select at from houses");
    EXPECT_EQ(std::get<0>(at), (place{"a", 2}));
    const auto how = tusk::tx_options{}.resolvable();
    db.transact([](tusk::blocking::transaction& tx) { tx.exec("insert into houses values (2)"); }, how);
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from houses"), 2);
}

} // namespace server_test

} // namespace faults_test
