#include <set>

#include "support.hpp"

namespace listing_test {

using namespace alerthist_test;

constexpr auto same = "2026-01-01T10:00:00Z";

class listing : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(service_.becomes_ready()); }

    std::uint16_t port() const { return service_.port(); }
    void keep(const body& what) { ASSERT_EQ(post(port(), what.text()).status, 200); }

    /// The names of the alerts that a query lists.
    std::set<std::string> names(const std::string& query) {
        const auto out = get(port(), "/api/v1/alerts?" + query);
        EXPECT_EQ(out.status, 200) << out.body;
        std::set<std::string> found;
        const auto object = out.object();
        for (const auto& one : object.at("alerts").as_array())
            found.emplace(one.at("alert_name").as_string());
        return found;
    }

    /// Walks all pages; the sizes are in `sizes_`.
    std::vector<json::object> walk(const std::string& path, const std::string& list, int limit) {
        std::vector<json::object> all;
        std::string cursor;
        do {
            const auto out = get(port(), path + "?limit=" + std::to_string(limit) + cursor);
            EXPECT_EQ(out.status, 200) << out.body;
            const auto page = out.object();
            sizes_.push_back(page.at(list).as_array().size());
            for (const auto& one : page.at(list).as_array()) all.push_back(one.as_object());
            const auto& next = page.at("next_cursor");
            cursor = next.is_null() ? "" : "&cursor=" + std::string{next.as_string()};
        } while (!cursor.empty() && all.size() < 10'000);
        return all;
    }

    std::string url_ = new_database();
    running_service service_{url_};
    std::vector<std::size_t> sizes_;
};

TEST_F(listing, pages_through_alerts_of_the_same_moment_without_gap_or_repetition) {
    body many;
    for (int i = 0; i < 120; ++i) many.firing("A" + std::to_string(i), same);
    keep(many);
    for (const int limit : {7, 40, 120, 1000}) {
        sizes_.clear();
        std::set<std::string> seen;
        for (const auto& one : walk("/api/v1/alerts", "alerts", limit))
            EXPECT_TRUE(seen.emplace(one.at("alert_name").as_string()).second) << one.at("alert_name");
        EXPECT_EQ(seen.size(), 120U);
        EXPECT_EQ(sizes_.size(), static_cast<std::size_t>((120 + limit - 1) / limit))
            << "no empty page at the end";
    }
}

TEST_F(listing, shows_the_latest_start_first) {
    keep(body{}
             .firing("middle", "2026-01-02T00:00:00Z")
             .firing("last", "2026-01-01T00:00:00Z")
             .firing("first", "2026-01-03T00:00:00Z"));
    const auto all = walk("/api/v1/alerts", "alerts", 1);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].at("alert_name"), "first");
    EXPECT_EQ(all[1].at("alert_name"), "middle");
    EXPECT_EQ(all[2].at("alert_name"), "last");
}

TEST_F(listing, filters_one_by_one_and_together) {
    keep(body{}
             .firing("a", "2026-01-01T00:00:00Z",
                     {{"severity", "critical"}, {"namespace", "prod"}, {"team", "x"}})
             .firing("b", "2026-01-02T00:00:00Z",
                     {{"severity", "warning"}, {"namespace", "prod"}, {"team", "y"}})
             .resolved("c", "2026-01-03T00:00:00Z", "2026-01-03T01:00:00Z",
                       {{"severity", "critical"}, {"namespace", "dev"}}));
    using set = std::set<std::string>;
    EXPECT_EQ(names(""), (set{"a", "b", "c"}));
    EXPECT_EQ(names("status=firing"), (set{"a", "b"}));
    EXPECT_EQ(names("status=resolved"), set{"c"});
    EXPECT_EQ(names("severity=critical"), (set{"a", "c"}));
    EXPECT_EQ(names("namespace=prod"), (set{"a", "b"}));
    EXPECT_EQ(names("label=team:y"), set{"b"});
    EXPECT_EQ(names("label=team:x&label=severity:critical"), set{"a"});
    EXPECT_EQ(names("label=team:z"), set{});
    EXPECT_EQ(names("label=alertname:c"), set{"c"});
    EXPECT_EQ(names("from=2026-01-02T00:00:00Z"), (set{"b", "c"})) << "inclusive";
    EXPECT_EQ(names("to=2026-01-02T00:00:00Z"), (set{"a", "b"})) << "inclusive";
    EXPECT_EQ(names("from=2026-01-01T12:00:00Z&to=2026-01-02T12:00:00%2B00:00"), set{"b"});
    EXPECT_EQ(names("status=firing&severity=critical&namespace=prod&label=team:x&from=2026-01-01T00:00:00Z&"
                    "to=2026-01-01T00:00:00Z"),
              set{"a"});
    EXPECT_EQ(names("status=resolved&severity=warning"), set{});
}

