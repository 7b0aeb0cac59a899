#include <algorithm>
#include <future>

#include "support.hpp"

namespace webhook_test {

using namespace alerthist_test;

constexpr auto t1 = "2026-01-01T10:00:00Z";
constexpr auto t2 = "2026-01-01T10:05:00Z";
constexpr auto t3 = "2026-01-01T10:10:00Z";
constexpr auto t4 = "2026-01-01T10:15:00Z";

class webhook : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(service_.becomes_ready()); }

    /// The only alert of the database.
    json::object state() {
        const auto out = get(service_.port(), "/api/v1/alerts").object();
        EXPECT_EQ(out.at("alerts").as_array().size(), 1U);
        return out.at("alerts").as_array().at(0).as_object();
    }
    std::string events() { return value(url_, "select count(*)::text from alert_events"); }
    std::int64_t created(const body& what) {
        const auto out = post(service_.port(), what.text());
        EXPECT_EQ(out.status, 200) << out.body;
        return out.object().at("events_created").as_int64();
    }

    std::string url_ = new_database();
    running_service service_{url_};
};

TEST_F(webhook, keeps_what_a_real_alertmanager_sends) {
    const auto out = post(service_.port(), real_body());
    EXPECT_EQ(out.status, 200);
    EXPECT_EQ(out.headers.at("content-type"), "application/json");
    EXPECT_EQ(out.body, R"({"status":"ok","alerts_received":3,"alerts_processed":3,"events_created":3})");

    EXPECT_EQ(value(url_, "select count(*)::text from alerts"), "3");
    EXPECT_EQ(events(), "3");
    const auto one = get(service_.port(), "/api/v1/alerts/ddcdf6115a6dfd9e").object();
    EXPECT_EQ(one.at("alert_name"), "DiskFull");
    EXPECT_EQ(one.at("status"), "firing");
    EXPECT_EQ(one.at("starts_at"), "2026-11-21T22:15:09.904960Z");
    EXPECT_TRUE(one.at("ends_at").is_null());
    EXPECT_EQ(one.at("labels").at("instance"), "node-1");
    EXPECT_EQ(one.at("annotations").at("summary"), "Диск /var на node-1 заполнен");
    EXPECT_EQ(one.at("annotations").at("runbook_url"), "https://example.org/rb?a=1&b=<2>");
    EXPECT_EQ(one.at("generator_url"), "http://127.0.0.1:19090/graph?g0.expr=x");
    EXPECT_EQ(one.at("receiver"), "hook");
    EXPECT_EQ(one.at("group_key"), R"({}:{alertname="DiskFull", namespace="prod"})");
    const auto resolved = get(service_.port(), "/api/v1/alerts/4af2190c7b9755b3").object();
    EXPECT_EQ(resolved.at("status"), "resolved");
    EXPECT_EQ(resolved.at("ends_at"), "2026-11-21T22:15:16.915957Z");
}

TEST_F(webhook, a_redelivery_creates_nothing) {
    ASSERT_EQ(post(service_.port(), real_body()).status, 200);
    const auto before = rows(url_, "select to_jsonb(a) - 'updated_at' from alerts a order by fingerprint");
    for (int i = 0; i < 3; ++i) {
        const auto again = post(service_.port(), real_body());
        EXPECT_EQ(again.status, 200);
        EXPECT_EQ(again.object().at("events_created").as_int64(), 0);
    }
    EXPECT_EQ(events(), "3");
    EXPECT_EQ(rows(url_, "select to_jsonb(a) - 'updated_at' from alerts a order by fingerprint"), before);
}

TEST_F(webhook, deliveries_at_the_same_time_create_each_event_once) {
    std::vector<std::future<answer>> posts;
    for (int i = 0; i < 8; ++i)
        posts.push_back(
            std::async(std::launch::async, [this] { return post(service_.port(), real_body()); }));
    std::int64_t sum = 0;
    for (auto& one : posts) {
        const auto out = one.get();
        ASSERT_EQ(out.status, 200) << out.body;
        sum += out.object().at("events_created").as_int64();
    }
    EXPECT_EQ(sum, 3);
    EXPECT_EQ(events(), "3");
}

