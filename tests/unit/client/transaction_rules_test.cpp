// The parts of transactions that need no server: the text of BEGIN, what a COMMIT's outcome means, waiting.
#include <tusk/client/tx_options.hpp>

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using tusk::errc;
using tusk::failure;
using tusk::make_error_code;
using tusk::retry_advice;
using tusk::sent_state;
using tusk::tx_options;
using tusk::detail::judge_commit;

namespace transaction_rules_test {

failure of_server(const char* state, const char* severity = "ERROR") {
    tusk::server_error e;
    e.severity = severity;
    e.sqlstate = state;
    e.message = "said the server";
    return failure{std::move(e)};
}

TEST(tx_options, make_the_text_of_begin) {
    EXPECT_EQ(tx_options{}.begin_sql(), "begin");
    EXPECT_EQ(tx_options{}.serializable().begin_sql(), "begin isolation level serializable");
    EXPECT_EQ(tx_options{}.read_only().begin_sql(), "begin read only");
    EXPECT_EQ(tx_options{}.deferrable().begin_sql(), "begin deferrable");
    EXPECT_EQ(tx_options{}.serializable().read_only().deferrable().begin_sql(),
              "begin isolation level serializable, read only, deferrable");
    EXPECT_EQ(tx_options{}.read_committed().repeatable_read().read_only().read_write().begin_sql(),
              "begin isolation level repeatable read, read write")
        << "the last word counts";
    EXPECT_EQ(tx_options{}.retries(), 0U);
    EXPECT_LE(tx_options{}.timeout(5s).call_options().deadline_from_now(0s).remaining(), 5s);
}

TEST(judge_commit, that_was_answered_is_what_the_server_says) {
    EXPECT_FALSE(judge_commit({}, "COMMIT", false));
    EXPECT_EQ(judge_commit(of_server("23503"), "", false).code(), tusk::condition::foreign_key);
    EXPECT_EQ(judge_commit(of_server("40001"), "", false).code(), tusk::condition::serialization_failure);
}

TEST(judge_commit, of_a_failed_transaction_is_an_error_although_the_server_is_content) {
    for (const auto& f : {judge_commit({}, "ROLLBACK", false), judge_commit({}, "COMMIT", true)}) {
        EXPECT_EQ(f.code(), make_error_code(errc::transaction_rolled_back));
        EXPECT_EQ(f.sent(), sent_state::answered);
    }
}

TEST(judge_commit, that_was_sent_and_not_answered_is_in_doubt_and_never_repeated) {
    for (const auto code : {errc::connection_lost, errc::timeout, errc::canceled})
        for (const auto sent : {sent_state::partial, sent_state::complete}) {
            failure f{code, "why"};
            f.set_sent(sent, retry_advice::transaction);
            const auto judged = judge_commit(f, "", false);
            EXPECT_EQ(judged.code(), make_error_code(errc::in_doubt));
            EXPECT_EQ(judged.retry(), retry_advice::never);
            EXPECT_NE(judged.message().find("why"), std::string::npos);
        }
}

TEST(judge_commit, that_was_cut_off_by_a_fatal_error_is_in_doubt) {
    for (const char* state : {"57P01", "57P02"}) {
        auto f = of_server(state, "FATAL");
        f.set_sent(sent_state::answered, retry_advice::transaction);
        const auto judged = judge_commit(f, "", false);
        EXPECT_EQ(judged.code(), make_error_code(errc::in_doubt)) << state;
        EXPECT_EQ(judged.retry(), retry_advice::never);
        EXPECT_NE(judged.server(), nullptr) << "what the server said stays";
    }
}

TEST(judge_commit, that_never_left_is_no_doubt) {
    failure f{errc::connection_closed, "closed"};
    f.set_sent(sent_state::none, retry_advice::transaction);
    const auto judged = judge_commit(f, "", false);
    EXPECT_EQ(judged.code(), make_error_code(errc::connection_closed));
    EXPECT_EQ(judged.retry(), retry_advice::transaction);
}

TEST(back_off_time, has_full_jitter_under_a_growing_cap) {
    for (const unsigned attempt : {0U, 1U, 2U, 5U, 6U, 40U, 4000000000U}) {
        const auto cap = std::min<long>(2000, 50L << std::min(attempt, 10U));
        std::chrono::milliseconds longest{0};
        for (int i = 0; i < 300; ++i) {
            const auto t = tusk::detail::back_off_time(attempt);
            EXPECT_GE(t.count(), 0);
            EXPECT_LE(t.count(), cap) << attempt;
            longest = std::max(longest, t);
        }
        EXPECT_GT(longest.count(), cap / 2) << "of 300, one is in the upper half";
    }
}

TEST(savepoints, are_named_by_their_depth) { EXPECT_EQ(tusk::detail::savepoint_name(3), "tusk_sp_3"); }

} // namespace transaction_rules_test
