#include <algorithm>

#include "over_asio.hpp"

using namespace client_test;

namespace verbs_test {

class verbs : public users_test {};

struct ear : tusk::observer {
    void notice(const tusk::server_error& n) noexcept override { heard.push_back(n.message); }
    std::vector<std::string> heard;
};

TEST_F(verbs, one_row_becomes_a_struct_by_column_name) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        // Columns in another order than the fields.
        const auto u = co_await db.one<user>("select age, id, name from users where name = $1", "ann");
        EXPECT_EQ(u.id, 1);
        EXPECT_EQ(u.name, "ann");
        EXPECT_EQ(u.age, 30);
    });
    auto db = connect();
    const auto u = db.one<user>("select * from users where id = $1", 2);
    EXPECT_EQ(u.name, "bob");
    EXPECT_EQ(u.age, std::nullopt);
}

TEST_F(verbs, scalars_tuples_and_optionals) {
    auto db = connect();
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from users"), 2);
    EXPECT_EQ((db.one<std::tuple<int, std::string>>("select 7, 'x'")), (std::tuple{7, std::string{"x"}}));
    EXPECT_EQ(db.one<std::optional<int>>("select age from users where name = 'bob'"), std::nullopt);
    EXPECT_EQ(db.maybe<int>("select age from users where name = 'nobody'"), std::nullopt);
    EXPECT_EQ(db.maybe<int>("select age from users where name = 'ann'"), 30);
    EXPECT_TRUE(db.one<bool>("select true"));
}

TEST_F(verbs, exec_counts_affected_rows) {
    auto db = connect();
    EXPECT_EQ(db.exec("update users set age = 1"), 2U);
    EXPECT_EQ(db.exec("update users set age = 1 where id = $1", 99), 0U);
    EXPECT_EQ(db.exec("create temp table t (a int)"), 0U);
    EXPECT_EQ(db.exec(""), 0U);
}

TEST_F(verbs, no_row_and_too_many_rows_are_told_apart) {
    auto db = connect();
    auto f = failure_of([&] { db.one<user>("select * from users where id = 99"); });
    EXPECT_EQ(f.code(), tusk::errc::not_found);
    EXPECT_EQ(f.code(), tusk::condition::not_found);
    EXPECT_EQ(f.sql(), "select * from users where id = 99");
    EXPECT_EQ(failure_of([&] { db.one<user>("select * from users"); }).code(),
              tusk::condition::too_many_rows);
    EXPECT_EQ(failure_of([&] { db.maybe<user>("select * from users"); }).code(),
              tusk::condition::too_many_rows);
    EXPECT_EQ(db.one<int>("select 1"), 1);
}

TEST_F(verbs, mismatches_name_the_column_and_the_field) {
    auto db = connect();
    auto f = failure_of([&] { db.one<user>("select id, name from users where id = 1"); });
    EXPECT_EQ(f.code(), tusk::errc::column_mismatch);
    EXPECT_NE(f.message().find("\"age\""), std::string::npos) << f.message();
    f = failure_of([&] { db.one<user>("select *, 1 as extra from users where id = 1"); });
    EXPECT_NE(f.message().find("\"extra\""), std::string::npos) << f.message();
    f = failure_of([&] { db.one<int>("select age from users where name = 'bob'"); });
    EXPECT_EQ(f.code(), tusk::errc::null_value);
    EXPECT_NE(f.message().find("\"age\""), std::string::npos) << f.message();
    f = failure_of([&] { db.one<int>("select 'x'::text"); });
    EXPECT_EQ(f.code(), tusk::errc::type_mismatch);
    f = failure_of([&] { db.one<std::int16_t>("select 70000"); });
    EXPECT_EQ(f.code(), tusk::errc::value_out_of_range);
    EXPECT_EQ(db.one<int>("select 1"), 1);
}

TEST_F(verbs, server_errors_carry_every_field) {
    auto db = connect();
    const auto f = failure_of([&] { db.exec("insert into users (name) values ($1)", "ann"); });
    EXPECT_EQ(f.code(), tusk::condition::duplicate);
    EXPECT_EQ(f.code(), tusk::make_error_code(*tusk::sqlstate::parse("23505")));
    ASSERT_NE(f.server(), nullptr);
    EXPECT_EQ(f.server()->constraint, "users_name_key");
    EXPECT_EQ(f.server()->table, "users");
    EXPECT_EQ(f.server()->schema, "public");
    EXPECT_EQ(f.server()->severity, "ERROR");
    EXPECT_NE(f.server()->detail.find("ann"), std::string::npos);
    EXPECT_EQ(f.sent(), tusk::sent_state::answered);
    EXPECT_EQ(f.retry(), tusk::retry_advice::never);
    const auto syntax = failure_of([&] { db.exec("selct 1"); });
    EXPECT_EQ(syntax.code(), tusk::condition::syntax_error);
    EXPECT_EQ(syntax.server()->position, 1);
    EXPECT_EQ(failure_of([&] { db.exec("insert into users (name, age) values ('x', -1)"); }).code(),
              tusk::condition::check);
    EXPECT_EQ(failure_of([&] { db.exec("insert into users (name) values (null)"); }).code(),
              tusk::condition::not_null);
    EXPECT_EQ(failure_of([&] { db.exec("insert into posts values (1, 99)"); }).code(),
              tusk::condition::foreign_key);
    EXPECT_EQ(db.status(), tusk::transaction_status::idle);
}

