#include "shop.hpp"

using namespace orm_test;

namespace queries_test {

class queries : public shop_test {};

/// Written once for every kind of handle.
template <class Db>
class users_repository {
public:
    explicit users_repository(Db& db) : db_{orm::on(db)} {}
    auto find(std::int64_t id) const { return db_.template select<user>().where_pk(id).one(); }
    auto named(std::string_view name) const {
        return db_.template select<user>().where("u.name = ?", name).maybe();
    }
    auto add(user& u) const { return db_.insert(u).exec(); }
    auto rename(std::int64_t id, std::string_view name) const {
        return db_.template update<user>().set("name = ?", name).where_pk(id).exec_one();
    }

private:
    orm::database<Db> db_;
};

asio::awaitable<void> add_zora(tusk::transaction& t) {
    const users_repository users{t};
    user u;
    u.name = "zoe";
    co_await users.add(u);
    co_await users.rename(u.id, "zora");
}

TEST_F(queries, rows_of_a_model_come_by_condition_order_and_limit) {
    auto c = connect();
    const auto db = orm::on(c);
    const auto users = db.select<user>().where("u.name <> ?", "bob").order("u.id desc").limit(5).all();
    ASSERT_EQ(users.size(), 2U);
    EXPECT_EQ(users[0].name, "eve");
    EXPECT_EQ(users[0].email, "eve@x");
    EXPECT_EQ(users[0].boss_id, 1);
    EXPECT_TRUE(db.select<user>().limit(0).all().empty());
    EXPECT_EQ(db.select<user>().count(), 3);
    EXPECT_TRUE(db.select<user>().where("u.id = ?", 2).exists());
    EXPECT_FALSE(db.select<user>().where("u.id = ?", 77).exists());
}

TEST_F(queries, one_and_maybe_tell_no_row_from_too_many) {
    auto c = connect();
    const auto db = orm::on(c);
    EXPECT_EQ(failure_of([&] { static_cast<void>(db.select<user>().where_pk(77).one()); }).code(),
              tusk::errc::not_found);
    EXPECT_EQ(failure_of([&] { static_cast<void>(db.select<user>().one()); }).code(),
              tusk::errc::too_many_rows);
    EXPECT_EQ(db.select<user>().where_pk(77).maybe(), std::nullopt);
}

TEST_F(queries, other_rows_than_models_are_read_by_name_or_place) {
    struct totals {
        std::string name;
        std::int64_t posts;
    };
    auto c = connect();
    const auto db = orm::on(c);
    auto q = db.select<user>()
                 .no_columns()
                 .expr("u.name")
                 .join<post>("p.user_id = u.id")
                 .expr("count(*) as posts");
    q.group("u.name").having("count(*) > ?", 0).order("u.name");
    const auto rows = q.all<totals>();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].name, "ann");
    EXPECT_EQ(rows[0].posts, 3);
    EXPECT_EQ(rows[1].posts, 1) << "deleted posts are not joined";
    EXPECT_EQ(db.select<user>().no_columns().expr("max(u.id)").one<std::int64_t>(), 3);
}

TEST_F(queries, chosen_columns_leave_the_others_alone) {
    auto c = connect();
    const auto u = orm::on(c).select<user>().columns<&user::id>().where_pk(1).one();
    EXPECT_EQ(u.id, 1);
    EXPECT_TRUE(u.name.empty());
}

TEST_F(queries, common_table_expressions_and_set_operations) {
    auto c = connect();
    const auto db = orm::on(c);
    const auto bosses = orm::select<user>().no_columns().expr("u.id").where("u.boss_id is null");
    const auto rows = db.select<user>().with("bosses", bosses).where("u.id in (select id from bosses)").all();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].name, "ann");
    const auto both = db.select<user>().where_pk(1).union_all(orm::select<user>().where_pk(2)).all();
    EXPECT_EQ(both.size(), 2U);
    EXPECT_EQ(db.select<user>().where_pk(1).union_all(orm::select<user>().where_pk(2)).count(), 2);
}

