#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <sys/wait.h>
#include <unistd.h>

#include <sstream>

#include "support.hpp"

namespace health_test {

using namespace alerthist_test;

TEST(alerthist_health, is_good_with_a_database) {
    running_service service{new_database()};
    ASSERT_TRUE(service.becomes_ready());
    for (const std::string path : {"/livez", "/healthz", "/-/healthy", "/readyz", "/ready", "/-/ready"}) {
        const auto out = get(service.port(), path);
        EXPECT_EQ(out.status, 200) << path;
        EXPECT_EQ(out.body, "ok\n") << path;
    }
    EXPECT_EQ(get(service.port(), "/readyz?verbose").body,
              "[+]postgres ok\n[+]schema ok\n[+]shutdown ok\nreadyz check passed\n");
    const auto summary = get(service.port(), "/health");
    EXPECT_EQ(summary.status, 200);
    EXPECT_EQ(summary.object().at("status"), "healthy");
    EXPECT_GE(summary.object().at("uptime_seconds").as_int64(), 0);
    EXPECT_EQ(summary.object().at("checks").at("postgres").at("status"), "healthy");
}

TEST(alerthist_health, starts_without_a_database_and_finds_it_later) {
    auto server = own_postgres();
    ASSERT_TRUE(server.stop(tusk::embedded::stop_mode::immediate));
    running_service service{server.url()};
    EXPECT_EQ(get(service.port(), "/livez").status, 200) << "alive, whatever the database does";
    const auto ready = get(service.port(), "/readyz");
    EXPECT_EQ(ready.status, 503);
    EXPECT_NE(ready.body.find("[-]postgres failed: "), std::string::npos) << ready.body;
    const auto summary = get(service.port(), "/health");
    EXPECT_EQ(summary.status, 503);
    EXPECT_EQ(summary.object().at("status"), "unhealthy");
    const auto refused = post(service.port(), real_body());
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.headers.at("retry-after"), "1");
    EXPECT_EQ(get(service.port(), "/metrics").status, 200);

    ASSERT_TRUE(server.start_again());
    ASSERT_TRUE(service.becomes_ready());
    EXPECT_EQ(post(service.port(), real_body()).status, 200);
}

TEST(alerthist_health, an_outage_is_answered_with_503_and_ends_by_itself) {
    auto server = own_postgres();
    running_service service{server.url()};
    ASSERT_TRUE(service.becomes_ready());
    ASSERT_EQ(post(service.port(), real_body()).status, 200);

    ASSERT_TRUE(server.stop());
    for (int i = 0; i < 3; ++i) {
        const auto refused = post(service.port(), real_body());
        EXPECT_EQ(refused.status, 503) << refused.body;
        EXPECT_EQ(refused.headers.at("retry-after"), "1");
        EXPECT_EQ(refused.object().at("error").at("code"), "SERVICE_UNAVAILABLE");
        const auto list = get(service.port(), "/api/v1/alerts");
        EXPECT_EQ(list.status, 503);
        EXPECT_EQ(list.headers.at("retry-after"), "1");
    }
    EXPECT_EQ(get(service.port(), "/readyz").status, 503);
    EXPECT_EQ(get(service.port(), "/livez").status, 200);

    ASSERT_TRUE(server.start_again());
    EXPECT_TRUE(eventually([&] { return post(service.port(), real_body()).status == 200; }));
    EXPECT_TRUE(service.becomes_ready());
    EXPECT_EQ(value(server.url(), "select count(*)::text from alert_events"), "3")
        << "and nothing came twice";
}

