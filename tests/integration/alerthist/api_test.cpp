#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <regex>
#include <set>
#include <sstream>

#include <boost/asio/io_context.hpp>

#include <services/http/auth.hpp>
#include <services/http/digest.hpp>
#include <services/http/server.hpp>

#include "support.hpp"

namespace api_test {

using namespace alerthist_test;
namespace asio = boost::asio;
namespace http = tusk::http;

/// Somebody who receives what is published, and answers with a status that may be changed.
class receiver {
public:
    receiver() {
        http::router routes;
        routes.post("/hook", [this](http::request& from) -> asio::awaitable<http::response> {
            const std::lock_guard lock{mutex_};
            bodies_.push_back(from.body());
            signature_ = std::string{from.header("X-Webhook-Signature").value_or("")};
            co_return http::response::text(static_cast<unsigned>(status_.load()), "");
        });
        http::server_options options;
        options.listen("127.0.0.1:0");
        server_.emplace(std::move(routes), std::move(options));
        server_->start(context_.get_executor());
        thread_ = std::thread{[this] { context_.run(); }};
    }
    ~receiver() {
        context_.stop();
        thread_.join();
        server_.reset();
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()) + "/hook"; }
    void answer_with(int status) { status_ = status; }
    std::size_t count() const {
        const std::lock_guard lock{mutex_};
        return bodies_.size();
    }
    std::string last() const {
        const std::lock_guard lock{mutex_};
        return bodies_.empty() ? "" : bodies_.back();
    }
    std::string signature() const {
        const std::lock_guard lock{mutex_};
        return signature_;
    }

private:
    asio::io_context context_;
    std::optional<http::server> server_;
    std::thread thread_;
    mutable std::mutex mutex_;
    std::vector<std::string> bodies_;
    std::string signature_;
    std::atomic<int> status_ = 200;
};

std::string now_text(int seconds_ago = 0) {
    return tusk::alerthist::format_instant(std::chrono::floor<std::chrono::microseconds>(
        std::chrono::system_clock::now() - std::chrono::seconds{seconds_ago}));
}

std::string firing_body(const std::string& name, const json::object& labels = {}) {
    return body{}.firing(name, now_text(60), labels).text();
}

constexpr const char* quick_retries = "publishing:\n  first_retry: 20ms\n  longest_retry: 100ms\n";

TEST(alerthist_api, answers_every_question_as_described) {
    running_service service{new_database()};
    ASSERT_TRUE(service.becomes_ready());
    const auto port = service.port();
    EXPECT_EQ(call(port, "POST", "/webhook", real_body()).status, 200);
    EXPECT_EQ(
        call(port, "POST", "/api/v2/alerts", R"([{"labels":{"alertname":"P","severity":"info"}}])").status,
        200);
    EXPECT_EQ(call(port, "POST", "/api/v2/alerts", R"([{"labels":{"alertname":"P","severity":"info"}}])")
                  .object()
                  .at("events_created"),
              0)
        << "it fires since then already";
    for (const auto* target :
         {"/api/v1/alerts",
          "/api/v1/alerts?name=DiskFull&status=firing&severity=critical&label=instance:node-1",
          "/api/v1/alerts/ddcdf6115a6dfd9e",
          "/api/v1/alerts/ddcdf6115a6dfd9e/events",
          "/api/v1/events",
          "/api/v1/events?label=instance:node-1&outcome=stored",
          "/api/v1/events?namespace=prod&limit=1",
          "/api/v1/stats",
          "/api/v1/top",
          "/api/v1/flapping",
          "/api/v1/report?include_recent=true",
          "/api/v2/report",
          "/api/v1/rules",
          "/api/v1/rules/1",
          "/api/v1/classification/rules",
          "/api/v1/classification/stats",
          "/api/v1/inhibition/rules",
          "/api/v1/silences",
          "/api/v1/silences?status=active",
          "/api/v1/targets",
          "/api/v1/mode",
          "/api/v1/publishing",
          "/api/v1/publishing/dead-letters",
          "/api/v1/pool",
          "/api/v1/me",
          "/debug/pool",
          "/debug/statements",
          "/debug/config",
          "/health",
          "/livez",
          "/healthz",
          "/-/healthy",
          "/readyz?verbose",
          "/ready",
          "/-/ready",
          "/metrics",
          "/openapi.json",
          "/"})
        EXPECT_EQ(call(port, "GET", target).status, 200) << target;
    const auto filtered = call(port, "GET", "/api/v1/events?label=instance:node-1").object();
    ASSERT_EQ(filtered.at("events").as_array().size(), 1U);
    EXPECT_EQ(filtered.at("events").at(0).at("classification").at("severity"), "critical");
    for (const auto* target :
         {"/api/v1/alerts/none", "/api/v1/rules/999", "/api/v1/rules/x", "/api/v1/silences/17", "/nothing"})
        EXPECT_EQ(call(port, "GET", target).status, 404) << target;
    for (const auto* target : {"/api/v1/alerts?limit=0", "/api/v1/events?what=1", "/api/v1/stats?from=x",
                               "/api/v1/top?limit=many", "/api/v1/rules?x=1", "/api/v1/events?cursor=YTE6",
                               "/api/v1/publishing/dead-letters?cursor='%20or%201=1",
                               "/api/v1/events/stream?last_event_id=-1", "/api/v1/silences?status=x"})
        EXPECT_EQ(call(port, "GET", target).status, 400) << target;
    EXPECT_EQ(call(port, "DELETE", "/api/v1/alerts").status, 405);
    EXPECT_EQ(call(port, "GET", "/ws").status, 426);
}

