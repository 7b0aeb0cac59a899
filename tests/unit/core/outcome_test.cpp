// Whether the same work may be sent again, and deadlines.
#include <tusk/core/deadline.hpp>
#include <tusk/core/outcome.hpp>

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using tusk::advise_retry;
using tusk::deadline;
using tusk::outcome;
using tusk::retry_advice;
using tusk::sent_state;
using tusk::transaction_status;

namespace outcome_test {

constexpr auto inside = {transaction_status::in_transaction, transaction_status::failed};
constexpr auto outside = {transaction_status::idle, transaction_status::unknown};

outcome answered(const char* state, transaction_status tx, bool committing = false) {
    outcome o;
    o.sent = sent_state::answered;
    o.answered = true;
    o.state = *tusk::sqlstate::parse(state);
    o.tx = tx;
    o.committing = committing;
    return o;
}

TEST(advise_retry, what_was_not_sent_is_safe) {
    for (const auto tx : outside)
        EXPECT_EQ(advise_retry({sent_state::none, false, {}, tx, false}), retry_advice::safe);
    for (const auto tx : inside)
        EXPECT_EQ(advise_retry({sent_state::none, false, {}, tx, false}), retry_advice::transaction)
            << "the statement alone would meet a transaction that is gone or failed";
}

TEST(advise_retry, what_was_sent_and_not_answered_may_have_taken_effect) {
    for (const auto sent : {sent_state::partial, sent_state::complete}) {
        for (const auto tx : outside)
            EXPECT_EQ(advise_retry({sent, false, {}, tx, false}), retry_advice::if_idempotent);
        for (const auto tx : inside)
            EXPECT_EQ(advise_retry({sent, false, {}, tx, false}), retry_advice::transaction);
        for (const auto tx : inside)
            EXPECT_EQ(advise_retry({sent, false, {}, tx, true}), retry_advice::never) << "a COMMIT";
    }
}

TEST(advise_retry, follows_the_table_of_answers) {
    struct row {
        const char* state;
        retry_advice alone;
        retry_advice in_transaction;
    };
    constexpr row rows[] = {
        {"40001", retry_advice::safe, retry_advice::transaction},
        {"40P01", retry_advice::safe, retry_advice::transaction},
        {"25006", retry_advice::safe, retry_advice::transaction},
        {"57P05", retry_advice::safe, retry_advice::transaction},
        {"57P03", retry_advice::safe, retry_advice::never},
        {"53300", retry_advice::safe, retry_advice::never},
        {"08001", retry_advice::safe, retry_advice::never},
        {"08004", retry_advice::safe, retry_advice::never},
        {"57P01", retry_advice::if_idempotent, retry_advice::transaction},
        {"57P02", retry_advice::if_idempotent, retry_advice::transaction},
        {"40003", retry_advice::never, retry_advice::never},
        {"55P03", retry_advice::never, retry_advice::never},
        {"57014", retry_advice::never, retry_advice::never},
        {"53200", retry_advice::never, retry_advice::never},
        {"22P02", retry_advice::never, retry_advice::never},
        {"23505", retry_advice::never, retry_advice::never},
        {"42P01", retry_advice::never, retry_advice::never},
        {"28P01", retry_advice::never, retry_advice::never},
        {"00000", retry_advice::never, retry_advice::never},
    };
    for (const auto& r : rows) {
        for (const auto tx : outside) EXPECT_EQ(advise_retry(answered(r.state, tx)), r.alone) << r.state;
        for (const auto tx : inside)
            EXPECT_EQ(advise_retry(answered(r.state, tx)), r.in_transaction) << r.state;
    }
}

TEST(advise_retry, a_commit_cut_off_by_the_administrator_is_never_repeated) {
    for (const char* state : {"57P01", "57P02"})
        for (const auto tx : inside) EXPECT_EQ(advise_retry(answered(state, tx, true)), retry_advice::never);
}

TEST(deadlines, default_to_never) {
    const deadline d;
    EXPECT_TRUE(d.is_never());
    EXPECT_FALSE(d.expired());
    EXPECT_EQ(d.remaining(), tusk::steady_clock::duration::max());
    EXPECT_EQ(d, deadline::never());
}

TEST(deadlines, take_zero_as_never_or_as_at_once) {
    EXPECT_TRUE(deadline::in(0s).is_never());
    EXPECT_TRUE(deadline::in(-1s).is_never());
    EXPECT_TRUE(deadline::in(0s, false).expired());
    EXPECT_TRUE(deadline::in(-1s, false).expired());
    EXPECT_EQ(deadline::in(-1s, false).remaining(), 0s);
}

TEST(deadlines, do_not_overflow) {
    EXPECT_TRUE(deadline::in(tusk::steady_clock::duration::max()).is_never());
    EXPECT_FALSE(deadline::in(24h * 365 * 100).is_never());
    EXPECT_FALSE(deadline::in(24h * 365 * 100).expired());
}

TEST(deadlines, the_earlier_one_counts) {
    const deadline soon = deadline::in(1h);
    const deadline late = deadline::in(2h);
    EXPECT_EQ(earlier(soon, late), soon);
    EXPECT_EQ(earlier(late, soon), soon);
    EXPECT_EQ(earlier(deadline::never(), late), late);
    EXPECT_GT(late.remaining(), soon.remaining());
}

TEST(clocks, the_real_one_is_steady) {
    const auto before = tusk::steady_clock::now();
    const auto read = tusk::real_clock().now();
    EXPECT_GE(read, before);
    EXPECT_LE(read, tusk::steady_clock::now());
}

} // namespace outcome_test
