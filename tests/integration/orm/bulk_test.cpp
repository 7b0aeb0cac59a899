#include "shop.hpp"

using namespace orm_test;

namespace bulk_test {

class bulk : public shop_test {};

TEST_F(bulk, rows_are_updated_each_with_its_own_values) {
    auto c = connect();
    const auto db = orm::on(c);
    auto posts = db.select<post>().order("p.id").all();
    for (auto& p : posts) {
        p.stars += 10;
        p.title = "t" + std::to_string(p.id);
    }
    EXPECT_EQ(db.update_all(posts).only<&post::stars>().exec(), 4U);
    EXPECT_EQ(db.select<post>().where_pk(3).one().stars, 19);
    EXPECT_EQ(db.select<post>().where_pk(3).one().title, "three");
    EXPECT_EQ(db.update_all(posts).by_values().where("p.stars > ?", 14).exec(), 2U);
    EXPECT_EQ(db.select<post>().where_pk(3).one().title, "t3");
    EXPECT_EQ(db.select<post>().where_pk(2).one().title, "two");
    posts.clear();
    EXPECT_EQ(db.update_all(posts).exec(), 0U);
}

TEST_F(bulk, many_rows_are_updated_by_either_way) {
    auto c = connect();
    const auto db = orm::on(c);
    std::vector<tag> tags(40000);
    for (std::size_t i = 0; i < tags.size(); ++i) tags[i] = {static_cast<std::int64_t>(i + 10), "t"};
    db.insert_all(tags).exec();
    for (auto& t : tags) t.label = "u" + std::to_string(t.id);
    EXPECT_EQ(db.update_all(tags).exec(), 40000U);
    EXPECT_EQ(db.select<tag>().where_pk(40009).one().label, "u40009");
    for (auto& t : tags) t.label = "v" + std::to_string(t.id);
    EXPECT_EQ(db.update_all(tags).by_values().exec(), 40000U);
    EXPECT_EQ(db.select<tag>().where_pk(40009).one().label, "v40009");
}

TEST_F(bulk, values_are_a_table) {
    auto c = connect();
    const std::vector<tag> rows{{1, "x"}, {7, "y"}};
    const auto found = orm::on(c)
                           .select<tag>()
                           .from("?", orm::values(rows).with_order().as("v"))
                           .where("v.id = t.id")
                           .no_columns()
                           .expr("t.label || v.label || v._order")
                           .all<std::string>();
    EXPECT_EQ(found, std::vector<std::string>{"redx0"});
}

TEST_F(bulk, a_merge_updates_deletes_and_inserts) {
    auto c = connect();
    const auto db = orm::on(c);
    db.erase<post_tag>().all_rows().exec();
    const std::vector<tag> rows{{1, "crimson"}, {2, ""}, {9, "new"}};
    const auto changed = db.merge<tag>()
                             .with("_data", orm::values(rows))
                             .using_source("_data")
                             .on("t.id = _data.id")
                             .when_matched("_data.label = ?", "")
                             .erase()
                             .when_matched()
                             .update("label = _data.label")
                             .when_not_matched()
                             .insert<&tag::id, &tag::label>("_data.id, _data.label")
                             .exec();
    EXPECT_EQ(changed, 3U);
    std::string labels;
    for (const auto& t : db.select<tag>().order("t.id").all()) labels += t.label + ' ';
    EXPECT_EQ(labels, "crimson unused new ");
}

TEST_F(bulk, a_row_is_inserted_with_its_relations_when_asked_for) {
    auto c = connect();
    const auto db = orm::on(c);
    user u;
    u.name = "kim";
    std::vector<post> posts(2);
    posts[0].title = "first";
    posts[1].title = "second";
    u.posts.set(std::move(posts));
    auto about = std::make_shared<profile>();
    about->text = "about kim";
    u.about.set(about);
    EXPECT_EQ((db.insert_with<&user::posts, &user::about>(u).exec()), 4U);
    const auto read = db.select<user>()
                          .load<&user::posts>([](auto& p) { p.order("p.id"); })
                          .load<&user::about>()
                          .where_pk(u.id)
                          .one();
    ASSERT_EQ(read.posts.size(), 2U);
    EXPECT_EQ(read.posts[1].id, u.posts[1].id);
    EXPECT_EQ(read.about->text, "about kim");
}

TEST_F(bulk, what_a_row_belongs_to_comes_first_and_links_last) {
    auto c = connect();
    const auto db = orm::on(c);
    post p;
    p.title = "new";
    auto author = std::make_shared<user>();
    author->name = "lee";
    p.author.set(author);
    p.tags.set({tag{20, "one"}, tag{21, "two"}});
    p.comments.set({comment{50, "", 0, "well"}});
    EXPECT_EQ((db.insert_with<&post::author, &post::tags, &post::comments>(p).exec()), 7U);
    EXPECT_EQ(p.user_id, author->id);
    const auto read = db.select<post>().load<&post::tags>().load<&post::comments>().where_pk(p.id).one();
    EXPECT_EQ(read.tags.size(), 2U);
    EXPECT_EQ(read.comments[0].text, "well");
    post other;
    other.title = "by the same";
    other.author.set(author);
    EXPECT_EQ(db.insert_with<&post::author>(other).exec(), 1U) << "the author is there already";
}

TEST_F(bulk, rows_bring_rows_that_bring_rows_of_their_own) {
    auto c = connect();
    const auto db = orm::on(c);
    const auto post_with = [](std::string title, std::int64_t tag_id) {
        post p;
        p.title = std::move(title);
        p.tags.set({tag{tag_id, "t"}});
        p.comments.set({comment{tag_id * 10, "", 0, "on " + p.title}});
        return p;
    };
    user boss;
    boss.name = "boss";
    user kim;
    kim.name = "kim";
    kim.posts.set({post_with("first", 30), post_with("second", 31)});
    user lee;
    lee.name = "lee";
    boss.team.set({kim, lee});
    boss.posts.set({post_with("by the boss", 32)});
    using orm::within;
    constexpr auto posts = within<&user::posts, &post::tags, &post::comments>;
    EXPECT_EQ((db.insert_with<within<&user::team, posts>, &user::posts>(boss).exec()), 12U)
        << "3 users, 3 posts, and 2 tags, 2 links and 2 comments of the posts of kim";
    const auto read =
        db.select<user>()
            .load<&user::team>([](auto& team) {
                team.order("u.id").template load<&user::posts>([](auto& of_user) {
                    of_user.order("p.id").template load<&post::tags>().template load<&post::comments>();
                });
            })
            .where_pk(boss.id)
            .one();
    ASSERT_EQ(read.team.size(), 2U);
    ASSERT_EQ(read.team[0].posts.size(), 2U);
    EXPECT_EQ(read.team[0].posts[1].tags[0].id, 31);
    EXPECT_EQ(read.team[0].posts[1].comments[0].text, "on second");
    EXPECT_EQ(boss.team[0].posts[1].id, read.team[0].posts[1].id) << "what the server made is in the rows";
    EXPECT_TRUE(read.team[1].posts.empty());
}

TEST_F(bulk, owners_that_rows_share_are_inserted_once_with_their_own) {
    auto c = connect();
    const auto db = orm::on(c);
    auto author = std::make_shared<user>();
    author->name = "kim";
    author->about.set(std::make_shared<profile>(profile{0, "about kim"}));
    std::vector<post> posts(2);
    for (auto& p : posts) p.author.set(author);
    user boss;
    boss.name = "boss";
    boss.posts.set(posts); // and yet they are kim's: what a row belongs to counts
    using orm::within;
    EXPECT_EQ((db.insert_with<within<&user::posts, within<&post::author, &user::about>>>(boss).exec()), 5U);
    EXPECT_EQ(db.select<post>().where("p.user_id = ?", author->id).count(), 2);
    EXPECT_EQ(db.select<user>().load<&user::about>().where_pk(author->id).one().about->text, "about kim");
}

TEST_F(bulk, what_an_update_sets_itself_is_not_stamped_once_more) {
    auto c = connect();
    const auto db = orm::on(c);
    const auto long_ago = [&] {
        return db.select<user>().where("u.updated_at = 'epoch' and u.id = 1").exists();
    };
    db.update<user>().set("name = ?, updated_at = 'epoch'", "x, updated_at = now()").where_pk(1).exec();
    EXPECT_TRUE(long_ago());
    db.update<user>().set("(name, \"updated_at\") = (?, to_timestamp(0))", "y").where_pk(1).exec();
    EXPECT_TRUE(long_ago());
    db.update<user>().set("name = coalesce(name, 'updated_at = 1')").where_pk(1).exec();
    EXPECT_FALSE(long_ago()) << "the others are";
    std::vector<user> users = db.select<user>().order("u.id").all();
    db.update_all(users).set("UPDATED_AT = 'epoch'").exec();
    EXPECT_TRUE(long_ago());
}

TEST_F(bulk, nothing_of_a_nested_insert_stays_when_a_part_fails) {
    auto c = connect();
    const auto db = orm::on(c);
    post p;
    p.title = "half";
    p.user_id = 1;
    p.tags.set({tag{1, "is there already"}});
    EXPECT_EQ(failure_of([&] { db.insert_with<&post::tags>(p).exec(); }), tusk::condition::duplicate);
    EXPECT_FALSE(db.select<post>().where("p.title = ?", "half").exists());
}

TEST_F(bulk, a_pool_does_all_of_it) {
    auto body = [](std::string address) -> asio::awaitable<void> {
        auto pool = co_await tusk::pool::open(address);
        const auto db = orm::on(pool);
        user u;
        u.name = "kim";
        u.posts.set(std::vector<post>(2));
        const auto inserted = co_await db.insert_with<&user::posts>(u).exec();
        EXPECT_EQ(inserted, 3U);
        auto users = co_await db.select<user>().order("u.id").all();
        for (auto& one : users) one.name += "!";
        const auto updated = co_await db.update_all(users).only<&user::name>().exec();
        EXPECT_EQ(updated, 4U);
        co_await pool.close();
    };
    tusk::testing::run_async(body(url()));
}

} // namespace bulk_test