TEST(alerthist_health, an_exhausted_pool_is_answered_with_503) {
    const auto url = new_database();
    running_service service{url, "database: {max_conns: 1, acquire_timeout: 200ms, statement_timeout: 1s}"};
    ASSERT_TRUE(service.becomes_ready());
    // Whoever gets the connection waits for the lock until the statement's limit; the others wait for the
    // connection.
    const auto lock = "do $$ begin lock table alerts in access exclusive mode; perform pg_sleep(3); end $$";
    std::thread locked{[&] { execute(url, lock); }};
    ASSERT_TRUE(eventually([&] {
        return value(url,
                     "select count(*)::text from pg_locks where mode = 'AccessExclusiveLock' and granted and "
                     "relation = 'alerts'::regclass") == "1";
    }));
    std::vector<std::thread> posts;
    std::vector<answer> answers(3);
    for (auto& one : answers) posts.emplace_back([&] { one = post(service.port(), real_body()); });
    for (auto& one : posts) one.join();
    for (const auto& one : answers) {
        EXPECT_EQ(one.status, 503) << one.body;
        EXPECT_EQ(one.headers.count("retry-after"), 1U);
    }
    locked.join();
    EXPECT_TRUE(eventually([&] { return post(service.port(), real_body()).status == 200; }));
}

std::ptrdiff_t migrations() {
    const std::filesystem::directory_iterator files{std::string{TUSK_TEST_SOURCE_DIR} +
                                                    "/services/alerthist/migrations"};
    return std::count_if(begin(files), end(files),
                         [](const auto& one) { return one.path().extension() == ".sql"; });
}

TEST(alerthist_schema, is_installed_once_by_many) {
    const auto url = new_database();
    {
        running_service a{url};
        running_service b{url};
        running_service c{url};
        EXPECT_TRUE(a.becomes_ready() && b.becomes_ready() && c.becomes_ready());
    }
    EXPECT_EQ(
        value(url,
              "select count(*)::text from atlas_schema_revisions.atlas_schema_revisions where error is null"),
        std::to_string(migrations()));
    running_service again{url};
    EXPECT_TRUE(again.becomes_ready());
}

TEST(alerthist_schema, of_a_newer_program_is_left_alone) {
    const auto url = new_database();
    execute(url, "create table schema_version (version integer primary key, applied_at timestamptz not null "
                 "default now())");
    execute(url, "insert into schema_version (version) values (99)");
    running_service service{url};
    std::string body;
    EXPECT_TRUE(eventually([&] {
        body = get(service.port(), "/readyz").body;
        return body.find("schema version 99") != std::string::npos;
    })) << body;
    EXPECT_EQ(post(service.port(), real_body()).status, 503);
    EXPECT_EQ(value(url, "select count(*)::text from pg_class where relname = 'alerts'"), "0");
}

TEST(alerthist_schema, of_a_program_before_migrations_is_taken_over) {
    const auto url = new_database();
    std::ifstream file{std::string{TUSK_TEST_SOURCE_DIR} +
                       "/services/alerthist/migrations/20260101000001_alerts.sql"};
    std::stringstream first;
    first << file.rdbuf();
    execute(url, first.str());
    execute(
        url,
        "create table schema_version (version integer primary key, applied_at timestamptz not null default "
        "now()); insert into schema_version (version) values (1)");
    execute(
        url,
        "insert into alerts (fingerprint, status, labels, annotations, starts_at, generator_url, receiver, "
        "group_key) values ('old', 'firing', '{\"alertname\":\"Old\",\"severity\":\"info\"}', '{}', now(), "
        "'', "
        "'', '')");
    running_service service{url};
    ASSERT_TRUE(service.becomes_ready());
    const auto out = get(service.port(), "/api/v1/alerts/old");
    EXPECT_EQ(out.status, 200) << out.body;
    EXPECT_EQ(out.object().at("severity"), "info");
    EXPECT_EQ(value(url, "select to_regclass('schema_version')::text"), "NULL");
}

TEST(alerthist_schema, that_vanishes_makes_the_service_unready) {
    const auto url = new_database();
    running_service service{url};
    ASSERT_TRUE(service.becomes_ready());
    execute(url, "delete from atlas_schema_revisions.atlas_schema_revisions where version like '2026%' and "
                 "version > '20260102'");
    const auto out = get(service.port(), "/readyz");
    EXPECT_EQ(out.status, 503);
    EXPECT_NE(out.body.find("[-]schema failed: the database has version 20260101000001, expected "),
              std::string::npos)
        << out.body;
}

