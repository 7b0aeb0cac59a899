// Silence and ends, wherever they come.
#include "support.hpp"

#include <tusk/client/batch.hpp>

namespace faults_test {

namespace cuts_test {

/// What a call may take past its deadline: the grace time of a cancellation, and a slow machine.
constexpr auto grace = 1000ms + 2000ms;

using tusk::sent_state;

// ---- connecting

TEST_P(faults, silence_at_any_point_of_connecting_ends_with_the_connect_timeout) {
    std::uint64_t attempts = 0;
    for (const std::uint64_t n : {0U, 1U, 5U, 9U, 60U, 300U}) {
        ++attempts;
        proxy().to_client().at_byte(n).stop();
        start_clock();
        const auto made = open_subject(GetParam(), config().connect_timeout(100ms));
        ASSERT_FALSE(made) << n;
        EXPECT_EQ(made.error().code(), errc::timeout) << made.error().message();
        EXPECT_EQ(made.error().sent(), sent_state::none);
        EXPECT_GE(elapsed(), 100ms);
        EXPECT_LT(elapsed(), 2000ms);
        // One that the proxy has not even taken in would trip over the next cut.
        EXPECT_TRUE(proxy().wait_for([&](const fault_counts& c) {
            return c.connections == attempts && c.to_server.hang_ups == attempts;
        }));
    }
    proxy().arrivals(arrival::hold);
    EXPECT_EQ(open_subject(GetParam(), config().connect_timeout(100ms)).error().code(), errc::timeout);
}

TEST_P(faults, an_end_at_any_point_of_connecting_is_told_at_once) {
    std::uint64_t whole = 0;
    {
        const auto db = connected();
        ASSERT_NE(db, nullptr);
        whole = proxy().counts().to_client.received;
    }
    const std::uint64_t step = 13; // every byte is tried from memory
    for (std::uint64_t n = 0; n < whole; n += step) {
        const bool hard = n % 2 == 0;
        const auto place = proxy().to_client().at_byte(n);
        if (hard)
            tusk::testing::fault_cut{place}.reset();
        else
            tusk::testing::fault_cut{place}.close();
        const auto made = open_subject(GetParam(), config());
        ASSERT_FALSE(made) << n;
        EXPECT_EQ(made.error().code(), condition::connection_lost) << made.error().message();
        EXPECT_EQ(made.error().retry(), tusk::retry_advice::safe);
    }
    EXPECT_LT(elapsed(), 20s);
    EXPECT_NE(connected(), nullptr);
}

TEST_P(faults, every_way_of_being_turned_away_is_an_error_at_once) {
    for (const auto how : {arrival::refuse, arrival::close, arrival::reset}) {
        proxy().arrivals(how);
        const auto made = open_subject(GetParam(), config());
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().code(), condition::unavailable) << made.error().message();
        EXPECT_EQ(made.error().sent(), sent_state::none);
    }
    EXPECT_LT(elapsed(), 5s);
}

// ---- black holes

TEST_P(faults, a_statement_in_a_black_hole_is_over_at_its_deadline) {
    for (const bool both : {true, false}) {
        const auto db = connected();
        ASSERT_NE(db, nullptr);
        EXPECT_FALSE(db->exec("insert into t values (1)")); // from now on it needs one round trip
        if (both)
            proxy().stop();
        else
            proxy().to_client().stop(); // the server works, and its answer never comes
        start_clock();
        const auto f = db->exec("insert into t values (1)", tusk::options{}.timeout(100ms));
        EXPECT_EQ(f.code(), errc::timeout) << f.message();
        EXPECT_EQ(f.sent(), sent_state::complete);
        EXPECT_NE(f.retry(), tusk::retry_advice::safe);
        EXPECT_GE(elapsed(), 100ms);
        EXPECT_LT(elapsed(), 100ms + grace);
        EXPECT_FALSE(db->is_open()) << "its state is unknown";
        EXPECT_EQ(db->exec("select 1").code(), errc::connection_closed);
        proxy().resume();
    }
    EXPECT_TRUE(server_is_quiet());
}

TEST_P(faults, everything_else_in_a_black_hole_is_over_at_its_deadline_too) {
    const auto limit = tusk::options{}.timeout(100ms);
    const auto expect_late = [&](const char* what, auto call) {
        const auto db = connected();
        ASSERT_NE(db, nullptr) << what;
        int rows = 0;
        EXPECT_FALSE(db->copy_out(rows)); // what COPY wants to know beforehand is known
        EXPECT_FALSE(db->copy_in(1));
        proxy().stop();
        start_clock();
        const failure f = call(*db);
        EXPECT_EQ(f.code(), condition::timeout) << what << ": " << f.message();
        EXPECT_LT(elapsed(), 100ms + grace) << what;
        EXPECT_FALSE(db->is_open()) << what;
        proxy().resume();
        proxy().cut();
    };
    expect_late("batch", [&](subject& s) {
        tusk::batch b;
        for (int i = 0; i < 10; ++i) b.exec("select $1::int4", i);
        return s.db().try_run(b, limit);
    });
    expect_late("copy in", [&](subject& s) { return s.copy_in(1'000'000, limit); });
    expect_late("copy out", [&](subject& s) {
        int rows = 0;
        return s.copy_out(rows, limit);
    });
}

TEST_P(faults, one_byte_at_a_time_or_all_at_once_is_the_same_to_it) {
    for (const std::size_t size : {1U, 40U}) {
        proxy().to_client().pieces(size);
        proxy().to_server().pieces(size);
        const auto db = connected();
        ASSERT_NE(db, nullptr);
        EXPECT_EQ(db->db().all<int>("select generate_series(1, 100)").size(), 100U);
    }
    proxy().heal();
    proxy().to_client().merge(5ms);
    const auto db = connected();
    ASSERT_NE(db, nullptr);
    EXPECT_EQ(db->db().all<int>("select generate_series(1, 100)").size(), 100U);
}

TEST_P(faults, a_slow_link_is_cut_off_by_the_deadline) {
    const auto db = connected();
    ASSERT_NE(db, nullptr);
    proxy().to_client().bandwidth(1000);
    start_clock();
    const auto r = db->db().try_all<int>(tusk::options{}.timeout(200ms), "select generate_series(1, 100000)");
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), condition::timeout) << r.error().message();
    EXPECT_LT(elapsed(), 200ms + grace);
}

