#pragma once

#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// Of version 2 (Debian 12), else of version 3.
#if __has_include(<catch2/catch.hpp>)
#include <catch2/catch.hpp>
#else
#include <catch2/catch_test_macros.hpp>
#include <catch2/interfaces/catch_interfaces_capture.hpp>
#include <catch2/matchers/catch_matchers_templated.hpp>
#endif

#include <tusk/client/connection.hpp>
#include <tusk/testing/database.hpp>
#include <tusk/testing/expectations.hpp>
#include <tusk/testing/keep.hpp>
#include <tusk/testing/rollback.hpp>
#include <tusk/testing/run_async.hpp>
#include <tusk/testing/statement_counter.hpp>

/// Fixtures for Catch2: `TEST_CASE_METHOD(users, "are empty") { … }`.
namespace tusk::testing::catch2 {

/// A database per test case (and section). Options are the constructor's:
/// `struct users : database_fixture { users() : database_fixture{schema()} {} };`
class database_fixture {
public:
    explicit database_fixture(const database_options& o = {})
        : database_{database::create(o)}, exceptions_{std::uncaught_exceptions()} {}
    database_fixture(const database_fixture&) = delete;
    database_fixture& operator=(const database_fixture&) = delete;
    /// A failed `REQUIRE` or an exception unwinds the stack; of `CHECK`, Catch2 remembers the last one.
    virtual ~database_fixture() {
        const bool failed =
            std::uncaught_exceptions() > exceptions_ || !Catch::getResultCapture().lastAssertionPassed();
        try {
            std::cerr << after_test(database_, Catch::getResultCapture().getCurrentTestName(), failed);
        } catch (const std::exception& e) {
            std::cerr << e.what() << '\n';
        }
    }

protected:
    tusk::testing::database& test_database() { return database_; }
    const std::string& url() const { return database_.url(); }
    blocking::connection connect(const connection_settings& settings = {}) const {
        return database_.connect(settings);
    }
    void snapshot(std::string_view name = "snapshot") { database_.snapshot(name); }
    void restore(std::string_view name = "snapshot") { database_.restore(name); }
    /// As `database_test::async` of gtest.hpp.
    template <class F>
    void async(F test, steady_clock::duration limit = std::chrono::seconds{30}) {
        auto body = [](std::string address, F f) -> boost::asio::awaitable<void> {
            auto db = co_await tusk::connection::open(address);
            co_await f(db);
        };
        run_async(body(url(), std::move(test)), limit);
    }

private:
    tusk::testing::database database_;
    int exceptions_;
};

/// One transaction that is never committed.
class rollback_fixture {
public:
    explicit rollback_fixture(const database_options& o = {}) : session_{o} {}

protected:
    blocking::transaction& db() { return session_.db(); }

private:
    rollback_session session_;
};

} // namespace tusk::testing::catch2

/// Fails with what is wrong; empty is well: `CHECK_EMPTY(counted->excess(2))`.
#define CHECK_EMPTY(problem) CHECK((problem) == std::string{})
