// The breaker, retries and recovery, with a server that goes away and comes back.
#include "pool_support.hpp"

using namespace pool_tests;

namespace breaker_test {

class outage : public ::testing::Test {
protected:
    tusk::pool_config config() {
        return tusk::pool_config::parse(server_.url()).value().max_connections(4).min_connections(0);
    }
    template <class F>
    void with_pool(tusk::pool_config c, F test) {
        auto body = [](tusk::pool_config with, std::shared_ptr<tusk::observer> seen,
                       F f) -> asio::awaitable<void> {
            auto p = co_await tusk::pool::open(std::move(with), std::move(seen));
            co_await f(p);
            co_await p.close();
        };
        tusk::testing::run_async(body(std::move(c), seen_, std::move(test)), 60s);
    }

    tusk::embedded::server server_ = tusk::embedded::server::start().value();
    std::shared_ptr<recording_observer> seen_ = std::make_shared<recording_observer>();
};

asio::awaitable<void> ask(tusk::pool& p, std::atomic<int>& good, std::atomic<int>& refused,
                          std::atomic<int>& failed) {
    const auto limit = tusk::options{}.timeout(5s);
    auto r = co_await p.try_one<int>(limit, "select 1");
    if (r)
        ++good;
    else if (r.error() == tusk::condition::circuit_open)
        ++refused;
    else
        ++failed;
}

TEST_F(outage, opens_the_breaker_and_its_end_closes_it_soon) {
    with_pool(config().retry(tusk::retry_policy::none()), [this](tusk::pool& p) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        std::atomic<int> good{0}, refused{0}, failed{0};
        server_.kill9().value();
        for (int i = 0; i < 60; ++i) co_await ask(p, good, refused, failed);
        EXPECT_EQ(good, 0);
        EXPECT_GT(refused, 20) << "not every call has to find out";
        EXPECT_EQ(p.breaker(), tusk::breaker_state::open);
        EXPECT_EQ(p.stats().breaker_openings, 1U);
        const auto r = co_await p.try_acquire();
        EXPECT_FALSE(r);
        EXPECT_NE(r.error().message().find("tried again in"), std::string::npos) << r.error().message();
        EXPECT_NE(r.error().message().find("connect failed"), std::string::npos) << r.error().message();

        server_.start_again().value();
        const auto back = steady_clock::now();
        EXPECT_TRUE(co_await eventually([&] { return p.breaker() == tusk::breaker_state::closed; }));
        EXPECT_LT(steady_clock::now() - back, 3s);
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
        EXPECT_EQ(seen_->count("breaker closed -> open"), 1U);
        EXPECT_EQ(seen_->count("-> closed"), 1U);
    });
}

TEST_F(outage, with_many_waiters_makes_few_attempts) {
    with_pool(config(), [this](tusk::pool& p) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        std::atomic<int> good{0}, refused{0}, failed{0};
        server_.kill9().value();
        for (int i = 0; i < 1000; ++i)
            asio::co_spawn(executor, ask(p, good, refused, failed), asio::detached);
        EXPECT_TRUE(co_await eventually([&] { return good + refused + failed == 1000; }));
        EXPECT_EQ(good, 0);
        EXPECT_LT(p.stats().connect_failures, 40U) << "a failure is shared by those who waited for it";
        server_.start_again().value();
        EXPECT_TRUE(co_await eventually([&] { return p.breaker() == tusk::breaker_state::closed; }));
        good = refused = failed = 0;
        for (int i = 0; i < 100; ++i) asio::co_spawn(executor, ask(p, good, refused, failed), asio::detached);
        EXPECT_TRUE(co_await eventually([&] { return good + refused + failed == 100; }));
        EXPECT_EQ(good, 100);
        EXPECT_LE(p.stats().connects, 1U + 4U + 1U);
    });
}

TEST_F(outage, an_operator_can_hold_the_breaker) {
    with_pool(config(), [](tusk::pool& p) -> asio::awaitable<void> {
        p.force_open_breaker();
        auto r = co_await p.try_one<int>("select 1");
        EXPECT_EQ(r.error().code(), tusk::errc::circuit_open);
        EXPECT_NE(r.error().message().find("held open"), std::string::npos);
        p.reset_breaker();
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
        p.disable_breaker();
        EXPECT_EQ(p.breaker(), tusk::breaker_state::disabled);
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
    });
    EXPECT_EQ(seen_->count("breaker closed -> forced_open"), 1U);
    EXPECT_EQ(seen_->count("breaker forced_open -> closed"), 1U);
}

TEST_F(outage, what_took_no_effect_is_done_again) {
    with_pool(config().max_connections(2), [this](tusk::pool& p) -> asio::awaitable<void> {
        co_await p.exec("create table n as select 1 as v");
        co_await p.exec("alter table n add primary key (v)");
        co_await p.exec("create sequence calls");
        co_await p.exec(
            "create function fail_twice() returns int language plpgsql as $$ declare c bigint; begin"
            " select nextval('calls') into c; if c <= 2 then raise exception 'again' using errcode ="
            " '40001'; end if; return c; end $$");
        EXPECT_EQ(co_await p.one<int>("select fail_twice()"), 3);
        EXPECT_EQ(p.stats().retries, 2U);
        EXPECT_EQ(seen_->count("retry 2"), 1U);
        EXPECT_EQ(seen_->count("retry 3"), 1U);
        const auto bad = co_await p.try_exec("insert into n values (1)");
        EXPECT_EQ(bad.error().code(), tusk::condition::duplicate);
        EXPECT_EQ(p.stats().retries, 2U) << "what the caller did wrong is wrong again";
    });
}

TEST_F(outage, a_statement_that_was_lost_is_done_again_only_if_that_does_no_harm) {
    with_pool(config().max_connections(2), [](tusk::pool& p) -> asio::awaitable<void> {
        const char* suicide =
            "select case when nextval('lives') = 1 then pg_terminate_backend(pg_backend_pid())"
            " else true end";
        co_await p.exec("create sequence lives");
        auto lost = co_await p.try_one<bool>(suicide);
        EXPECT_FALSE(lost);
        EXPECT_EQ(lost.error().code(), tusk::condition::connection_lost) << lost.error().message();
        co_await p.exec("alter sequence lives restart");
        const auto harmless = tusk::options{}.idempotent();
        EXPECT_EQ(co_await p.one<bool>(harmless, suicide), true);
    });
}

} // namespace breaker_test