TEST(alerthist_schema, that_is_gone_is_put_there_again) {
    const auto url = new_database();
    running_service service{url};
    ASSERT_TRUE(service.becomes_ready());
    execute(url,
            "drop schema public cascade; drop schema atlas_schema_revisions cascade; create schema public");
    const auto out = post(service.port(), real_body());
    EXPECT_EQ(out.status, 503) << out.body;
    EXPECT_EQ(out.headers.at("retry-after"), "1");
    EXPECT_TRUE(eventually([&] { return post(service.port(), real_body()).status == 200; }));
    EXPECT_TRUE(service.becomes_ready());
}

/// Prometheus' own linter: from the environment, or unpacked into the build tree's dependencies.
std::filesystem::path find_promtool() {
    if (const char* given = std::getenv("TUSK_PROMTOOL")) return given;
    return std::filesystem::path{TUSK_TEST_SOURCE_DIR} / "build/deps/prometheus/usr/bin/promtool";
}

TEST(alerthist_metrics, count_requests_alerts_and_the_pool) {
    running_service service{new_database()};
    ASSERT_TRUE(service.becomes_ready());
    ASSERT_EQ(post(service.port(), real_body()).status, 200);
    ASSERT_EQ(post(service.port(), real_body()).status, 200);
    ASSERT_EQ(post(service.port(), "{}").status, 400);
    ASSERT_EQ(get(service.port(), "/api/v1/alerts/ddcdf6115a6dfd9e").status, 200);
    ASSERT_EQ(get(service.port(), "/nothing").status, 404);
    const std::vector<std::string> expected{
        "alerthist_alerts_received_total{status=\"firing\"} 4\n",
        "alerthist_alerts_received_total{status=\"resolved\"} 2\n",
        "alerthist_alert_events_created_total 3\n",
        "alerthist_webhook_rejected_total{reason=\"malformed\"} 1\n",
        "alerthist_http_requests_total{method=\"POST\",route=\"/webhook\",status=\"200\"} 2\n",
        "alerthist_http_requests_total{method=\"POST\",route=\"/webhook\",status=\"400\"} 1\n",
        "alerthist_http_requests_total{method=\"GET\",route=\"/api/v1/alerts/{fingerprint}\",status=\"200\"} "
        "1\n",
        "alerthist_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1\n",
        "alerthist_http_request_duration_seconds_bucket{route=\"/webhook\",le=\"+Inf\"} 3\n",
        "postgres_connections_active{pool=\"alerthist\"} 0\n",
        "postgres_connections_idle{pool=\"alerthist\"} ",
        "postgres_connection_wait_duration_seconds_count{pool=\"alerthist\"} ",
        "postgres_query_duration_seconds_count{query_type=\"other\",table=\"none\"} 2\n"};
    std::string text;
    std::string missing;
    // A request is counted after its answer was sent, so the last ones may be a moment late.
    EXPECT_TRUE(eventually([&] {
        const auto out = get(service.port(), "/metrics");
        EXPECT_EQ(out.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        text = out.body;
        missing.clear();
        for (const auto& line : expected)
            if (text.find(line) == std::string::npos) missing += line;
        return missing.empty();
    })) << missing
        << "\nin\n"
        << text;

    const auto promtool = find_promtool();
    if (!std::filesystem::exists(promtool))
        GTEST_SKIP() << "no promtool at " << promtool << "; set TUSK_PROMTOOL";
    const auto file =
        std::filesystem::path{::testing::TempDir()} / ("alerthist-metrics-" + std::to_string(::getpid()));
    std::ofstream{file} << text;
    const int status =
        std::system(("'" + promtool.string() + "' check metrics < '" + file.string() + "'").c_str());
    std::filesystem::remove(file);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << text;
}

} // namespace health_test
