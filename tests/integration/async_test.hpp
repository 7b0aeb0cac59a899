#pragma once

#include <string>
#include <utility>

#include <tusk/client/connection.hpp>
#include <tusk/testing/gtest.hpp>

namespace tests {

/// A database for each test, for both clients.
class async_test : public tusk::testing::database_test {
protected:
    /// Runs a coroutine that takes a connection to the test's database.
    template <class F>
    void async(F test) {
        auto body = [](std::string address, F f) -> boost::asio::awaitable<void> {
            auto db = co_await tusk::connection::open(address);
            co_await f(db);
        };
        tusk::testing::run_async(body(url(), std::move(test)));
    }
};

/// What a call that must fail said.
template <class F>
tusk::failure failure_of(F f) {
    try {
        f();
    } catch (const tusk::error& e) {
        return e.as_failure();
    }
    return {};
}

} // namespace tests
