// Test cases of a user of Catch2; `fails` has a tag that hides it.
#define CATCH_CONFIG_MAIN
#include <tusk/testing/catch2.hpp>

namespace {

tusk::testing::database_options schema() {
    tusk::testing::database_options o;
    o.script("create table users (id int primary key, name text)");
    return o;
}

struct users : tusk::testing::catch2::database_fixture {
    users() : database_fixture{schema()} {}
};
struct rolled_back : tusk::testing::catch2::rollback_fixture {
    rolled_back() : rollback_fixture{schema()} {}
};

} // namespace

TEST_CASE_METHOD(users, "each section has a database of its own") {
    auto db = connect();
    SECTION("one") { CHECK(db.exec("insert into users values (1, 'Ann')") == 1); }
    SECTION("two") { CHECK(db.exec("insert into users values (1, 'Ann')") == 1); }
    CHECK_EMPTY(tusk::testing::difference({{"1", "Ann"}}, tusk::testing::rows_of(db, "select * from users")));
    const auto twice = tusk::testing::failure_of([&] { db.exec("insert into users values (1, 'Ann')"); });
    CHECK_EMPTY(tusk::testing::error_like{tusk::condition::duplicate}.table("users").mismatch(twice));
}

TEST_CASE_METHOD(users, "coroutines run") {
    int answer = 0;
    async([&](tusk::connection& db) -> boost::asio::awaitable<void> {
        answer = co_await db.one<int>("select 6 * 7");
    });
    CHECK(answer == 42);
}

TEST_CASE_METHOD(rolled_back, "nothing stays") {
    CHECK(db().exec("insert into users values (1, 'Ann')") == 1);
}
TEST_CASE_METHOD(rolled_back, "nothing stays again") {
    CHECK(db().exec("insert into users values (1, 'Ann')") == 1);
}

TEST_CASE_METHOD(users, "fails", "[.]") { REQUIRE(connect().one<int>("select 1") == 2); }
