// Each ailment is caused on a real server, and found; a healthy database has none of them.
#include <algorithm>

#include <tusk/client.hpp>
#include <tusk/doctor.hpp>
#include <tusk/testing/gtest.hpp>

namespace examine_test {

using namespace std::chrono_literals;
namespace doctor = tusk::doctor;

class examine : public tusk::testing::database_test {
protected:
    void SetUp() override {
        database_test::SetUp();
        db_.emplace(connect());
    }
    void TearDown() override {
        db_.reset();
        database_test::TearDown();
    }
    tusk::blocking::connection& db() { return *db_; }
    doctor::examination examined(const doctor::thresholds& limits = {}) {
        return doctor::examine(db(), limits);
    }
    /// Findings about objects of this database; what the test's server is like as a whole is left out.
    std::vector<std::string> found(const std::string& check, const doctor::thresholds& limits = {}) {
        std::vector<std::string> out;
        const auto all = examined(limits);
        for (const auto& f : all.findings())
            if (f.check() == check) out.push_back(f.object());
        std::sort(out.begin(), out.end());
        return out;
    }
    /// Statistics are written when a session is idle; a vacuum or an analyze reports at once.
    void fill(const std::string& table, int rows) {
        db().exec("insert into " + table + " select n from generate_series(1, " + std::to_string(rows) +
                  ") n");
        db().exec("analyze " + table);
    }
    using names = std::vector<std::string>;

private:
    std::optional<tusk::blocking::connection> db_;
};

TEST_F(examine, finds_nothing_in_a_healthy_database) {
    db().script(
        "create table users (id int8 generated always as identity primary key, name text not null unique);"
        "create sequence of_nobody; create table posts (id int8 primary key, user_id int8 not null "
        "references users);"
        "create index on posts (user_id)");
    const auto all = examined();
    for (const auto& f : all.findings())
        EXPECT_TRUE(f.check() == "setting" || f.check() == "wraparound" || f.check() == "connection_headroom")
            << f.check() << " " << f.object() << ": " << f.message();
    const auto& skipped = all.not_examined();
    EXPECT_TRUE(std::all_of(skipped.begin(), skipped.end(),
                            [](const auto& u) { return u.check == "slow_statement"; }))
        << skipped.front().check << ": " << skipped.front().why;
}

TEST_F(examine, shows_connections_and_the_largest_tables) {
    db().exec("create table users (id int8 primary key)");
    const auto all = examined();
    ASSERT_GE(all.all_figures().size(), 2U);
    const auto& connections = all.all_figures()[0];
    EXPECT_EQ(connections.name, "connections");
    EXPECT_EQ(connections.columns, (names{"state", "connections", "longest_seconds"}));
    EXPECT_TRUE(std::any_of(connections.rows.begin(), connections.rows.end(),
                            [](const auto& row) { return row[0] == "active"; }));
    const auto& tables = all.all_figures()[1];
    ASSERT_EQ(tables.rows.size(), 1U);
    EXPECT_EQ(tables.rows[0][0], "public.users");
}

TEST_F(examine, tells_a_duplicate_index_from_one_that_only_looks_like_it) {
    db().script(
        "create table t (a int4 primary key, b int4, c text);"
        "create index bc on t (b, c); create index b on t (b); create index b_again on t (b);"
        "create index a_again on t (a);"
        // None of these does what another one does.
        "create index b_down on t (b desc); create index b_some on t (b) where a > 0;"
        "create index b_hash on t using hash (b); create index c_like on t (c text_pattern_ops);"
        "create unique index b_unique on t (b) where c is null; create index b_with on t (b) include (a)");
    EXPECT_EQ(found("duplicate_index"), (names{"public.a_again", "public.b", "public.b_again"}));
}

TEST_F(examine, finds_indexes_that_nothing_reads) {
    db().script("create table t (a int8 primary key, b int8 generated always as (a % 10) stored);"
                "create index unread on t (b); create unique index kept on t (b, a)");
    db().exec("insert into t (a) select generate_series(1, 1000)");
    EXPECT_EQ(found("unused_index", doctor::thresholds{}.unused_index(0)), names{"public.unread"});
    EXPECT_EQ(found("unused_index"), names{}) << "it is small";
}

TEST_F(examine, finds_what_a_failed_concurrent_index_left) {
    db().script("create table t (a int4); insert into t values (1), (1)");
    EXPECT_FALSE(db().try_exec("create unique index concurrently broken on t (a)"));
    EXPECT_EQ(found("invalid_index"), names{"public.broken"});
}

TEST_F(examine, finds_foreign_keys_without_an_index) {
    db().script("create table users (id int8 primary key);"
                "create table posts (id int8, user_id int8 references users, other int8 references users);"
                "create index on posts (other, id)");
    db().exec("insert into posts (id) select generate_series(1, 100)");
    db().exec("analyze posts");
    const auto limits = doctor::thresholds{}.table_rows(100);
    EXPECT_EQ(found("foreign_key_without_index", limits), names{"public.posts, posts_user_id_fkey"});
    EXPECT_EQ(found("foreign_key_without_index"), names{}) << "the table is small";
}

TEST_F(examine, finds_sequences_that_run_out_by_the_type_of_their_column) {
    db().script(
        "create table narrow (id int4 primary key); create sequence numbers as int8 owned by narrow.id;"
        "create sequence plenty; create sequence round maxvalue 10 cycle;"
        "select setval('numbers', 2147483647 - 100), setval('plenty', 2147483647), setval('round', 10)");
    const auto all = examined();
    const auto at = std::find_if(all.findings().begin(), all.findings().end(),
                                 [](const auto& f) { return f.check() == "sequence_headroom"; });
    ASSERT_NE(at, all.findings().end());
    EXPECT_EQ(at->object(), "public.numbers");
    EXPECT_EQ(at->how_bad(), doctor::severity::critical);
    EXPECT_EQ(at->remedy(), "make the column public.narrow.id a bigint, and the sequence with it");
    EXPECT_EQ(found("sequence_headroom").size(), 1U);
}

TEST_F(examine, finds_constraints_that_were_never_validated_and_tables_without_a_key) {
    db().script("create table \"Odd name\" (a int4);"
                "alter table \"Odd name\" add constraint \"a > 0\" check (a > 0) not valid");
    EXPECT_EQ(found("unvalidated_constraint"), names{"public.\"Odd name\", a > 0"});
    EXPECT_EQ(found("no_primary_key"), names{"public.\"Odd name\""});
    const auto all = examined();
    for (const auto& f : all.findings())
        if (f.check() == "unvalidated_constraint") db().exec(f.remedy());
    EXPECT_EQ(found("unvalidated_constraint"), names{}) << "the remedy is SQL that works";
}

TEST_F(examine, sees_who_waits_for_whom_and_for_how_long) {
    db().script("create table t (a int4 primary key); insert into t values (1)");
    auto holder = tusk::blocking::connection::open(url());
    holder.exec("begin");
    holder.exec("update t set a = 2");
    auto waiter = tusk::blocking::connection::open(url());
    std::thread waiting{[&] { static_cast<void>(waiter.try_exec("update t set a = 3")); }};
    while (db().one<std::int64_t>("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and "
                                  "datname = current_database()") == 0)
        std::this_thread::yield();
    const auto all = examined(doctor::thresholds{}.long_running(0s));
    holder.exec("rollback");
    waiting.join();
    names checks;
    for (const auto& f : all.findings()) checks.push_back(f.check() + " " + f.object());
    const auto has = [&](const std::string& what) {
        return std::count(checks.begin(), checks.end(), what) == 1;
    };
    EXPECT_TRUE(has("blocked_statement pid " + std::to_string(waiter.backend_pid())));
    EXPECT_TRUE(has("long_running_statement pid " + std::to_string(waiter.backend_pid())));
    EXPECT_TRUE(has("idle_in_transaction pid " + std::to_string(holder.backend_pid())));
}

TEST_F(examine, finds_dead_rows_and_tables_that_nobody_analyzed) {
    db().script("create table dead (a int4 primary key) with (autovacuum_enabled = off);"
                "create table unknown (a int4 primary key) with (autovacuum_enabled = off)");
    fill("dead", 1000);
    db().exec("delete from dead where a <= 500");
    db().exec("insert into unknown select generate_series(1, 1000)");
    // A session hands in its figures when it ends, at the latest.
    auto another = tusk::blocking::connection::open(url());
    const auto limits = doctor::thresholds{}.table_rows(1000);
    const auto until = std::chrono::steady_clock::now() + 20s;
    const auto seen = [&] {
        another.exec("select pg_stat_clear_snapshot()");
        return found("dead_rows", limits) == names{"public.dead"} &&
               found("never_analyzed", limits) == names{"public.unknown"};
    };
    while (!seen() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(50ms);
    EXPECT_EQ(found("dead_rows", limits), names{"public.dead"});
    EXPECT_EQ(found("never_analyzed", limits), names{"public.unknown"});
}

TEST_F(examine, says_what_a_role_may_not_see_and_goes_on) {
    db().script("create view pg_temp.pg_stat_statements as select 1 / 0 as broken");
    const auto all = examined();
    ASSERT_EQ(all.not_examined().size(), 1U);
    EXPECT_EQ(all.not_examined()[0].check, "slow_statement");
    EXPECT_FALSE(all.all_figures().empty());
}

TEST_F(examine, throws_when_the_connection_is_lost) {
    auto other = tusk::blocking::connection::open(url());
    db().exec("select pg_terminate_backend($1)", other.backend_pid());
    EXPECT_THROW(doctor::examine(other), tusk::error);
}

TEST_F(examine, works_on_the_asynchronous_client) {
    db().exec("create table t (a int4)");
    std::size_t n = 0;
    const auto ask = [](std::string address, std::size_t& keyless) -> boost::asio::awaitable<void> {
        auto on = co_await tusk::connection::open(address);
        const auto all = co_await doctor::examine(on);
        for (const auto& f : all.findings()) keyless += f.check() == "no_primary_key";
    };
    tusk::testing::run_async(ask(url(), n));
    EXPECT_EQ(n, 1U);
}

} // namespace examine_test
