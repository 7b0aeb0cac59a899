#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <services/alerthist/classifier.hpp>
#include <services/alerthist/demo.hpp>
#include <services/alerthist/embedded_files.hpp>
#include <services/alerthist/formats.hpp>
#include <services/alerthist/inhibitor.hpp>
#include <services/alerthist/policy.hpp>
#include <services/alerthist/publisher.hpp>
#include <services/alerthist/resource.hpp>
#include <tusk/migrate/directory.hpp>

#include "support.hpp"

namespace rules_test {

using namespace tusk::alerthist;
namespace json = boost::json;

const auto now = at("2026-01-01T12:00:00Z");

alert made(label_set labels, alert_status status = alert_status::firing) {
    alert out;
    out.labels = std::move(labels);
    out.status = status;
    out.starts_at = at("2026-01-01T10:00:00Z");
    out.fingerprint = compute_fingerprint(out.labels);
    return out;
}

bool holds(const char* text, const alert& of, const classification* judged = nullptr) {
    const auto parsed = alert_condition::parse(json::parse(text), "conditions");
    EXPECT_TRUE(parsed) << text;
    alert_view view;
    view.what = &of;
    view.judged = judged;
    view.now = now;
    return parsed && parsed->holds(view);
}

std::string problem(const char* text) {
    const auto parsed = alert_condition::parse(json::parse(text), "conditions");
    return parsed ? std::string{} : parsed.error();
}

TEST(alert_conditions, ask_labels_without_regard_to_case) {
    const auto one = made({{"alertname", "TestThis"}, {"environment", "Staging"}, {"severity", "critical"}});
    EXPECT_TRUE(holds(R"({"field":"alert_name","op":"prefix","value":"test"})", one));
    EXPECT_TRUE(holds(R"({"field":"label:environment","op":"in","value":["x","STAGING"]})", one));
    EXPECT_FALSE(holds(R"({"field":"label:environment","op":"not_in","value":["staging"]})", one));
    EXPECT_TRUE(holds(R"({"field":"label:nothing","op":"missing"})", one));
    EXPECT_TRUE(holds(R"({"not":{"field":"namespace","op":"exists"}})", one));
    EXPECT_TRUE(holds(R"({"field":"alert_name","op":"contains","value":"stth"})", one));
}

TEST(alert_conditions, combine) {
    const auto one = made({{"alertname", "A"}});
    EXPECT_TRUE(holds(R"({"all":[]})", one));
    EXPECT_FALSE(holds(R"({"any":[]})", one));
    EXPECT_TRUE(holds(
        R"({"any":[{"field":"alert_name","op":"equals","value":"B"},{"field":"alert_name","op":"equals","value":"a"}]})",
        one));
    EXPECT_FALSE(holds(
        R"({"all":[{"field":"alert_name","op":"equals","value":"B"},{"field":"alert_name","op":"equals","value":"a"}]})",
        one));
}

TEST(alert_conditions, compare_numbers) {
    auto one = made({{"alertname", "A"}});
    EXPECT_TRUE(holds(R"({"field":"age_seconds","op":"ge","value":7200})", one));
    EXPECT_FALSE(holds(R"({"field":"age_seconds","op":"gt","value":7200})", one));
    EXPECT_FALSE(holds(R"({"field":"classification.confidence","op":"lt","value":0.3})", one))
        << "nobody classified it";
    classification verdict;
    verdict.confidence = 0.2;
    EXPECT_TRUE(holds(R"({"field":"classification.confidence","op":"lt","value":0.3})", one, &verdict));
}

TEST(alert_conditions, that_make_no_sense_say_where) {
    EXPECT_EQ(problem(R"({"any":[{"all":[]},{"field":"x","op":"equals","value":"y"}]})").substr(0, 27),
              "conditions.any[1].field: is");
    EXPECT_EQ(problem(R"({"field":"alert_name","op":"lt","value":1})").substr(0, 14), "conditions.op:");
    EXPECT_EQ(problem(R"({"field":"alert_name","op":"in","value":"a"})").substr(0, 17), "conditions.value:");
    EXPECT_NE(problem(R"([])"), "");
    std::string deep(40, ' ');
    deep = "{\"all\":[]}";
    for (int i = 0; i < 20; ++i) deep = "{\"not\":" + deep + "}";
    EXPECT_NE(problem(deep.c_str()).find("nested deeper"), std::string::npos);
}

std::vector<matcher> matchers(const char* text) { return *parse_matchers(json::parse(text), "matchers"); }

TEST(matchers_of_silences, match_as_alertmanager_does) {
    const label_set labels{{"alertname", "DiskFull"}, {"instance", "node-1"}};
    EXPECT_TRUE(match_all(matchers(R"([{"name":"alertname","value":"DiskFull"}])"), labels));
    EXPECT_TRUE(
        match_all(matchers(R"([{"name":"instance","value":"node-[0-9]+","is_regex":true}])"), labels));
    EXPECT_FALSE(match_all(matchers(R"([{"name":"instance","value":"node","isRegex":true}])"), labels))
        << "anchored";
    EXPECT_TRUE(match_all(matchers(R"([{"name":"instance","value":"node-2","is_equal":false}])"), labels));
    EXPECT_TRUE(match_all(matchers(R"([{"name":"missing","value":""}])"), labels));
    EXPECT_FALSE(parse_matchers(json::parse(R"([{"name":"a","value":"(","is_regex":true}])"), "m"));
    EXPECT_FALSE(parse_matchers(json::parse("[]"), "m"));
}

TEST(matchers_of_silences, are_not_held_up_by_an_evil_expression) {
    const label_set labels{{"a", std::string(3000, 'a') + "!"}};
    EXPECT_FALSE(match_all(matchers(R"([{"name":"a","value":"(a+)+b","is_regex":true}])"), labels));
}

policy with_target() {
    policy out;
    target to;
    to.id = 5;
    out.targets.push_back(to);
    return out;
}

TEST(decisions, are_taken_in_order) {
    auto by = with_target();
    const auto one = made({{"alertname", "A"}, {"severity", "critical"}});
    auto made_for = decide(by, one, nullptr, "", now);
    EXPECT_EQ(made_for.outcome, "published");
    EXPECT_EQ(made_for.targets, std::vector<std::int64_t>{5});
    EXPECT_EQ(made_for.priority, 0);
    filter_rule deny;
    deny.name = "no";
    deny.action = "deny";
    deny.reason = "noise";
    by.filters.push_back(deny);
    EXPECT_EQ(decide(by, one, nullptr, "", now).reason, "noise");
    silence quiet;
    quiet.id = "s";
    quiet.matchers = matchers(R"([{"name":"alertname","value":"A"}])");
    quiet.starts_at = now;
    quiet.ends_at = now + std::chrono::hours{1};
    by.silences.push_back(quiet);
    EXPECT_EQ(decide(by, one, nullptr, "", now).outcome, "silenced");
    EXPECT_EQ(decide(by, one, nullptr, "", now + std::chrono::hours{1}).outcome, "filtered")
        << "the silence is over";
    EXPECT_EQ(decide(by, one, nullptr, "rule", now).outcome, "inhibited");
    by.mode = mode::transparent_with_recommendations;
    EXPECT_EQ(decide(by, one, nullptr, "rule", now).outcome, "published");
}

TEST(decisions, of_the_first_rule_that_holds) {
    auto by = with_target();
    filter_rule allow, deny;
    allow.action = "allow";
    deny.action = "deny";
    by.filters = {allow, deny};
    EXPECT_EQ(decide(by, made({{"alertname", "A"}}), nullptr, "", now).outcome, "published");
    by.filters[0].action = "delay";
    by.filters[0].delay = std::chrono::seconds{30};
    const auto late = decide(by, made({{"alertname", "A"}}), nullptr, "", now);
    EXPECT_EQ(late.outcome, "delayed");
    EXPECT_EQ(late.delay.count(), 30);
}

TEST(inhibition, needs_equal_labels_and_ends_with_the_source) {
    policy by;
    inhibition_rule rule;
    rule.name = "down";
    rule.source = matchers(R"([{"name":"alertname","value":"NodeDown"}])");
    rule.target = matchers(R"([{"name":"severity","value":"warning"}])");
    rule.equal = {"instance"};
    by.inhibitions.push_back(rule);
    const auto source = made({{"alertname", "NodeDown"}, {"instance", "1"}});
    const auto same = made({{"alertname", "HighCPU"}, {"instance", "1"}, {"severity", "warning"}});
    const auto other = made({{"alertname", "HighCPU"}, {"instance", "2"}, {"severity", "warning"}});
    inhibitor keeper;
    EXPECT_EQ(keeper.inhibited_by(by, same, {}), "");
    EXPECT_EQ(keeper.inhibited_by(by, same, std::vector{source}), "down") << "in one body";
    keeper.observe(by, source.fingerprint, alert_status::firing, source.labels);
    EXPECT_EQ(keeper.inhibited_by(by, same, {}), "down");
    EXPECT_EQ(keeper.inhibited_by(by, other, {}), "");
    keeper.observe(by, source.fingerprint, alert_status::resolved, source.labels);
    EXPECT_EQ(keeper.inhibited_by(by, same, {}), "");
}

TEST(classifications, are_remembered_for_a_time) {
    classification_cache cache{2, std::chrono::minutes{5}};
    const auto t = std::chrono::steady_clock::now();
    classification verdict;
    verdict.severity = "info";
    cache.put("a", 1, verdict, t);
    EXPECT_TRUE(cache.find("a", 1, t));
    EXPECT_FALSE(cache.find("a", 2, t)) << "other rules";
    EXPECT_FALSE(cache.find("a", 1, t + std::chrono::minutes{5}));
    cache.put("b", 1, verdict, t);
    EXPECT_TRUE(cache.find("a", 1, t));
    cache.put("c", 1, verdict, t);
    EXPECT_FALSE(cache.find("b", 1, t)) << "unused for longest";
    EXPECT_TRUE(cache.find("a", 1, t));
    EXPECT_EQ(cache.size(), 2U);
}

TEST(deliveries, are_judged_by_their_status) {
    const auto verdict = [](int status, int attempt = 1) {
        delivery what;
        what.status = status;
        return judge_delivery(what, attempt, 3);
    };
    EXPECT_EQ(verdict(204), delivery_verdict::delivered);
    for (const int status : {0, 408, 425, 429, 500, 503}) {
        EXPECT_EQ(verdict(status), delivery_verdict::again) << status;
        EXPECT_EQ(verdict(status, 3), delivery_verdict::dead) << status;
    }
    for (const int status : {301, 400, 404, 410})
        EXPECT_EQ(verdict(status), delivery_verdict::dead) << status;
}

event_row sample_event() {
    event_row out;
    out.id = 7;
    out.fingerprint = "f";
    out.alert_name = "Disk<Full>";
    out.status = "firing";
    out.severity = "critical";
    out.space = "prod";
    out.labels = tusk::json_text{R"({"alertname":"Disk<Full>","instance":"node-1"})"};
    out.annotations = tusk::json_text{R"({"summary":"/var is full & more"})"};
    out.starts_at = out.happened_at = out.received_at = now;
    return out;
}

TEST(formats_of_targets, say_what_each_wants_to_hear) {
    target to;
    to.format = "slack";
    auto sent = json::parse(render(to, sample_event(), now).body);
    EXPECT_EQ(sent.at("text"), "[FIRING] Disk&lt;Full&gt;");
    EXPECT_EQ(sent.at("attachments").at(0).at("text"), "/var is full &amp; more");
    to.format = "pagerduty";
    to.secret = "routing";
    sent = json::parse(render(to, sample_event(), now).body);
    EXPECT_EQ(sent.at("routing_key"), "routing");
    EXPECT_EQ(sent.at("event_action"), "trigger");
    EXPECT_EQ(sent.at("payload").at("severity"), "critical");
    EXPECT_EQ(sent.at("payload").at("source"), "node-1");
    to.format = "alertmanager";
    sent = json::parse(render(to, sample_event(), now).body);
    EXPECT_EQ(sent.at(0).at("startsAt"), "2026-01-01T12:00:00.000000Z");
    EXPECT_FALSE(sent.at(0).as_object().contains("endsAt"));
    to.format = "webhook";
    const auto signed_body = render(to, sample_event(), now);
    EXPECT_EQ(json::parse(signed_body.body).at("event").at("id"), 7);
    bool has_signature = false;
    for (const auto& [name, value] : signed_body.headers)
        has_signature = has_signature || (name == "X-Webhook-Signature" && value.starts_with("sha256="));
    EXPECT_TRUE(has_signature);
}

TEST(resources, are_checked_key_by_key) {
    const auto wrong = [](const resource& as, const char* text) {
        const auto done = checked(as, json::parse(text));
        return done ? std::string{} : done.error();
    };
    EXPECT_EQ(wrong(filter_rules, R"({"name":"a","action":"deny","conditions":{"all":[]},"unknown":1})"), "");
    EXPECT_EQ(wrong(filter_rules, R"({"action":"deny","conditions":{"all":[]}})"), "name: is missing");
    EXPECT_EQ(
        wrong(filter_rules, R"({"name":"a","action":"allow deny","conditions":{"all":[]}})").substr(0, 7),
        "action:");
    EXPECT_EQ(wrong(targets, R"({"name":"a","format":"slack","url":"ftp://x"})").substr(0, 4), "url:");
    EXPECT_EQ(wrong(targets, R"({"name":"a","format":"slack","url":"http://x","headers":{"A":"b\r\nC: d"}})")
                  .substr(0, 10),
              "headers.A:");
    EXPECT_EQ(
        wrong(silences,
              R"({"matchers":[{"name":"a","value":"b"}],"ends_at":"x","created_by":"a","comment":"abc"})")
            .substr(0, 8),
        "ends_at:");
}

TEST(posted_alerts, are_resolved_when_their_end_has_passed) {
    const auto parsed = parse_posted_alerts(
        R"([{"labels":{"alertname":"A","empty":""},"startsAt":"2026-01-01T10:00:00Z","endsAt":"2026-01-01T13:00:00Z"},
            {"labels":{"alertname":"B"},"startsAt":"2026-01-01T10:00:00Z","endsAt":"2026-01-01T11:00:00Z"},
            {"labels":{"alertname":"C"}}])",
        10, now);
    ASSERT_TRUE(parsed);
    const auto& alerts = parsed->what.alerts;
    EXPECT_EQ(alerts[0].status, alert_status::firing);
    EXPECT_FALSE(alerts[0].ends_at);
    EXPECT_EQ(alerts[0].labels.size(), 1U);
    EXPECT_EQ(alerts[1].status, alert_status::resolved);
    EXPECT_EQ(parsed->without_start, std::vector<std::size_t>{2});
    EXPECT_FALSE(parse_posted_alerts(R"([{"labels":{}}])", 10, now));
    EXPECT_FALSE(parse_posted_alerts(R"({})", 10, now));
}

TEST(embedded_migrations, are_those_of_the_folder) {
    auto folder = tusk::migrate::directory::open(std::string{ALERTHIST_TEST_DATA} +
                                                 "/../../../../services/alerthist/migrations");
    ASSERT_TRUE(folder);
    EXPECT_FALSE(folder->validate()) << folder->validate().message();
    for (const auto& file : folder->files())
        EXPECT_NE(find_file(embedded_files(), file.name()), "") << file.name();
    EXPECT_NE(find_file(embedded_files(), "openapi.json"), "");
}

TEST(demo_alerts, are_bodies_that_the_service_takes) {
    demo story;
    std::size_t alerts = 0;
    for (int second = 0; second < 60; ++second)
        for (const auto& body : story.next(std::chrono::system_clock::now())) {
            const auto parsed = parse_notification(body, 1000);
            ASSERT_TRUE(parsed) << parsed.error().message();
            alerts += parsed->alerts.size();
        }
    EXPECT_GT(alerts, 50U);
}

} // namespace rules_test
