#pragma once

#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tusk/client/connection.hpp>
#include <tusk/embedded/server.hpp>
#include <tusk/testing/database.hpp>
#include <tusk/testing/expectations.hpp>
#include <tusk/testing/keep.hpp>
#include <tusk/testing/rollback.hpp>
#include <tusk/testing/run_async.hpp>
#include <tusk/testing/statement_counter.hpp>

/// Fixtures and assertions for GoogleTest.
namespace tusk::testing {

namespace detail {

inline ::testing::AssertionResult empty(const std::string& problem) {
    if (problem.empty()) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << problem;
}

inline std::string running_test() {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    return info == nullptr ? "" : std::string{info->test_suite_name()} + "." + info->name();
}

/// Opens a connection and hands it to the test.
template <class F>
boost::asio::awaitable<void> with_connection(std::string url, connection_settings settings, F f) {
    auto db = co_await tusk::connection::open(url, settings);
    co_await f(db);
}

} // namespace detail

/// `EXPECT_TRUE(fails_with(condition::duplicate, [&] { db.exec(insert_user, email); }))`
template <class F>
::testing::AssertionResult fails_with(const error_like& expected, F f) {
    return detail::empty(expected.mismatch(failure_of(std::move(f))));
}

/// `EXPECT_TRUE(rows_are(db, "select id, name from users", {{"1", "Ann"}, {"2", {}}}))`: in this order, as
/// text; `{}` is NULL.
inline ::testing::AssertionResult rows_are(blocking::verbs& db, std::string_view sql,
                                           const text_rows& expected) {
    return detail::empty(difference(expected, rows_of(db, sql)));
}

/// `EXPECT_TRUE(only_changed(before, db, {{"orders", 1}}))`, with `table_counts before{db}` made earlier.
inline ::testing::AssertionResult only_changed(const table_counts& before, blocking::verbs& db,
                                               const std::map<std::string, std::int64_t>& expected) {
    return detail::empty(before.unexpected(db, expected));
}

/// `EXPECT_TRUE(at_most(*counted, 2))`: and no statement more than once.
inline ::testing::AssertionResult at_most(const statement_counter& counted, std::uint64_t statements) {
    return detail::empty(counted.excess(statements) + counted.repeated(1));
}

/// Runs `test` for each case of a table; what fails says which one, what throws is a failure and the next one
/// runs all the same. A case has a member `name`.
template <class Case, class F>
void for_each_case(const std::vector<Case>& cases, F test,
                   const std::source_location& where = std::source_location::current()) {
    for (const auto& each : cases) {
        const ::testing::ScopedTrace trace{where.file_name(), static_cast<int>(where.line()),
                                           std::string{"case: "} + std::string{each.name}};
        try {
            test(each);
        } catch (const std::exception& e) {
            ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
                << "case " << each.name << " threw: " << e.what();
        }
    }
}

/// A fixture with a database per test. Derive and override `options()` for a schema. The database of a failed
/// test stays, and its `psql` line is printed with what the server logged about it (`TUSK_KEEP`).
class database_test : public ::testing::Test {
protected:
    virtual database_options options() const { return {}; }
    /// No coroutine of a test takes longer.
    virtual steady_clock::duration time_limit() const { return std::chrono::seconds{30}; }
    void SetUp() override { database_.emplace(database::create(options())); }

    /// After the members of derived fixtures: what is open now was forgotten.
    ~database_test() override {
        if (!database_) return;
        if (fails_on_leaks_)
            if (const auto leaks = leaked_sessions(*database_); !leaks.empty()) ADD_FAILURE() << leaks;
        std::cerr << after_test(*database_, detail::running_test(), HasFailure());
    }

    tusk::testing::database& test_database() { return *database_; }
    const std::string& url() const { return database_->url(); }
    /// A new blocking connection to the test's database.
    blocking::connection connect(const connection_settings& settings = {}) const {
        return database_->connect(settings);
    }
    /// A session that the test leaves open is a failure. (It is cut in any case.)
    void fail_on_leaks(bool on = true) { fails_on_leaks_ = on; }
    void snapshot(std::string_view name = "snapshot") { database_->snapshot(name); }
    void restore(std::string_view name = "snapshot") { database_->restore(name); }

