// Crowds: how statements are dealt out to connections, how few connections a spike makes, and a queue of a
// hundred thousand.
#include <malloc.h>

#include <iostream>
#include <optional>

#include <boost/asio/steady_timer.hpp>

#include <gtest/gtest.h>

#include "seeds.hpp"
#include "server.hpp"

#include <tusk/pool.hpp>

namespace crowd_test {

using namespace simulation;

constexpr const char* ask = "select $1::int8";

double in_milliseconds(steady_clock::duration d) {
    return std::chrono::duration<double, std::milli>(d).count();
}

struct crowd {
    int over = 0;
    std::vector<std::int64_t> order;
};

asio::awaitable<void> one(tusk::pool& p, std::int64_t number, crowd& seen) {
    const auto limit = tusk::options{}.timeout(10min);
    const auto r = co_await p.try_one<std::int64_t>(limit, ask, number);
    EXPECT_TRUE(r) << r.error().message();
    EXPECT_EQ(r ? *r : -1, number) << "somebody else's answer";
    seen.order.push_back(number);
    ++seen.over;
}

asio::awaitable<void> hold(tusk::pool& p, std::int64_t number, crowd& seen) {
    const auto limit = tusk::options{}.timeout(1h);
    {
        auto l = co_await p.try_acquire(limit);
        EXPECT_TRUE(l) << l.error().message();
        seen.order.push_back(number);
        if (l) co_await (*l)->try_one<std::int64_t>(ask, number);
    }
    ++seen.over;
}

struct dealt {
    steady_clock::duration took{};
    double at_once = 0; ///< Statements of a run, on average.
};

/// So many callers at once on four connections, with statements that take this long.
dealt deal(int callers, steady_clock::duration each, const std::string& directory) {
    world w{1};
    server s{w, std::make_shared<ledger>(), directory + "/s"};
    s.takes(each);
    auto config = tusk::pool_config::parse("user=u dbname=d host=" + s.directory()).value();
    config.max_connections(4).min_connections(4).acquire_timeout(1min);
    std::optional<tusk::pool> p;
    p.emplace(w.executor(), config);
    EXPECT_TRUE(w.run_until([&] { return p->stats().idle == 4; }, 10s));
    crowd known; // every connection has prepared it, and how long it takes is known
    for (int round = 0; round < 30; ++round) {
        const auto before = known.over;
        for (int i = 0; i < 4; ++i) w.spawn(one(*p, i, known));
        EXPECT_TRUE(w.run_until([&] { return known.over == before + 4; }, 10s));
    }
    const auto before = p->stats();
    const auto began = w.now();
    crowd seen;
    for (int i = 0; i < callers; ++i) w.spawn(one(*p, i, seen));
    EXPECT_TRUE(w.run_until([&] { return seen.over == callers; }, 1min));
    dealt out;
    out.took = w.now() - began;
    const auto after = p->stats();
    const auto runs = after.shared_runs - before.shared_runs;
    if (runs > 0)
        out.at_once = static_cast<double>(after.shared_statements - before.shared_statements) /
                      static_cast<double>(runs);
    p.reset();
    EXPECT_TRUE(w.run_until([&] { return s.sessions() == 0; }, 10s));
    return out;
}

TEST(dealing_out, statements_that_take_their_time_go_to_all_connections) {
    const tests::temporary_directory directory;
    world::run_in_a_thread([&] {
        const auto d = deal(12, 4ms, directory.path().string());
        // Three on each. The first connection alone would take eight, and 36 ms.
        EXPECT_LT(in_milliseconds(d.took), 24.0);
        std::cout << "12 statements of 4 ms on 4 connections: " << in_milliseconds(d.took) << " ms\n";
    });
}

TEST(dealing_out, quick_statements_travel_together) {
    const tests::temporary_directory directory;
    world::run_in_a_thread([&] {
        const auto d = deal(100, 50us, directory.path().string());
        EXPECT_GT(d.at_once, 5.0);
        std::cout << "100 statements of 50 us on 4 connections: " << d.at_once << " in a run\n";
    });
}

/// HikariCP's spike test: 50 callers at once, connecting takes 150 ms, a statement 2 ms, five connections are
/// there. Source: HikariCP, "Welcome to the Jungle".
void spike(const std::string& directory) {
    world w{1};
    server s{w, std::make_shared<ledger>(), directory + "/s"};
    s.takes(2ms);
    const auto slowly = [&w](tusk::connection&) { return w.sleep(150ms); };
    tusk::pool_hooks hooks;
    hooks.after_connect(slowly);
    auto config = tusk::pool_config::parse("user=u dbname=d host=" + s.directory()).value();
    config.max_connections(50).min_connections(5).hooks(hooks);
    std::optional<tusk::pool> p;
    p.emplace(w.executor(), config);
    ASSERT_TRUE(w.run_until([&] { return p->stats().idle == 5; }, 10s));
    crowd seen;
    const auto began = w.now();
    for (int i = 0; i < 50; ++i) w.spawn(hold(*p, i, seen));
    EXPECT_TRUE(w.run_until([&] { return seen.over == 50; }, 10s));
    const auto took = w.now() - began;
    w.run_until([&] { return p->stats().constructing == 0; }, 1s);
    EXPECT_LE(p->stats().total, 6U);
    EXPECT_LT(in_milliseconds(took), 50.0) << "nobody waited for a connection in the making";
    std::cout << "a spike of 50 took " << in_milliseconds(took) << " ms and ended with " << p->stats().total
              << " connections\n";
    p.reset();
    EXPECT_TRUE(w.run_until([&] { return s.sessions() == 0; }, 10s));
}

TEST(spike, ends_with_six_connections_at_most) {
    const tests::temporary_directory directory;
    world::run_in_a_thread([&] { spike(directory.path().string()); });
}

/// Callers who want a connection of their own, of ten: TUSK_WAITERS of them, five for each of the usual seeds
/// without it. A hundred thousand take a few seconds of optimised code, a thousand as long under a sanitizer.
void queue(const std::string& directory) {
    const auto callers = static_cast<int>(number_of("TUSK_WAITERS", 5 * usual_seeds));
    world w{1};
    server s{w, std::make_shared<ledger>(), directory + "/s"};
    s.takes(1ms);
    auto config = tusk::pool_config::parse("user=u dbname=d host=" + s.directory()).value();
    config.max_connections(10).min_connections(10).acquire_timeout(1h).max_lifetime(0s).health_check_period(
        0s);
    std::optional<tusk::pool> p;
    p.emplace(w.executor(), config);
    ASSERT_TRUE(w.run_until([&] { return p->stats().idle == 10; }, 10s));
    std::vector<tusk::lease> all;
    auto take_all = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 10; ++i) {
            auto l = co_await p->acquire();
            all.push_back(std::move(l));
        }
    };
    w.spawn(take_all());
    ASSERT_TRUE(w.run_until([&] { return all.size() == 10; }, 10s));
    crowd seen;
    seen.order.reserve(static_cast<std::size_t>(callers));
    const auto before = ::mallinfo2().uordblks;
    for (int i = 0; i < callers; ++i) { // one after the other, so that their order is known
        w.spawn(hold(*p, i, seen));
        const auto waiting = static_cast<std::uint32_t>(i + 1);
        ASSERT_TRUE(w.run_until([&] { return p->stats().waiting == waiting; }, 10s));
    }
    const auto bytes = (::mallinfo2().uordblks - before) / static_cast<std::size_t>(callers);
    all.clear();
    EXPECT_TRUE(w.run_until([&] { return seen.over == callers; }, 1h)) << seen.over << " were served";
    // Who was first in the queue has it first; those who get theirs at the same moment run in any order.
    std::int64_t furthest = 0;
    for (std::size_t i = 0; i < seen.order.size(); ++i)
        furthest = std::max(furthest, std::abs(seen.order[i] - static_cast<std::int64_t>(i)));
    EXPECT_LE(furthest, 10) << "not first come, first served";
    EXPECT_EQ(p->stats().total, 10U);
    std::cout << callers << " waiters on 10 connections: " << bytes << " bytes each, coroutine included\n";
    p.reset();
    EXPECT_TRUE(w.run_until([&] { return s.sessions() == 0; }, 10s));
}

TEST(long_queue, is_served_in_order_and_loses_nobody) {
    const tests::temporary_directory directory;
    world::run_in_a_thread([&] { queue(directory.path().string()); });
}

} // namespace crowd_test
