// What Bun writes for its own test cases (the numbers are those of its TestQuery), and where Tusk departs
// from it on purpose: a key of zero is an error and not `= NULL`, and OR does not get around soft delete.
#include <gtest/gtest.h>

#include "models.hpp"

using namespace orm_test;

namespace parity_test {

const std::string all_models = "SELECT \"model\".\"id\", \"model\".\"str\" FROM \"models\" AS \"model\"";

TEST(parity, select_2_names_of_the_model_in_fragments) {
    EXPECT_EQ(orm::select<model>().instead_from("{table} AS {alias}").to_string(), all_models);
}
TEST(parity, select_5_columns_of_the_model_in_fragments) {
    EXPECT_EQ(orm::select<model>().no_columns().expr("{columns}").to_string(),
              "SELECT \"id\", \"str\" FROM \"models\" AS \"model\"");
}
TEST(parity, select_8_a_table_without_model) {
    EXPECT_EQ(orm::select().from(orm::ident{"table"}).to_string(), "SELECT * FROM \"table\"");
}
TEST(parity, select_12_the_first_or_says_nothing) {
    EXPECT_EQ(orm::select<model>().or_where("id = ?", 42).to_string(), all_models + " WHERE (id = 42)");
}
TEST(parity, select_14_distinct_on) {
    EXPECT_EQ(orm::select<model>().distinct_on("foo").to_string(),
              "SELECT DISTINCT ON (foo) \"model\".\"id\", \"model\".\"str\" FROM \"models\" AS \"model\"");
}
TEST(parity, select_16_union) {
    EXPECT_EQ(orm::select<model>().where("1").union_with(orm::select<model>()).to_string(),
              "(" + all_models + " WHERE (1)) UNION (" + all_models + ")");
}
TEST(parity, select_35_nested_groups) {
    auto q = orm::select<model>().where("1").or_where("2").or_where_group([](auto& g) {
        g.where("3").or_where("4").or_where_not_group([](auto& h) { h.where("5").or_where("6"); });
    });
    EXPECT_EQ(q.to_string(), all_models + " WHERE (1) OR (2) OR ((3) OR (4) OR NOT ((5) OR (6)))");
}
TEST(parity, select_40_tuples) {
    EXPECT_EQ(orm::select().where("id IN ?", orm::tuple(std::vector{1, 2, 3})).to_string(),
              "SELECT * WHERE (id IN (1, 2, 3))");
}
TEST(parity, select_47_a_relation_by_join_without_own_columns) {
    const auto text = orm::select<story>().load_joined<&story::user>().to_string();
    EXPECT_EQ(text,
              "SELECT \"story\".\"id\", \"story\".\"name\", \"story\".\"user_id\", \"user\".\"id\" AS "
              "\"user__id\", \"user\".\"name\" AS \"user__name\" FROM \"stories\" AS \"story\" LEFT JOIN "
              "\"users\" AS \"user\" ON (\"user\".\"id\" = \"story\".\"user_id\")");
}
TEST(parity, select_47_a_relation_without_columns) {
    EXPECT_EQ(orm::select<story>().left_join<&story::user>().to_string(),
              "SELECT \"story\".\"id\", \"story\".\"name\", \"story\".\"user_id\" FROM \"stories\" AS "
              "\"story\" LEFT JOIN \"users\" AS \"user\" ON (\"user\".\"id\" = \"story\".\"user_id\")");
}
TEST(parity, select_49_locks) {
    EXPECT_EQ(orm::select<model>().where_pk(7).for_update().to_string(),
              all_models + " WHERE (\"model\".\"id\" = 7) FOR UPDATE");
}
TEST(parity, select_66_67_68_soft_delete) {
    const std::string base = "SELECT \"soft_delete\".\"id\", \"soft_delete\".\"deleted_at\" FROM "
                             "\"soft_deletes\" AS \"soft_delete\"";
    EXPECT_EQ(orm::select<soft_delete>().to_string(), base + " WHERE \"soft_delete\".\"deleted_at\" IS NULL");
    EXPECT_EQ(orm::select<soft_delete>().only_deleted().to_string(),
              base + " WHERE \"soft_delete\".\"deleted_at\" IS NOT NULL");
    EXPECT_EQ(orm::select<soft_delete>().with_deleted().to_string(), base);
}
TEST(parity, select_118_or_does_not_get_around_soft_delete) {
    const auto text = orm::select<soft_delete>().where("1").or_where("2").to_string();
    EXPECT_NE(text.find(" WHERE \"soft_delete\".\"deleted_at\" IS NULL AND ((1) OR (2))"), std::string::npos)
        << text;
}
TEST(parity, select_181_comments_cannot_be_left) {
    EXPECT_EQ(orm::select<model>().comment("test").to_string(), "/* test */ " + all_models);
    EXPECT_EQ(orm::select<model>().comment("a */ drop /* b").to_string(),
              "/* a * / drop / * b */ " + all_models);
}
TEST(parity, select_200_an_empty_list_is_null) {
    EXPECT_EQ(orm::select().where("id IN (?)", orm::list(std::vector<int>{})).to_string(),
              "SELECT * WHERE (id IN (NULL))");
}
TEST(parity, select_100_pairs_in_a_tuple) {
    const std::vector<std::tuple<int, std::string>> keys{{1, "hello"}, {2, "world"}};
    EXPECT_EQ(orm::select<pair_keyed>().where("(id, str) IN ?", orm::tuple(keys)).to_string(),
              all_models + " WHERE ((id, str) IN ((1, 'hello'), (2, 'world')))");
}
TEST(parity, insert_20_several_rows) {
    std::vector<pair_keyed> rows{{42, "hello"}, {43, "world"}};
    EXPECT_EQ(orm::insert(rows).to_string(),
              "INSERT INTO \"models\" (\"id\", \"str\") VALUES (42, 'hello'), (43, 'world')");
}
TEST(parity, insert_24_without_model) {
    EXPECT_EQ(orm::insert_into("models").value("id", 42).value("str", "hello").to_string(),
              "INSERT INTO \"models\" (\"id\", \"str\") VALUES (42, 'hello')");
}
TEST(parity, insert_54_conflicts_that_are_ignored) {
    model m;
    EXPECT_EQ(
        orm::insert(m).on_conflict_do_nothing().to_string(),
        "INSERT INTO \"models\" AS \"model\" (\"id\", \"str\") VALUES (DEFAULT, '') ON CONFLICT DO NOTHING");
}
TEST(parity, insert_identity_is_left_to_the_server_and_read_back) {
    model m{0, "x"};
    EXPECT_EQ(orm::insert(m).to_string(),
              "INSERT INTO \"models\" (\"id\", \"str\") VALUES (DEFAULT, 'x') RETURNING \"id\"");
}
TEST(parity, insert_80_an_expression_for_all_rows) {
    std::vector<model> rows{{42, "hello"}, {43, "world"}};
    EXPECT_EQ(
        orm::insert(rows).value<&model::str>("?", "custom").to_string(),
        "INSERT INTO \"models\" (\"id\", \"str\") VALUES (42, 'custom'), (43, 'custom') RETURNING \"str\"");
}
TEST(parity, insert_82_upsert) {
    model m{42, "hello"};
    EXPECT_EQ(orm::insert(m).on_conflict<&model::id>().to_string(),
              "INSERT INTO \"models\" AS \"model\" (\"id\", \"str\") VALUES (42, 'hello') ON CONFLICT "
              "(\"id\") DO UPDATE "
              "SET \"str\" = EXCLUDED.\"str\"");
}
struct parity_foo {
    std::int64_t id = 0;
    std::optional<std::string> foo;
    std::optional<std::string> bar;
    using tusk_table = orm::table<"foos", "foo", orm::col<&parity_foo::id, orm::pk>,
                                  orm::col<&parity_foo::foo>, orm::col<&parity_foo::bar>>;
};
TEST(parity, insert_191_a_conflict_sets_what_another_row_has) {
    parity_foo row{1, "x", "y"};
    const parity_foo values{0, "", std::nullopt};
    const std::string insert =
        "INSERT INTO \"foos\" AS \"foo\" (\"id\", \"foo\", \"bar\") VALUES (1, 'x', 'y') ON CONFLICT "
        "(\"id\") DO UPDATE SET \"foo\" = ''";
    // The target is a departure: PostgreSQL takes no DO UPDATE without one.
    EXPECT_EQ(orm::insert(row).on_conflict<&parity_foo::id>().set_values(values).omit_zero().to_string(),
              insert);
    EXPECT_EQ(orm::insert(row).on_conflict<&parity_foo::id>().set_values(values).to_string(),
              insert + ", \"bar\" = NULL");
}
TEST(parity, update_27_a_row) {
    model m{42, "hello"};
    EXPECT_EQ(orm::update(m).where_pk().to_string(),
              "UPDATE \"models\" AS \"model\" SET \"str\" = 'hello' WHERE (\"model\".\"id\" = 42)");
}
TEST(parity, update_87_nothing_to_set_is_an_error) {
    model m{42, ""};
    EXPECT_THROW(static_cast<void>(orm::update(m).omit_zero().where_pk().sql()), tusk::error);
}
TEST(parity, update_130_expression_and_returning) {
    model m{1, ""};
    EXPECT_EQ(orm::update(m).omit_zero().value<&model::str>("now()").where_pk().returning("*").to_string(),
              "UPDATE \"models\" AS \"model\" SET \"str\" = now() WHERE (\"model\".\"id\" = 1) RETURNING *");
}
TEST(parity, delete_31_a_key_of_zero_is_an_error_and_not_null) {
    model m;
    try {
        static_cast<void>(orm::erase(m).where_pk().sql());
        FAIL() << "a key of zero was accepted";
    } catch (const tusk::error& e) {
        EXPECT_EQ(e.code(), tusk::errc::invalid_argument);
        EXPECT_EQ(std::string_view{e.what()},
                  "the primary key of a model is zero: the row was not inserted, or not read");
    }
}
TEST(parity, delete_64_soft_delete_marks) {
    EXPECT_EQ(orm::erase<soft_delete>().where_pk(1).to_string(),
              "UPDATE \"soft_deletes\" AS \"soft_delete\" SET \"deleted_at\" = now() WHERE "
              "\"soft_delete\".\"deleted_at\" IS NULL AND (\"soft_delete\".\"id\" = 1)");
    EXPECT_EQ(orm::erase<soft_delete>().force().where_pk(1).to_string(),
              "DELETE FROM \"soft_deletes\" AS \"soft_delete\" WHERE (\"soft_delete\".\"id\" = 1)");
}
TEST(parity, delete_172_returning) {
    EXPECT_EQ(orm::erase<model>().where_pk(5).returning("*").to_string(),
              "DELETE FROM \"models\" AS \"model\" WHERE (\"model\".\"id\" = 5) RETURNING *");
}

} // namespace parity_test