// ---- resets

TEST_P(faults, a_reset_in_the_middle_of_a_result_is_a_lost_connection) {
    const auto db = connected();
    ASSERT_NE(db, nullptr);
    proxy().to_client().at_byte(200'000).reset();
    const auto r = db->db().try_all<int>("select generate_series(1, 1000000)");
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), errc::connection_lost) << r.error().message();
    EXPECT_EQ(r.error().sent(), sent_state::complete);
    EXPECT_EQ(r.error().retry(), tusk::retry_advice::if_idempotent);
    EXPECT_FALSE(db->is_open());
    EXPECT_TRUE(server_is_quiet());
}

TEST_P(faults, a_reset_in_the_middle_of_a_copy_in_copies_nothing) {
    const auto db = connected();
    ASSERT_NE(db, nullptr);
    proxy().to_server().at_byte(500'000).reset();
    const auto f = db->copy_in(1'000'000);
    EXPECT_EQ(f.code(), errc::connection_lost) << f.message();
    EXPECT_FALSE(db->is_open());
    EXPECT_TRUE(server_is_quiet());
    EXPECT_EQ(rows_of_t(), 0);
}

TEST_P(faults, a_reset_in_the_middle_of_a_copy_out_is_a_lost_connection) {
    const auto db = connected();
    ASSERT_NE(db, nullptr);
    EXPECT_FALSE(db->exec("insert into t select generate_series(1, 100000)"));
    proxy().to_client().at_byte(500'000).reset();
    int rows = 0;
    const auto f = db->copy_out(rows);
    EXPECT_EQ(f.code(), errc::connection_lost) << f.message();
    EXPECT_LT(rows, 100'000);
    EXPECT_FALSE(db->is_open());
}

TEST_P(faults, a_row_of_a_copy_out_that_gets_lost_or_comes_twice_is_noticed) {
    for (const bool twice : {false, true}) {
        const auto db = connected();
        ASSERT_NE(db, nullptr);
        EXPECT_FALSE(db->exec("insert into t select generate_series(1, 10)"));
        const auto row = proxy().to_client().at_message('d', 5);
        if (twice)
            tusk::testing::fault_point{row}.duplicate();
        else
            tusk::testing::fault_point{row}.drop();
        int rows = 0;
        const auto f = db->copy_out(rows);
        EXPECT_EQ(f.code(), errc::protocol_violation) << f.message();
        EXPECT_FALSE(db->is_open());
    }
}

TEST_P(faults, a_reset_in_the_middle_of_a_batch_fails_all_of_it) {
    const auto db = connected();
    ASSERT_NE(db, nullptr);
    tusk::batch b;
    std::vector<tusk::batch_result<std::uint64_t>> results;
    for (int i = 0; i < 20; ++i) results.push_back(b.exec("insert into t values ($1)", i));
    proxy().to_client().at_message('C', 10).reset();
    const auto f = db->db().try_run(b);
    EXPECT_EQ(f.code(), errc::connection_lost) << f.message();
    EXPECT_EQ(f.sent(), sent_state::complete);
    for (const auto& r : results) EXPECT_FALSE(r.ok());
    EXPECT_FALSE(db->is_open());
}

TEST_P(faults, a_commit_whose_answer_is_lost_is_in_doubt) {
    const auto o = tusk::options{}.timeout(5s);
    {
        const auto db = connected();
        ASSERT_NE(db, nullptr);
        proxy().to_client().at_message_with('C', "COMMIT").reset();
        const auto f = db->transact("insert into t values (1)", o);
        EXPECT_EQ(f.code(), errc::in_doubt) << f.message();
        EXPECT_EQ(f.sent(), sent_state::complete);
        EXPECT_EQ(f.retry(), tusk::retry_advice::never);
        EXPECT_FALSE(db->is_open());
        EXPECT_EQ(rows_of_t(), 1) << "it was committed";
    }
    const auto db = connected();
    ASSERT_NE(db, nullptr);
    proxy().to_server().at_message_with('Q', "commit").reset();
    const auto f = db->transact("insert into t values (2)", o);
    EXPECT_EQ(f.code(), errc::in_doubt) << f.message();
    EXPECT_EQ(f.retry(), tusk::retry_advice::never);
    EXPECT_TRUE(server_is_quiet());
    EXPECT_EQ(rows_of_t(), 1) << "it was not";
}

TEST_P(faults, a_commit_in_a_black_hole_is_in_doubt_at_its_deadline) {
    const auto db = connected();
    ASSERT_NE(db, nullptr);
    proxy().to_client().at_message_with('C', "COMMIT").stop();
    start_clock();
    const auto f = db->transact("insert into t values (1)", tusk::options{}.timeout(300ms));
    EXPECT_EQ(f.code(), errc::in_doubt) << f.message();
    EXPECT_LT(elapsed(), 300ms + grace);
    EXPECT_FALSE(db->is_open());
}

TEST_P(faults, a_connection_cut_while_idle_has_sent_nothing) {
    const auto db = connected();
    ASSERT_NE(db, nullptr);
    proxy().cut();
    const auto f = db->exec("insert into t values (1)");
    EXPECT_EQ(f.code(), condition::connection_lost) << f.message();
    EXPECT_FALSE(db->is_open());
    EXPECT_EQ(rows_of_t(), 0);
}

TEST_P(faults, a_cancel_request_that_never_arrives_costs_the_connection_only) {
    const auto db = connected();
    ASSERT_NE(db, nullptr);
    for (const auto how : {arrival::refuse, arrival::hold}) {
        const auto mine = connected();
        ASSERT_NE(mine, nullptr);
        proxy().arrivals(how);
        start_clock();
        const auto f = mine->exec("select pg_sleep(3)", tusk::options{}.timeout(100ms));
        EXPECT_EQ(f.code(), errc::timeout) << f.message();
        EXPECT_LT(elapsed(), 100ms + grace);
        EXPECT_FALSE(mine->is_open());
        proxy().arrivals(arrival::forward);
    }
    EXPECT_FALSE(db->exec("select 1")) << "another one lives on";
}

INSTANTIATE_TEST_SUITE_P(both, faults, ::testing::Values("blocking", "asio"),
                         [](const auto& of) { return of.param; });

} // namespace cuts_test

} // namespace faults_test