TEST(alerthist_api, says_where_the_database_is_and_not_how_it_gets_in) {
    running_service service{new_database() + "&passfile=%2Fsome%2Fsecret%2Fplace&password=hunter2"};
    ASSERT_TRUE(service.becomes_ready());
    const auto pool = call(service.port(), "GET", "/api/v1/pool");
    const std::string server{pool.object().at("server").as_string()};
    EXPECT_EQ(server.find("postgresql://postgres@"), 0U) << server;
    EXPECT_NE(server.find(":5432/"), std::string::npos) << server;
    for (const std::string hidden : {"?", "passfile", "secret", "hunter2"})
        EXPECT_EQ(server.find(hidden), std::string::npos) << server;
}

TEST(alerthist_api, has_the_routes_of_its_description_and_no_others) {
    std::set<std::string> described, written;
    for (const auto& [path, item] : openapi().at("paths").as_object())
        for (const auto& [method, operation] : item.as_object())
            described.insert(std::string{method.data(), method.size()} + " " +
                             std::string{path.data(), path.size()});
    const std::regex direct{R"rx(to\.(get|post|put|del)\("(/[^"]*)")rx"};
    const std::regex resource{R"rx(add_resource\(to, "([^"]+)")rx"};
    const std::regex listed{R"rx(for \(const auto\* path : \{([^}]*)\}\))rx"};
    const std::regex quoted{R"rx("(/[^"]*)")rx"};
    for (const auto& file :
         std::filesystem::directory_iterator{std::string{TUSK_TEST_SOURCE_DIR} + "/services/alerthist"}) {
        if (!file.path().filename().string().starts_with("api") || file.path().extension() != ".cpp")
            continue;
        std::ifstream in{file.path()};
        std::stringstream buffer;
        buffer << in.rdbuf();
        const auto text = buffer.str();
        for (std::sregex_iterator at{text.begin(), text.end(), direct}, end; at != end; ++at)
            written.insert(((*at)[1] == "del" ? "delete" : (*at)[1].str()) + " " + (*at)[2].str());
        for (std::sregex_iterator at{text.begin(), text.end(), resource}, end; at != end; ++at)
            for (const auto* tail : {"get ", "post ", "get+", "put+", "delete+"}) {
                const std::string verb{tail};
                written.insert(verb.substr(0, verb.size() - 1) + " " + (*at)[1].str() +
                               (verb.back() == '+' ? "/{id}" : ""));
            }
        for (std::sregex_iterator at{text.begin(), text.end(), listed}, end; at != end; ++at) {
            const auto list = (*at)[1].str();
            for (std::sregex_iterator one{list.begin(), list.end(), quoted}; one != end; ++one)
                written.insert("get " + (*one)[1].str());
        }
    }
    written.insert("get /"); // the console's, with its files below
    EXPECT_EQ(written, described);

    running_service service{new_database()};
    for (const auto& one : described) {
        const auto path = one.substr(one.find(' ') + 1);
        const auto allowed =
            call(service.port(), "OPTIONS", std::regex_replace(path, std::regex{R"(\{[a-z_]+\})"}, "x"));
        EXPECT_EQ(allowed.status, 204) << one;
        std::string verb = one.substr(0, one.find(' '));
        for (char& c : verb) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        EXPECT_NE(allowed.headers.at("allow").find(verb), std::string::npos) << one;
    }
}

TEST(alerthist_api, keeps_rules_silences_and_targets) {
    running_service service{new_database()};
    ASSERT_TRUE(service.becomes_ready());
    const auto port = service.port();
    const std::string rule =
        R"({"name":"it's \"mine\"; drop table alerts","action":"deny","conditions":{"field":"namespace","op":"equals","value":"x'; --"}})";
    const auto made = call(port, "POST", "/api/v1/rules", rule);
    ASSERT_EQ(made.status, 201) << made.body;
    const auto id = json::serialize(made.object().at("id"));
    EXPECT_EQ(made.object().at("name"), "it's \"mine\"; drop table alerts");
    EXPECT_EQ(call(port, "POST", "/api/v1/rules", rule).status, 409);
    EXPECT_EQ(
        call(port, "PUT", "/api/v1/rules/" + id, R"({"name":"b","action":"allow","conditions":{"all":[]}})")
            .object()
            .at("action"),
        "allow");
    EXPECT_EQ(
        call(port, "PUT", "/api/v1/rules/999", R"({"name":"c","action":"allow","conditions":{"all":[]}})")
            .status,
        404);
    EXPECT_EQ(call(port, "DELETE", "/api/v1/rules/" + id).status, 204);
    EXPECT_EQ(call(port, "DELETE", "/api/v1/rules/" + id).status, 404);
    EXPECT_EQ(call(port, "DELETE", "/api/v1/rules/1").status, 409) << "built in";
    for (const auto* bad :
         {"{", "[]", "{}", "\"x\"", R"({"name":"\u0000","action":"deny","conditions":{"all":[]}})",
          R"({"name":5,"action":"deny","conditions":{"all":[]}})", "{\"name\":\"\xff\"}"})
        EXPECT_EQ(call(port, "POST", "/api/v1/rules", bad).status, 400) << bad;
    EXPECT_EQ(call(port, "POST", "/api/v1/rules", "x", "Content-Type: text/plain\r\n").status, 415);
    EXPECT_EQ(call(port, "POST", "/api/v1/rules", std::string(300'000, ' ')).status, 413);

    const auto silence =
        call(port, "POST", "/api/v1/silences",
             R"({"matchers":[{"name":"alertname","value":"Dis.*","is_regex":true}],"ends_at":")" +
                 now_text(-3600) + R"(","created_by":"me","comment":"maintenance"})");
    ASSERT_EQ(silence.status, 201) << silence.body;
    EXPECT_EQ(call(port, "POST", "/api/v1/silences/check", R"({"labels":{"alertname":"DiskFull"}})")
                  .object()
                  .at("silenced"),
              true);
    EXPECT_EQ(call(port, "POST", "/webhook", firing_body("DiskFull")).status, 200);
    const auto outcome = call(port, "GET", "/api/v1/events").object().at("events").at(0).at("outcome");
    EXPECT_EQ(outcome.at("decision"), "silenced");
    EXPECT_EQ(outcome.at("reason"), silence.object().at("id"));
    const std::string silence_id{silence.object().at("id").as_string()};
    EXPECT_EQ(call(port, "DELETE", "/api/v1/silences/" + silence_id).status, 204);
    EXPECT_EQ(call(port, "GET", "/api/v1/silences/" + silence_id).object().at("status"), "expired");
    EXPECT_EQ(call(port, "POST", "/api/v1/silences/check", R"({"labels":{"alertname":"DiskFull"}})")
                  .object()
                  .at("silenced"),
              false);
    EXPECT_EQ(
        call(
            port, "POST", "/api/v1/silences",
            R"({"matchers":[{"name":"a","value":"b"}],"starts_at":"2026-01-02T00:00:00Z","ends_at":"2026-01-01T00:00:00Z","created_by":"me","comment":"abc"})")
            .status,
        400);
    EXPECT_EQ(call(port, "PUT", "/api/v1/mode", R"({"mode":"transparent"})").status, 200);
    EXPECT_EQ(call(port, "PUT", "/api/v1/mode", R"({"mode":"x"})").status, 400);
    EXPECT_EQ(call(port, "POST", "/webhook", firing_body("Unjudged")).status, 200);
    EXPECT_TRUE(call(port, "GET", "/api/v1/events?name=Unjudged")
                    .object()
                    .at("events")
                    .at(0)
                    .at("classification")
                    .is_null());
}

TEST(alerthist_publishing, delivers_retries_buries_and_replays) {
    receiver hook;
    running_service service{new_database(), quick_retries};
    ASSERT_TRUE(service.becomes_ready());
    const auto port = service.port();
    const auto made = call(
        port, "POST", "/api/v1/targets",
        R"({"name":"hook","format":"webhook","max_attempts":3,"secret":"a-long-enough-secret","headers":{"A":"hidden"},"url":")" +
            hook.url() + "\"}");
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.body.find("hidden"), std::string::npos);
    EXPECT_EQ(made.body.find("a-long-enough-secret"), std::string::npos);

    ASSERT_EQ(call(port, "POST", "/webhook", firing_body("DiskFull")).status, 200);
    ASSERT_TRUE(eventually([&] { return hook.count() == 1; }));
    EXPECT_EQ(json::parse(hook.last()).at("event").at("alert_name"), "DiskFull");
    EXPECT_TRUE(hook.signature().starts_with("sha256="));
    ASSERT_EQ(call(port, "POST", "/webhook", firing_body("TestAlert")).status, 200);
    EXPECT_EQ(call(port, "GET", "/api/v1/events?name=TestAlert")
                  .object()
                  .at("events")
                  .at(0)
                  .at("outcome")
                  .at("reason"),
              "test_alert");

    hook.answer_with(503);
    ASSERT_EQ(call(port, "POST", "/webhook", firing_body("NodeDown")).status, 200);
    ASSERT_TRUE(
        eventually([&] { return call(port, "GET", "/api/v1/publishing").object().at("dead_letters") == 1; }));
    EXPECT_EQ(hook.count(), 4U) << "three attempts";
    const auto letters =
        call(port, "GET", "/api/v1/publishing/dead-letters").object().at("dead_letters").as_array();
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters[0].at("http_status"), 503);
    hook.answer_with(200);
    EXPECT_EQ(call(port, "POST",
                   "/api/v1/publishing/dead-letters/" + json::serialize(letters[0].at("id")) + "/replay")
                  .status,
              200);
    ASSERT_TRUE(eventually([&] { return hook.count() == 5; }));
    ASSERT_TRUE(eventually([&] {
        return call(port, "GET", "/api/v1/publishing").object().at("targets").at(0).at("delivered") == 2;
    }));
    EXPECT_EQ(call(port, "DELETE", "/api/v1/publishing/dead-letters/1").status, 404);
}

TEST(alerthist_feed, sends_what_was_missed_and_what_comes) {
    running_service service{new_database()};
    ASSERT_TRUE(service.becomes_ready());
    const auto port = service.port();
    for (const auto* name : {"A", "B", "C"})
        ASSERT_EQ(call(port, "POST", "/webhook", firing_body(name)).status, 200);
    const auto history = call(port, "GET", "/api/v1/events?name=A").object();
    const auto first = history.at("events").at(0).at("id").as_int64();
    http_connection stream{port};
    stream.send("GET /api/v1/events/stream HTTP/1.1\r\nHost: x\r\nLast-Event-ID: " + std::to_string(first) +
                "\r\n\r\n");
    std::string seen;
    ASSERT_TRUE(stream.receive_until("\"alert_name\":\"C\"", seen)) << seen;
    EXPECT_EQ(seen.find("\"alert_name\":\"A\""), std::string::npos);
    EXPECT_NE(seen.find("event: alert_created\nid: " + std::to_string(first + 1)), std::string::npos) << seen;
    ASSERT_EQ(call(port, "POST", "/webhook", firing_body("D")).status, 200);
    ASSERT_TRUE(stream.receive_until("\"alert_name\":\"D\"", seen)) << seen;
    EXPECT_EQ(seen.find("event: pool"), std::string::npos);
    std::size_t count = 0;
    for (auto at = seen.find("event: alert_"); at != std::string::npos;
         at = seen.find("event: alert_", at + 1))
        ++count;
    EXPECT_EQ(count, 3U) << "none twice";
}

TEST(alerthist_keys, decide_who_may_do_what) {
    const auto hash = [](const char* key) { return http::to_hex(http::sha256(key)); };
    running_service service{new_database(),
                            "auth:\n  keys: reader:viewer:" + hash("r") + ", writer:operator:" + hash("w") +
                                ", boss:admin:" + hash("a") + "\n  webhook_secret: a-long-enough-secret\n"};
    ASSERT_TRUE(service.becomes_ready());
    const auto port = service.port();
    const auto as = [&](const char* key, const char* method, const char* target,
                        const std::string& text = {}) {
        return call(port, method, target, text,
                    std::string{"X-API-Key: "} + key + "\r\n" +
                        (text.empty() ? "" : "Content-Type: application/json\r\n"))
            .status;
    };
    EXPECT_EQ(call(port, "GET", "/api/v1/alerts").status, 401);
    EXPECT_EQ(call(port, "POST", "/webhook", real_body()).status, 401);
    EXPECT_EQ(as("wrong", "GET", "/api/v1/alerts"), 401);
    EXPECT_EQ(as("r", "GET", "/api/v1/alerts"), 200);
    EXPECT_EQ(as("r", "POST", "/webhook", real_body()), 403);
    EXPECT_EQ(as("w", "POST", "/webhook", real_body()), 200);
    EXPECT_EQ(as("w", "GET", "/debug/config"), 403);
    EXPECT_EQ(as("a", "GET", "/debug/config"), 200);
    EXPECT_EQ(call(port, "GET", "/livez").status, 200);
    EXPECT_EQ(call(port, "GET", "/api/v1/me", "", "Authorization: Bearer w\r\n").object().at("role"),
              "operator");
    const auto text = real_body();
    const auto signed_at = [&](std::chrono::seconds ago) {
        const auto at = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(
                                           std::chrono::system_clock::now().time_since_epoch() - ago)
                                           .count());
        const auto signature = http::sign_webhook("a-long-enough-secret", at, text);
        return "Content-Type: application/json\r\nX-Webhook-Timestamp: " + at +
               "\r\nX-Webhook-Signature: " + signature + "\r\n";
    };
    EXPECT_EQ(call(port, "POST", "/webhook", text, signed_at(std::chrono::seconds{0})).status, 200);
    EXPECT_EQ(call(port, "POST", "/webhook", text, signed_at(std::chrono::seconds{3600})).status, 401)
        << "replayed";
    EXPECT_EQ(call(port, "POST", "/webhook", text + " ", signed_at(std::chrono::seconds{0})).status, 401);
    const auto config = call(port, "GET", "/debug/config", "", "X-API-Key: a\r\n").body;
    EXPECT_EQ(config.find("a-long-enough-secret"), std::string::npos);
    EXPECT_EQ(config.find(hash("a")), std::string::npos);
}

} // namespace api_test
