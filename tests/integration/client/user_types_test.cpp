// Types that users made, looked up on first sight: both clients, every way of executing a statement.
#include "user_types.hpp"

using namespace client_test;

namespace {

class user_types : public user_types_test {};
INSTANTIATE_TEST_SUITE_P(drivers, user_types, testing::Values("blocking", "asio"),
                         [](const auto& i) { return std::string{i.param}; });

const person ann{"Ann", mood::happy, {address{"Main St", 12}, std::nullopt}, {mood::sad, mood::not_so_good}};

TEST_P(user_types, are_fields_of_rows) {
    const auto row =
        on->one<house>("select 1 as id, row('Main St', 5)::address as at, 'happy'::mood as owner, "
                       "array['sad', 'not so good']::mood[] as moods, 7::positive as rooms");
    EXPECT_EQ(row, (house{1, {"Main St", 5}, mood::happy, {mood::sad, mood::not_so_good}, 7}));
    EXPECT_EQ(on->all<mood>("select unnest(enum_range(null::mood))"),
              (std::vector{mood::sad, mood::happy, mood::not_so_good}));
    EXPECT_EQ(on->one<std::optional<address>>("select null::address"), std::nullopt);
    EXPECT_EQ(on->one<std::optional<address>>("select row('', null)::address"), (address{"", std::nullopt}));
}

TEST_P(user_types, are_arguments) {
    const char* const printed = R"_((Ann,happy,"{""(\\""Main St\\"",12)"",NULL}","{sad,""not so good""}"))_";
    EXPECT_EQ(on->one<std::string>("select $1::person::text", ann), printed);
    EXPECT_EQ(on->one<std::tuple<person>>("select $1::person", ann), std::tuple{ann});
    EXPECT_EQ(on->one<mood>("select $1::mood", mood::not_so_good), mood::not_so_good);
    EXPECT_EQ(on->one<std::int64_t>("select $1::positive + 1", std::int16_t{41}), 42);
    EXPECT_EQ(on->one<std::string>("select ($1::address).street", std::tuple{"x", 1}), "x");
    EXPECT_EQ(on->one<int>("select coalesce(($1::address).number, -1)", std::tuple{"x", std::nullopt}), -1);
}

} // namespace
