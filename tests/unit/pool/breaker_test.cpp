// The circuit breaker, with a clock that is moved by hand.
#include <tusk/pool/breaker.hpp>

#include <gtest/gtest.h>

#include <random>

using namespace std::chrono_literals;
using tusk::breaker_config;
using tusk::breaker_state;
using tusk::steady_clock;

namespace breaker_test {

class circuit {
public:
    explicit circuit(breaker_config c = breaker_config{}.jitter(0)) : machine{c} {}

    void succeed(int n = 1) {
        while (n-- > 0) machine.succeeded(now, machine.generation());
    }
    void fail(int n = 1) {
        while (n-- > 0) machine.failed(now, machine.generation());
    }
    void open() {
        fail(20);
        ASSERT_EQ(machine.state(), breaker_state::open);
    }
    bool probe(std::optional<bool> result) {
        if (!machine.begin_probe(now)) return false;
        machine.end_probe(result, now, machine.generation());
        return true;
    }

    tusk::breaker machine;
    steady_clock::time_point now{1000h};
};

TEST(breaker, opens_when_half_of_enough_calls_fail) {
    circuit c;
    c.succeed(10);
    c.fail(9);
    EXPECT_EQ(c.machine.state(), breaker_state::closed) << "19 calls say nothing";
    c.fail();
    EXPECT_EQ(c.machine.state(), breaker_state::open);
    EXPECT_FALSE(c.machine.allows());
    EXPECT_EQ(c.machine.retry_after(c.now), 5s);
}

TEST(breaker, stays_closed_while_most_calls_succeed) {
    circuit c;
    for (int i = 0; i < 1000; ++i) {
        c.succeed(2);
        c.fail();
    }
    EXPECT_EQ(c.machine.state(), breaker_state::closed);
}

TEST(breaker, forgets_what_is_older_than_its_window) {
    circuit c;
    c.fail(19);
    c.now += 11s;
    EXPECT_EQ(c.machine.calls(c.now), 0U);
    c.fail();
    EXPECT_EQ(c.machine.state(), breaker_state::closed);
    c.now += 5s;
    EXPECT_EQ(c.machine.failures(c.now), 1U) << "the window slides, it does not jump";
}

TEST(breaker, opens_after_failed_health_checks_in_a_row) {
    circuit c;
    c.machine.health_checked(false, c.now);
    c.machine.health_checked(false, c.now);
    c.machine.health_checked(true, c.now);
    c.machine.health_checked(false, c.now);
    c.machine.health_checked(false, c.now);
    EXPECT_EQ(c.machine.state(), breaker_state::closed);
    c.machine.health_checked(false, c.now);
    EXPECT_EQ(c.machine.state(), breaker_state::open);
}

TEST(breaker, is_tried_when_its_time_has_come_and_closes_after_enough_good_probes) {
    circuit c;
    c.open();
    c.now += 4999ms;
    EXPECT_FALSE(c.machine.begin_probe(c.now));
    c.now += 1ms;
    EXPECT_TRUE(c.probe(true));
    EXPECT_EQ(c.machine.state(), breaker_state::half_open);
    EXPECT_FALSE(c.machine.allows()) << "callers are not probes";
    EXPECT_TRUE(c.probe(true));
    EXPECT_TRUE(c.probe(true));
    EXPECT_EQ(c.machine.state(), breaker_state::closed);
    EXPECT_EQ(c.machine.calls(c.now), 0U);
}

TEST(breaker, admits_no_more_probes_than_it_needs) {
    circuit c;
    c.open();
    c.now += 5s;
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(c.machine.begin_probe(c.now));
    EXPECT_FALSE(c.machine.begin_probe(c.now));
    c.machine.end_probe(std::nullopt, c.now, c.machine.generation());
    EXPECT_TRUE(c.machine.begin_probe(c.now)) << "a cancelled probe gives its place back";
}

TEST(breaker, opens_again_for_twice_the_time_after_a_bad_probe) {
    circuit c;
    c.open();
    const steady_clock::duration waits[] = {10s, 20s, 40s, 60s, 60s};
    auto wait = steady_clock::duration{5s};
    for (const auto next : waits) {
        c.now += wait;
        EXPECT_TRUE(c.probe(false));
        EXPECT_EQ(c.machine.state(), breaker_state::open);
        EXPECT_EQ(c.machine.retry_after(c.now), next);
        wait = next;
    }
}

TEST(breaker, begins_anew_with_the_short_time_once_it_was_closed) {
    circuit c;
    c.open();
    c.now += 5s;
    EXPECT_TRUE(c.probe(false));
    c.now += 10s;
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(c.probe(true));
    c.open();
    EXPECT_EQ(c.machine.retry_after(c.now), 5s);
}

TEST(breaker, an_answer_while_open_ends_the_wait) {
    circuit c;
    c.open();
    EXPECT_FALSE(c.machine.begin_probe(c.now));
    c.machine.answered_while_open(c.now);
    EXPECT_EQ(c.machine.retry_after(c.now), 0s);
    EXPECT_TRUE(c.machine.begin_probe(c.now));
}

TEST(breaker, ignores_results_of_an_earlier_time) {
    circuit c;
    const auto before = c.machine.generation();
    c.open();
    c.now += 5s;
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(c.probe(true));
    for (int i = 0; i < 100; ++i) c.machine.failed(c.now, before);
    EXPECT_EQ(c.machine.state(), breaker_state::closed);
    EXPECT_EQ(c.machine.calls(c.now), 0U);
}

TEST(breaker, tells_each_transition_once) {
    circuit c;
    EXPECT_FALSE(c.machine.take_transition());
    c.open();
    const auto t = c.machine.take_transition();
    ASSERT_TRUE(t);
    EXPECT_EQ(t->from, breaker_state::closed);
    EXPECT_EQ(t->to, breaker_state::open);
    EXPECT_FALSE(c.machine.take_transition());
}

TEST(breaker, obeys_an_operator) {
    circuit c;
    c.machine.force_open(c.now);
    EXPECT_FALSE(c.machine.allows());
    EXPECT_FALSE(c.machine.begin_probe(c.now + 1h)) << "no probe closes it";
    c.machine.disable(c.now);
    c.fail(1000);
    EXPECT_TRUE(c.machine.allows());
    EXPECT_EQ(c.machine.state(), breaker_state::disabled);
    c.machine.reset(c.now);
    EXPECT_EQ(c.machine.state(), breaker_state::closed);
    c.open();
}

TEST(breaker, that_is_off_never_opens) {
    circuit c{breaker_config::off()};
    c.fail(1000);
    for (int i = 0; i < 10; ++i) c.machine.health_checked(false, c.now);
    EXPECT_EQ(c.machine.state(), breaker_state::closed);
}

TEST(breaker, spreads_its_times_by_the_jitter) {
    steady_clock::duration least{1h};
    steady_clock::duration most{0};
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        tusk::breaker b{breaker_config{}, seed};
        const steady_clock::time_point now{1h};
        for (int i = 0; i < 20; ++i) b.failed(now, b.generation());
        least = std::min(least, b.retry_after(now));
        most = std::max(most, b.retry_after(now));
    }
    EXPECT_GE(least, 4s);
    EXPECT_LE(most, 6s);
    EXPECT_LT(least, 4300ms);
    EXPECT_GT(most, 5700ms);
}

