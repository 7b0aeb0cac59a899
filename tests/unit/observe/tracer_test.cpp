#include <tusk/observe/tracer.hpp>

#include <set>

#include <gtest/gtest.h>

#include "events.hpp"

namespace tracer_test {

using namespace std::chrono_literals;
using namespace tusk::observe;
using tusk::trace_context;

std::vector<finished_span> taken(tracer& from) {
    std::vector<finished_span> out;
    std::size_t count = 0;
    from.take(out, count);
    out.resize(count);
    return out;
}

void query(tracer& to, const trace_context* below, std::string_view sql = "select $1",
           const tusk::failure* why = nullptr) {
    tusk::query_event e;
    e.sql = sql;
    e.command = why == nullptr ? "SELECT" : "";
    e.table = "users";
    e.pool = "main";
    e.rows = 2;
    e.arguments = 1;
    e.error = why;
    e.start = tusk::steady_clock::time_point{5s};
    e.elapsed = 3ms;
    e.trace = below;
    to.query_started(e);
    to.query_finished(e);
}

trace_context parent(bool sampled) {
    auto out = *tusk::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    out.sampled = sampled;
    return out;
}

TEST(tracer, makes_a_statement_a_child_of_what_is_under_way) {
    tracer t;
    const auto above = parent(true);
    query(t, &above);
    const auto got = taken(t);
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].context.trace_id, above.trace_id);
    EXPECT_EQ(got[0].parent_id, above.span_id);
    EXPECT_NE(got[0].context.span_id, above.span_id);
    EXPECT_EQ(got[0].kind, span_kind::client);
    EXPECT_EQ(got[0].name, "SELECT");
    EXPECT_EQ(got[0].sql, "select $1");
    EXPECT_EQ(got[0].rows, 2U);
    EXPECT_EQ(got[0].elapsed, 3ms);
    EXPECT_EQ(got[0].error_type, "");
    EXPECT_TRUE(taken(t).empty());
}

TEST(tracer, makes_a_statement_without_parent_a_root_of_its_own) {
    tracer t;
    query(t, nullptr);
    query(t, nullptr);
    const auto got = taken(t);
    ASSERT_EQ(got.size(), 2U);
    EXPECT_TRUE(got[0].context.is_valid());
    EXPECT_NE(got[0].context.trace_id, got[1].context.trace_id);
    EXPECT_EQ(got[0].parent_id, (std::array<std::uint8_t, 8>{}));
}

TEST(tracer, tells_errors_by_their_codes) {
    tracer t;
    tusk::server_error from;
    from.sqlstate = "23505";
    from.message = "duplicate key";
    const tusk::failure duplicate{from}, lost{tusk::errc::connection_lost, "gone"};
    query(t, nullptr, "insert", &duplicate);
    query(t, nullptr, "insert", &lost);
    const auto got = taken(t);
    EXPECT_EQ(got.at(0).error_type, "23505");
    EXPECT_TRUE(got.at(0).from_server);
    EXPECT_EQ(got.at(0).error, "duplicate key");
    EXPECT_EQ(got.at(1).error_type, "connection_lost");
    EXPECT_FALSE(got.at(1).from_server);
}

TEST(tracer, memory_that_is_used_again_shows_nothing_of_before) {
    tracer t;
    tusk::server_error from;
    from.sqlstate = "23505";
    const tusk::failure duplicate{from};
    query(t, nullptr, "first", &duplicate);
    std::vector<finished_span> kept;
    std::size_t count = 0;
    t.take(kept, count);
    t.take(kept, count); // gives the memory back
    query(t, nullptr, "second");
    const auto got = taken(t);
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].sql, "second");
    EXPECT_EQ(got[0].error_type, "");
    EXPECT_FALSE(got[0].from_server);
}

