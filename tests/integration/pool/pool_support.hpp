#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/embedded/server.hpp>
#include <tusk/pool.hpp>
#include <tusk/testing/gtest.hpp>

/// What the tests of the pool share.
namespace pool_tests {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using tusk::steady_clock;

inline asio::awaitable<void> pause(std::chrono::milliseconds d) {
    asio::steady_timer t{co_await asio::this_coro::executor, d};
    co_await t.async_wait(asio::use_awaitable);
}

/// Waits until `done()`; false after 10 s.
template <class F>
asio::awaitable<bool> eventually(F done) {
    for (int i = 0; i < 1000; ++i) {
        if (done()) co_return true;
        co_await pause(10ms);
    }
    co_return done();
}

/// Keeps what it is told.
class recording_observer : public tusk::observer {
public:
    void breaker_changed(tusk::breaker_event& e) noexcept override {
        add("breaker " + std::string{to_string(e.from)} + " -> " + std::string{to_string(e.to)});
    }
    void retried(tusk::retry_event& e) noexcept override { add("retry " + std::to_string(e.attempt)); }
    void under_pressure(tusk::pressure_event& e) noexcept override {
        add(e.what == tusk::pressure_event::kind::usage ? "usage" : "slow acquire");
    }
    void leaked(tusk::leak_event& e) noexcept override {
        add(std::string{e.returned ? "returned " : "leaked "} + e.acquired_at.function_name() + ": " +
            std::string{e.last_sql});
    }
    void connection_closed(tusk::connection_closed_event& e) noexcept override {
        if (e.reason == tusk::close_reason::reset_failed) add("reset failed");
    }
    std::vector<std::string> seen() const {
        const std::lock_guard lock{mutex_};
        return seen_;
    }
    std::size_t count(const std::string& what) const {
        const std::lock_guard lock{mutex_};
        return static_cast<std::size_t>(std::count_if(seen_.begin(), seen_.end(), [&](const std::string& s) {
            return s.find(what) != std::string::npos;
        }));
    }

private:
    void add(std::string what) {
        const std::lock_guard lock{mutex_};
        seen_.push_back(std::move(what));
    }
    mutable std::mutex mutex_;
    std::vector<std::string> seen_;
};

class pool_fixture : public tusk::testing::database_test {
protected:
    tusk::pool_config config() const {
        return tusk::pool_config::parse(url()).value().max_connections(3).min_connections(0);
    }
    /// Runs a test with a pool that is open, and closed afterwards.
    template <class F>
    void with_pool(tusk::pool_config c, F test, std::shared_ptr<tusk::observer> o = nullptr,
                   unsigned threads = 1) {
        auto body = [](tusk::pool_config with, std::shared_ptr<tusk::observer> seen,
                       F f) -> asio::awaitable<void> {
            auto p = co_await tusk::pool::open(std::move(with), std::move(seen));
            co_await f(p);
            co_await p.close();
            EXPECT_EQ(p.stats().total, 0U);
        };
        tusk::testing::run_async(body(std::move(c), std::move(o), std::move(test)), 60s, threads);
    }
};

} // namespace pool_tests
