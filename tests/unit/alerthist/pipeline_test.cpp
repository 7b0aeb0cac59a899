#include <algorithm>

#include <gtest/gtest.h>

#include <services/alerthist/pipeline.hpp>

#include "support.hpp"

namespace pipeline_test {

using namespace tusk::alerthist;

alert firing(const char* start, std::string fingerprint = "f") {
    alert out;
    out.fingerprint = std::move(fingerprint);
    out.labels = {{"alertname", "A"}};
    out.starts_at = at(start);
    return out;
}

alert resolved(const char* start, const char* end, std::string fingerprint = "f") {
    auto out = firing(start, std::move(fingerprint));
    out.status = alert_status::resolved;
    if (end) out.ends_at = at(end);
    return out;
}

constexpr auto t1 = "2026-01-01T10:00:00Z";
constexpr auto t2 = "2026-01-01T10:05:00Z";
constexpr auto t3 = "2026-01-01T10:10:00Z";
constexpr auto t4 = "2026-01-01T10:15:00Z";

TEST(state_order, follows_the_life_of_an_alert) {
    // Each one supersedes all before it, and none of those supersedes it.
    const std::vector<alert> life{firing(t1), resolved(t1, nullptr), resolved(t1, t2),
                                  firing(t2), resolved(t2, t3),      firing(t4)};
    for (std::size_t i = 0; i < life.size(); ++i)
        for (std::size_t j = 0; j < life.size(); ++j)
            EXPECT_EQ(supersedes(life[i], life[j]), i >= j) << i << " over " << j;
}

TEST(state_order, takes_the_same_state_again) {
    EXPECT_TRUE(supersedes(firing(t1), firing(t1)));
    EXPECT_TRUE(supersedes(resolved(t1, t2), resolved(t1, t2)));
}

TEST(state_order, lets_the_end_of_an_earlier_start_end_a_later_one) {
    EXPECT_TRUE(supersedes(resolved(t1, t3), firing(t2)))
        << "two Alertmanagers may know different starts of one alert";
    EXPECT_FALSE(supersedes(firing(t2), resolved(t1, t3)));
}

TEST(state_order, ignores_an_end_before_the_start) { EXPECT_TRUE(supersedes(resolved(t2, t1), firing(t2))); }

TEST(batch, has_one_state_an_alert_and_every_event) {
    notification from;
    from.receiver = "r";
    from.group_key = "g";
    from.alerts = {firing(t3, "b"), resolved(t1, t2, "b"), firing(t1, "b"), firing(t1, "a"), firing(t1, "a")};
    const auto out = make_batch(from);
    EXPECT_EQ(out.receiver, "r");
    EXPECT_EQ(out.group_key, "g");
    const std::vector<std::string> states{"a", "b"};
    EXPECT_EQ(out.states.fingerprints, states) << "sorted, so that two bodies lock in the same order";
    EXPECT_EQ(out.states.starts[1], at(t3));
    const std::vector<std::string> events{"a", "b", "b", "b"};
    EXPECT_EQ(out.events.fingerprints, events);
}

TEST(batch, does_not_depend_on_the_order_of_the_alerts) {
    std::vector<alert> alerts{firing(t1), resolved(t1, t2), firing(t3), resolved(t3, t4)};
    const auto earlier = [](const alert& a, const alert& b) {
        return std::tie(a.starts_at, a.status) < std::tie(b.starts_at, b.status);
    };
    do {
        notification from;
        from.alerts = alerts;
        const auto out = make_batch(from);
        ASSERT_EQ(out.states.size(), 1U);
        EXPECT_EQ(out.states.statuses[0], "resolved");
        EXPECT_EQ(out.states.ends[0], at(t4));
        EXPECT_EQ(out.events.size(), 4U);
    } while (std::next_permutation(alerts.begin(), alerts.end(), earlier));
}

TEST(batch, keeps_the_latest_end_of_an_event) {
    notification from;
    from.alerts = {resolved(t1, t3), resolved(t1, t2)};
    const auto out = make_batch(from);
    ASSERT_EQ(out.events.size(), 1U);
    EXPECT_EQ(out.events.ends[0], at(t3));
}

TEST(batch, writes_labels_as_json) {
    notification from;
    from.alerts = {firing(t1)};
    from.alerts[0].labels = {{"b", "\"x\"\\\n\x01"}, {"a", "Диск"}};
    const auto out = make_batch(from);
    EXPECT_EQ(out.states.labels[0].text(), R"({"a":"Диск","b":"\"x\"\\\n\u0001"})");
    EXPECT_EQ(out.states.annotations[0].text(), "{}");
}

} // namespace pipeline_test
