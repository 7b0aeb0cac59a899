// The dashboard and the alert rules in deploy/: a real Prometheus scrapes a real service, and every
// expression finds something.
#include <sstream>

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>

#include <tests/temporary_directory.hpp>
#include <tusk/embedded/server.hpp>

#include "child.hpp"
#include "eventually.hpp"

namespace dashboard_test {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
namespace json = boost::json;
using e2e::eventually;
using tests::temporary_directory;

const fs::path deps = TUSK_DEPS;
const fs::path deploy = TUSK_DEPLOY;

std::string contents(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

/// An expression as Grafana sends it when everything is selected.
std::string filled_in(std::string expression) {
    expression = replaced(std::move(expression), "$__rate_interval", "10s");
    for (const char* variable : {"$job", "$instance", "$pool"})
        expression = replaced(std::move(expression), variable, ".*");
    return expression;
}

struct shown {
    std::string panel;
    std::string expression;
};

std::vector<shown> expressions_of(const json::value& dashboard) {
    std::vector<shown> out;
    for (const auto& panel : dashboard.at("panels").as_array()) {
        const auto* targets = panel.as_object().if_contains("targets");
        if (targets == nullptr) continue;
        for (const auto& target : targets->as_array())
            out.push_back({json::value_to<std::string>(panel.at("title")),
                           json::value_to<std::string>(target.at("expr"))});
    }
    return out;
}

std::string url_encoded(std::string_view text) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0) {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        }
    }
    return out;
}

/// How many series Prometheus answers with; -1 when it does not answer.
int series_of(std::uint16_t prometheus, const std::string& expression) {
    const auto got = e2e::request(prometheus, "GET", "/api/v1/query?query=" + url_encoded(expression));
    json::error_code ec;
    const auto body = json::parse(got.body, ec);
    if (ec || got.status != 200) return -1;
    return static_cast<int>(body.at("data").at("result").as_array().size());
}

TEST(dashboard, every_expression_returns_a_series_of_a_real_service) {
    const auto program = deps / "prometheus/usr/bin/prometheus";
    if (!fs::exists(program))
        GTEST_SKIP() << "Prometheus is not unpacked below build/deps; run scripts/setup";
    const temporary_directory dir;
    auto server = tusk::embedded::server::start().value();
    e2e::child service{{TUSK_ALERTHIST, "--listen", "127.0.0.1:0", "--database-url", server.url()},
                       dir.path() / "alerthist.log"};
    ASSERT_TRUE(service.wait_for_output("listening on 127.0.0.1:")) << service.output();
    const auto text = service.output();
    const std::string before = "listening on 127.0.0.1:";
    const auto port = static_cast<std::uint16_t>(std::stoi(text.substr(text.find(before) + before.size())));
    const auto prom_port = e2e::free_port();
    const auto config =
        dir.write("prom.yml", "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: alerthist\n"
                              "  static_configs:\n  - targets: ['127.0.0.1:" +
                                  std::to_string(port) + "']\n");
    e2e::child prometheus{{program.string(), "--config.file=" + config.string(),
                           "--storage.tsdb.path=" + (dir.path() / "prom").string(),
                           "--web.listen-address=127.0.0.1:" + std::to_string(prom_port)},
                          dir.path() / "prom.log"};
    auto work = [&, n = 0]() mutable {
        const auto day = std::to_string(1 + n++ % 28);
        static_cast<void>(e2e::request(
            port, "POST", "/webhook",
            R"({"version":"4","receiver":"r","status":"firing","groupKey":"k","alerts":[{"status":"firing",)"
            R"("labels":{"alertname":"A"},"annotations":{},"startsAt":"2026-01-)" +
                std::string(2 - day.size(), '0') + day +
                R"(T00:00:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"00000000000000aa"}]})"));
        static_cast<void>(e2e::request(port, "GET", "/api/v1/alerts?limit=10"));
    };
    const auto dashboard = json::parse(contents(deploy / "grafana/tusk.json"));
    auto waiting = expressions_of(dashboard);
    EXPECT_GT(waiting.size(), 25U);
    EXPECT_TRUE(eventually(
        [&] {
            work();
            std::erase_if(waiting,
                          [&](const shown& s) { return series_of(prom_port, filled_in(s.expression)) > 0; });
            return waiting.empty();
        },
        60s));
    for (const auto& s : waiting) ADD_FAILURE() << s.panel << ": " << s.expression;
    prometheus.terminate();
    EXPECT_EQ(service.terminate(), 0) << service.output();
}

TEST(dashboard, says_of_every_panel_what_it_shows_and_in_which_unit) {
    const auto dashboard = json::parse(contents(deploy / "grafana/tusk.json"));
    for (const auto& panel : dashboard.at("panels").as_array()) {
        if (panel.at("type") == "row") continue;
        const auto title = json::value_to<std::string>(panel.at("title"));
        EXPECT_FALSE(panel.at("description").as_string().empty()) << title;
        EXPECT_FALSE(panel.at("fieldConfig").at("defaults").at("unit").as_string().empty()) << title;
        EXPECT_EQ(panel.at("datasource").at("uid"), "${datasource}") << title;
    }
}

TEST(alert_rules, fire_when_they_should) {
    const auto promtool = deps / "prometheus/usr/bin/promtool";
    if (!fs::exists(promtool)) GTEST_SKIP() << "promtool is not unpacked below build/deps; run scripts/setup";
    const temporary_directory dir;
    e2e::child check{
        {promtool.string(), "test", "rules", (deploy / "prometheus/tusk-alerts.test.yml").string()},
        dir.path() / "promtool.log"};
    ASSERT_TRUE(check.wait_for_output("SUCCESS")) << check.output();
}

} // namespace dashboard_test