TEST_F(webhook, an_older_firing_does_not_overwrite_the_end) {
    EXPECT_EQ(created(body{}.firing("A", t1)), 1);
    EXPECT_EQ(created(body{}.resolved("A", t1, t2)), 1);
    EXPECT_EQ(created(body{}.firing("A", t1)), 0);
    EXPECT_EQ(state().at("status"), "resolved");
    EXPECT_EQ(created(body{}.firing("A", t3)), 1) << "it fires again";
    EXPECT_EQ(state().at("status"), "firing");
    EXPECT_TRUE(state().at("ends_at").is_null());
    EXPECT_EQ(created(body{}.resolved("A", t1, t2)), 0);
    EXPECT_EQ(state().at("status"), "firing") << "an older end ends nothing newer";
    EXPECT_EQ(events(), "3");
}

TEST_F(webhook, the_order_of_arrival_does_not_matter) {
    std::vector<body> bodies(4);
    bodies[0].firing("A", t1);
    bodies[1].resolved("A", t1, t2);
    bodies[2].firing("A", t3);
    bodies[3].resolved("A", t3, t4);
    std::vector<std::size_t> order{0, 1, 2, 3};
    std::string expected;
    do {
        execute(url_, "truncate alerts, alert_events cascade");
        for (const auto i : order) EXPECT_EQ(created(bodies[i]), 1);
        const auto now =
            value(url_, "select (to_jsonb(a) - 'created_at' - 'updated_at')::text from alerts a");
        if (expected.empty()) expected = now;
        EXPECT_EQ(now, expected);
        EXPECT_EQ(events(), "4");
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(state().at("ends_at"), "2026-01-01T10:15:00.000000Z");
}

TEST_F(webhook, a_later_end_of_the_same_firing_corrects_it) {
    EXPECT_EQ(created(body{}.resolved("A", t1, t2)), 1);
    EXPECT_EQ(created(body{}.resolved("A", t1, t3)), 0);
    EXPECT_EQ(created(body{}.resolved("A", t1, t2)), 0);
    EXPECT_EQ(state().at("ends_at"), "2026-01-01T10:10:00.000000Z");
    EXPECT_EQ(
        value(url_,
              "select (ends_at = '2026-01-01T10:10:00Z' and happened_at = ends_at)::text from alert_events"),
        "true");
}

TEST_F(webhook, one_body_may_tell_an_alert_several_times) {
    EXPECT_EQ(created(body{}.firing("A", t3).resolved("A", t1, t2).firing("A", t1).firing("A", t1)), 3);
    EXPECT_EQ(state().at("status"), "firing");
}

TEST_F(webhook, fresh_annotations_of_the_same_state_are_taken) {
    ASSERT_EQ(post(service_.port(), real_body()).status, 200);
    ASSERT_EQ(post(service_.port(), replaced(real_body(), "на node-1 заполнен", "на node-1 полон")).status,
              200);
    const auto one = get(service_.port(), "/api/v1/alerts/ddcdf6115a6dfd9e").object();
    EXPECT_EQ(one.at("annotations").at("summary"), "Диск /var на node-1 полон");
}

TEST_F(webhook, text_that_looks_like_sql_is_only_text) {
    const std::string evil = R"('; drop table alerts; -- " \ {} $1 %s NULL)";
    EXPECT_EQ(created(body{}.firing(evil, t1, {{"severity", evil}, {evil, "x"}})), 1);
    const auto found = get(service_.port(), "/api/v1/alerts?severity=" + percent_encoded(evil) +
                                                "&label=" + percent_encoded("alertname:" + evil) +
                                                "&label=" + percent_encoded(evil + ":x"));
    ASSERT_EQ(found.status, 200) << found.body;
    ASSERT_EQ(found.object().at("alerts").as_array().size(), 1U);
    EXPECT_EQ(state().at("alert_name"), json::value(evil));
    EXPECT_EQ(state().at("labels").at(evil), "x");
    EXPECT_EQ(get(service_.port(), "/api/v1/alerts?namespace=" + percent_encoded("x' or '1'='1"))
                  .object()
                  .at("alerts")
                  .as_array()
                  .size(),
              0U);
    EXPECT_EQ(get(service_.port(), "/api/v1/alerts/" + percent_encoded("x' or '1'='1")).status, 404);
}