TEST(tracer, follows_the_parents_decision_unless_told_otherwise) {
    const auto yes = parent(true), no = parent(false);
    tracer never{sampling{}.roots(sampling::rule::never)};
    query(never, &yes);
    query(never, &no);
    query(never, nullptr);
    EXPECT_EQ(taken(never).size(), 1U);
    tracer always{sampling{}.follow_parent(false)};
    query(always, &no);
    EXPECT_EQ(taken(always).size(), 1U);
}

TEST(tracer, takes_a_share_of_traces_by_their_ids) {
    tracer t{sampling{}.roots(sampling::rule::ratio).share(0.25), 100'000};
    for (int i = 0; i < 20'000; ++i) query(t, nullptr);
    const auto got = taken(t).size();
    EXPECT_GT(got, 4'500U);
    EXPECT_LT(got, 5'500U);
    tracer none{sampling{}.roots(sampling::rule::ratio).share(0)};
    query(none, nullptr);
    EXPECT_EQ(taken(none).size(), 0U);
}

TEST(tracer, drops_what_does_not_fit_and_counts_it) {
    tracer t{sampling{}, 3};
    for (int i = 0; i < 5; ++i) query(t, nullptr);
    EXPECT_EQ(t.waiting(), 3U);
    EXPECT_EQ(t.dropped(), 2U);
    EXPECT_EQ(taken(t).size(), 3U);
    query(t, nullptr);
    EXPECT_EQ(t.waiting(), 1U);
}

TEST(tracer, calls_once_when_many_wait) {
    tracer t;
    int calls = 0;
    t.when(2, [&] { ++calls; });
    for (int i = 0; i < 5; ++i) query(t, nullptr);
    EXPECT_EQ(calls, 1);
    t.when(0, {});
}

TEST(tracer, cuts_long_statements) {
    tracer t;
    query(t, nullptr, std::string(10'000, 'x'));
    EXPECT_EQ(taken(t).at(0).sql.size(), tracer::longest_sql);
}

TEST(tracer, forgets_a_server_that_is_not_always_the_same) {
    tracer t;
    tusk::connect_event e;
    e.pool = "main";
    e.host = "one";
    e.port = 5432;
    e.database = "app";
    t.connect_finished(e);
    EXPECT_EQ(t.server_of("main").host, "one");
    e.host = "two";
    t.connect_finished(e);
    EXPECT_EQ(t.server_of("main").host, "");
    EXPECT_EQ(t.server_of("main").database, "app");
    EXPECT_EQ(t.server_of("other").database, "");
}

TEST(span, of_the_program_is_finished_with_its_scope) {
    tracer t;
    trace_context inner;
    {
        auto request = t.start("GET /alerts", parent(true), span_kind::server);
        request.set("http.route", "/alerts");
        inner = request.context();
        query(t, &inner);
        EXPECT_EQ(t.waiting(), 1U);
    }
    const auto got = taken(t);
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(got[0].parent_id, got[1].context.span_id);
    EXPECT_EQ(got[1].name, "GET /alerts");
    EXPECT_EQ(got[1].kind, span_kind::server);
    EXPECT_EQ(got[1].attributes.at(0).second, "/alerts");
    EXPECT_EQ(got[1].parent_id, parent(true).span_id);
}

TEST(span, that_is_not_sampled_still_has_ids_to_pass_on) {
    tracer t{sampling{}.roots(sampling::rule::never)};
    {
        auto work = t.start("work");
        EXPECT_TRUE(work.context().is_valid());
        EXPECT_FALSE(work.context().sampled);
        query(t, &work.context());
    }
    EXPECT_EQ(t.waiting(), 0U);
}

TEST(span, is_finished_once) {
    tracer t;
    {
        auto work = t.start("work");
        work.fail("timeout", "too late").finish();
        work.finish();
        auto moved = t.start("moved");
        const auto to = std::move(moved);
    }
    EXPECT_EQ(t.waiting(), 2U);
}

TEST(tracer, ids_differ) {
    tracer t;
    std::set<std::string> seen;
    for (int i = 0; i < 1'000; ++i) seen.insert(t.start("x").context().traceparent());
    EXPECT_EQ(seen.size(), 1'000U);
}

} // namespace tracer_test