TEST_F(listing, searches_in_labels_and_annotations) {
    keep(body{}
             .firing("DiskFull", "2026-01-01T00:00:00Z", {{"path", "C:\\\\temp"}, {"team", "x"}})
             .firing("NodeDown", "2026-01-02T00:00:00Z", {{"note", "it said \"no\" at 100%_"}, {"team", "x"}})
             .resolved("Late", "2026-01-03T00:00:00Z", "2026-01-03T01:00:00Z", {{"city", "Москва"}}));
    using set = std::set<std::string>;
    const auto found = [&](const std::string& text, const std::string& more = "") {
        const auto query = "q=" + percent_encoded(text) + more;
        const auto alerts = names(query);
        set events;
        const auto history = get(port(), "/api/v1/events?" + query).object();
        for (const auto& one : history.at("events").as_array())
            events.insert(std::string{one.at("alert_name").as_string()});
        EXPECT_EQ(alerts, events) << text << ": the history knows the same alerts";
        return alerts;
    };
    EXPECT_EQ(found("diskf"), set{"DiskFull"}) << "whatever the case";
    EXPECT_EQ(found("o"), (set{"NodeDown"})) << "not in Late, whose labels have none";
    EXPECT_EQ(found("Москва"), set{"Late"});
    EXPECT_EQ(found("\"no\""), set{"NodeDown"});
    EXPECT_EQ(found("C:\\\\t"), set{"DiskFull"});
    EXPECT_EQ(found("100%_"), set{"NodeDown"});
    EXPECT_EQ(found("1%"), set{}) << "no wildcard";
    EXPECT_EQ(found("D_s"), set{}) << "no wildcard";
    EXPECT_EQ(found("\": \""), set{}) << "what the labels are written with is no text";
    EXPECT_EQ(found("n", "&label=team:x"), (set{"DiskFull", "NodeDown"}));
    EXPECT_EQ(found("down", "&status=resolved"), set{});
    EXPECT_EQ(get(port(), "/api/v1/alerts?q=" + std::string(201, 'x')).status, 400);
    const auto first = get(port(), "/api/v1/alerts?q=n&limit=1").object();
    const auto second =
        get(port(), "/api/v1/alerts?q=n&limit=1&cursor=" + std::string{first.at("next_cursor").as_string()});
    EXPECT_EQ(second.object().at("alerts").as_array().size(), 1U) << "page after page";
}

TEST_F(listing, filters_on_every_page) {
    body many;
    for (int i = 0; i < 30; ++i)
        many.firing("A" + std::to_string(i), same, {{"severity", i % 3 == 0 ? "critical" : "info"}});
    keep(many);
    const auto first = get(port(), "/api/v1/alerts?severity=critical&limit=6").object();
    EXPECT_EQ(first.at("alerts").as_array().size(), 6U);
    const auto second = get(port(), "/api/v1/alerts?severity=critical&limit=6&cursor=" +
                                        std::string{first.at("next_cursor").as_string()})
                            .object();
    EXPECT_EQ(second.at("alerts").as_array().size(), 4U);
    EXPECT_TRUE(second.at("next_cursor").is_null());
}

TEST_F(listing, shows_fifty_alerts_unless_told_otherwise) {
    body many;
    for (int i = 0; i < 51; ++i) many.firing("A" + std::to_string(i), same);
    keep(many);
    EXPECT_EQ(get(port(), "/api/v1/alerts").object().at("alerts").as_array().size(), 50U);
}

TEST_F(listing, of_events_is_the_history_newest_first) {
    for (int i = 9; i >= 0; --i) { // arrives the wrong way round
        const auto hour = "2026-01-01T0" + std::to_string(i);
        keep(body{}.resolved("A", hour + ":00:00Z", hour + ":30:00Z"));
        keep(body{}.firing("A", hour + ":00:00Z"));
    }
    const auto fingerprint = value(url_, "select fingerprint from alerts");
    const auto all = walk("/api/v1/alerts/" + fingerprint + "/events", "events", 3);
    ASSERT_EQ(all.size(), 20U);
    EXPECT_EQ(all[0].at("status"), "resolved");
    EXPECT_EQ(all[0].at("happened_at"), "2026-01-01T09:30:00.000000Z");
    EXPECT_EQ(all[1].at("status"), "firing");
    EXPECT_EQ(all[1].at("happened_at"), "2026-01-01T09:00:00.000000Z");
    EXPECT_TRUE(all[1].at("ends_at").is_null());
    std::set<std::int64_t> ids;
    for (const auto& one : all) ids.insert(one.at("id").as_int64());
    EXPECT_EQ(ids.size(), 20U);
    for (std::size_t i = 1; i < all.size(); ++i)
        EXPECT_GE(all[i - 1].at("happened_at").as_string(), all[i].at("happened_at").as_string());
}

TEST_F(listing, unknown_alerts_are_not_found) {
    for (const std::string path :
         {"/api/v1/alerts/0000000000000000", "/api/v1/alerts/0000000000000000/events", "/api/v1/alerts/a%20b",
          "/api/v1/alerts/%FF", "/api/v1/alerts/%FF/events", "/api/v1/nothing", "/api/v1/alerts/"})
        EXPECT_EQ(get(port(), path).status, 404) << path;
    EXPECT_EQ(get(port(), "/api/v1/alerts/0000000000000000").object().at("error").at("code"), "NOT_FOUND");
}

TEST_F(listing, bad_parameters_are_named) {
    for (const std::string query : {"status=x", "limit=0", "limit=1001", "from=x", "to=x", "cursor=x",
                                    "label=x", "nonsense=1", "severity=%FF", "label=a:%C0%80"}) {
        const auto out = get(port(), "/api/v1/alerts?" + query);
        EXPECT_EQ(out.status, 400) << query;
        const std::string message{out.object().at("error").at("message").as_string()};
        const auto named = query.find('%') == std::string::npos ? query.substr(0, query.find('=')) : "query";
        EXPECT_EQ(message.substr(0, named.size() + 1), named + ":") << message;
    }
    EXPECT_EQ(get(port(), "/api/v1/alerts/0000000000000000/events?status=firing").status, 400);
    EXPECT_EQ(get(port(), "/api/v1/alerts/0000000000000000?x=1").status, 400);
}

TEST_F(listing, start_page_says_what_there_is) {
    const auto out = get(port(), "/");
    EXPECT_EQ(out.status, 200);
    for (const std::string there : {"/webhook", "/api/v1/alerts", "/health", "/metrics", "/readyz", "curl"})
        EXPECT_NE(out.body.find(there), std::string::npos) << there;
}

} // namespace listing_test
