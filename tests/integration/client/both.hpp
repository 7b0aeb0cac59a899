#pragma once

#include <tusk/client.hpp>
#include <tusk/testing/gtest.hpp>

namespace client_test {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using tusk::testing::failure_of;

struct user {
    std::int64_t id;
    std::string name;
    std::optional<int> age;
};

/// A database with a small table, for the asynchronous and the blocking client.
class users_test : public tusk::testing::async_test {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create table users (id int8 generated always as identity primary key, name text not null "
                 "unique, "
                 "age int4 check (age >= 0));"
                 "insert into users (name, age) values ('ann', 30), ('bob', null);"
                 "create table posts (id int8 primary key, user_id int8 not null references users deferrable "
                 "initially "
                 "deferred)");
        return o;
    }
};

template <class T>
asio::awaitable<tusk::failure> failure_of(asio::awaitable<T> work) {
    try {
        co_await std::move(work);
    } catch (const tusk::error& e) {
        co_return e.as_failure();
    }
    co_return tusk::failure{};
}

} // namespace client_test
