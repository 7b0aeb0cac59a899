#include <tusk/observe/slow_queries.hpp>

#include <atomic>
#include <stdexcept>

#include <gtest/gtest.h>

namespace slow_queries_test {

using namespace std::chrono_literals;
using namespace tusk::observe;

/// At a time of the test's own clock.
void query(tusk::observer& to, std::string_view sql, tusk::steady_clock::duration elapsed,
           tusk::steady_clock::duration at = 0s) {
    tusk::query_event e;
    e.sql = sql;
    e.command = "SELECT";
    e.pool = "main";
    e.rows = 4;
    e.start = tusk::steady_clock::time_point{at};
    e.elapsed = elapsed;
    to.query_finished(e);
}

struct reports {
    std::vector<slow_query> all;
    auto sink() {
        return [this](const slow_query& q) { all.push_back(q); };
    }
};

TEST(slow_queries, reports_from_the_threshold_on) {
    reports out;
    slow_queries slow{out.sink()};
    query(slow, "select 1", 99ms);
    query(slow, "select 'a', 2", 100ms);
    slow.flush();
    ASSERT_EQ(out.all.size(), 1U);
    EXPECT_EQ(out.all[0].fingerprint, "select ?");
    EXPECT_EQ(out.all[0].sql, "select 'a', 2");
    EXPECT_EQ(out.all[0].elapsed, 100ms);
    EXPECT_EQ(out.all[0].pool, "main");
    EXPECT_EQ(out.all[0].plan, "");
}

TEST(slow_queries, reports_each_fingerprint_once_in_an_interval) {
    reports out;
    slow_queries slow{out.sink(), slow_query_options{}.interval(60s)};
    query(slow, "select 1", 1s, 0s);
    query(slow, "select 2", 2s, 10s);
    query(slow, "select a from t", 1s, 11s);
    query(slow, "select 3", 1s, 59s);
    query(slow, "select 4", 1s, 61s);
    slow.flush();
    ASSERT_EQ(out.all.size(), 3U);
    EXPECT_EQ(out.all[1].fingerprint, "select a from t");
    EXPECT_EQ(out.all[2].sql, "select 4");
    EXPECT_EQ(out.all[2].unreported, 2U);
    const auto all = slow.statements();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].fingerprint, "select ?");
    EXPECT_EQ(all[0].times, 4U);
    EXPECT_EQ(all[0].total, 5s);
    EXPECT_EQ(all[0].longest, 2s);
}

TEST(slow_queries, asks_for_the_plan_of_what_only_reads) {
    reports out;
    std::atomic<int> asked = 0;
    slow_queries slow{out.sink(), slow_query_options{}.explain([&](std::string_view sql, std::uint16_t) {
                          ++asked;
                          if (sql.find("broken") != sql.npos) throw std::runtime_error{"no such table"};
                          return "[{\"Plan\":{}}]";
                      })};
    query(slow, "select * from t", 1s);
    query(slow, "update t set a = 1", 1s);
    query(slow, "select * from broken", 1s);
    slow.flush();
    EXPECT_EQ(asked, 2);
    ASSERT_EQ(out.all.size(), 3U);
    EXPECT_EQ(out.all[0].plan, "[{\"Plan\":{}}]");
    EXPECT_EQ(out.all[1].plan, "");
    EXPECT_EQ(out.all[2].plan, "no plan: no such table");
}

TEST(slow_queries, keep_a_limited_number_of_fingerprints) {
    reports out;
    slow_queries slow{out.sink(), slow_query_options{}.capacity(2)};
    for (const char* sql : {"select a", "select b", "select c", "select d", "select a"}) query(slow, sql, 1s);
    slow.flush();
    const auto all = slow.statements();
    ASSERT_EQ(all.size(), 3U);
    for (const auto& one : all)
        if (one.fingerprint == "other") {
            EXPECT_EQ(one.times, 2U);
        }
}

TEST(slow_queries, survive_a_report_that_throws_and_report_what_waits_at_the_end) {
    std::atomic<int> reported = 0;
    {
        slow_queries slow{[&](const slow_query&) {
            ++reported;
            throw std::runtime_error{"disk full"};
        }};
        for (const char* sql : {"select a", "select b", "select c"}) query(slow, sql, 1s);
    }
    EXPECT_EQ(reported, 3);
    EXPECT_THROW(slow_queries{std::function<void(const slow_query&)>{}}, tusk::error);
}

TEST(slow_queries, become_a_line_of_a_log) {
    slow_query q;
    q.fingerprint = "select ?";
    q.id = 0xABC;
    q.pool = "main";
    q.elapsed = 250ms;
    q.plan = "[]";
    const auto line = to_record(q).text(log_format::logfmt);
    for (const char* field : {"level=warn msg=\"slow query\"", "pool=main", "query_id=0000000000000abc",
                              "sql=\"select ?\"", "duration_ms=250.000", "plan=[]"})
        EXPECT_NE(line.find(field), line.npos) << field << " is not in " << line;
}

TEST(only_reads, goes_by_the_words) {
    for (const char* sql : {"select 1", " (select 1)", "WITH a AS (SELECT 1) SELECT * FROM a", "values (1)",
                            "table t", "select 'insert'", "select update_time from t"})
        EXPECT_EQ(only_reads(sql), std::string_view{sql} != " (select 1)") << sql;
    for (const char* sql :
         {"insert into t values (1)", "with a as (delete from t returning *) select * from a",
          "select 1 into t2", "explain select 1", "", "begin", "select * from t for update"})
        EXPECT_FALSE(only_reads(sql)) << sql;
}

} // namespace slow_queries_test
