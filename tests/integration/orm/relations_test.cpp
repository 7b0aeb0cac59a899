#include "shop.hpp"

using namespace orm_test;

namespace relations_test {

class relations : public shop_test {};

std::string titles(const orm::many<post>& posts) {
    std::string out;
    for (const auto& p : posts) out += p.title + ' ';
    return out;
}

TEST_F(relations, has_many_leaves_out_deleted_rows_and_loads_nothing_else) {
    auto c = connect();
    const auto users =
        orm::on(c).select<user>().load<&user::posts>([](auto& p) { p.order("p.id"); }).order("u.id").all();
    ASSERT_EQ(users.size(), 3U);
    EXPECT_EQ(titles(users[0].posts), "one two three ");
    EXPECT_EQ(titles(users[1].posts), "four ");
    EXPECT_TRUE(users[2].posts.empty());
    EXPECT_FALSE(users[0].about.is_loaded());
    EXPECT_EQ(failure_of([&] { static_cast<void>(users[0].about.get()); }).code(),
              tusk::errc::invalid_argument);
}

TEST_F(relations, have_conditions_order_columns_and_a_limit_of_their_own) {
    auto c = connect();
    const auto with = [](auto& p) {
        p.where("p.stars > ?", 2).or_where("p.title = ?", "four").order("p.stars desc").limit_each(2);
    };
    const auto users = orm::on(c).select<user>().load<&user::posts>(with).order("u.id").all();
    EXPECT_EQ(titles(users[0].posts), "three one ");
    EXPECT_EQ(titles(users[1].posts), "four ");
    const auto narrow =
        orm::on(c)
            .select<user>()
            .load<&user::posts>([](auto& p) { p.template columns<&post::title>().with_deleted(); })
            .where_pk(2)
            .one();
    EXPECT_EQ(narrow.posts.size(), 2U);
    EXPECT_EQ(narrow.posts[0].id, 0);
}

TEST_F(relations, belongs_to_is_shared_and_may_be_none) {
    auto c = connect();
    const auto posts = orm::on(c).select<post>().load<&post::author>().order("p.id").all();
    EXPECT_EQ(posts[0].author->name, "ann");
    EXPECT_EQ(posts[0].author.get(), posts[1].author.get());
    const auto users = orm::on(c)
                           .select<user>()
                           .load<&user::boss>()
                           .load<&user::team>()
                           .load<&user::about>()
                           .order("u.id")
                           .all();
    EXPECT_EQ(users[0].boss.get(), nullptr);
    EXPECT_EQ(users[1].boss->name, "ann");
    EXPECT_EQ(users[0].team.size(), 2U);
    EXPECT_EQ(users[0].about->text, "about ann");
    EXPECT_FALSE(users[1].about);
    EXPECT_EQ(failure_of([&] { static_cast<void>(users[1].about->text); }).code(), tusk::errc::not_found);
}

TEST_F(relations, many_to_many_goes_through_the_junction) {
    auto c = connect();
    const auto posts =
        orm::on(c).select<post>().load<&post::tags>([](auto& t) { t.order("t.id"); }).order("p.id").all();
    ASSERT_EQ(posts[0].tags.size(), 2U);
    EXPECT_EQ(posts[0].tags[1].label, "blue");
    EXPECT_TRUE(posts[1].tags.empty());
    const auto first = orm::on(c)
                           .select<post>()
                           .load<&post::tags>([](auto& t) { t.order("t.id desc").limit_each(1); })
                           .where_pk(1)
                           .one();
    ASSERT_EQ(first.tags.size(), 1U);
    EXPECT_EQ(first.tags[0].label, "blue");
}

TEST_F(relations, polymorphic_rows_are_those_of_this_kind) {
    auto c = connect();
    const auto p =
        orm::on(c).select<post>().load<&post::comments>([](auto& q) { q.order("c.id"); }).where_pk(1).one();
    ASSERT_EQ(p.comments.size(), 2U);
    EXPECT_EQ(p.comments[1].text, "bad");
}

TEST_F(relations, are_loaded_level_by_level) {
    auto c = connect();
    const auto users =
        orm::on(c)
            .select<user>()
            .load<&user::posts>([](auto& p) {
                p.order("p.id");
                p.template load<&post::tags>();
                p.template load<&post::author>([](auto& a) { a.template load<&user::about>(); });
            })
            .order("u.id")
            .all();
    EXPECT_EQ(users[0].posts[0].tags.size(), 2U);
    EXPECT_EQ(users[0].posts[0].author->about->text, "about ann");
}

TEST_F(relations, by_join_come_in_the_same_statement) {
    auto c = connect();
    const auto users =
        orm::on(c).select<user>().load_joined<&user::about>().load_joined<&user::boss>().order("u.id").all();
    ASSERT_EQ(users.size(), 3U);
    EXPECT_EQ(users[0].about->text, "about ann");
    EXPECT_FALSE(users[0].boss);
    EXPECT_FALSE(users[1].about);
    EXPECT_EQ(users[1].boss->name, "ann");
}

TEST_F(relations, can_be_conditions) {
    auto c = connect();
    const auto db = orm::on(c);
    EXPECT_EQ(db.select<user>().where_exists<&user::posts>().count(), 2);
    EXPECT_EQ(
        db.select<user>().where_exists<&user::posts>([](auto& p) { p.where("p.stars > ?", 8); }).count(), 1);
    EXPECT_EQ(db.select<post>().where_not_exists<&post::tags>([](auto&) {}).count(), 2);
    EXPECT_EQ(
        failure_of([&] { static_cast<void>(db.select<user>().where_exists<&user::team>().count()); }).code(),
        tusk::errc::invalid_argument);
}

TEST_F(relations, a_query_that_loads_can_be_run_again) {
    auto c = connect();
    const auto q = orm::select<user>().load<&user::posts>().order("u.id");
    EXPECT_EQ(q.all(c).at(0).posts.size(), 3U);
    EXPECT_EQ(q.all(c).at(0).posts.size(), 3U);
}

TEST_F(relations, one_of_several_rows_is_an_error) {
    auto c = connect();
    c.exec("alter table profiles drop constraint profiles_pkey");
    c.exec("insert into profiles values (1, 'second')");
    const auto f =
        failure_of([&] { static_cast<void>(orm::on(c).select<user>().load<&user::about>().all()); });
    EXPECT_EQ(f.code(), tusk::errc::too_many_rows) << f.message();
}

TEST_F(relations, queries_one_by_one_are_noticed) {
    auto c = connect();
    std::vector<orm::repeated_queries::finding> found;
    orm::repeated_queries w{3, [&](const auto& f) { found.push_back(f); }};
    const auto db = orm::on(c).watched_by(w);
    for (std::int64_t id = 1; id <= 4; ++id) static_cast<void>(db.select<user>().where_pk(id).maybe());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(std::string_view{found[0].where.file_name()}.find("relations_test.cpp"),
              std::string_view::npos);
}

} // namespace relations_test
