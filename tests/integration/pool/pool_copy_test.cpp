// COPY given to a pool: on a leased connection, described once for all of them.
#include <tusk/pool.hpp>
#include <tusk/testing/gtest.hpp>

namespace pool_copy_test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class pool_copy : public tusk::testing::database_test {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create table t (a int4 primary key, b text)");
        return o;
    }
    template <class F>
    void async(F test) {
        auto body = [](std::string address, F f) -> asio::awaitable<void> {
            auto config = tusk::pool_config::parse(address).value().max_connections(1).min_connections(0);
            auto p = co_await tusk::pool::open(std::move(config));
            co_await f(p);
            EXPECT_EQ(p.stats().idle, 1U) << "the connection went back";
            EXPECT_EQ(p.stats().connects, 1U) << "and it is the one of the beginning";
            co_await p.close();
        };
        tusk::testing::run_async(body(url(), std::move(test)), 60s);
    }
};

TEST_F(pool_copy, leases_a_connection_and_gives_it_back) {
    async([](tusk::pool& p) -> asio::awaitable<void> {
        const std::vector<std::pair<int, std::string>> rows{{1, "one"}, {2, "two"}};
        EXPECT_EQ(co_await p.copy_in("t", tusk::columns("a", "b"), rows), 2U);
        std::vector<std::pair<int, std::string>> back;
        EXPECT_EQ((co_await p.copy_out<std::pair<int, std::string>>("t", std::back_inserter(back))), 2U);
        EXPECT_EQ(back, rows);
        const auto twice = co_await p.try_copy_in("t", tusk::columns("a", "b"), rows);
        EXPECT_EQ(twice.error(), tusk::condition::duplicate);
        int seen = 0;
        const auto three = [&](int) { return ++seen < 3; };
        EXPECT_EQ(co_await p.copy_out<int>("select generate_series(1, 10000000)", three), 3U);
    });
}

TEST_F(pool_copy, counts_the_time_in_the_queue) {
    async([](tusk::pool& p) -> asio::awaitable<void> {
        {
            auto taken = co_await p.acquire();
            const std::vector<int> rows{1};
            const auto soon = tusk::copy_options{}.timeout(50ms);
            const auto f = co_await p.try_copy_in(soon, "t", tusk::columns("a"), rows);
            EXPECT_EQ(f.error().code(), tusk::errc::pool_timeout);
            EXPECT_EQ(f.error().sent(), tusk::sent_state::none);
        }
        EXPECT_EQ(co_await p.one<std::int64_t>("select count(*) from t"), 0);
    });
}

} // namespace pool_copy_test
