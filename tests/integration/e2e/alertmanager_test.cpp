#include <ctime>
#include <thread>

#include <gtest/gtest.h>

#include <tests/temporary_directory.hpp>
#include <tusk/client/blocking.hpp>
#include <tusk/embedded/server.hpp>

#include "child.hpp"
#include "eventually.hpp"

namespace alertmanager_test {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using e2e::eventually;
using tests::temporary_directory;

struct event_counts {
    std::int64_t alerts;
    std::int64_t firing;
    std::int64_t resolved;
    std::int64_t most; ///< Of one alert and status.
};

/// Rules that fire between two points in time, one alert each.
std::string rules(const std::string& prefix, int count, std::time_t from, std::time_t to) {
    std::string out = "groups:\n- name: " + prefix + "\n  interval: 1s\n  rules:\n";
    for (int i = 0; i < count; ++i)
        out += "  - alert: " + prefix + std::to_string(i) + "\n    expr: vector(time()) > " +
               std::to_string(from) + " and vector(time()) < " + std::to_string(to) +
               "\n    labels: {severity: critical, namespace: e2e}\n    annotations: {summary: 'проверка " +
               std::to_string(i) + "'}\n";
    return out;
}

event_counts count_events(const std::string& url, const std::string& prefix) {
    auto db = tusk::blocking::connection::open(url);
    return db.one<event_counts>(
        "select count(distinct fingerprint) as alerts, count(*) filter (where status = 'firing') as firing, "
        "count(*) filter (where status = 'resolved') as resolved, coalesce(max(n), 0) as most from (select "
        "fingerprint, "
        "status, count(*) over (partition by fingerprint, status) as n from alert_events where labels ->> "
        "'alertname' "
        "like $1) as e",
        prefix + "%");
}

const std::string a_body =
    R"({"version":"4","receiver":"r","status":"firing","groupKey":"k","alerts":[{"status":"firing",)"
    R"("labels":{"alertname":"ByHand"},"annotations":{},"startsAt":"2026-01-01T00:00:00Z",)"
    R"("endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"00000000000000aa"}]})";

