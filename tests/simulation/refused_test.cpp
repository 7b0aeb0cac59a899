// A server that is away for a minute, and a thousand callers who wait for it.
#include <iostream>
#include <optional>

#include <gtest/gtest.h>

#include "seeds.hpp"
#include "server.hpp"

#include <tusk/pool.hpp>

namespace refused_test {

using namespace simulation;

struct outcome {
    int answered = 0;
    int failed = 0;
    steady_clock::duration first{}; ///< Success after the server's return.
};

/// Tries until it succeeds, as the programs above do; each attempt has ten seconds.
asio::awaitable<void> insist(world& w, tusk::pool& p, steady_clock::duration back, outcome& seen) {
    for (;;) {
        const auto limit = tusk::options{}.timeout(10s);
        const auto r = co_await p.try_one<std::int64_t>(limit, "select $1::int8", 7);
        if (r) break;
        EXPECT_EQ(r.error().sent(), tusk::sent_state::none) << r.error().message();
        ++seen.failed;
        co_await w.sleep(w.between(5s, 15s));
    }
    if (seen.answered++ == 0) seen.first = w.now() - back;
}

/// The minute is over at `back`.
asio::awaitable<void> come_back(world& w, server& s, steady_clock::duration back) {
    co_await w.sleep(back - w.now());
    s.start();
}

void run(const std::string& directory, const tusk::breaker_config& breaker) {
    world w{1};
    server away{w, std::make_shared<ledger>(), directory + "/s"};
    away.crash();
    auto config = tusk::pool_config::parse("user=u dbname=d host=" + away.directory()).value();
    config.max_connections(10).max_connecting(3).breaker(breaker);
    std::optional<tusk::pool> p;
    p.emplace(w.executor(), config);
    unsigned most = 0;
    w.watch([&] { most = std::max(most, p ? p->stats().constructing : 0); });
    outcome seen;
    const steady_clock::duration back = 60s;
    for (int i = 0; i < 1000; ++i) w.spawn(insist(w, *p, back, seen));
    w.spawn(come_back(w, away, back));
    EXPECT_TRUE(w.run_until([&] { return w.now() >= back || seen.answered > 0; }, 2min));
    const auto attempts = p->stats().connect_failures;
    EXPECT_TRUE(w.run_until([&] { return seen.answered == 1000; }, 1min))
        << seen.answered << " were answered";
    EXPECT_GT(seen.failed, 1000) << "nobody waited";
    EXPECT_LE(most, 3U + 1U) << "connections in the making, the breaker's question among them";
    // The longest pause between attempts is half a second, half of it on average, for each of the three.
    EXPECT_LT(attempts, 60U * 3U * 5U) << "attempts in a minute";
    EXPECT_GT(attempts, 10U);
    EXPECT_LE(seen.first, 1s) << "after the server's return";
    EXPECT_LE(away.arrivals(), 10U + 1U) << "no storm when it is back";
    std::cout << attempts << " attempts in a minute, the first answer "
              << std::chrono::duration_cast<std::chrono::milliseconds>(seen.first).count()
              << " ms after the server's return, " << away.arrivals() << " connections\n";
    p.reset();
    EXPECT_TRUE(w.run_until([&] { return away.sessions() == 0; }, 10s));
}

TEST(refused_for_a_minute, with_a_thousand_waiters_is_no_storm) {
    const tests::temporary_directory directory;
    world::run_in_a_thread([&] { run(directory.path().string(), tusk::breaker_config{}); });
}

TEST(refused_for_a_minute, without_a_breaker_is_no_storm_either) {
    const tests::temporary_directory directory;
    world::run_in_a_thread([&] { run(directory.path().string(), tusk::breaker_config::off()); });
}

} // namespace refused_test
