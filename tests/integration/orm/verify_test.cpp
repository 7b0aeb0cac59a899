#include "shop.hpp"

using namespace orm_test;

namespace verify_test {

struct odd {
    std::int64_t id = 0;
    std::string name;
    std::optional<std::string> nick;
    std::optional<std::int64_t> made;
    std::int32_t wrong = 0;
    std::string kind;
    std::string absent;
    using tusk_table =
        orm::table<"odds", "o", orm::col<&odd::id, orm::pk, orm::identity>, orm::col<&odd::name>,
                   orm::col<&odd::nick>, orm::col<&odd::made, orm::default_<"1">>, orm::col<&odd::wrong>,
                   orm::col<&odd::kind>, orm::col<&odd::absent>>;
};
struct missing {
    std::int64_t id = 0;
    using tusk_table = orm::table<"shop.missing", "m", orm::col<&missing::id, orm::pk>>;
};

class verified_models : public shop_test {};

std::string texts(const orm::schema_problems& all) {
    std::string out;
    for (const auto& p : all) out += p.text() + '\n';
    return out;
}

TEST_F(verified_models, that_fit_have_no_problems) {
    auto c = connect();
    EXPECT_EQ(texts(orm::verify_models<user, post, profile, tag, post_tag, comment>(c)), "");
}

TEST_F(verified_models, that_do_not_fit_are_told_column_by_column) {
    auto c = connect();
    c.script("create type mood as enum ('sad'); create domain label as text;"
             "create table odds (id int8 primary key, name label, nick text not null, made int8, wrong "
             "timestamptz "
             "not null, kind mood not null, extra text not null)");
    EXPECT_EQ(texts(orm::verify_models<odd, missing>(c)),
              "error: odds.id: has no default, and the model leaves the value to the server\n"
              "warning: odds.name: may be NULL, and std::string cannot\n"
              "warning: odds.nick: is NOT NULL without default, and the member may be empty\n"
              "error: odds.made: has no default, and the model leaves the value to the server\n"
              "error: odds.wrong: the type is timestamp with time zone, which does not convert to int\n"
              "error: odds.absent: there is no such column\n"
              "error: odds.extra: is NOT NULL without default and not in the model: inserts fail\n"
              "error: shop.missing: there is no such table\n");
}

TEST_F(verified_models, can_be_asked_for_by_a_pool) {
    auto body = [](std::string address) -> asio::awaitable<void> {
        auto pool = co_await tusk::pool::open(address);
        const auto problems = co_await orm::verify_models<user, missing>(pool);
        EXPECT_EQ(problems.size(), 1U);
        co_await pool.close();
    };
    tusk::testing::run_async(body(url()));
}

} // namespace verify_test
