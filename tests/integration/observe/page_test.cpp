// The code of docs/observability.md that is about traces, logs and slow statements.
#include <sstream>

#include <spdlog/sinks/ostream_sink.h>

#include <tusk/client/explain.hpp>
#include <tusk/observe/fan_out.hpp>
#include <tusk/observe/log_observer.hpp>
#include <tusk/observe/metrics_observer.hpp>
#include <tusk/observe/otlp_exporter.hpp>
#include <tusk/observe/slow_queries.hpp>
#include <tusk/observe/spdlog.hpp>
#include <tusk/observe/sql_comment.hpp>
#include <tusk/pool.hpp>
#include <tusk/testing/gtest.hpp>

namespace page_test {

namespace asio = boost::asio;

class observability_page : public tusk::testing::database_test {};

struct request {
    std::optional<std::string> header(std::string_view) const {
        return "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"; // not sampled: nothing is sent
    }
};

asio::awaitable<int> handle(tusk::pool& db, tusk::observe::tracer& spans, const request& from) {
    using namespace tusk::observe;

    const auto parent = tusk::parse_traceparent(from.header("traceparent").value_or(""));
    auto work = spans.start("GET /answer", parent, span_kind::server);
    work.set("http.route", "/answer");
    const auto call = tusk::options{}.trace(work.context()).table("answers");
    const auto answer = co_await db.one<int>(call, "select $1::int", 42); // a child of `work`

    co_return answer; // `work` is finished here
}

asio::awaitable<int> tagged(tusk::pool& db, tusk::trace_context context) {
    using namespace tusk::observe;

    const auto sql = sql_comment{}.tag("route", "/answer").trace(context).append_to("select 42");
    const auto unprepared = tusk::options{}.mode(tusk::protocol::exec_mode::exec);
    const auto answer = co_await db.one<int>(unprepared, sql);

    co_return answer;
}

asio::awaitable<void> serve(std::string url, std::shared_ptr<spdlog::logger> logger,
                            std::shared_ptr<tusk::blocking::connection> plans) {
    using namespace tusk::observe;

    registry metrics;
    otlp_exporter telemetry{otlp_config::from_environment(), &metrics};

    const auto sink = to_spdlog(logger); // logger->set_pattern("%v")
    const auto log = std::make_shared<log_observer>(sink, log_options{}.format(log_format::json));

    const auto slow = std::make_shared<slow_queries>(
        [sink](const slow_query& q) { sink(log_level::warn, to_record(q).text(log_format::json)); },
        slow_query_options{}
            .threshold(std::chrono::milliseconds{100})
            .explain([plans](auto sql, auto arguments) {
                return tusk::blocking::explain(*plans, sql, arguments); // a connection of its own
            }));

    const auto watched =
        fan_out({std::make_shared<metrics_observer>(metrics), telemetry.tracer(), log, slow});
    auto db = co_await tusk::pool::open(url, watched);

    EXPECT_EQ(co_await handle(db, *telemetry.tracer(), request{}), 42);
    EXPECT_EQ(co_await tagged(db, *tusk::parse_traceparent(*request{}.header(""))), 42);
    co_await db.exec("select pg_sleep(0.11)");
    slow->flush();
    EXPECT_NE(to_json(db.describe()).find("pg_sleep"), std::string::npos);
    const auto until = tusk::deadline::in(std::chrono::seconds{5});
    co_await db.close(until);
}

TEST_F(observability_page, traces_logs_and_slow_statements) {
    std::ostringstream lines;
    const auto logger =
        std::make_shared<spdlog::logger>("db", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines));
    logger->set_pattern("%v");
    ::setenv("OTEL_SDK_DISABLED", "true", 1); // no collector listens here
    tusk::testing::run_async(serve(url(), logger, std::make_shared<tusk::blocking::connection>(connect())));
    ::unsetenv("OTEL_SDK_DISABLED");
    const auto text = lines.str();
    EXPECT_NE(
        text.find("\"level\":\"info\",\"msg\":\"connected\",\"component\":\"postgres\",\"pool\":\"default\""),
        text.npos)
        << text;
    EXPECT_NE(text.find("\"msg\":\"slow query\""), text.npos) << text;
    EXPECT_NE(text.find("\"plan\":\"[\\n"), text.npos) << text;
}

} // namespace page_test
