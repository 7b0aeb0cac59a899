#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <services/alerthist/health.hpp>

namespace health_test {

using namespace tusk::alerthist;
using namespace std::chrono_literals;

health_check check(std::string name, bool ok, std::string message) {
    health_check out;
    out.name = std::move(name);
    out.ok = ok;
    out.message = std::move(message);
    out.latency = 1500us;
    return out;
}

TEST(health_report, lists_checks_as_kubernetes_does) {
    const std::vector<health_check> good{check("postgres", true, "ok"), check("schema", true, "ok")};
    EXPECT_EQ(verbose_text(good), "[+]postgres ok\n[+]schema ok\nreadyz check passed\n");
    const std::vector<health_check> bad{check("postgres", false, "gone"), check("schema", true, "ok")};
    EXPECT_EQ(verbose_text(bad), "[-]postgres failed: gone\n[+]schema ok\nreadyz check failed\n");
}

TEST(health_report, is_unhealthy_when_one_check_is) {
    const std::vector<health_check> bad{check("postgres", false, "say \"hi\""), check("schema", true, "ok")};
    const auto object = boost::json::parse(summary_json(bad, "1.2.3", 90s)).as_object();
    EXPECT_EQ(object.at("status").as_string(), "unhealthy");
    EXPECT_EQ(object.at("version").as_string(), "1.2.3");
    EXPECT_EQ(object.at("uptime_seconds").as_int64(), 90);
    const auto& postgres = object.at("checks").at("postgres");
    EXPECT_EQ(postgres.at("status").as_string(), "unhealthy");
    EXPECT_EQ(postgres.at("message").as_string(), "say \"hi\"");
    EXPECT_DOUBLE_EQ(postgres.at("latency_ms").as_double(), 1.5);
    EXPECT_EQ(object.at("checks").at("schema").at("status").as_string(), "healthy");
    EXPECT_NE(summary_json({check("a", true, "ok")}, "1", 0s).find(R"("status":"healthy")"),
              std::string::npos);
}

} // namespace health_test