    /// Runs a coroutine that takes a connection to the test's database: `async([&](tusk::connection& db) ->
    /// asio::awaitable<void> { … })`. Throws what it throws; `errc::timeout` after `time_limit()`.
    template <class F>
    void async(F test, const connection_settings& settings = {}) {
        run_async(detail::with_connection(url(), settings, std::move(test)), time_limit());
    }

private:
    std::optional<database> database_;
    bool fails_on_leaks_ = false;
};

/// The same, for tests that are coroutines:
///
///     TUSK_ASYNC_TEST(users, are_found) {
///         auto db = co_await tusk::connection::open(url());
///         CO_ASSERT_TRUE(co_await db.maybe<user>(find, 1));
///     }
class async_test : public database_test {};

/// A fixture whose test is one transaction that is never committed, on a database that the tests of the
/// process share.
class rollback_test : public ::testing::Test {
protected:
    virtual database_options options() const { return {}; }
    void SetUp() override { session_ = std::make_unique<rollback_session>(options(), settings()); }
    virtual connection_settings settings() const { return {}; }

    blocking::transaction& db() { return session_->db(); }
    /// As `for_each_case`, and each case finds what the one before found.
    template <class Case, class F>
    void for_each_case_rolled_back(const std::vector<Case>& cases, F test,
                                   const std::source_location& where = std::source_location::current()) {
        for_each_case(
            cases,
            [&](const Case& each) {
                auto inner = db().begin();
                test(inner, each);
                static_cast<void>(inner.is_open() ? inner.try_rollback() : failure{});
            },
            where);
    }

private:
    std::unique_ptr<rollback_session> session_;
};

/// A fixture with a server of the test's own, for what changes or stops the server.
class server_test : public ::testing::Test {
protected:
    virtual embedded::server_options server_options() const { return {}; }
    void SetUp() override { server_.emplace(embedded::server::start(server_options()).value()); }
    ~server_test() override {
        if (server_ && HasFailure()) std::cerr << "the server's log:\n" << server_->log_tail(50) << '\n';
    }

    embedded::server& server() { return *server_; }
    const std::string& url() const { return server_->url(); }
    blocking::connection connect(const connection_settings& settings = {}) const {
        return blocking::connection::open(server_->url(), settings);
    }

private:
    std::optional<embedded::server> server_;
};

} // namespace tusk::testing

/// A test of a fixture (derived of `async_test`) that is a coroutine with a deadline.
#define TUSK_ASYNC_TEST(fixture, name)                                                                       \
    class fixture##_##name##_coroutine : public fixture {                                                    \
    protected:                                                                                               \
        ::boost::asio::awaitable<void> body();                                                               \
    };                                                                                                       \
    TEST_F(fixture##_##name##_coroutine, name) { ::tusk::testing::run_async(body(), time_limit()); }         \
    ::boost::asio::awaitable<void> fixture##_##name##_coroutine::body()

/// ASSERT_… of GoogleTest returns, which a coroutine may not.
#define CO_ASSERT_TRUE(what)                                                                                 \
    if (const bool tusk_holds = static_cast<bool>(what); !tusk_holds) {                                      \
        ADD_FAILURE() << "expected to be true: " #what;                                                      \
        co_return;                                                                                           \
    } else                                                                                                   \
        static_cast<void>(0)
#define CO_ASSERT_FALSE(what) CO_ASSERT_TRUE(!(what))
#define CO_ASSERT_EQ(a, b)                                                                                   \
    if (const auto tusk_same = ::testing::internal::EqHelper::Compare(#a, #b, a, b); !tusk_same) {           \
        ADD_FAILURE() << tusk_same.failure_message();                                                        \
        co_return;                                                                                           \
    } else                                                                                                   \
        static_cast<void>(0)