TEST_F(verbs, arguments_are_checked_before_anything_is_sent) {
    auto db = connect();
    auto f = failure_of([&] { db.exec("select $1::int4", 1, 2); });
    EXPECT_EQ(f.code(), tusk::errc::parameter_count);
    f = failure_of([&] { db.exec("select $1::int2", 70000); });
    EXPECT_EQ(f.code(), tusk::errc::value_out_of_range);
    EXPECT_NE(f.message().find("$1"), std::string::npos) << f.message();
    // Known by now: refused while the call is made.
    f = failure_of([&] { db.exec("select $1::int2", 70000); });
    EXPECT_EQ(f.code(), tusk::errc::value_out_of_range);
    EXPECT_EQ(f.sent(), tusk::sent_state::none);
    EXPECT_EQ(db.one<int>("select $1::int2::int4", 7), 7);
}

TEST_F(verbs, text_arguments_fit_any_type_and_never_become_sql) {
    auto db = connect();
    EXPECT_EQ(db.one<int>("select $1::int4", "42"), 42);
    EXPECT_EQ(db.one<std::string>("select $1::jsonb ->> 'a'", R"({"a": "b"})"), "b");
    const std::string evil = "'; drop table users; --";
    EXPECT_EQ(db.one<std::string>("select $1::text", evil), evil);
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from users"), 2);
    const std::string nul{"a\0b", 3};
    EXPECT_EQ(failure_of([&] { db.exec("select $1::text", nul); }).code(),
              tusk::make_error_code(*tusk::sqlstate::parse("22021")));
    EXPECT_EQ(failure_of([&] { db.exec(std::string{"select 1\0", 9}); }).code(),
              tusk::errc::invalid_argument);
    EXPECT_EQ(db.one<int>("select 1"), 1);
}

TEST_F(verbs, try_twins_return_instead_of_throwing) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        const auto missing = co_await db.try_one<user>("select * from users where id = 99");
        EXPECT_FALSE(missing.has_value());
        EXPECT_EQ(missing.error().code(), tusk::condition::not_found);
        const auto found = co_await db.try_one<bool>("select true");
        EXPECT_TRUE(found.value());
        const auto wrong = co_await db.try_exec("selct");
        EXPECT_EQ(wrong.error().code(), tusk::condition::syntax_error);
    });
}

TEST_F(verbs, a_statement_is_described_once_and_survives_deallocate_and_schema_changes) {
    auto db = connect();
    EXPECT_EQ(db.one<int>("select age from users where id = $1", 1), 30);
    db.exec("deallocate all");
    EXPECT_EQ(db.one<int>("select age from users where id = $1", 1), 30);
    // The result type changes under the prepared statement.
    struct row {
        std::int64_t id;
        std::string name;
    };
    db.exec("create table changing (id int8, name text)");
    db.exec("insert into changing values (1, 'x')");
    EXPECT_EQ(db.one<row>("select * from changing").name, "x");
    db.exec("alter table changing alter column id type int4");
    EXPECT_EQ(db.one<row>("select * from changing").id, 1);
}

TEST_F(verbs, more_statements_than_the_cache_holds) {
    auto db = tusk::blocking::connection::open(url() + "&statement_cache_capacity=4");
    for (int round = 0; round < 3; ++round)
        for (int i = 0; i < 20; ++i)
            EXPECT_EQ(db.one<int>("select $1::int4 + " + std::to_string(i), 1), i + 1);
    EXPECT_LE(db.one<std::int64_t>("select count(*) from pg_prepared_statements"), 5);
}

