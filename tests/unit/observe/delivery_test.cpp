#include <tusk/observe/detail/delivery.hpp>

#include <gtest/gtest.h>

namespace delivery_test {

using namespace std::chrono_literals;
using namespace tusk::observe;
using detail::delivered;
using detail::delivery;

const delivery::time_point zero{};

tusk::result<http_answer> status(int code, std::optional<std::chrono::seconds> after = {}) {
    return http_answer{code, "", after};
}
tusk::result<http_answer> nobody() { return tusk::failure{tusk::errc::connect_failed, "nobody listens"}; }

TEST(delivery, ends_when_the_body_is_taken) {
    delivery d{[] { return 1.0; }};
    EXPECT_TRUE(d.is_idle());
    d.begin("body", 3, zero, zero + 30s);
    EXPECT_EQ(d.due(), zero);
    EXPECT_EQ(d.body(), "body");
    EXPECT_EQ(d.items(), 3U);
    EXPECT_EQ(d.answered(status(200), zero), delivered::taken);
    EXPECT_TRUE(d.is_idle());
}

TEST(delivery, tries_again_what_the_specification_allows_and_nothing_else) {
    for (const int code : {429, 502, 503, 504}) {
        delivery d{[] { return 1.0; }};
        d.begin("body", 1, zero, zero + 30s);
        EXPECT_EQ(d.answered(status(code), zero), delivered::again) << code;
        EXPECT_FALSE(d.is_idle());
    }
    for (const int code : {400, 401, 403, 404, 408, 413, 500, 501, 301}) {
        delivery d{[] { return 1.0; }};
        d.begin("body", 1, zero, zero + 30s);
        EXPECT_EQ(d.answered(status(code), zero), delivered::refused) << code;
        EXPECT_TRUE(d.is_idle());
    }
    delivery d{[] { return 1.0; }};
    d.begin("body", 1, zero, zero + 30s);
    EXPECT_EQ(d.answered(nobody(), zero), delivered::again);
}

TEST(delivery, waits_twice_as_long_each_time_up_to_a_limit) {
    delivery d{[] { return 1.0; }};
    d.begin("body", 1, zero, zero + 24h);
    auto now = zero;
    for (const auto pause : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
        ASSERT_EQ(d.answered(nobody(), now), delivered::again);
        EXPECT_EQ(d.due() - now, pause);
        now = d.due();
    }
}

TEST(delivery, jitters_by_half) {
    delivery d{[] { return 0.0; }};
    d.begin("body", 1, zero, zero + 24h);
    EXPECT_EQ(d.answered(nobody(), zero), delivered::again);
    EXPECT_EQ(d.due() - zero, 500ms);
}

TEST(delivery, heeds_retry_after) {
    delivery d{[] { return 1.0; }};
    d.begin("body", 1, zero, zero + 60s);
    EXPECT_EQ(d.answered(status(503, 17s), zero + 1s), delivered::again);
    EXPECT_EQ(d.due(), zero + 18s);
}

TEST(delivery, gives_up_when_the_next_attempt_would_be_too_late) {
    delivery d{[] { return 1.0; }};
    d.begin("body", 1, zero, zero + 10s);
    EXPECT_EQ(d.answered(status(429, 10s), zero), delivered::given_up);
    EXPECT_TRUE(d.is_idle());
    d.begin("next", 1, zero + 20s, zero + 30s);
    EXPECT_EQ(d.answered(nobody(), zero + 20s), delivered::again);
    EXPECT_EQ(d.due(), zero + 21s) << "each body begins anew";
}

} // namespace delivery_test
