// Typed statements and notifications by a pool; all statements of this program are verified.
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest-spi.h>

#include <tusk/pool.hpp>
#include <tusk/testing/gtest.hpp>
#include <tusk/testing/verify.hpp>

namespace pool_statements_test {

namespace asio = boost::asio;
using tusk::named;

struct item {
    std::int64_t id;
    std::string name;
};

constexpr auto insert_item =
    tusk::sql<"insert into items (name) values ({name}) returning id, name", item(std::string_view)>;
constexpr auto count_items = tusk::sql<"select count(*) from items", std::int64_t()>;

class pool_statements : public tusk::testing::database_test {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create table items (id int8 generated always as identity primary key, name text not null)");
        return o;
    }
};

TEST_F(pool_statements, fit_the_schema) {
    auto db = connect();
    TUSK_VERIFY_STATEMENTS(db);
}

TEST_F(pool_statements, that_do_not_fit_fail_the_test) {
    static std::string url_of_other;
    const auto other = tusk::testing::database::create();
    url_of_other = other.url();
    EXPECT_NONFATAL_FAILURE(
        {
            auto empty = tusk::blocking::connection::open(url_of_other);
            const std::vector<const tusk::statement_info*> one{&count_items.info()};
            tusk::testing::detail::expect_no_problems(tusk::verify_statements(empty, one), __FILE__,
                                                      __LINE__);
        },
        "relation \"items\" does not exist");
}

TEST_F(pool_statements, are_used_with_the_pools_verbs) {
    auto body = [](std::string address) -> asio::awaitable<void> {
        auto db = co_await tusk::pool::open(address);
        const item made = co_await db.one(insert_item, "spoon");
        EXPECT_EQ(made.name, "spoon");
        EXPECT_EQ(co_await db.one(count_items), 1);
        EXPECT_EQ(
            co_await db.one<std::int64_t>("select count(*) from items where name = {n}", named("n", "spoon")),
            1);
        auto tx = co_await db.begin();
        co_await tx.one(insert_item, "fork");
        co_await tx.rollback();
        const auto found = co_await tusk::verify_statements(db);
        EXPECT_TRUE(found.empty());
        EXPECT_EQ((co_await db.try_notify("ch", std::string(8000, 'x'))).code(),
                  tusk::errc::invalid_argument);
        co_await db.notify("ch", "x");
    };
    tusk::testing::run_async(body(url()));
}

} // namespace pool_statements_test
