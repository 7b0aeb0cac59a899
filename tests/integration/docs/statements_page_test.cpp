// The code of docs/statements.md.
#include <iostream>

#include <tusk/client.hpp>
#include <tusk/testing/gtest.hpp>
#include <tusk/testing/verify.hpp>

#include "page.hpp"

namespace statements_page {

using namespace docs_test;

struct user {
    std::int64_t id;
    std::string email;
    std::optional<std::string> name;
};

inline constexpr auto find_by_email =
    tusk::sql<"select id, email, name from users where email = {email}", user(std::string_view)>;
inline constexpr auto touch = tusk::sql<"update users set seen = now() where id = $1", void(std::int64_t)>;

class my_database_test : public page_test {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create table users (id int8 primary key, email text not null, name text, seen timestamptz);"
                 "insert into users values (7, 'ann@example.com', 'Ann'), (8, 'bob@example.com', null)");
        return o;
    }
};

asio::awaitable<void> synopsis(tusk::connection& db) {
    const std::string mail = "bob@example.com";

    std::optional<user> u = co_await db.maybe(find_by_email, mail); // also one, all, stream, for_each, try_…
    co_await db.exec(touch, u->id);

    EXPECT_EQ(u->name, std::nullopt);
    EXPECT_EQ(co_await db.one<int>("select id::int from users where seen is not null"), 8);
}

TEST_F(my_database_test, synopsis) { async(synopsis); }

asio::awaitable<void> arguments_by_name(tusk::connection& db) {
    auto n = co_await db.one<int>("select count(*)::int from users where email like {pattern} and id > {id}",
                                  tusk::named("id", 7), tusk::named("pattern", "%@example.com"));
    EXPECT_EQ(n, 1);
}

TEST_F(my_database_test, arguments_by_name) { async(arguments_by_name); }

TEST_F(my_database_test, verifying) {
    auto db = connect();
    for (const auto& problem : tusk::verify_statements(db)) std::cerr << problem.text() << '\n';
}

TEST_F(my_database_test, takes_all_statements) {
    auto db = connect();
    TUSK_VERIFY_STATEMENTS(db);
}

} // namespace statements_page
