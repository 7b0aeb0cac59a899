// Plans against a real server.
#include <chrono>

#include <gtest/gtest.h>

#include <tusk/schema.hpp>
#include <tusk/testing/database.hpp>

namespace transition_test {

using tusk::condition;
using tusk::error;
namespace schema = tusk::schema;

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// One server of throwaway databases for all tests.
schema::state_reader& reader() {
    static schema::state_reader it;
    return it;
}

/// Brings a database from one script to another and returns it.
struct journey {
    tusk::testing::database db = tusk::testing::database::create();
    schema::transition how;

    journey(const std::string& before, const std::string& rows, const std::string& after,
            const schema::plan_options& options = {}) {
        auto on = db.connect();
        on.script(before);
        const auto from = reader().read(db.url());
        how = schema::plan_transition(from, reader().read_sql(after), reader(), options);
        EXPECT_TRUE(how.proved.holds) << how.proved.why << "\n" << how.steps.sql();
        if (!rows.empty()) on.script(rows);
        const auto done = schema::execute(on, how.steps);
        EXPECT_FALSE(done.why) << done.why.message() << "\n" << how.steps.sql();
        EXPECT_EQ(done.statements, how.steps.statements().size());
    }
    template <class T>
    T one(const std::string& sql) const {
        return db.connect().one<T>(sql);
    }
};

TEST(transitions, are_proved_before_they_run) {
    const journey done{"create table t (id int primary key, name varchar(10))",
                       "insert into t values (1, 'ann')",
                       "create table t (id bigint primary key, name text not null)"};
    EXPECT_TRUE(done.how.proved.holds) << done.how.proved.why;
    EXPECT_TRUE(done.how.proved.with_rows);
    EXPECT_EQ(done.one<std::string>("select id || name from t"), "1ann");
}

TEST(transitions, keep_rows_of_an_enum_that_is_reordered) {
    const journey done{"create type e as enum ('a', 'b', 'gone'); create table t (e e default 'a', es e[])",
                       "insert into t values ('b', '{a,b}')",
                       "create type e as enum ('b', 'a', 'c'); create table t (e e default 'a', es e[])"};
    EXPECT_EQ(done.one<std::string>("select e || array_to_string(es, ',') from t"), "ba,b");
    EXPECT_TRUE(done.one<bool>("select 'b'::e < 'a'::e"));
}

TEST(transitions, keep_fields_of_a_composite_that_changes) {
    const journey done{"create type c as (x int, y text); create table t (c c)",
                       "insert into t values ((7, 'seven')), (null)",
                       "create type c as (y text, x bigint, z date); create table t (c c)"};
    EXPECT_EQ(done.one<std::string>("select string_agg((c).x || (c).y, ',') from t"), "7seven");
    EXPECT_EQ(done.one<std::int64_t>("select count(*) from t where c is not distinct from null"), 1);
}

TEST(transitions, move_rows_into_partitions) {
    const journey done{
        "create table t (id int generated always as identity, k text, primary key (id, k))",
        "insert into t (k) values ('a'), ('b')",
        "create table t (id int generated always as identity, k text, primary key (id, k)) "
        "partition by list (k);"
        "create table t_a partition of t for values in ('a'); create table t_rest partition of t default"};
    EXPECT_EQ(done.one<std::int64_t>("select count(*) from t_a"), 1);
    EXPECT_EQ(done.one<std::int32_t>("insert into t (k) values ('a') returning id"), 3)
        << "the sequence goes on";
}

TEST(transitions, rename_instead_of_dropping_where_a_hint_says_so) {
    const journey done{
        "create table people (id int primary key, name text); create view v as select name from people",
        "insert into people values (1, 'ann')",
        "-- tusk:renamed from=people\ncreate table persons (\n id int primary key,\n"
        " full_name text -- tusk:renamed from=name\n);\ncreate view v as select full_name as name from "
        "persons"};
    EXPECT_EQ(done.one<std::string>("select name from v"), "ann");
    for (const auto h : done.how.steps.hazards()) EXPECT_NE(h, schema::hazard::deletes_data);
}

TEST(transitions, keep_what_stands_on_a_view_that_is_made_again) {
    const std::string rest =
        "create materialized view m as select a from v; create unique index m_a on m (a);"
        "comment on materialized view m is 'kept'; comment on index m_a is 'kept too'";
    const journey done{"create table t (a int); create view v as select a from t; " + rest, "",
                       "create table t (a bigint); create view v as select a from t; " + rest};
    EXPECT_TRUE(done.one<bool>("select obj_description('m'::regclass) = 'kept' and "
                               "obj_description('m_a'::regclass) = 'kept too'"));
}

TEST(transitions, build_nothing_under_a_lock_on_a_table_that_is_there) {
    const journey done{"create table t (a int, b int); create table r (a int primary key)", "",
                       "create table r (a int primary key);"
                       "create table t (a int unique references r, b int not null, check (b > 0)); create "
                       "index t_b on t (b)"};
    const auto sql = done.how.steps.sql();
    EXPECT_TRUE(contains(sql, "CREATE INDEX CONCURRENTLY t_b")) << sql;
    EXPECT_TRUE(contains(sql, "CREATE UNIQUE INDEX CONCURRENTLY t_a_key")) << sql;
    EXPECT_TRUE(contains(sql, "REFERENCES public.r(a) NOT VALID")) << sql;
    EXPECT_TRUE(contains(sql, "VALIDATE CONSTRAINT t_a_fkey")) << sql;
    EXPECT_TRUE(contains(sql, "CHECK (b IS NOT NULL) NOT VALID")) << sql;
    for (const auto& s : done.how.steps.statements())
        EXPECT_EQ(s.transactional, !contains(s.sql, "CONCURRENTLY")) << s.sql;
}

TEST(transitions, are_one_transaction_when_nobody_has_to_be_spared) {
    const journey done{"create table t (a int)", "",
                       "create table t (a int not null); create index t_a on t (a)",
                       schema::plan_options{}.online(false)};
    EXPECT_EQ(done.how.steps.segments().size(), 1u) << done.how.steps.sql();
}

TEST(transitions, leave_versions_of_extensions_to_the_server_unless_asked) {
    const std::string old_version = "create extension pg_trgm version '1.4'";
    const auto from = reader().read_sql(old_version);
    const auto to = reader().read_sql("create extension pg_trgm version '1.5'");
    EXPECT_TRUE(schema::plan_transition(from, to, reader()).steps.empty());
    const auto asked =
        schema::plan_transition(from, to, reader(), schema::plan_options{}.upgrade_extensions(true));
    ASSERT_EQ(asked.steps.statements().size(), 1u);
    EXPECT_EQ(asked.steps.statements()[0].sql, "ALTER EXTENSION pg_trgm UPDATE TO '1.5'");
    EXPECT_TRUE(asked.proved.holds) << asked.proved.why;
}

TEST(transitions, say_where_a_circle_is) {
    // Each function's default needs the other: no order makes both.
    const auto to = reader().read_sql(
        "create function a(x int) returns int language sql as 'select 1';"
        "create function b(x int default a(1)) returns int language sql as 'select 1';"
        "create or replace function a(x int default b(1)) returns int language sql as 'select 1'");
    try {
        const auto p = schema::plan_transition(reader().read_sql(""), to, reader());
        ADD_FAILURE() << p.steps.sql();
    } catch (const error& e) {
        EXPECT_TRUE(
            contains(e.what(), "create function:public.a(integer) after create function:public.b(integer)") ||
            contains(e.what(), "create function:public.b(integer) after create function:public.a(integer)"))
            << e.what();
    }
}

TEST(states, are_the_same_whatever_order_and_spelling_a_script_has) {
    const auto one =
        reader().read_sql("create view v as select a from t; create table t (a int4 default (1))");
    const auto other =
        reader().read_sql("create table t (a integer default 1); create view v as select t.a from public.t");
    EXPECT_EQ(one.objects.fingerprint(), other.objects.fingerprint());
    EXPECT_NE(one.objects.fingerprint(), reader().read_sql("create table t (a int)").objects.fingerprint());
}

TEST(states, make_the_schema_that_a_search_path_names) {
    const auto made = reader().read_sql("set search_path to shop; create table orders (id int)");
    EXPECT_NE(made.objects.find("table:shop.orders"), nullptr);
}

TEST(states, can_be_limited_and_forget_what_is_left_out) {
    const std::string sql =
        "create schema a; create table a.t (x int); create table t (x int); create index i on t (x)";
    const auto one = reader().read_sql(sql, schema::scope{}.schema("a"));
    EXPECT_EQ(one.objects.objects().size(), 3u) << "schema, table, column";
    const auto most = reader().read_sql(sql, schema::scope{}.exclude("index:*"));
    EXPECT_EQ(most.objects.find("index:public.t.i"), nullptr);
    EXPECT_NE(most.objects.find("table:public.t"), nullptr);
}

TEST(execution, retries_when_a_lock_does_not_come_and_leaves_nothing_half_done) {
    auto db = tusk::testing::database::create();
    auto holder = db.connect();
    holder.script("create table t (a int)");
    holder.script("begin; lock table t");
    schema::statement s;
    s.sql = "alter table t add column b int";
    unsigned tries = 0;
    auto on = db.connect();
    const auto how = schema::execute_options{}
                         .lock_timeout(std::chrono::milliseconds{20})
                         .retries(2)
                         .on_statement([&](const schema::statement&) { ++tries; });
    const auto refused = schema::execute(on, schema::plan{{s}, "", ""}, how);
    EXPECT_EQ(refused.why, condition::lock_timeout);
    EXPECT_EQ(refused.statements, 0u);
    EXPECT_EQ(tries, 1u);
    holder.script("rollback");
    EXPECT_FALSE(schema::execute(on, schema::plan{{s}, "", ""}, how).why);
    EXPECT_EQ(on.one<std::int64_t>(
                  "select count(*) from pg_attribute where attrelid = 't'::regclass and attnum > 0"),
              2);
}

TEST(execution, drops_the_invalid_index_that_a_failed_build_left) {
    auto db = tusk::testing::database::create();
    auto on = db.connect();
    on.script("create table t (a int); insert into t values (1), (1)");
    schema::statement s;
    s.sql = "CREATE UNIQUE INDEX CONCURRENTLY t_a ON public.t USING btree (a)";
    s.transactional = false;
    const schema::plan p{{s}, "", ""};
    EXPECT_EQ(schema::execute(on, p).why, condition::duplicate);
    on.script("delete from t where ctid = '(0,2)'");
    EXPECT_FALSE(schema::execute(on, p).why);
    EXPECT_TRUE(on.one<bool>("select indisvalid from pg_index where indexrelid = 't_a'::regclass"));
}

} // namespace transition_test
