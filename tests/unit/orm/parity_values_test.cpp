// More of what Bun writes for its own test cases: VALUES, bulk updates, defaults, definitions, lists.
// Departures on purpose: names are quoted everywhere, columns that an update leaves alone are not sent with
// it.
#include <gtest/gtest.h>

#include "models.hpp"

using namespace orm_test;

namespace parity_values_test {

struct time_row {
    std::optional<instant> time;
    using tusk_table = orm::table<"times", "", orm::col<&time_row::time>>;
};
struct skipping {
    std::int64_t id = 0;
    std::string str1;
    std::string str2;
    using tusk_table = orm::table<"models", "model", orm::col<&skipping::id, orm::pk>,
                                  orm::col<&skipping::str1>, orm::col<&skipping::str2, orm::skipupdate>>;
};
struct zeros {
    std::int64_t num = 0;
    std::string str;
    std::optional<instant> time;
    bool flag = false;
    using tusk_table = orm::table<"models", "model", orm::col<&zeros::num, orm::nullzero>,
                                  orm::col<&zeros::str, orm::nullzero>, orm::col<&zeros::time, orm::nullzero>,
                                  orm::col<&zeros::flag, orm::nullzero>>;
};
struct maybe_default {
    std::optional<std::int64_t> num;
    bool flag = false;
    using tusk_table = orm::table<"models", "model", orm::col<&maybe_default::num, orm::default_<"1">>,
                                  orm::col<&maybe_default::flag, orm::default_<"true">>>;
};
struct identified {
    std::int64_t id = 0;
    using tusk_table = orm::table<"users", "user", orm::col<&identified::id, orm::pk, orm::identity>>;
};
struct texts {
    std::optional<std::string> id;
    std::optional<std::string> name;
    std::optional<std::string> title;
    using tusk_table = orm::table<"models", "model", orm::col<&texts::id>,
                                  orm::col<&texts::name, orm::type<"varchar(50)">>, orm::col<&texts::title>>;
};
struct stored {
    std::int64_t id = 0;
    std::optional<std::string> map;
    std::vector<std::string> array;
    using tusk_table =
        orm::table<"models", "model", orm::col<&stored::id, orm::pk, orm::autoincrement>,
                   orm::col<&stored::map, orm::jsonb>, orm::col<&stored::array, orm::nullzero>>;
};

const std::string all_models = "SELECT \"model\".\"id\", \"model\".\"str\" FROM \"models\" AS \"model\"";

TEST(parity_values, values_0_a_row_with_casts) {
    EXPECT_EQ(orm::values(std::vector<model>{{42, "hello"}}).to_string(),
              "VALUES (42::BIGINT, 'hello'::VARCHAR)");
}
TEST(parity_values, values_18_as_a_table_with_their_order) {
    const std::vector<model> rows{{42, "hello"}, {43, "world"}};
    EXPECT_EQ(orm::select<model>()
                  .from("?", orm::values(rows).with_order().as("_data"))
                  .where("model.id = _data.id")
                  .order("_data._order")
                  .to_string(),
              all_models +
                  ", (VALUES (42::BIGINT, 'hello'::VARCHAR, 0), (43::BIGINT, 'world'::VARCHAR, 1)) AS "
                  "\"_data\" (\"id\", \"str\", \"_order\") WHERE (model.id = _data.id) ORDER BY "
                  "_data._order");
}
TEST(parity_values, values_61_empty_ones_have_their_type) {
    const std::vector<time_row> rows{{}, {instant{}}};
    EXPECT_EQ(orm::values(rows).to_string(),
              "VALUES (NULL::TIMESTAMPTZ), ('1970-01-01 00:00:00+00'::TIMESTAMPTZ)");
}
TEST(parity_values, values_of_some_columns_and_of_none) {
    const std::vector<model> rows{{42, "hello"}};
    EXPECT_EQ(orm::values(rows).columns<&model::str>().value<&model::str>("upper(?)", "x").to_string(),
              "VALUES (upper('x'))");
    auto q = orm::select<model>().from("?", orm::values(std::vector<model>{}).as("v"));
    EXPECT_THROW(static_cast<void>(q.sql()), tusk::error);
}
TEST(parity_values, values_name_their_columns_in_common_table_expressions) {
    const std::vector<model> rows{{42, "hello"}};
    EXPECT_EQ(orm::select<model>()
                  .with("_data", orm::values(rows))
                  .where("model.id in (select id from _data)")
                  .to_string(),
              "WITH \"_data\" (\"id\", \"str\") AS (VALUES (42::BIGINT, 'hello'::VARCHAR)) " + all_models +
                  " WHERE (model.id in (select id from _data))");
}
TEST(parity_values, update_69_many_rows_by_values) {
    std::vector<skipping> rows{{42, "hello", "skip"}, {43, "world", "skip"}};
    EXPECT_EQ(
        orm::update_all(rows).by_values().to_string(),
        "WITH \"_data\" (\"id\", \"str1\") AS (VALUES (42::BIGINT, 'hello'::VARCHAR), (43::BIGINT, "
        "'world'::VARCHAR)) UPDATE \"models\" AS \"model\" SET \"str1\" = \"_data\".\"str1\" FROM \"_data\" "
        "WHERE (\"model\".\"id\" = \"_data\".\"id\")");
    EXPECT_EQ(orm::update_all(rows).sql(),
              "UPDATE \"models\" AS \"model\" SET \"str1\" = \"_data\".\"str1\" FROM unnest($1::BIGINT[], "
              "$2::VARCHAR[]) AS \"_data\" (\"id\", \"str1\") WHERE (\"model\".\"id\" = \"_data\".\"id\")");
}
TEST(parity_values, update_all_says_more_than_the_rows) {
    std::vector<model> rows{{42, "hello"}};
    EXPECT_EQ(orm::update_all(rows)
                  .by_values()
                  .value<&model::str>("_data.str || ?", "!")
                  .where("model.str <> _data.str")
                  .to_string(),
              "WITH \"_data\" (\"id\") AS (VALUES (42::BIGINT)) UPDATE \"models\" AS \"model\" SET \"str\" = "
              "_data.str || '!' FROM \"_data\" WHERE (\"model\".\"id\" = \"_data\".\"id\") AND (model.str <> "
              "_data.str)");
}
TEST(parity_values, update_all_refuses_the_same_key_twice) {
    std::vector<model> rows{{42, "hello"}, {42, "world"}};
    try {
        static_cast<void>(orm::update_all(rows).sql());
        FAIL() << "the same key twice was accepted";
    } catch (const tusk::error& e) {
        EXPECT_EQ(e.code(), tusk::errc::invalid_argument);
        EXPECT_EQ(std::string_view{e.what()}, "two rows of the update have the same primary key: 42");
    }
    rows[0].id = 0;
    EXPECT_THROW(static_cast<void>(orm::update_all(rows).sql()), tusk::error) << "a key that is not made yet";
}
TEST(parity_values, update_all_by_values_splits_at_the_protocols_limit) {
    std::vector<model> rows(40000);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].id = static_cast<std::int64_t>(i + 1);
    orm::detail::bulk_update_settings s;
    s.state.model = &orm::table_of<model>;
    for (auto& row : rows) s.rows.push_back(&row);
    s.by_values = true;
    const auto all = orm::detail::write_bulk_update(s);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].argument_count(), 65534U);
    EXPECT_TRUE(all[1].finished().has_value());
}
TEST(parity_values, insert_51_zeros_are_defaults_and_read_back) {
    zeros z;
    EXPECT_EQ(
        orm::insert(z).to_string(),
        "INSERT INTO \"models\" (\"num\", \"str\", \"time\", \"flag\") VALUES (DEFAULT, DEFAULT, DEFAULT, "
        "DEFAULT) RETURNING \"num\", \"str\", \"time\", \"flag\"");
}
TEST(parity_values, insert_166_only_what_is_empty_takes_the_default) {
    maybe_default m;
    EXPECT_EQ(orm::insert(m).to_string(),
              "INSERT INTO \"models\" (\"num\", \"flag\") VALUES (DEFAULT, FALSE) RETURNING \"num\"");
}
TEST(parity_values, select_47_a_join_for_its_conditions_alone) {
    EXPECT_EQ(
        orm::select<story>().left_join<user>("\"user\".id = story.user_id").to_string(),
        "SELECT \"story\".\"id\", \"story\".\"name\", \"story\".\"user_id\" FROM \"stories\" AS \"story\" "
        "LEFT JOIN \"users\" AS \"user\" ON (\"user\".id = story.user_id)");
}
TEST(parity_values, select_73_members_by_name) {
    struct terms {
        int one;
        double two;
    };
    const terms t{1, 2.34};
    EXPECT_EQ(orm::select().where("{one} + {two} > 0", orm::names(t)).to_string(),
              "SELECT * WHERE (1 + 2.34 > 0)");
}
TEST(parity_values, select_99_the_keys_of_rows) {
    const std::vector<model> rows{{1, "hello"}, {2, "world"}};
    EXPECT_EQ(orm::select<model>().where_pks(rows).to_string(),
              all_models + " WHERE (\"model\".\"id\" = ANY('{1,2}'))");
}
TEST(parity_values, select_203_bytes) {
    const auto bytes = [](std::string_view s) {
        std::vector<std::byte> out;
        for (const char c : s) out.push_back(static_cast<std::byte>(c));
        return out;
    };
    const std::vector<std::vector<std::byte>> both{bytes("hello"), bytes("world")};
    EXPECT_EQ(orm::select().where("id IN (?)", orm::list(both)).to_string(),
              "SELECT * WHERE (id IN ('\\x68656c6c6f', '\\x776f726c64'))");
}
TEST(parity_values, create_33_json_and_arrays) {
    EXPECT_EQ(
        orm::create_table<stored>().sql(),
        "CREATE TABLE \"models\" (\"id\" BIGSERIAL NOT NULL, \"map\" JSONB, \"array\" VARCHAR[], PRIMARY "
        "KEY (\"id\"))");
}
TEST(parity_values, create_151_identity) {
    EXPECT_EQ(orm::create_table<identified>().sql(),
              "CREATE TABLE \"users\" (\"id\" BIGINT NOT NULL GENERATED BY DEFAULT AS IDENTITY, PRIMARY KEY "
              "(\"id\"))");
}
TEST(parity_values, create_156_lengths_of_text) {
    EXPECT_EQ(orm::create_table<texts>().varchar(10).sql(),
              "CREATE TABLE \"models\" (\"id\" VARCHAR(10), \"name\" varchar(50), \"title\" VARCHAR(10))");
}
TEST(parity_values, merge_brings_rows_together) {
    const std::vector<model> rows{{42, "hello"}};
    const auto text = orm::merge<model>()
                          .with("_data", orm::values(rows))
                          .using_source("_data")
                          .on("model.id = _data.id")
                          .when_matched("_data.str = ?", "")
                          .erase()
                          .when_matched()
                          .update("str = _data.str")
                          .when_not_matched()
                          .insert<&model::id, &model::str>("_data.id, _data.str")
                          .to_string();
    EXPECT_EQ(
        text,
        "WITH \"_data\" (\"id\", \"str\") AS (VALUES (42::BIGINT, 'hello'::VARCHAR)) MERGE INTO \"models\" "
        "AS "
        "\"model\" USING _data ON model.id = _data.id WHEN MATCHED AND (_data.str = '') THEN DELETE WHEN "
        "MATCHED THEN UPDATE SET str = _data.str WHEN NOT MATCHED THEN INSERT (\"id\", \"str\") VALUES "
        "(_data.id, _data.str)");
    EXPECT_THROW(static_cast<void>(orm::merge<model>().using_source("x").sql()), tusk::error);
}

} // namespace parity_values_test