TEST_F(webhook, unlikely_text_survives_the_way_there_and_back) {
    const std::string text = std::string(20'000, 'x') + "\x01\t\n\"\\/<>&\x7F Диск 😀 \xEF\xBF\xBF";
    EXPECT_EQ(created(body{}.firing("A", t1, {{"l", text}})), 1);
    EXPECT_EQ(state().at("labels").at("l"), json::value(text));
}

TEST_F(webhook, takes_a_thousand_alerts_at_once_and_not_one_more) {
    body many;
    for (int i = 0; i < 1000; ++i) many.firing("A" + std::to_string(i), t1);
    EXPECT_EQ(created(many), 1000);
    const auto out = post(service_.port(), many.firing("one more", t1).text());
    EXPECT_EQ(out.status, 413);
    EXPECT_NE(out.body.find("1001 alerts in one request"), std::string::npos) << out.body;
    EXPECT_EQ(events(), "1000");
}

TEST_F(webhook, refuses_malformed_bodies_by_path_and_keeps_nothing_of_them) {
    const auto refused = [this](const std::string& what) {
        const auto out = post(service_.port(), what);
        EXPECT_EQ(out.status, 400) << out.body;
        EXPECT_EQ(out.object().at("error").at("code"), "VALIDATION_ERROR");
        return std::string{out.object().at("error").at("message").as_string()};
    };
    EXPECT_EQ(refused("").substr(0, 21), "body: not valid JSON ");
    EXPECT_EQ(refused("{").substr(0, 21), "body: not valid JSON ");
    EXPECT_EQ(refused("{}"), "alerts: is missing");
    EXPECT_EQ(refused(replaced(real_body(), "node-3\",\"mount", "\\u0000\",\"mount")),
              "alerts[2].labels.instance: holds the character U+0000, which cannot be stored");
    EXPECT_EQ(refused(replaced(real_body(), "node-3", "\xFF")).substr(0, 21), "body: not valid JSON ");
    EXPECT_EQ(refused(replaced(real_body(), "2026-11-21T22:10:17.915957Z", "soon")).substr(0, 18),
              "alerts[1].startsAt");
    EXPECT_EQ(events(), "0");
}

TEST_F(webhook, takes_json_only_and_post_only) {
    EXPECT_EQ(post(service_.port(), real_body(), "text/plain").status, 415);
    EXPECT_EQ(post(service_.port(), real_body(), "").status, 415);
    EXPECT_EQ(post(service_.port(), real_body(), "application/json; charset=utf-8").status, 200);
    EXPECT_EQ(get(service_.port(), "/webhook").status, 405);
    http_connection with_query{service_.port()};
    with_query.send(request_text("POST", "/webhook?src=am", real_body()));
    EXPECT_EQ(with_query.receive().status, 200) << "Alertmanager keeps the query of its URL";
}

TEST_F(webhook, refuses_what_is_larger_than_ten_mebibytes) {
    const auto whole = replaced(
        real_body(), "\"receiver\":", "\"padding\":\"" + std::string(10 << 20, 'x') + "\",\"receiver\":");
    EXPECT_EQ(post(service_.port(), whole).status, 413);
    const auto below = replaced(
        real_body(), "\"receiver\":", "\"padding\":\"" + std::string(9 << 20, 'x') + "\",\"receiver\":");
    EXPECT_EQ(post(service_.port(), below).status, 200);
}

} // namespace webhook_test
