#include <cstdlib>

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

struct keyed {
    std::int64_t id = 0;
    std::int64_t user_id = 0;
    std::string a;
    std::string b;
    std::optional<std::string> c;
    orm::one<user> owner;
    using tusk_table = orm::table<"keyed", "k", orm::col<&keyed::id, orm::pk>, orm::col<&keyed::user_id>,
                                  orm::col<&keyed::a, orm::unique_group<"a_b">>,
                                  orm::col<&keyed::b, orm::unique_group<"a_b">>,
                                  orm::col<&keyed::c, orm::unique, orm::notnull>>;
    struct rels;
};
struct keyed::rels : orm::relations<orm::belongs_to<&keyed::owner, &keyed::user_id, &user::id>> {};

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

TEST_F(verified_models, have_the_keys_that_they_say) {
    auto c = connect();
    c.script("create table keyed (id int8 not null, user_id int8 not null, a text not null, b text not null, "
             "c text, d int8); create unique index on keyed (id) where id > 0; "
             "create unique index on keyed (a, lower(b))");
    EXPECT_EQ(texts(orm::verify_models<keyed>(c)),
              "warning: keyed.c: may be NULL, and the model says notnull\n"
              "error: keyed.c: is not unique in the table, and the model says so\n"
              "error: keyed: the model's primary key (id) is no key of the table\n"
              "error: keyed: there is no unique constraint over (a, b) (a_b)\n"
              "warning: keyed: there is no foreign key (user_id) to users (id), and a belongs_to says so\n");
    c.script("alter table keyed add primary key (id), add unique (b, a), add unique (c), alter c set not "
             "null, alter c set default '', "
             "add foreign key (d) references users; create unique index on keyed (d) include (user_id)");
    EXPECT_EQ(texts(orm::verify_models<keyed>(c)),
              "warning: keyed: there is no foreign key (user_id) to users (id), and a belongs_to says so\n");
    c.script("alter table keyed add foreign key (user_id) references users (id) on delete cascade");
    EXPECT_EQ(texts(orm::verify_models<keyed>(c)), "");
    c.script("alter table keyed rename to kept; create view keyed as select * from kept");
    EXPECT_EQ(texts(orm::verify_models<keyed>(c)).find("primary key"), std::string::npos)
        << "views have no keys";
}

TEST_F(verified_models, are_part_of_what_a_program_verifies) {
    ::setenv("TUSK_VERIFY", url().c_str(), 1);
    testing::internal::CaptureStdout();
    const auto fits = orm::handle_verify<user>();
    const auto does_not = orm::handle_verify<user, missing>();
    const auto said = testing::internal::GetCapturedStdout();
    ::unsetenv("TUSK_VERIFY");
    EXPECT_EQ(fits, 0);
    EXPECT_EQ(does_not, 1);
    EXPECT_NE(said.find("the model of shop.missing"), std::string::npos) << said;
    EXPECT_EQ(orm::handle_verify<user>(), std::nullopt);
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
