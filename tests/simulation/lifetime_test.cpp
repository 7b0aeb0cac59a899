// All connections of a pool are made at once, and do not all end at once.
#include <algorithm>
#include <optional>

#include <gtest/gtest.h>

#include "seeds.hpp"
#include "server.hpp"

#include <tusk/pool.hpp>

namespace lifetime_test {

using namespace simulation;

void run(const std::string& directory) {
    world w{1};
    server s{w, std::make_shared<ledger>(), directory + "/s"};
    auto config = tusk::pool_config::parse("user=u dbname=d host=" + s.directory()).value();
    config.max_connections(20).min_connections(20).max_lifetime(60s).lifetime_jitter(0.1).max_idle_time(0s);
    std::optional<tusk::pool> p;
    p.emplace(w.executor(), config);
    const auto stats = [&] { return p->stats(); };
    const auto is_open = [&] { return stats().idle + stats().in_use; };
    auto warm_up = [&]() -> asio::awaitable<void> {
        const auto f = co_await p->warm_up();
        EXPECT_FALSE(f) << f.message();
    };
    w.spawn(warm_up());
    ASSERT_TRUE(w.run_until([&] { return is_open() == 20; }, 10s));
    std::uint64_t before = 0;
    std::uint64_t most = 0;
    unsigned fewest = 20;
    for (int second = 0; second < 600; ++second) {
        const auto until = w.now() + 1s;
        w.run_until([&] { return fewest = std::min(fewest, is_open()), w.now() >= until; }, 1s);
        most = std::max(most, stats().closed_by_lifetime - before);
        before = stats().closed_by_lifetime;
    }
    EXPECT_GT(before, 9U * 20U) << "they lived for too long";
    EXPECT_LT(before, 12U * 20U) << "they did not live for long";
    EXPECT_LE(most, 10U) << "half of the pool in a second";
    EXPECT_GE(fewest, 10U) << "and their successors came too late";
    p.reset();
    EXPECT_TRUE(w.run_until([&] { return s.sessions() == 0; }, 10s));
}

TEST(lifetimes, end_at_different_times_and_leave_no_gap) {
    const tests::temporary_directory directory;
    world::run_in_a_thread([&] { run(directory.path().string()); });
}

} // namespace lifetime_test
