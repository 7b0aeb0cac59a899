// The fixtures and assertions for GoogleTest, used as their users do; what has to fail fails in a helper
// process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tusk/client/batch.hpp>
#include <tusk/embedded/shared_server.hpp>
#include <tusk/pool.hpp>
#include <tusk/testing/gtest.hpp>
#include <tusk/testing/matchers.hpp>

#include "support.hpp"

namespace gtest_test {

using namespace testing_support;
using tusk::condition;
using tusk::testing::at_most;
using tusk::testing::database_options;
using tusk::testing::error_like;
using tusk::testing::fails_with;
using tusk::testing::only_changed;
using tusk::testing::rows_are;
namespace asio = boost::asio;

database_options schema() {
    database_options o;
    o.script("create table users (id int primary key, email text not null constraint users_email unique);"
             "create table posts (id int primary key, user_id int constraint posts_user references users)");
    return o;
}

class fixture_of_databases : public tusk::testing::database_test {
protected:
    database_options options() const override { return schema(); }
};

TEST_F(fixture_of_databases, gives_each_test_its_own) {
    auto db = connect();
    EXPECT_EQ(db.exec("insert into users values (1, 'a')"), 1U);
}

TEST_F(fixture_of_databases, gives_each_test_its_own_again) {
    auto db = connect();
    EXPECT_EQ(db.exec("insert into users values (1, 'a')"), 1U) << "the test before did the same";
    snapshot();
    db = connect();
    db.exec("delete from users");
    restore();
    db = connect();
    EXPECT_TRUE(rows_are(db, "select id, email from users", {{"1", "a"}}));
}

TEST_F(fixture_of_databases, runs_coroutines) {
    int answer = 0;
    async([&](tusk::connection& db) -> asio::awaitable<void> { answer = co_await db.one<int>("select 42"); });
    EXPECT_EQ(answer, 42);
    const auto thrown = tusk::testing::failure_of([&] {
        async([](tusk::connection& db) -> asio::awaitable<void> { co_await db.exec("select nothing"); });
    });
    EXPECT_THAT(thrown, tusk::testing::is_error(condition::undefined_column));
}

class async_fixture : public tusk::testing::async_test {
protected:
    database_options options() const override { return schema(); }
    tusk::steady_clock::duration time_limit() const override { return std::chrono::seconds{20}; }
};

TUSK_ASYNC_TEST(async_fixture, is_a_coroutine) {
    auto db = co_await tusk::connection::open(url());
    co_await db.exec("insert into users values (1, 'a')");
    const auto count = co_await db.one<std::int64_t>("select count(*) from users");
    CO_ASSERT_EQ(count, 1);
    CO_ASSERT_TRUE(db.is_open());
}

// --- errors and rows
// --------------------------------------------------------------------------------------------------

TEST_F(fixture_of_databases, errors_are_matched_by_what_they_say) {
    auto db = connect();
    db.exec("insert into users values (1, 'a')");
    const auto again = [&] { db.exec("insert into users values (2, 'a')"); };
    EXPECT_TRUE(fails_with(condition::duplicate, again));
    EXPECT_TRUE(fails_with(error_like{condition::duplicate}.table("users").constraint("users_email"), again));
    EXPECT_TRUE(fails_with(error_like::sqlstate("23505").message("duplicate key"), again));
    EXPECT_TRUE(fails_with(error_like{tusk::errc::not_found}.message("one row was expected"),
                           [&] { db.one<int>("select 1 where false"); }));

    const auto other = fails_with(error_like{condition::duplicate}.constraint("users_pkey"), again);
    EXPECT_FALSE(other);
    EXPECT_TRUE(contains(other.message(), "the constraint is \"users_email\"")) << other.message();
    const auto no = fails_with(condition::foreign_key, again);
    EXPECT_TRUE(contains(no.message(), "it is another error: duplicate key")) << no.message();
    const auto none = fails_with(condition::duplicate, [] {});
    EXPECT_TRUE(contains(none.message(), "and nothing failed")) << none.message();

    using ::testing::Not;
    using ::testing::Throws;
    using tusk::testing::is_error;
    EXPECT_THAT(again, Throws<tusk::error>(is_error(condition::duplicate)));
    EXPECT_THAT(db.try_exec("insert into posts values (1, 7)"),
                is_error(error_like{condition::foreign_key}.constraint("posts_user")));
    EXPECT_THAT(db.try_exec("select 1"), Not(is_error(condition::duplicate)));
}

TEST_F(fixture_of_databases, rows_are_compared_and_the_difference_is_shown) {
    auto db = connect();
    db.exec("insert into users values (1, 'a'), (2, 'b')");
    const std::string sql = "select id, email, null from users order by id";
    EXPECT_TRUE(rows_are(db, sql, {{"1", "a", {}}, {"2", "b", {}}}));
    EXPECT_THAT(db.query(sql), tusk::testing::has_rows({{"1", "a", {}}, {"2", "b", {}}}));
    const auto said = rows_are(db, sql, {{"1", "a", {}}, {"3", "c", {}}});
    EXPECT_FALSE(said);
    EXPECT_STREQ(said.message(), "  1 | a | (null)\n- 3 | c | (null)\n+ 2 | b | (null)\n");
}

TEST_F(fixture_of_databases, tables_that_changed_are_counted) {
    auto db = connect();
    const tusk::testing::table_counts before{db};
    db.exec("insert into users values (1, 'a'), (2, 'b')");
    db.exec("insert into posts values (1, 1)");
    EXPECT_TRUE(only_changed(before, db, {{"users", 2}, {"posts", 1}}));
    const auto said = only_changed(before, db, {{"users", 2}, {"comments", 1}});
    EXPECT_FALSE(said);
    EXPECT_STREQ(said.message(), "there is no table comments\nposts: +1 rows, expected 0\n");
}

// --- statements
// -------------------------------------------------------------------------------------------------------

TEST_F(fixture_of_databases, rows_that_are_fetched_one_by_one_are_noticed) {
    auto counted = std::make_shared<tusk::testing::statement_counter>();
    auto db = connect(tusk::connection_settings{}.observe_with(counted));
    db.exec("insert into users select i, i::text from generate_series(1, 5) i");
    counted->reset();
    for (const int id : db.all<int>("select id from users"))
        db.all<int>("select id from posts where user_id = $1", id);
    EXPECT_EQ(counted->total(), 6U);
    EXPECT_FALSE(at_most(*counted, 2));
    const auto said = counted->repeated(1);
    EXPECT_TRUE(contains(said, "sent 5 times: select id from posts where user_id = $1")) << said;
    EXPECT_TRUE(contains(counted->excess(2), "6 statements, expected at most 2")) << counted->excess(2);

    counted->reset();
    db.all<int>("select p.id from users u join posts p on p.user_id = u.id");
    tusk::batch b;
    b.exec("select 1");
    b.exec("select 2");
    db.run(b);
    EXPECT_TRUE(at_most(*counted, 3));
    EXPECT_EQ(counted->total(), 3U) << "a batch counts as what it holds";
}

// --- tables of cases
// --------------------------------------------------------------------------------------------------

struct addition {
    std::string name;
    int a;
    int b;
    int sum;
};

class fixture_that_rolls_back : public tusk::testing::rollback_test {
protected:
    database_options options() const override { return schema(); }
};

TEST_F(fixture_that_rolls_back, leaves_nothing) {
    EXPECT_EQ(db().exec("insert into users values (1, 'a')"), 1U);
}
TEST_F(fixture_that_rolls_back, leaves_nothing_again) {
    EXPECT_EQ(db().exec("insert into users values (1, 'a')"), 1U);
    {
        auto inner = db().begin(); // what code under test does
        inner.exec("insert into users values (2, 'b')");
        inner.commit();
    }
    EXPECT_EQ(db().one<std::int64_t>("select count(*) from users"), 2);
}
TEST_F(fixture_that_rolls_back, runs_cases_that_do_not_see_each_other) {
    const std::vector<addition> cases{{"small", 1, 2, 3}, {"negative", 1, -2, -1}};
    std::size_t run = 0;
    for_each_case_rolled_back(cases, [&](tusk::blocking::transaction& tx, const addition& each) {
        ++run;
        EXPECT_EQ(tx.one<int>("select $1::int + $2::int", each.a, each.b), each.sum);
        tx.exec("insert into users values (1, 'a')");
    });
    EXPECT_EQ(run, 2U);
}

TEST(helper_process, DISABLED_fails_in_some_cases) {
    const std::vector<addition> cases{{"wrong", 1, 2, 4}, {"throws", 0, 0, 0}, {"right", 1, 2, 3}};
    tusk::testing::for_each_case(cases, [](const addition& each) {
        if (each.a == 0) throw std::runtime_error{"no addition"};
        EXPECT_EQ(each.a + each.b, each.sum);
        std::puts(("ran " + each.name).c_str());
    });
}

TEST(tables_of_cases, say_which_case_failed_and_go_on) {
    const auto done = shell(helper("helper_process.DISABLED_fails_in_some_cases"));
    EXPECT_EQ(done.status, 1);
    EXPECT_TRUE(contains(done.text, "case: wrong")) << done.text;
    EXPECT_TRUE(contains(done.text, "case throws threw: no addition")) << done.text;
    EXPECT_TRUE(contains(done.text, "ran right")) << done.text;
    EXPECT_FALSE(contains(done.text, "case: right")) << done.text;
}

// --- a server of a test's own
// -----------------------------------------------------------------------------------------

class fixture_of_servers : public tusk::testing::server_test {
protected:
    tusk::embedded::server_options server_options() const override {
        tusk::embedded::server_options o;
        o.setting("work_mem", "7MB");
        return o;
    }
};

TEST_F(fixture_of_servers, gives_each_test_a_server_that_it_may_stop) {
    EXPECT_EQ(connect().one<std::string>("show work_mem"), "7MB");
    ASSERT_TRUE(server().stop());
    EXPECT_TRUE(fails_with(condition::cannot_connect, [&] { connect(); }));
    ASSERT_TRUE(server().start_again());
    EXPECT_EQ(connect().one<int>("select 1"), 1);
}

TEST(server_with_tls, is_verified_by_its_own_authority) {
    const auto server = tusk::embedded::server::start(tusk::embedded::server_options{}.tls()).value();
    EXPECT_TRUE(contains(server.tcp_url(), "sslmode=verify-full"));
    auto db = tusk::blocking::connection::open(server.tcp_url());
    EXPECT_TRUE(db.tls());
    EXPECT_TRUE(db.one<bool>("select ssl from pg_stat_ssl where pid = pg_backend_pid()"));
    // Another server's authority does not vouch for this one.
    const auto other = tusk::embedded::server::start(tusk::embedded::server_options{}.tls()).value();
    auto url = server.tcp_url();
    url = url.substr(0, url.find("sslrootcert=")) + "sslrootcert=" + other.ca_file().string();
    EXPECT_TRUE(fails_with(condition::tls, [&] { tusk::blocking::connection::open(url); }));
}

// --- what is left of a failed test
// ------------------------------------------------------------------------------------

class DISABLED_helper_fixture : public tusk::testing::database_test {
protected:
    database_options options() const override { return schema(); }
};

TEST_F(DISABLED_helper_fixture, fails) {
    auto db = connect();
    db.exec("insert into users values (1, 'a')");
    static_cast<void>(db.try_exec("insert into users values (1, 'b')"));
    FAIL() << "as it is meant to";
}
TEST_F(DISABLED_helper_fixture, leaks) {
    fail_on_leaks();
    static auto* const forgotten = new tusk::blocking::connection{connect()};
    forgotten->exec("select 'forgotten'");
}

TEST(failed_tests, keep_their_database_and_say_how_to_look_into_it) {
    const scoped_variable keep{"TUSK_KEEP", "failed"};
    const auto done = shell(helper("DISABLED_helper_fixture.fails"));
    EXPECT_EQ(done.status, 1);
    const auto at = done.text.find("kept: psql '");
    ASSERT_NE(at, std::string::npos) << done.text;
    const auto begin = at + 12;
    const auto url = done.text.substr(begin, done.text.find('\'', begin) - begin);
    EXPECT_EQ(tusk::blocking::connection::open(url).one<std::string>("select email from users"), "a");
    EXPECT_TRUE(contains(done.text, "the server's log about ")) << done.text;
    EXPECT_TRUE(contains(done.text, "duplicate key value violates unique constraint \"users_pkey\""))
        << done.text;

    const scoped_variable never{"TUSK_KEEP", "never"};
    EXPECT_FALSE(contains(shell(helper("DISABLED_helper_fixture.fails")).text, "kept: "));
}

TEST(failed_tests, are_those_that_leak_sessions_when_asked_for) {
    const scoped_variable keep{"TUSK_KEEP", "never"};
    const scoped_variable leaks{"ASAN_OPTIONS", "detect_leaks=0"};
    const auto done = shell(helper("DISABLED_helper_fixture.leaks"));
    EXPECT_EQ(done.status, 1);
    EXPECT_TRUE(contains(done.text, "the test left 1 session(s) open")) << done.text;
    EXPECT_TRUE(contains(done.text, "last statement: select 'forgotten'")) << done.text;
}

} // namespace gtest_test
