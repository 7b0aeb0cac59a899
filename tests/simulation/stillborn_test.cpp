// Sessions that the server terminates while they are being made: their end comes together with their
// beginning.
#include <optional>

#include <gtest/gtest.h>

#include "seeds.hpp"
#include "server.hpp"

#include <tusk/pool.hpp>

namespace stillborn_test {

using namespace simulation;

struct outcome {
    int over = 0;
    int failed = 0;
};

/// Nothing is retried: whoever is given such a connection gets to hear of it.
asio::awaitable<void> ask(world& w, tusk::pool& p, outcome& seen) {
    co_await w.sleep(w.between(0ms, 10ms));
    const auto r = co_await p.try_one<std::int64_t>("select $1::int8", 7);
    if (!r) {
        ++seen.failed;
        EXPECT_EQ(r.error().sent(), tusk::sent_state::none) << r.error().message();
    }
    ++seen.over;
}

outcome run(std::uint64_t seed, unsigned stillborn, const std::string& directory) {
    world w{seed};
    server s{w, std::make_shared<ledger>(), directory + "/s"};
    s.stillborn(stillborn);
    auto config = tusk::pool_config::parse("user=u dbname=d host=" + s.directory()).value();
    config.max_connections(3).min_connections(2).max_connecting(1).retry(tusk::retry_policy::none());
    std::optional<tusk::pool> p;
    p.emplace(w.executor(), config);
    outcome seen;
    for (int i = 0; i < 10; ++i) w.spawn(ask(w, *p, seen));
    EXPECT_TRUE(w.run_until([&] { return seen.over == 10; }, 10s));
    EXPECT_TRUE(w.run_until([&] { return p->stats().idle >= 2; }, 1min));
    EXPECT_GE(s.arrivals(), stillborn + 2);
    p.reset();
    EXPECT_TRUE(w.run_until([&] { return s.sessions() == 0; }, 10s));
    EXPECT_EQ(s.problem(), "");
    return seen;
}

class stillborn_sessions : public ::testing::TestWithParam<unsigned> {};

TEST_P(stillborn_sessions, are_given_to_nobody) {
    int failed = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        const tests::temporary_directory directory;
        world::run_in_a_thread([&] { failed += run(seed, GetParam(), directory.path().string()).failed; });
    }
    // One is replaced at once, so that nobody notices; of several, those who wait for it hear.
    if (GetParam() == 1) {
        EXPECT_EQ(failed, 0);
    }
}

INSTANTIATE_TEST_SUITE_P(of, stillborn_sessions, ::testing::Values(1U, 4U));

} // namespace stillborn_test
