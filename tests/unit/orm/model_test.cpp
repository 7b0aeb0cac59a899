#include <gtest/gtest.h>

#include "models.hpp"

using namespace orm_test;

namespace model_test {

struct address {
    std::string city;
    std::optional<std::string> zip;
};
struct person {
    std::int64_t id = 0;
    std::string name;
    address home;
    std::vector<std::int32_t> scores;
    std::optional<instant> seen;
    std::optional<std::string> nick;
    using tusk_table =
        orm::table<"shop.people", "p", orm::select_from<"people_view">,
                   orm::col<&person::id, orm::pk, orm::identity>,
                   orm::col<&person::name, orm::named_as<"full_name">, orm::notnull, orm::unique_group<"g">>,
                   orm::embed<&person::home, "home_">, orm::col<&person::scores>,
                   orm::col<&person::seen, orm::nullzero>, orm::col<&person::nick, orm::default_<"'x'">>>;
};

TEST(model, the_description_is_what_was_said) {
    constexpr auto& t = orm::table_of<person>;
    EXPECT_EQ(t.schema, "shop");
    EXPECT_EQ(t.name, "people");
    EXPECT_EQ(t.alias, "p");
    EXPECT_EQ(t.select_source, "people_view");
    EXPECT_EQ(t.pk_count(), 1U);
    const auto& name = orm::column_of<&person::name>;
    EXPECT_EQ(name.name, "full_name");
    EXPECT_TRUE(name.is(orm::column_flag::notnull));
    EXPECT_EQ(name.unique_group, "g");
    EXPECT_EQ(t.columns.size(), 7U);
}

TEST(model, embedded_columns_have_a_prefix_and_reach_their_members) {
    constexpr auto& t = orm::table_of<person>;
    const auto* city = t.find("home_city");
    ASSERT_NE(city, nullptr);
    person p;
    EXPECT_EQ(city->at(&p), &p.home.city);
    EXPECT_TRUE(t.find("home_zip")->field->nullable);
}

TEST(model, sql_types_follow_from_cpp_types_unless_said) {
    EXPECT_EQ(orm::sql_type_of(orm::column_of<&person::id>), "BIGINT");
    EXPECT_EQ(orm::sql_type_of(orm::column_of<&person::name>), "VARCHAR");
    EXPECT_EQ(orm::sql_type_of(orm::column_of<&person::scores>), "INTEGER[]");
    EXPECT_EQ(orm::sql_type_of(orm::column_of<&person::seen>), "TIMESTAMPTZ");
}

TEST(model, a_select_source_takes_the_place_of_the_table_in_selects_only) {
    EXPECT_NE(orm::select<person>().to_string().find("FROM \"people_view\" AS \"p\""), std::string::npos);
    EXPECT_EQ(orm::erase<person>().where_pk(1).to_string(),
              "DELETE FROM \"shop\".\"people\" AS \"p\" WHERE (\"p\".\"id\" = 1)");
}

} // namespace model_test
