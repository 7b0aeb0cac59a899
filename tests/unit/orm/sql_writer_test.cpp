#include <gtest/gtest.h>

#include "models.hpp"

using namespace orm_test;

namespace sql_writer_test {

struct filter {
    int a = 1;
    std::string b = "x";
};

std::string why(const auto& query) {
    try {
        static_cast<void>(query.sql());
    } catch (const tusk::error& e) {
        return e.what();
    }
    return {};
}

TEST(placeholders, values_travel_apart_from_the_text) {
    const auto q =
        orm::select<model>().where("model.str = ? and model.id > ?", "o'neil -- ; drop table x", -1);
    EXPECT_NE(q.sql().find("WHERE (model.str = $1 and model.id > $2)"), std::string::npos) << q.sql();
    EXPECT_NE(q.to_string().find("'o''neil -- ; drop table x' and model.id > -1"), std::string::npos);
}
TEST(placeholders, one_by_number_or_name_is_one_argument) {
    EXPECT_EQ(orm::raw("select ?0, ?1, ?0", 1, "x").sql(), "select $1, $2, $1");
    EXPECT_EQ(orm::raw("select {a}", tusk::named("a", 5)).to_string(), "select 5");
    EXPECT_EQ(orm::raw("select {a}, {b}", orm::names(filter{})).to_string(), "select 1, 'x'");
}
TEST(placeholders, a_name_without_argument_is_an_error) {
    EXPECT_EQ(why(orm::raw("select {a}, {b}", tusk::named("a", 5))), "no argument was given for {b}");
}
TEST(placeholders, doubled_signs_stand_for_themselves) {
    EXPECT_EQ(orm::raw("select '{{}}'::jsonb ?? 'a', '?'").sql(), "select '{{}}'::jsonb ? 'a', '?'");
}
TEST(placeholders, a_minus_never_becomes_a_comment) {
    EXPECT_EQ(orm::raw("select 1 -?", -5).to_string(), "select 1 - -5");
}
TEST(placeholders, a_query_is_an_argument) {
    const auto inner = orm::select<model>().where_pk(3);
    EXPECT_EQ(orm::select<user>().where("user.id = ? and user.id in (?)", 1, inner).sql(),
              "SELECT \"user\".\"id\", \"user\".\"name\" FROM \"users\" AS \"user\" WHERE (user.id = $1 and "
              "user.id in "
              "(SELECT \"model\".\"id\", \"model\".\"str\" FROM \"models\" AS \"model\" WHERE "
              "(\"model\".\"id\" = $2)))");
}
TEST(identifiers, hostile_ones_stay_names) {
    EXPECT_EQ(orm::raw("select ?", orm::ident{"a\"b.c; drop"}).sql(), "select \"a\"\"b\".\"c; drop\"");
    EXPECT_EQ(orm::raw("select ?", orm::name{"a.b"}).sql(), "select \"a.b\"");
}
TEST(identifiers, what_no_name_can_be_is_an_error) {
    EXPECT_EQ(why(orm::raw("select ?", orm::ident{""})), "a name is empty");
    EXPECT_EQ(why(orm::raw("select ?", orm::ident{std::string_view{"a\0b", 3}})),
              "a name contains a NUL character");
    EXPECT_NE(why(orm::raw("select ?", orm::ident{std::string(64, 'x')})).find("cuts names off after 63"),
              std::string::npos);
}
TEST(arguments, more_than_the_protocol_takes_are_an_error) {
    const std::vector<int> many(65536, 1);
    EXPECT_NE(
        why(orm::select<model>().where("model.id in (?)", orm::list(many))).find("the protocol takes 65,535"),
        std::string::npos);
    const std::vector<int> fits(65535, 1);
    EXPECT_EQ(why(orm::select<model>().where("model.id in (?)", orm::list(fits))), "");
}
TEST(keys, a_range_is_one_argument_whatever_its_size) {
    const auto two = orm::select<model>().where_pks(std::vector<std::int64_t>{1, 2});
    const auto three = orm::select<model>().where_pks(std::vector<std::int64_t>{1, 2, 3});
    EXPECT_EQ(two.sql(), three.sql());
    EXPECT_NE(two.sql().find("\"model\".\"id\" = ANY($1)"), std::string::npos) << two.sql();
    EXPECT_NE(orm::select<model>().where_pks(std::vector<std::int64_t>{}).sql().find("WHERE (FALSE)"),
              std::string::npos);
}
TEST(keys, composite_ones_are_compared_together) {
    const std::vector<std::tuple<int, std::string>> keys{{1, "a"}, {2, "b"}};
    EXPECT_NE(
        orm::select<pair_keyed>().where_pks(keys).sql().find(
            "(\"model\".\"id\", \"model\".\"str\") IN (SELECT * FROM unnest($1::BIGINT[], $2::VARCHAR[]))"),
        std::string::npos);
}
TEST(inserts, too_many_values_become_several_statements_and_arrays_one) {
    std::vector<pair_keyed> rows(40000);
    orm::detail::insert_settings s;
    s.state.model = &orm::table_of<pair_keyed>;
    for (auto& r : rows) s.rows.push_back(&r);
    EXPECT_EQ(orm::detail::write_insert(s).size(), 2U);
    s.unnest = true;
    const auto one = orm::detail::write_insert(s);
    ASSERT_EQ(one.size(), 1U);
    EXPECT_EQ(one[0].sql.argument_count(), 2U);
    EXPECT_EQ(one[0].sql.finished().value(),
              "INSERT INTO \"models\" (\"id\", \"str\") SELECT \"_rows\".\"c0\", \"_rows\".\"c1\" FROM "
              "unnest($1::BIGINT[], $2::VARCHAR[]) AS \"_rows\" (\"c0\", \"c1\")");
}
TEST(repeated_queries, are_reported_once_for_each_place) {
    std::vector<orm::repeated_queries::finding> found;
    orm::repeated_queries w{3, [&](const auto& f) { found.push_back(f); }};
    const auto here = std::source_location::current();
    for (int i = 0; i < 5; ++i) w.note("select 1", here);
    w.note("select 2", here);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].sql, "select 1");
    EXPECT_EQ(found[0].times, 3U);
    EXPECT_EQ(found[0].where.line(), here.line());
    EXPECT_EQ(w.total(), 6U);
}
TEST(relations, what_was_not_loaded_cannot_be_read) {
    story s;
    EXPECT_FALSE(s.user.is_loaded());
    EXPECT_THROW(static_cast<void>(s.user.get()), tusk::error);
    s.user.set(nullptr);
    EXPECT_EQ(s.user.get(), nullptr);
    orm::many<model> rows;
    EXPECT_THROW(static_cast<void>(rows.size()), tusk::error);
}

} // namespace sql_writer_test