TEST_F(queries, keys_in_a_range) {
    auto c = connect();
    const auto db = orm::on(c);
    EXPECT_EQ(db.select<user>().where_pks(std::vector<std::int64_t>{1, 3, 3}).count(), 2);
    EXPECT_EQ(db.select<user>().where_pks(std::vector<std::int64_t>{}).count(), 0);
    const std::vector<std::tuple<std::int64_t, std::int64_t>> pairs{{1, 2}, {4, 1}, {9, 9}};
    EXPECT_EQ(db.select<post_tag>().where_pks(pairs).count(), 2);
}

TEST_F(queries, a_stream_brings_row_after_row_and_leaves_the_connection_usable) {
    auto c = connect();
    const auto db = orm::on(c);
    {
        auto rows = db.select<user>().order("u.id").stream();
        EXPECT_EQ(rows.next().value().name, "ann");
    }
    std::string names;
    EXPECT_EQ(db.select<user>().order("u.id").for_each([&](const user& u) { names += u.name; }), 3U);
    EXPECT_EQ(names, "annbobeve");
}

TEST_F(queries, a_page_and_its_count_are_one_round_trip) {
    auto c = connect();
    const auto [rows, total] = orm::on(c).select<user>().order("u.id").limit(2).all_and_count();
    EXPECT_EQ(rows.size(), 2U);
    EXPECT_EQ(total, 3);
}

TEST_F(queries, explain_shows_the_plan) {
    auto c = connect();
    EXPECT_NE(orm::on(c).select<user>().where_pk(1).explain().find("users"), std::string::npos);
}

TEST_F(queries, hostile_values_and_names_stay_what_they_are) {
    auto c = connect();
    const auto db = orm::on(c);
    const std::string hostile = "x'; drop table users; --\\";
    user u;
    u.name = hostile;
    db.insert(u).exec();
    EXPECT_EQ(db.select<user>().where("u.name = ?", hostile).one().id, u.id);
    const auto f = failure_of([&] {
        static_cast<void>(db.select<user>().order_by(orm::ident{"id\"; drop table users; --"}).all());
    });
    EXPECT_EQ(f, tusk::condition::undefined_column);
    u.name = std::string{"a\0b", 3};
    const auto nul = failure_of([&] { db.insert(u).columns<&user::name>().exec(); });
    EXPECT_EQ(nul, tusk::condition::invalid_input) << nul.message();
    EXPECT_EQ(db.select<user>().count(), 4);
}

TEST_F(queries, an_insert_fills_what_the_server_made) {
    auto c = connect();
    const auto db = orm::on(c);
    user u;
    u.name = "joe";
    EXPECT_EQ(db.insert(u).exec(), 1U);
    EXPECT_EQ(u.id, 4);
    ASSERT_TRUE(u.created_at && u.updated_at);
    EXPECT_EQ(*u.created_at, *u.updated_at);
    u.name = "joseph";
    EXPECT_EQ(db.update(u).where_pk().exec_one(), 1U);
    const auto read = db.select<user>().where_pk(u.id).one();
    EXPECT_EQ(read.name, "joseph");
    EXPECT_EQ(read.created_at, u.created_at);
    EXPECT_GE(*read.updated_at, *u.updated_at);
}

TEST_F(queries, many_rows_are_inserted_by_arrays_and_by_values) {
    auto c = connect();
    const auto db = orm::on(c);
    std::vector<user> rows(1000);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].name = "n" + std::to_string(i);
    EXPECT_EQ(db.insert_all(rows).exec(), 1000U);
    EXPECT_EQ(rows[999].id, 1003);
    EXPECT_EQ(db.select<user>().where_pk(rows[500].id).one().name, "n500");
    std::vector<tag> tags(40000);
    for (std::size_t i = 0; i < tags.size(); ++i) tags[i] = {static_cast<std::int64_t>(i + 10), "t"};
    EXPECT_EQ(db.insert(tags).exec(), 40000U) << "more arguments than a statement takes";
    tags.resize(2);
    tags[0].id = 100000;
    tags[1].id = 10;
    EXPECT_EQ(failure_of([&] { db.insert(tags).exec(); }), tusk::condition::duplicate);
    EXPECT_EQ(db.select<tag>().where_pk(100000).count(), 0) << "half of an insert stayed";
    std::vector<tag> none;
    EXPECT_EQ(db.insert(none).exec(), 0U);
}