TEST(alertmanager, every_alert_is_stored_exactly_once_even_when_postgresql_dies_in_between) {
    const fs::path deps = TUSK_DEPS;
    const auto prometheus_binary = deps / "prometheus/usr/bin/prometheus";
    const auto alertmanager_binary = deps / "prometheus-alertmanager/usr/bin/prometheus-alertmanager";
    if (!fs::exists(prometheus_binary) || !fs::exists(alertmanager_binary))
        GTEST_SKIP() << "Prometheus and Alertmanager are not unpacked below build/deps; run scripts/setup";

    const temporary_directory dir;
    // It is killed: what it has confirmed must be in its log by then, whatever a throwaway server does by
    // default.
    auto server_settings = tusk::embedded::server_options{};
    server_settings.setting("synchronous_commit", "on");
    auto server = tusk::embedded::server::start(server_settings).value();
    e2e::child service{{TUSK_ALERTHIST, "--listen", "127.0.0.1:0", "--database-url", server.url()},
                       dir.path() / "alerthist.log"};
    ASSERT_TRUE(service.wait_for_output("listening on 127.0.0.1:")) << service.output();
    const auto text = service.output();
    const auto at = text.find("listening on 127.0.0.1:") + 23;
    const auto port = static_cast<std::uint16_t>(std::stoi(text.substr(at)));
    ASSERT_TRUE(eventually([&] { return e2e::request(port, "GET", "/readyz").status == 200; }, 20s))
        << service.output();

    const auto am_port = e2e::free_port();
    const auto prom_port = e2e::free_port();
    const auto hook = "http://127.0.0.1:" + std::to_string(port) + "/webhook";
    const auto am_config =
        dir.write("am.yml", "route:\n  receiver: hook\n  group_by: [alertname]\n  group_wait: 0s\n"
                            "  group_interval: 1s\n  repeat_interval: 1h\nreceivers:\n- name: hook\n"
                            "  webhook_configs:\n  - url: " +
                                hook + "\n    send_resolved: true\n");
    e2e::child alertmanager{{alertmanager_binary.string(), "--config.file=" + am_config.string(),
                             "--storage.path=" + (dir.path() / "am").string(), "--cluster.listen-address=",
                             "--web.listen-address=127.0.0.1:" + std::to_string(am_port)},
                            dir.path() / "am.log"};
    ASSERT_TRUE(eventually([&] { return e2e::request(am_port, "GET", "/-/ready").status == 200; }, 30s))
        << alertmanager.output();

    // Prometheus takes about five seconds to find its Alertmanager; what fires before that is sent a minute
    // later.
    const auto now = std::time(nullptr);
    dir.write("first.yml", rules("First", 3, now + 8, now + 20));
    const auto second_from = now + 32;
    dir.write("second.yml", rules("Second", 3, second_from, second_from + 12));
    const auto prom_config = dir.write(
        "prom.yml", "global: {evaluation_interval: 1s}\nrule_files: ['" +
                        (dir.path() / "first.yml").string() + "', '" + (dir.path() / "second.yml").string() +
                        "']\nalerting:\n  alertmanagers:\n  - static_configs:\n    - targets: ['127.0.0.1:" +
                        std::to_string(am_port) + "']\n");
    e2e::child prometheus{{prometheus_binary.string(), "--config.file=" + prom_config.string(),
                           "--storage.tsdb.path=" + (dir.path() / "prom").string(),
                           "--web.listen-address=127.0.0.1:" + std::to_string(prom_port)},
                          dir.path() / "prom.log"};

    // A rule fires and resolves.
    EXPECT_TRUE(eventually([&] { return count_events(server.url(), "First").firing == 3; }, 30s))
        << prometheus.output();
    EXPECT_TRUE(eventually([&] { return count_events(server.url(), "First").resolved == 3; }, 40s))
        << alertmanager.output();
    auto first = count_events(server.url(), "First");
    EXPECT_EQ(first.alerts, 3);
    EXPECT_EQ(first.most, 1);

    // PostgreSQL dies, and alerts fire meanwhile.
    ASSERT_TRUE(server.kill9());
    e2e::answer refused;
    EXPECT_TRUE(eventually(
        [&] { return (refused = e2e::request(port, "POST", "/webhook", a_body)).status == 503; }, 10s));
    EXPECT_NE(refused.head.find("Retry-After"), std::string::npos) << refused.head;
    EXPECT_EQ(e2e::request(port, "GET", "/readyz").status, 503);
    EXPECT_EQ(e2e::request(port, "GET", "/livez").status, 200);
    while (std::time(nullptr) < second_from + 4)
        std::this_thread::sleep_for(100ms); // the rules fire by the wall clock
    ASSERT_TRUE(server.start_again());

    EXPECT_TRUE(eventually([&] { return count_events(server.url(), "Second").firing == 3; }, 30s))
        << alertmanager.output();
    EXPECT_TRUE(eventually([&] { return count_events(server.url(), "Second").resolved == 3; }, 60s))
        << alertmanager.output();
    const auto second = count_events(server.url(), "Second");
    EXPECT_EQ(second.alerts, 3);
    EXPECT_EQ(second.most, 1);
    first = count_events(server.url(), "First");
    EXPECT_EQ(first.firing, 3);
    EXPECT_EQ(first.resolved, 3);
    EXPECT_TRUE(eventually([&] { return e2e::request(port, "GET", "/readyz").status == 200; }, 10s));

    const auto list = e2e::request(port, "GET", "/api/v1/alerts?namespace=e2e&limit=10");
    EXPECT_EQ(list.status, 200);
    EXPECT_NE(list.body.find("\"Second2\""), std::string::npos) << list.body;
    EXPECT_NE(list.body.find("\"next_cursor\":null"), std::string::npos) << list.body;

    prometheus.terminate();
    alertmanager.terminate();
    EXPECT_EQ(service.terminate(), 0) << service.output();
}

} // namespace alertmanager_test
