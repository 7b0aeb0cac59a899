// Which failures are tried again, when, and how often.
#include <tusk/pool/retry.hpp>

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using tusk::deadline;
using tusk::errc;
using tusk::failure;
using tusk::retry_advice;
using tusk::retry_policy;
using tusk::sent_state;
using tusk::steady_clock;

namespace retry_test {

const steady_clock::time_point now{1000h};

failure lost(retry_advice advice) {
    return failure{errc::connection_lost, "lost"}.set_sent(sent_state::complete, advice);
}

bool again(const failure& f, bool idempotent = false, std::uint32_t attempt = 1) {
    return decide_retry({}, f, attempt, idempotent, deadline::never(), now, 0.5).again;
}

TEST(retry, is_for_what_took_no_effect) {
    EXPECT_TRUE(again(lost(retry_advice::safe)));
    EXPECT_TRUE(again(lost(retry_advice::transaction)));
    EXPECT_FALSE(again(lost(retry_advice::never)));
    EXPECT_FALSE(again(lost(retry_advice::if_idempotent)));
    EXPECT_TRUE(again(lost(retry_advice::if_idempotent), true));
}

TEST(retry, is_not_for_those_who_waited_in_vain_or_were_refused) {
    for (const auto code :
         {errc::pool_timeout, errc::pool_closed, errc::circuit_open, errc::timeout, errc::canceled})
        EXPECT_FALSE(again(failure{code, ""}.set_sent(sent_state::none, retry_advice::safe)));
}

TEST(retry, ends_with_the_attempts) {
    EXPECT_TRUE(again(lost(retry_advice::safe), false, 2));
    EXPECT_FALSE(again(lost(retry_advice::safe), false, 3));
    EXPECT_FALSE(
        decide_retry(retry_policy::none(), lost(retry_advice::safe), 1, false, deadline::never(), now, 0)
            .again);
}

TEST(retry, waits_a_random_time_below_a_limit_that_doubles) {
    const auto policy = retry_policy{}.attempts(20);
    const auto f = lost(retry_advice::safe);
    EXPECT_EQ(decide_retry(policy, f, 1, false, deadline::never(), now, 0).delay, 0ms);
    EXPECT_EQ(decide_retry(policy, f, 1, false, deadline::never(), now, 1).delay, 50ms);
    EXPECT_EQ(decide_retry(policy, f, 2, false, deadline::never(), now, 1).delay, 100ms);
    EXPECT_EQ(decide_retry(policy, f, 4, false, deadline::never(), now, 0.5).delay, 200ms);
    EXPECT_EQ(decide_retry(policy, f, 19, false, deadline::never(), now, 1).delay, 2s);
}

TEST(retry, never_sleeps_past_the_deadline) {
    const auto f = lost(retry_advice::safe);
    EXPECT_TRUE(decide_retry({}, f, 1, false, deadline{now + 51ms}, now, 1).again);
    EXPECT_FALSE(decide_retry({}, f, 1, false, deadline{now + 50ms}, now, 1).again);
    EXPECT_FALSE(decide_retry({}, f, 1, false, deadline{now - 1ms}, now, 0).again);
}

TEST(retry_budget, is_a_share_of_the_calls_and_a_floor) {
    tusk::retry_budget b{retry_policy{}.budget(0.1, 10), now};
    int taken = 0;
    while (b.take(now)) ++taken;
    EXPECT_EQ(taken, 10) << "the floor of one second";
    for (int i = 0; i < 100; ++i) b.called();
    for (taken = 0; b.take(now);) ++taken;
    EXPECT_EQ(taken, 10) << "a tenth of the calls";
    for (taken = 0; b.take(now + 500ms);) ++taken;
    EXPECT_EQ(taken, 5) << "time fills it";
}

TEST(retry_budget, does_not_save_up_for_ever) {
    tusk::retry_budget b{retry_policy{}.budget(0.1, 10), now};
    for (int i = 0; i < 1'000'000; ++i) b.called();
    int taken = 0;
    while (b.take(now)) ++taken;
    EXPECT_EQ(taken, 200);
}

TEST(retry_policy, refuses_what_makes_no_sense) {
    EXPECT_EQ(retry_policy{}.problems(), "");
    EXPECT_NE(retry_policy{}.attempts(0).problems(), "");
    EXPECT_NE(retry_policy{}.backoff(2s, 1s).problems(), "");
    EXPECT_NE(retry_policy{}.budget(2, 0).problems(), "");
}

} // namespace retry_test
