// Real sessions with PostgreSQL, and what observers make of them.
#include <future>

#include <tusk/client/explain.hpp>
#include <tusk/observe/fan_out.hpp>
#include <tusk/observe/log_observer.hpp>
#include <tusk/observe/metrics_observer.hpp>
#include <tusk/observe/prometheus.hpp>
#include <tusk/observe/slow_queries.hpp>
#include <tusk/observe/sql_comment.hpp>
#include <tusk/observe/tracer.hpp>
#include <tusk/pool.hpp>
#include <tusk/testing/gtest.hpp>

#include <boost/json/parse.hpp>

namespace session_test {

using namespace std::chrono_literals;
using namespace tusk::observe;
namespace asio = boost::asio;

class observed_session : public tusk::testing::database_test {
protected:
    tusk::blocking::connection watched(std::shared_ptr<tusk::observer> by) {
        return tusk::blocking::connection::open(tusk::parse_connect_config(url()).value(),
                                                tusk::connection_settings{}.observe_with(std::move(by)));
    }
    static std::vector<finished_span> taken(tracer& from) {
        std::vector<finished_span> out;
        std::size_t count = 0;
        from.take(out, count);
        out.resize(count);
        return out;
    }
};

TEST_F(observed_session, statements_and_batches_belong_to_the_trace_of_their_call) {
    const auto spans = std::make_shared<tracer>(sampling{}.roots(sampling::rule::never));
    auto db = watched(spans);
    auto request = spans->start(
        "GET /users", tusk::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    const auto call = tusk::options{}.trace(request.context()).table("users");
    EXPECT_EQ(db.one<int>(call, "select $1::int", 7), 7);
    EXPECT_FALSE(db.try_exec(call, "select 1 / 0"));
    tusk::batch both;
    auto a = both.one<int>("select 1");
    auto b = both.one<int>("select 2");
    db.run(both, call);
    EXPECT_EQ(a.get() + b.get(), 3);
    db.exec("select 'without a trace'");
    const auto got = taken(*spans);
    ASSERT_EQ(got.size(), 3U) << "what has no trace is no root here";
    for (const auto& one : got) {
        EXPECT_EQ(one.context.trace_id, request.context().trace_id);
        EXPECT_EQ(one.parent_id, request.context().span_id);
    }
    EXPECT_EQ(got[0].sql, "select $1::int");
    EXPECT_EQ(got[0].table, "users");
    EXPECT_EQ(got[1].error_type, "22012");
    EXPECT_EQ(got[2].statements, 2U);
    EXPECT_NE(spans->server_of("").database, "");
}

asio::awaitable<void> use_pool(std::string url, std::shared_ptr<tusk::observer> by,
                               tusk::trace_context trace) {
    auto db = co_await tusk::pool::open(url, by);
    const auto call = tusk::options{}.trace(trace);
    for (int i = 0; i < 3; ++i) co_await db.one<int>(call, "select $1::int", i);
    const auto until = tusk::deadline::in(5s);
    co_await db.close(until);
}

TEST_F(observed_session, a_pool_passes_the_trace_on) {
    const auto spans = std::make_shared<tracer>(sampling{}.roots(sampling::rule::never));
    const auto above = *tusk::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    tusk::testing::run_async(use_pool(url(), spans, above));
    const auto got = taken(*spans);
    ASSERT_EQ(got.size(), 3U);
    for (const auto& one : got) {
        EXPECT_EQ(one.context.trace_id, above.trace_id);
        EXPECT_EQ(one.pool, "default");
    }
}

TEST_F(observed_session, all_observers_together_see_the_same) {
    registry metrics;
    const auto spans = std::make_shared<tracer>();
    std::vector<std::string> lines;
    const auto log =
        std::make_shared<log_observer>([&](log_level, std::string_view line) { lines.emplace_back(line); },
                                       log_options{}.level(log_level::debug));
    std::vector<slow_query> slow_ones;
    const auto slow = std::make_shared<slow_queries>([&](const slow_query& q) { slow_ones.push_back(q); },
                                                     slow_query_options{}.threshold(50ms));
    auto db = watched(fan_out({std::make_shared<metrics_observer>(metrics), spans, log, slow}));
    db.exec("select pg_sleep(0.06)");
    db.one<int>("select 1");
    slow->flush();
    ASSERT_EQ(slow_ones.size(), 1U);
    EXPECT_EQ(slow_ones[0].fingerprint, "select pg_sleep(?)");
    EXPECT_GE(slow_ones[0].elapsed, 60ms);
    EXPECT_EQ(taken(*spans).size(), 2U);
    const auto page = to_prometheus(metrics);
    EXPECT_NE(page.find("postgres_queries_total{query_type=\"select\",table=\"none\",status=\"ok\"} 2\n"),
              page.npos)
        << page;
    EXPECT_NE(page.find("postgres_query_rows_sum{query_type=\"select\",table=\"none\"} 2\n"), page.npos)
        << page;
    const auto is = [&](std::string_view what) {
        return std::ranges::any_of(lines, [&](const auto& l) { return l.find(what) != l.npos; });
    };
    EXPECT_TRUE(is("msg=connected"));
    EXPECT_TRUE(is("msg=query component=postgres backend_pid=" + std::to_string(db.backend_pid())));
}

TEST_F(observed_session, notices_of_the_server_become_lines) {
    std::vector<std::string> lines;
    auto db = watched(
        std::make_shared<log_observer>([&](log_level, std::string_view line) { lines.emplace_back(line); }));
    db.script("do $$ begin raise warning 'look out'; end $$");
    ASSERT_FALSE(lines.empty());
    EXPECT_NE(lines.back().find("level=warn msg=\"look out\" component=postgres sqlstate=01000"),
              std::string::npos)
        << lines.back();
}

TEST_F(observed_session, plans_of_slow_statements_come_from_a_connection_of_their_own) {
    auto other = connect();
    other.script("create table users (id int primary key, name text); insert into users values (1, 'a')");
    std::vector<slow_query> reports;
    const auto slow = std::make_shared<slow_queries>(
        [&](const slow_query& q) { reports.push_back(q); },
        slow_query_options{}.threshold(1us).explain([&](std::string_view sql, std::uint16_t arguments) {
            return tusk::blocking::explain(other, sql, arguments);
        }));
    auto db = watched(slow);
    EXPECT_EQ(db.one<std::string>("select name from users where id = $1", 1), "a");
    db.exec("update users set name = 'b'");
    slow->flush();
    ASSERT_EQ(reports.size(), 2U);
    const auto plan = boost::json::parse(reports[0].plan);
    EXPECT_NE(plan.at(0).at("Plan").at("Node Type").as_string().find("Scan"), std::string::npos)
        << reports[0].plan;
    EXPECT_EQ(reports[1].plan, "");
}

TEST_F(observed_session, explaining_changes_nothing_and_takes_one_statement) {
    auto db = connect();
    db.script("create table t (id int)");
    EXPECT_NE(tusk::blocking::explain(db, "insert into t values ($1)", 1).find("ModifyTable"),
              std::string::npos);
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from t"), 0);
    EXPECT_THROW(tusk::blocking::explain(db, "select 1; drop table t"), tusk::error);
    EXPECT_THROW(tusk::blocking::explain(db, "select * from missing"), tusk::error);
    EXPECT_THROW(tusk::blocking::explain(db, "select $1::int", 2), tusk::error);
    EXPECT_EQ(
        db.one<std::int64_t>("select count(*) from pg_prepared_statements where name = 'tusk_explained'"), 0);
    EXPECT_NE(tusk::blocking::explain(db, "select 1").find("Result"), std::string::npos);
}

TEST_F(observed_session, a_comment_reaches_the_server_and_prepares_nothing) {
    auto db = connect();
    const auto trace = *tusk::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    const auto unprepared = tusk::options{}.mode(tusk::protocol::exec_mode::exec);
    const auto sql = sql_comment{}
                         .trace(trace)
                         .tag("route", "/users")
                         .append_to("select query from pg_stat_activity where pid = pg_backend_pid()");
    const auto seen = db.one<std::string>(unprepared, sql);
    EXPECT_EQ(seen, sql);
    EXPECT_EQ(db.one<std::int64_t>(unprepared, "select count(*) from pg_prepared_statements"), 0);
}

} // namespace session_test
