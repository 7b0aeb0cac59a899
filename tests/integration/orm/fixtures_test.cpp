#include <fstream>

#include "shop.hpp"

using namespace orm_test;

namespace fixtures_test {

constexpr std::string_view rows_of_all_kinds = R"(
- model: post
  rows:
    - _id: first
      title: 'By {{ user.kim.name }}, "{{ greeting }}"'
      user_id: '{{ user.kim.id }}'
      stars: 7
      deleted_at: ~
- model: user
  rows:
    - name: lee
      boss_id: '{{ user.kim.id }}'
      created_at: '{{ now }}'
    - _id: kim
      name: kim
      email: kim@x
)";

class loaded : public shop_test {
protected:
    static orm::fixtures all() {
        orm::fixtures f;
        f.models<user, post, tag, profile>().function("greeting", [] { return std::string{"hi\\"}; });
        return f;
    }
};

TEST_F(loaded, in_the_order_that_references_and_foreign_keys_ask_for) {
    auto c = connect();
    const auto rows = all().text(rows_of_all_kinds).load(c);
    EXPECT_EQ(rows.rows(), 3U);
    EXPECT_EQ(rows.text("user.kim.email"), "kim@x");
    EXPECT_EQ(rows.text("user.kim.boss_id"), std::nullopt);
    const auto id = rows.get<std::int64_t>("user.kim.id");
    const auto db = orm::on(c);
    const auto p = db.select<post>().where_pk(rows.get<std::int64_t>("post.first.id")).one();
    EXPECT_EQ(p.title, "By kim, \"hi\\\"");
    EXPECT_EQ(p.user_id, id);
    EXPECT_EQ(p.stars, 7);
    EXPECT_EQ(db.select<user>().where("u.name = ?", "lee").one().boss_id, id);
    EXPECT_EQ(failure_of([&] { static_cast<void>(rows.text("user.lee.id")); }).code(), tusk::errc::not_found);
}

TEST_F(loaded, into_tables_that_are_made_of_their_models) {
    auto c = connect();
    const auto db = orm::on(c);
    c.script(
        "alter table tags drop column label; alter table tags add column extra text not null default ''");
    const std::string_view rows = "- model: tag\n  rows: [{id: 7, label: new}]\n"
                                  "- model: user\n  rows: [{id: 9, name: ann}]";
    all().text(rows).mode(orm::fixture_mode::recreate).load(c);
    EXPECT_EQ(db.select<tag>().one().label, "new");
    EXPECT_EQ(db.select<user>().one().name, "ann");
    EXPECT_EQ(db.select<post>().count(), 4) << "other tables stay";
    user next;
    next.name = "bob";
    db.insert(next).exec();
    EXPECT_EQ(next.id, 10);
    EXPECT_ANY_THROW(
        all().text("- model: tag\n  rows: [{id: seven}]").mode(orm::fixture_mode::recreate).load(c));
    EXPECT_EQ(db.select<tag>().one().id, 7) << "and nothing is dropped when a row fails";
}

TEST_F(loaded, tables_come_in_the_order_of_their_foreign_keys) {
    auto c = connect();
    all()
        .text(
            "- model: profile\n  rows: [{user_id: 77, text: x}]\n- model: user\n  rows: [{id: 77, name: y}]")
        .load(c);
    EXPECT_EQ(orm::on(c).select<user>().load<&user::about>().where_pk(77).one().about->text, "x");
}

TEST_F(loaded, with_keys_of_their_own_the_sequences_go_on_behind_them) {
    auto c = connect();
    all().text("- model: user\n  rows: [{id: 500, name: y}]").load(c);
    user u;
    u.name = "next";
    orm::on(c).insert(u).exec();
    EXPECT_EQ(u.id, 501);
}

TEST_F(loaded, again_update_what_is_there_or_empty_the_tables_first) {
    auto c = connect();
    const auto db = orm::on(c);
    const std::string_view tags = "- model: tag\n  rows: [{id: 1, label: crimson}, {id: 4, label: new}]";
    EXPECT_EQ(failure_of([&] { all().text(tags, "t.yml").load(c); }), tusk::condition::duplicate);
    EXPECT_EQ(db.select<tag>().count(), 3);
    all().text(tags).mode(orm::fixture_mode::upsert).load(c);
    EXPECT_EQ(db.select<tag>().count(), 4);
    EXPECT_EQ(db.select<tag>().where_pk(1).one().label, "crimson");
    all().text(tags).mode(orm::fixture_mode::truncate).load(c);
    EXPECT_EQ(db.select<tag>().count(), 2);
    EXPECT_EQ(db.select<post_tag>().count(), 0) << "it refers to the tags";
}

TEST_F(loaded, errors_say_where_and_leave_nothing) {
    auto c = connect();
    const auto f = failure_of([&] {
        all()
            .text("- model: tag\n  rows:\n    - {id: 8, label: x}\n    - {id: nine, label: y}", "t.yml")
            .load(c);
    });
    EXPECT_TRUE(f.message().starts_with("t.yml:4: statement 2 of the batch's 2: invalid input syntax"))
        << f.message();
    EXPECT_FALSE(orm::on(c).select<tag>().where_pk(8).exists());
    const auto circle = failure_of([&] {
        all()
            .text(
                "- model: user\n  rows:\n    - {_id: a, name: '{{ user.b.name }}'}\n    - {_id: b, name: '{{ "
                "user.a.name }}'}",
                "c.yml")
            .load(c);
    });
    EXPECT_EQ(circle.message(), "c.yml:3: rows need each other in a circle");
}

TEST_F(loaded, from_a_file_by_a_pool) {
    const auto path = std::filesystem::path{testing::TempDir()} / "orm_fixtures_test.yml";
    std::ofstream{path} << rows_of_all_kinds;
    auto body = [](std::string address, orm::fixtures f) -> asio::awaitable<void> {
        auto pool = co_await tusk::pool::open(address);
        const auto rows = co_await f.load(pool);
        EXPECT_EQ(rows.rows(), 3U);
        co_await pool.close();
    };
    tusk::testing::run_async(body(url(), all().file(path)));
    std::filesystem::remove(path);
    EXPECT_EQ(failure_of([&] { all().file(path); }).code(), tusk::errc::invalid_argument);
}

} // namespace fixtures_test