TEST(breaker, keeps_its_rules_whatever_happens) {
    std::mt19937 random{7};
    circuit c;
    auto generation = c.machine.generation();
    for (int i = 0; i < 100'000; ++i) {
        const auto before = c.machine.state();
        switch (random() % 6) {
        case 0: c.succeed(); break;
        case 1: c.fail(static_cast<int>(random() % 4)); break;
        case 2: c.machine.health_checked(random() % 2 == 0, c.now); break;
        case 3: c.probe(random() % 3 == 0 ? std::nullopt : std::optional{random() % 2 == 0}); break;
        case 4: c.machine.answered_while_open(c.now); break;
        default: c.now += std::chrono::milliseconds{random() % 3000};
        }
        const auto after = c.machine.state();
        ASSERT_FALSE(before == breaker_state::closed && after == breaker_state::half_open);
        ASSERT_FALSE(before == breaker_state::open && after == breaker_state::closed &&
                     c.machine.generation() == generation);
        ASSERT_GE(c.machine.generation(), generation);
        ASSERT_LE(c.machine.failures(c.now), c.machine.calls(c.now));
        ASSERT_EQ(c.machine.allows(), after == breaker_state::closed);
        generation = c.machine.generation();
    }
}

TEST(server_failure, is_what_says_that_the_server_does_not_work) {
    const auto from_server = [](const char* state) {
        tusk::server_error e;
        e.severity = "ERROR";
        e.sqlstate = state;
        e.message = "m";
        return tusk::failure{e};
    };
    for (const char* state : {"57P01", "57P02", "57P03", "53300", "53100", "53200", "08006"})
        EXPECT_TRUE(tusk::is_server_failure(from_server(state))) << state;
    for (const char* state : {"22012", "23505", "28P01", "40001", "42601", "57014", "25006", "3D000"})
        EXPECT_FALSE(tusk::is_server_failure(from_server(state))) << state;
    for (const auto code :
         {tusk::errc::connect_failed, tusk::errc::connection_lost, tusk::errc::host_not_found})
        EXPECT_TRUE(tusk::is_server_failure(tusk::failure{code, ""}));
    for (const auto code : {tusk::errc::pool_timeout, tusk::errc::canceled, tusk::errc::timeout,
                            tusk::errc::not_found, tusk::errc::circuit_open})
        EXPECT_FALSE(tusk::is_server_failure(tusk::failure{code, ""}));
    EXPECT_FALSE(tusk::is_server_failure({}));
}

} // namespace breaker_test
