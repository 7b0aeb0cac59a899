// The code of docs/observability.md.
#include <tusk/client.hpp>
#include <tusk/observe/metrics_observer.hpp>
#include <tusk/observe/pool_gauges.hpp>
#include <tusk/observe/prometheus.hpp>
#include <tusk/pool.hpp>

#include <iostream>

#include "page.hpp"

namespace observability_page {

using namespace docs_test;

class observability_page : public page_test {};

asio::awaitable<std::string> metrics_of(std::string url) {
    using namespace tusk::observe;

    registry metrics; // outlives everything that records into it
    auto observer = std::make_shared<metrics_observer>(metrics);
    auto db = co_await tusk::pool::open(url, observer);

    // A pool's state is read when somebody looks. The subscription ends before the pool does.
    subscription watching = watch_pool(metrics, [&](pool_gauges& now) {
        const auto s = db.stats();
        now.name = "main";
        now.active = s.in_use;
        now.idle = s.idle;
        now.total = s.total;
        now.max = s.max;
    });

    // The program's own metrics: label names when declared, label values when recorded.
    auto& received = metrics.counter("alerthist_alerts_received_total", "Alerts received", "status");
    received.with("firing").add();

    auto& duration =
        metrics.histogram("http_request_duration_seconds", "Time to answer requests", "route", "code");
    duration.with("/api/v2/alerts", "200").record(std::chrono::milliseconds{3});

    auto& firing = received.with("firing"); // a reference stays good as long as the registry
    firing.add(2);

    // GET /metrics: status 200, Content-Type: prometheus_content_type, and this body:
    std::string body = to_prometheus(metrics);

    co_await db.exec("select 1");
    co_return body + to_prometheus(metrics);
}

TEST_F(observability_page, example) {
    const auto page = tusk::testing::run_async(metrics_of(url_with("pool_max_conns=7")));
    for (const char* line :
         {"postgres_connections_max{pool=\"main\"} 7\n",
          "alerthist_alerts_received_total{status=\"firing\"} 3\n",
          "http_request_duration_seconds_count{route=\"/api/v2/alerts\",code=\"200\"} 1\n",
          "postgres_acquires_total{pool=\"default\",result=",
          "postgres_connection_use_duration_seconds_count{pool=\"default\"} ",
          "postgres_connections_created_total{pool=\"default\"} ",
          "postgres_queries_total{query_type=\"select\",table=\"none\",status=\"ok\"} 1\n"})
        EXPECT_NE(page.find(line), std::string::npos) << line << "is not in\n" << page;
}

TEST_F(observability_page, messages_of_the_protocol) {
    const auto url = url_with("application_name=traced");
    ::testing::internal::CaptureStderr();
    {
        auto settings = tusk::connection_settings{}.trace_messages(
            [](const tusk::traced_message& m) { std::cerr << to_string(m) << '\n'; });
        auto db = tusk::blocking::connection::open(url, settings);
        db.exec("select 1");
    }
    const auto said = ::testing::internal::GetCapturedStderr();
    for (const char* line : {"> Startup", "> Parse", "< CommandComplete 14 SELECT 1\n< ReadyForQuery 6 I\n"})
        EXPECT_NE(said.find(line), std::string::npos) << line << " is not in\n" << said;
}

} // namespace observability_page
