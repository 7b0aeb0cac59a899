#include <tusk/observe/log_observer.hpp>

#include <gtest/gtest.h>

#include "events.hpp"

namespace log_observer_test {

using namespace std::chrono_literals;
using namespace tusk::observe;

struct lines {
    std::vector<std::string> all;
    std::vector<log_level> levels;
    log_sink sink() {
        return [this](log_level level, std::string_view line) {
            levels.push_back(level);
            all.emplace_back(line);
        };
    }
};

bool has(const std::string& line, std::string_view what) { return line.find(what) != line.npos; }

const std::chrono::system_clock::time_point noon{1'767'268'800s + 5us}; // 2026-01-01 12:00:00.000005

TEST(log_record, is_logfmt) {
    log_record r{log_level::warn, "two words", noon};
    r.add("plain", "a/b.c").add("empty", "").add("quoted", "say \"hi\"\n").add("n", std::int64_t{-3});
    r.add("took_ms", 1500us).add("ok", true);
    EXPECT_EQ(r.text(log_format::logfmt),
              "ts=2026-01-01T12:00:00.000005Z level=warn msg=\"two words\" plain=a/b.c "
              "quoted=\"say \\\"hi\\\"\\n\" n=-3 took_ms=1.500 ok=true");
}

TEST(log_record, is_json) {
    log_record r{log_level::error, "m", noon};
    r.add("text", "a\"\\\x01\xC3\xA9").add("n", std::int64_t{7}).add("bad", "\xFF");
    EXPECT_EQ(r.text(log_format::json),
              "{\"ts\":\"2026-01-01T12:00:00.000005Z\",\"level\":\"error\",\"msg\":\"m\","
              "\"text\":\"a\\\"\\\\\\u0001\xC3\xA9\",\"n\":7,\"bad\":\"?\"}");
}

TEST(log_record, no_value_begins_a_line_or_a_field) {
    log_record r{log_level::info, "m", noon};
    r.add("sql", "select 1\nts=now level=error").add("x", "a b=c");
    const auto text = r.text(log_format::logfmt);
    EXPECT_EQ(text.find('\n'), text.npos);
    EXPECT_TRUE(has(text, "x=\"a b=c\"")) << text;
}

TEST(log_observer, says_what_failed_and_why) {
    lines out;
    log_observer o{out.sink()};
    tusk::server_error from;
    from.sqlstate = "23505";
    from.severity = "ERROR";
    from.message = "duplicate key";
    from.detail = "Key (email)=(a@b) already exists.";
    from.hint = "try another";
    from.position = 8;
    const tusk::failure why{from};
    const auto trace = *tusk::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    tusk::query_event e;
    e.pool = "main";
    e.sql = "insert into users values ($1)";
    e.table = "users";
    e.backend_pid = 77;
    e.arguments = 1;
    e.elapsed = 2500us;
    e.error = &why;
    e.trace = &trace;
    o.query_finished(e);
    ASSERT_EQ(out.all.size(), 1U);
    EXPECT_EQ(out.levels[0], log_level::error);
    for (const char* field :
         {"msg=\"query failed\"", "component=postgres", "pool=main", "backend_pid=77", "table=users",
          "sql=\"insert into users values ($1)\"", "args_count=1", "duration_ms=2.500", "sqlstate=23505",
          "severity=ERROR", "hint=\"try another\"", "position=8", "trace_id=4bf92f3577b34da6a3ce929d0e0e4736",
          "span_id=00f067aa0ba902b7"})
        EXPECT_TRUE(has(out.all[0], field)) << field << " is not in " << out.all[0];
    EXPECT_FALSE(has(out.all[0], "a@b")) << "values of rows are shown only when asked for";
    log_observer open{out.sink(), log_options{}.details()};
    open.query_finished(e);
    EXPECT_TRUE(has(out.all.at(1), "a@b"));
}

TEST(log_observer, writes_by_category_and_level) {
    lines out;
    log_observer usual{out.sink()};
    events::query(usual, "SELECT", "users", 1ms);
    EXPECT_TRUE(out.all.empty());
    log_observer chatty{out.sink(),
                        log_options{}.level(log_category::query, log_level::debug).format(log_format::json)};
    events::query(chatty, "SELECT", "users", 1ms);
    ASSERT_EQ(out.all.size(), 1U);
    EXPECT_TRUE(has(out.all[0], "\"command\":\"SELECT\"")) << out.all[0];
    log_observer quiet{out.sink(), log_options{}.level(log_level::off)};
    events::close(quiet, "main", tusk::close_reason::broken);
    const tusk::failure lost{tusk::errc::connection_lost, "gone"};
    events::query(quiet, "", "users", 1ms, &lost);
    EXPECT_EQ(out.all.size(), 1U);
}

TEST(log_observer, cuts_statements_between_characters) {
    lines out;
    log_observer o{out.sink(), log_options{}.level(log_level::debug).longest_sql(4)};
    tusk::query_event e;
    e.sql = "abc\xC3\xA9";
    o.query_finished(e);
    EXPECT_TRUE(has(out.all.at(0), "sql=abc ")) << out.all[0];
}

TEST(log_observer, thins_out_repeats) {
    lines out;
    log_observer o{out.sink(), log_options{}.repeats(2, 1s)};
    const tusk::failure lost{tusk::errc::connection_lost, "gone"}, late{tusk::errc::timeout, "late"};
    auto query = [&](tusk::steady_clock::duration at, const tusk::failure& why) {
        tusk::query_event e;
        e.start = tusk::steady_clock::time_point{at};
        e.error = &why;
        o.query_finished(e);
    };
    for (int i = 0; i < 5; ++i) query(i * 100ms, lost);
    EXPECT_EQ(out.all.size(), 2U);
    query(500ms, late);
    EXPECT_EQ(out.all.size(), 3U) << "another error is no repeat";
    query(1100ms, lost);
    ASSERT_EQ(out.all.size(), 4U);
    EXPECT_TRUE(has(out.all[3], "suppressed=3")) << out.all[3];
}

TEST(log_observer, tells_of_pools) {
    lines out;
    log_observer o{out.sink()};
    events::connect(o, "main", 5ms);
    events::close(o, "main", tusk::close_reason::idle);
    events::acquire(o, "main", 5s, tusk::acquire_result::timeout);
    events::health(o, "main", false);
    tusk::leak_event leak;
    leak.acquired_at = std::source_location::current();
    o.leaked(leak);
    ASSERT_EQ(out.all.size(), 5U);
    EXPECT_TRUE(has(out.all[1], "reason=idle"));
    EXPECT_TRUE(has(out.all[2], "result=timeout wait_ms=5000.000"));
    EXPECT_EQ(out.levels[3], log_level::warn);
    EXPECT_TRUE(has(out.all[4], "log_observer_test.cpp:")) << out.all[4];
}

TEST(log_observer, survives_a_sink_that_throws) {
    log_observer o{[](log_level, std::string_view) { throw std::runtime_error{"disk full"}; }};
    events::close(o, "main", tusk::close_reason::idle);
    EXPECT_THROW(log_observer{log_sink{}}, tusk::error);
}

} // namespace log_observer_test