TEST_F(queries, an_upsert_updates_what_is_there) {
    auto c = connect();
    const auto db = orm::on(c);
    tag t{1, "crimson"};
    EXPECT_EQ(db.insert(t).on_conflict<&tag::id>().update<&tag::label>().exec(), 1U);
    EXPECT_EQ(db.select<tag>().where_pk(1).one().label, "crimson");
    t.label = "ignored";
    EXPECT_EQ(db.insert(t).on_conflict<&tag::id>().do_nothing().maybe(), std::nullopt);
    EXPECT_EQ(db.insert(t).on_conflict<&tag::id>().set("label = excluded.label || ?", "!").one().label,
              "ignored!");
}

TEST_F(queries, updates_and_deletes_say_how_many_rows) {
    auto c = connect();
    const auto db = orm::on(c);
    EXPECT_EQ(db.update<post>().set("stars = stars + ?", 1).where("p.user_id = ?", 1).exec(), 3U);
    EXPECT_EQ(db.update<post>().set<&post::stars>(2).all_rows().exec(), 4U);
    EXPECT_EQ(failure_of([&] { db.update<post>().set<&post::stars>(2).where_pk(77).exec_one(); }).code(),
              tusk::errc::not_found);
    const auto changed = db.update<post>().set<&post::stars>(8).where_pk(1).all();
    ASSERT_EQ(changed.size(), 1U);
    EXPECT_EQ(changed[0].stars, 8);
    EXPECT_EQ(db.erase<comment>().where("c.target_type = ?", "user").exec(), 1U);
    EXPECT_EQ(db.erase<comment>().all_rows().returning<&comment::id>().all<std::int64_t>().size(), 2U);
}

TEST_F(queries, raw_statements) {
    auto c = connect();
    EXPECT_EQ(orm::on(c).raw("select ?0::int8 + ?0", 5).one<std::int64_t>(), 10);
}

TEST_F(queries, a_repository_is_written_once_for_every_handle) {
    auto blocking = connect();
    users_repository in_sync{blocking};
    EXPECT_EQ(in_sync.find(2).name, "bob");
    auto tx = blocking.begin();
    EXPECT_EQ(users_repository{tx}.rename(2, "rob"), 1U);
    tx.rollback();
    EXPECT_EQ(in_sync.named("rob"), std::nullopt);

    async([](tusk::connection& c) -> asio::awaitable<void> {
        const users_repository users{c};
        const auto bob = co_await users.find(2);
        EXPECT_EQ(bob.name, "bob");
        co_await orm::on(c).transact(&add_zora);
        const auto zora = co_await users.named("zora");
        EXPECT_TRUE(zora.has_value());
    });
}

TEST_F(queries, a_pool_is_a_handle_like_others) {
    auto body = [](std::string address) -> asio::awaitable<void> {
        auto p = co_await tusk::pool::open(address);
        const auto db = orm::on(p);
        const auto users = co_await db.select<user>().load<&user::posts>().order("u.id").all();
        EXPECT_EQ(users.at(0).posts.size(), 3U);
        user u;
        u.name = "new";
        co_await db.insert(u).exec();
        EXPECT_EQ(u.id, 4);
        const auto n = co_await db.select<user>().count();
        EXPECT_EQ(n, 4);
        co_await p.close();
    };
    tusk::testing::run_async(body(url()));
}

} // namespace queries_test
