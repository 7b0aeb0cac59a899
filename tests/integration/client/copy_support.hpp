#pragma once

#include <memory>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "both.hpp"

namespace client_test {

/// The asynchronous connection behind the blocking verbs, so that one test text runs on both drivers.
class over_asio final : public tusk::blocking::verbs {
public:
    explicit over_asio(std::string url) {
        auto open = [](std::string at) -> asio::awaitable<tusk::connection> {
            co_return co_await tusk::connection::open(at);
        };
        connection_ = std::make_unique<tusk::connection>(wait(open(std::move(url))));
    }
    tusk::failure execute(tusk::request& what, tusk::client_sink& sink) override {
        return wait(connection_->execute(what, sink));
    }
    tusk::result<std::unique_ptr<tusk::blocking::detail::stream_source>>
    open_stream(tusk::request, std::shared_ptr<tusk::client_sink>, std::function<void()>) override {
        return tusk::failure{tusk::errc::invalid_argument, "no streams in these tests"};
    }
    tusk::failure copy(tusk::detail::copy_job& job) override { return wait(connection_->copy(job)); }
    tusk::protocol::statement_registry& statements() override { return connection_->statements(); }

private:
    template <class T>
    T wait(asio::awaitable<T> work) {
        std::optional<T> out;
        std::exception_ptr thrown;
        auto store = [](asio::awaitable<T> inner, std::optional<T>& into) -> asio::awaitable<void> {
            into.emplace(co_await std::move(inner));
        };
        asio::co_spawn(loop_, store(std::move(work), out), [&](std::exception_ptr e) {
            thrown = std::move(e);
            loop_.stop();
        });
        loop_.restart();
        loop_.run();
        if (thrown) std::rethrow_exception(thrown);
        return std::move(*out);
    }
    asio::io_context loop_;
    std::unique_ptr<tusk::connection> connection_;
};

enum class driver { blocking, asio };

/// COPY into `t (a int4 primary key, b text, c int8)`, on a driver.
class copy_test : public users_test, public ::testing::WithParamInterface<driver> {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create table t (a int4 primary key, b text, c int8);"
                 "create type mood as enum ('sad', 'happy');"
                 "create domain positive as int4 check (value > 0)");
        return o;
    }
    void SetUp() override {
        users_test::SetUp();
        if (GetParam() == driver::asio)
            db_ = std::make_shared<over_asio>(url());
        else
            db_ = std::make_shared<tusk::blocking::connection>(connect());
        pid_ = backend_pid();
    }
    void TearDown() override {
        db_.reset();
        users_test::TearDown();
    }
    tusk::blocking::verbs& db() { return *db_; }
    int backend_pid() { return db().one<int>("select pg_backend_pid()"); }
    std::int64_t rows_of_t() { return db().one<std::int64_t>("select count(*) from t"); }
    /// The connection answers, and it is the one of the beginning.
    void expect_usable() {
        EXPECT_EQ(db().one<int>("select $1::int4", 7), 7);
        EXPECT_EQ(backend_pid(), pid_);
    }

private:
    std::shared_ptr<tusk::blocking::verbs> db_; // the interface has no public destructor
    int pid_ = 0;
};

inline std::string driver_name(const ::testing::TestParamInfo<driver>& info) {
    return info.param == driver::asio ? "asio" : "blocking";
}

} // namespace client_test