TEST_F(verbs, many_arguments) {
    auto db = connect();
    const std::vector<std::int32_t> ids(100'000, 7);
    EXPECT_EQ(db.one<std::int64_t>("select sum(x) from unnest($1::int4[]) as t(x)", ids), 700'000);
    const std::string megabyte(1 << 20, 'x');
    EXPECT_EQ(db.one<int>("select length($1::text)", megabyte), 1 << 20);
    EXPECT_EQ(db.one<std::string>("select repeat('y', 20000000)").size(), 20'000'000U);
}

TEST_F(verbs, scripts_run_several_statements_in_one_transaction) {
    auto db = connect();
    db.script("create table a (x int); insert into a values (1), (2)");
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from a"), 2);
    EXPECT_TRUE(db.try_script("insert into a values (3); select 1/0"));
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from a"), 2);
}

TEST_F(verbs, copy_by_exec_says_what_to_use) {
    auto db = connect();
    EXPECT_TRUE(failure_of([&] { db.exec("copy users (name) from stdin"); }));
    EXPECT_EQ(db.one<int>("select 1"), 1);
    EXPECT_TRUE(failure_of([&] { db.exec("copy users to stdout"); }));
    EXPECT_EQ(db.one<int>("select 2"), 2);
}

TEST_F(verbs, a_busy_connection_says_so) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        auto rows = co_await db.stream<int>("select generate_series(1, 10)");
        EXPECT_EQ(co_await rows.next(), 1);
        const auto f = co_await failure_of(db.exec("select 1"));
        EXPECT_EQ(f.code(), tusk::errc::connection_busy);
        EXPECT_EQ(co_await rows.next(), 2);
    });
}

TEST_F(verbs, a_connection_tells_about_itself) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        EXPECT_EQ(db.backend_pid(), co_await db.one<int>("select pg_backend_pid()"));
        EXPECT_EQ(db.parameter("server_version"), co_await db.one<std::string>("show server_version"));
        EXPECT_EQ(db.parameter("no_such_parameter"), "");
        EXPECT_EQ(db.status(), tusk::transaction_status::idle);
        co_await db.exec("begin");
        EXPECT_EQ(db.status(), tusk::transaction_status::in_transaction);
        EXPECT_TRUE((co_await db.try_exec("select 1/0")).has_error());
        EXPECT_EQ(db.status(), tusk::transaction_status::failed);
        co_await db.exec("rollback");
        EXPECT_FALSE(co_await db.ping());
        EXPECT_TRUE(db.is_open());
        db.close();
        EXPECT_FALSE(db.is_open());
        EXPECT_TRUE(co_await db.ping());
    });
    auto db = connect();
    EXPECT_EQ(db.backend_pid(), db.one<int>("select pg_backend_pid()"));
    EXPECT_EQ(db.parameter("server_version"), db.one<std::string>("show server_version"));
    EXPECT_FALSE(db.ping());
    db.close();
    EXPECT_TRUE(db.ping());
}

TEST_F(verbs, notices_reach_the_observer) {
    const auto listening = std::make_shared<ear>();
    auto db = tusk::blocking::connection::open(url(), tusk::connection_settings{}.observe_with(listening));
    db.exec("do $$ begin raise notice 'one'; raise warning 'two'; end $$");
    EXPECT_EQ(listening->heard, (std::vector<std::string>{"one", "two"}));
}

/// What a connection says and hears from its start to its end.
template <class Open>
std::vector<std::string> trace_of_one_query(Open open) {
    std::vector<std::string> lines;
    const auto settings = tusk::connection_settings{}.trace_messages(
        [&](const tusk::traced_message& m) { lines.push_back(to_string(m)); });
    {
        const auto db = open(settings);
        tusk::blocking::verbs& through = *db;
        EXPECT_EQ(through.one<std::string>("select $1::text", "a value"), "a value");
    }
    return lines;
}

TEST_F(verbs, every_message_can_be_traced) {
    const auto blocking = [this](const tusk::connection_settings& s) {
        return std::make_unique<tusk::blocking::connection>(tusk::blocking::connection::open(url(), s));
    };
    const auto over_loop = [this](const tusk::connection_settings& s) {
        return std::make_unique<over_asio>(url(), s);
    };
    for (const auto& lines : {trace_of_one_query(blocking), trace_of_one_query(over_loop)}) {
        ASSERT_FALSE(lines.empty());
        EXPECT_EQ(lines.front().substr(0, 9), "> Startup");
        EXPECT_EQ(lines.back(), "> Terminate 5");
        const auto at = [&](std::string_view beginning) {
            return std::find_if(lines.begin(), lines.end(),
                                [&](const std::string& line) { return line.starts_with(beginning); }) -
                   lines.begin();
        };
        EXPECT_LT(at("< Authentication"), at("> Parse"));
        EXPECT_LT(at("> Parse"), at("> Bind"));
        EXPECT_LT(at("> Bind"), at("< DataRow"));
        EXPECT_LT(at("< DataRow"), at("< CommandComplete 14 SELECT 1"));
        EXPECT_EQ(lines.end()[-2], "< ReadyForQuery 6 I");
        for (const auto& line : lines) EXPECT_EQ(line.find("a value"), std::string::npos) << line;
    }
}

} // namespace verbs_test
