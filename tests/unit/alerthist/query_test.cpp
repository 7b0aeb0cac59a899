#include <gtest/gtest.h>

#include <services/alerthist/query.hpp>

#include "support.hpp"

namespace query_test {

using namespace tusk::alerthist;
using tusk::http::request;

std::string refusal_of(const std::string& query) {
    const request from{"GET", "/api/v1/alerts?" + query};
    const auto out = parse_alerts_query(from);
    return out ? std::string{} : out.error().message();
}

TEST(alerts_query, without_parameters_lists_all_in_pages_of_fifty) {
    const auto out = parse_alerts_query(request{"GET", "/api/v1/alerts"});
    ASSERT_TRUE(out);
    EXPECT_EQ(out->limit, 50);
    EXPECT_FALSE(out->after || out->filter.status || out->filter.from || out->filter.to);
    EXPECT_TRUE(out->filter.labels.empty());
}

TEST(alerts_query, reads_every_parameter) {
    alert_cursor end;
    end.starts_at = at("2026-01-01T00:00:00Z");
    end.fingerprint = "abc";
    const auto out = parse_alerts_query(request{
        "GET", "/api/v1/alerts?status=resolved&severity=critical&namespace=prod&label=team:a%3Ab&label=x:&"
               "from=2026-01-01T00:00:00Z&to=2026-01-02T03:00:00%2B03:00&limit=1000&cursor=" +
                   end.encode()});
    ASSERT_TRUE(out) << out.error().message();
    EXPECT_EQ(out->filter.status, alert_status::resolved);
    const label_set labels{{"severity", "critical"}, {"namespace", "prod"}, {"team", "a:b"}, {"x", ""}};
    EXPECT_EQ(out->filter.labels, labels);
    EXPECT_EQ(out->filter.from, at("2026-01-01T00:00:00Z"));
    EXPECT_EQ(out->filter.to, at("2026-01-02T00:00:00Z"));
    EXPECT_EQ(out->limit, 1000);
    ASSERT_TRUE(out->after);
    EXPECT_EQ(out->after->fingerprint, "abc");
}

TEST(alerts_query, refusals_name_the_parameter) {
    EXPECT_EQ(refusal_of("status=open"), R"(status: "open" is neither "firing" nor "resolved")");
    EXPECT_EQ(refusal_of("status="), "status: is empty");
    EXPECT_EQ(refusal_of("status=firing&status=firing"), "status: given more than once");
    for (const std::string bad : {"0", "1001", "-1", "many", "5x", "1e3", "99999999999999999999"})
        EXPECT_EQ(refusal_of("limit=" + bad), "limit: \"" + bad + "\" is not a whole number from 1 to 1000");
    EXPECT_EQ(refusal_of("from=today").substr(0, 13), "from: \"today\"");
    EXPECT_EQ(refusal_of("to=2026-13-01T00:00:00Z").substr(0, 4), "to: ");
    EXPECT_EQ(refusal_of("cursor=xyz"), "cursor: is not a next_cursor of this listing");
    EXPECT_EQ(refusal_of("label=severity"), R"(label: "severity" is not of the form name:value)");
    EXPECT_EQ(refusal_of("label=:x"), R"(label: ":x" is not of the form name:value)");
    EXPECT_EQ(refusal_of("severity=a&label=severity:b"),
              "label: two different values are asked of the label \"severity\"");
    EXPECT_EQ(refusal_of("severity=a&label=severity:a"), "") << "the same twice is no contradiction";
    EXPECT_EQ(refusal_of("stauts=firing"), "stauts: unknown parameter; did you mean \"status\"?");
    EXPECT_EQ(refusal_of("offset=3"), "offset: unknown parameter");
    EXPECT_EQ(refusal_of("severity=%FF"), "query: not UTF-8, or with a NUL character");
    EXPECT_EQ(refusal_of("%FF=x"), "query: not UTF-8, or with a NUL character");
}

TEST(events_query, takes_limit_and_cursor_only) {
    event_cursor end;
    end.id = 12;
    const auto out = parse_events_query(request{"GET", "/x?limit=7&cursor=" + end.encode()});
    ASSERT_TRUE(out);
    EXPECT_EQ(out->limit, 7);
    EXPECT_EQ(out->after->id, 12);
    EXPECT_FALSE(parse_events_query(request{"GET", "/x?status=firing"}));
}

TEST(storable_text, is_utf8_without_nul) {
    for (const std::string good :
         {"", "plain", "Диск", "€", "😀", "\x7F", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF"})
        EXPECT_TRUE(is_storable_text(good)) << good;
    for (const std::string& bad :
         {std::string("a\0b", 3), std::string{"\xFF"}, std::string{"\x80"}, std::string{"\xC0\x80"},
          std::string{"\xC1\xBF"}, std::string{"\xE0\x9F\xBF"}, std::string{"\xED\xA0\x80"},
          std::string{"\xF0\x8F\xBF\xBF"}, std::string{"\xF4\x90\x80\x80"}, std::string{"\xF5\x80\x80\x80"},
          std::string{"\xE2\x82"}, std::string{"\xE2\x28\xA1"}})
        EXPECT_FALSE(is_storable_text(bad)) << bad;
}

} // namespace query_test
