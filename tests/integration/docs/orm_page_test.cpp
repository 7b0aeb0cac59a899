// The code of docs/orm-*.md.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>

#include <tusk/orm.hpp>

#include "page.hpp"

namespace orm_page {

using namespace docs_test;

namespace orm = tusk::orm;

struct post;
struct user {
    std::int64_t id = 0;
    std::string name;
    std::optional<std::string> email;
    std::optional<std::chrono::sys_time<std::chrono::microseconds>> created_at;
    orm::many<post> posts;
    using tusk_table =
        orm::table<"users", "u", orm::col<&user::id, orm::pk, orm::identity>, orm::col<&user::name>,
                   orm::col<&user::email, orm::unique>, orm::col<&user::created_at, orm::created>>;
    struct rels;
};
struct post {
    std::int64_t id = 0;
    std::int64_t user_id = 0;
    std::string title;
    std::int32_t stars = 0;
    std::optional<std::chrono::sys_time<std::chrono::microseconds>> deleted_at;
    orm::one<user> author;
    using tusk_table = orm::table<"posts", "p", orm::col<&post::id, orm::pk, orm::identity>,
                                  orm::col<&post::user_id>, orm::col<&post::title>, orm::col<&post::stars>,
                                  orm::col<&post::deleted_at, orm::soft_delete>>;
    struct rels;
};
struct user::rels : orm::relations<orm::has_many<&user::posts, &user::id, &post::user_id>> {};
struct post::rels : orm::relations<orm::belongs_to<&post::author, &post::user_id, &user::id>> {};

struct note {
    std::int64_t id = 0;
    std::string text;
    std::optional<std::chrono::sys_time<std::chrono::microseconds>> updated_at;
    std::optional<std::chrono::sys_time<std::chrono::microseconds>> deleted_at;
    using tusk_table =
        orm::table<"notes", "n", orm::col<&note::id, orm::pk, orm::identity>, orm::col<&note::text>,
                   orm::col<&note::updated_at, orm::updated>, orm::col<&note::deleted_at, orm::soft_delete>>;

    static tusk::failure before_insert(note& row, orm::hook_context&) {
        if (row.text.empty()) return tusk::failure{tusk::errc::invalid_argument, "a note needs text"};
        return {};
    }
};

template <class Db>
class users {
public:
    explicit users(Db& db) : db_{orm::on(db)} {}
    auto find(std::int64_t id) const { return db_.template select<user>().where_pk(id).one(); }
    auto add(user& u) const { return db_.insert(u).exec(); }
    auto rename(std::int64_t id, std::string_view name) const {
        return db_.template update<user>().set("name = ?", name).where_pk(id).exec_one();
    }

private:
    orm::database<Db> db_;
};

asio::awaitable<void> change(tusk::transaction& tx) {
    const users in{tx};
    user u;
    u.name = "zoe";
    co_await in.add(u);
    co_await in.rename(u.id, "zora");
}

class orm_page_test : public page_test {
protected:
    /// The page's tables, by the page's own statements, and some rows.
    tusk::blocking::connection filled() {
        auto db = connect();
        orm::create_table<user>().if_not_exists().exec(db);
        orm::create_table<post>().foreign_key("(user_id) references users (id) on delete cascade").exec(db);
        orm::create_index<post>("posts_by_user")
            .columns<&post::user_id>()
            .where("deleted_at is null")
            .exec(db);
        orm::alter_table<post>().add_column("slug text").exec(db);
        orm::create_table<note>().exec(db);
        db.exec("insert into users (name, email) values ('ann', 'ann@x'), ('bob', null)");
        db.exec(
            "insert into posts (user_id, title, stars) values (1, 'one', 5), (1, 'two', 3), (1, 'three', 9), "
            "(2, 'four', 0)");
        return db;
    }
};

TEST_F(orm_page_test, queries) {
    auto connection = filled();
    const std::int64_t last = 0;
    const std::string mail = "ann@x";

    const auto db = orm::on(connection); // or a pool, a transaction; asio or blocking
    std::vector<user> found =
        db.select<user>().where("u.name like ? and u.id > ?", "a%", last).order("u.id").limit(20).all();
    std::optional<user> ann = db.select<user>().where("u.email = {mail}", tusk::named("mail", mail)).maybe();

    user u;
    u.name = "joe";
    db.insert(u).exec(); // u.id and u.created_at are what the server made
    u.name = "joseph";
    db.update(u).where_pk().exec_one();
    db.update<post>().set("stars = stars + ?", 1).where("p.user_id = ?", u.id).exec();
    db.erase<post>().where_pk(7).exec();

    EXPECT_EQ(found.size(), 1U);
    EXPECT_EQ(ann.value().name, "ann");
    EXPECT_TRUE(u.created_at);
    EXPECT_EQ(orm::select<user>().where_pk(u.id).one(connection).name, "joseph");
}

TEST_F(orm_page_test, typed_conditions) {
    auto connection = filled();
    const auto db = orm::on(connection);
    const std::vector<std::int64_t> ids{2};
    const std::optional<std::string> mail = "ann@x";

    auto wanted = orm::c<&user::id>.in(ids) && orm::c<&user::name> != "bob";
    if (mail) wanted = wanted || orm::c<&user::email> == *mail;
    auto users = db.select<user>().where(wanted).all();

    ASSERT_EQ(users.size(), 1U);
    EXPECT_EQ(users[0].name, "ann");
}

TEST_F(orm_page_test, other_rows) {
    auto connection = filled();
    const auto db = orm::on(connection);

    struct author_stars {
        std::string name;
        std::int64_t stars;
    };
    auto top = db.select<user>()
                   .no_columns()
                   .expr("u.name")
                   .join<post>("p.user_id = u.id")
                   .expr("sum(p.stars) as stars")
                   .group("u.name")
                   .order("stars desc")
                   .all<author_stars>();

    ASSERT_EQ(top.size(), 2U);
    EXPECT_EQ(top[0].stars, 17);
}

TEST_F(orm_page_test, inserts_updates_deletes) {
    auto connection = filled();
    const auto db = orm::on(connection);
    std::vector<user> users(2);
    std::vector<user> more(2);
    user u;
    u.name = "anna";
    u.email = "ann@x";

    db.insert(users).exec();    // VALUES; as many statements as 65,535 arguments need, in one transaction
    db.insert_all(more).exec(); // one array for each column: one statement for any number of rows
    db.insert(u).on_conflict<&user::email>().update<&user::name>().exec();
    db.update(u).only<&user::name>().where_pk().exec();
    auto gone = db.erase<post>().where("p.stars < ?", 1).returning<&post::id>().all<std::int64_t>();

    EXPECT_EQ(u.id, 1);
    EXPECT_EQ(gone, std::vector<std::int64_t>{4});
}

TEST_F(orm_page_test, many_rows) {
    auto connection = filled();
    const auto db = orm::on(connection);
    auto posts = db.select<post>().all();

    for (auto& p : posts) p.stars += 1;
    db.update_all(posts).only<&post::stars>().exec(); // each row by its key, with its own values

    std::vector<post> wanted(2);
    wanted[0].id = 1;
    wanted[0].title = "one, again";
    wanted[1].id = 99;
    wanted[1].user_id = 2;
    wanted[1].title = "new";

    db.merge<post>()
        .with("_data", orm::values(wanted))
        .using_source("_data")
        .on("p.id = _data.id")
        .when_matched()
        .update("title = _data.title")
        .when_not_matched()
        .insert<&post::id, &post::user_id, &post::title, &post::stars>(
            "_data.id, _data.user_id, _data.title, 0")
        .exec();

    EXPECT_EQ(db.select<post>().where_pk(1).one().stars, 6);
    EXPECT_EQ(db.select<post>().where_pk(1).one().title, "one, again");
    EXPECT_EQ(db.select<post>().where_pk(99).one().title, "new");
}

TEST_F(orm_page_test, verified) {
    auto connection = filled();

    for (const auto& problem : orm::verify_models<user, post>(connection))
        std::cerr << problem.text() << '\n';

    EXPECT_TRUE((orm::verify_models<user, post>(connection).empty()));
}

TEST_F(orm_page_test, nested_inserts) {
    auto connection = filled();
    const auto db = orm::on(connection);

    user kim;
    kim.name = "kim";
    std::vector<post> both(2);
    both[0].title = "first";
    both[1].title = "second";
    kim.posts.set(std::move(both));
    db.insert_with<&user::posts>(kim).exec(); // kim.posts[0].user_id is kim.id

    EXPECT_EQ(kim.posts[0].user_id, kim.id);
    EXPECT_EQ(db.select<post>().where("p.user_id = ?", kim.id).count(), 2);
}

TEST_F(orm_page_test, fixtures) {
    auto connection = filled();
    const auto file = std::filesystem::path{testing::TempDir()} / "orm_page_blog.yml";
    std::ofstream{file}
        << "- model: user\n  rows:\n    - _id: ann\n      name: Ann\n      created_at: '{{ now }}'\n"
           "- model: post\n  rows:\n    - title: 'First {{ word }}'\n      stars: 0\n"
           "      user_id: '{{ user.ann.id }}'\n";
    const auto random_word = [] { return std::string{"word"}; };

    orm::fixtures blog;
    blog.models<user, post>().function("word", random_word).mode(orm::fixture_mode::truncate).file(file);
    const auto rows = blog.load(connection);
    const auto ann = rows.get<std::int64_t>("user.ann.id");

    EXPECT_EQ(orm::on(connection).select<post>().one().user_id, ann);
}

TEST_F(orm_page_test, pages) {
    auto connection = filled();
    const auto db = orm::on(connection);
    std::string cursor;

    using by_stars = orm::keyset<&post::stars, &post::id>;
    auto q = db.select<post>();
    by_stars::page(q, cursor, 2, orm::page_order::descending);
    auto page = q.all();
    cursor = by_stars::cursor(page.back()); // good in a URL

    ASSERT_EQ(page.size(), 2U);
    EXPECT_EQ(page[0].stars, 9);
    auto next = db.select<post>();
    EXPECT_EQ(by_stars::page(next, cursor, 2, orm::page_order::descending).all().at(0).stars, 3);
}

TEST_F(orm_page_test, repeated_queries) {
    auto connection = filled();

    orm::repeated_queries watch{10, [](const orm::repeated_queries::finding& f) {
                                    std::cerr << f.where.file_name() << ':' << f.where.line() << ": " << f.sql
                                              << '\n';
                                }};
    const auto watched = orm::on(connection).watched_by(watch); // one watch for each request

    static_cast<void>(watched.select<user>().count());
    EXPECT_EQ(watch.total(), 1U);
}

TEST_F(orm_page_test, relations) {
    auto connection = filled();
    const auto db = orm::on(connection);
    testing::internal::CaptureStdout();

    auto users = db.select<user>()
                     .load<&user::posts>([](auto& posts) {
                         posts.where("p.stars > ?", 2).order("p.stars desc").limit_each(3);
                     })
                     .order("u.id")
                     .all();
    for (const auto& u : users)
        for (const auto& p : u.posts) std::cout << u.name << ": " << p.title << '\n';

    EXPECT_EQ(testing::internal::GetCapturedStdout(), "ann: three\nann: one\nann: two\n");

    auto one = db.select<user>()
                   .load<&user::posts>([](auto& posts) { posts.template load<&post::author>(); })
                   .where_pk(1)
                   .one();

    EXPECT_EQ(one.posts[0].author->name, "ann");
}

TEST_F(orm_page_test, soft_delete) {
    auto connection = filled();
    const auto db = orm::on(connection);
    note n;
    EXPECT_THROW(db.insert(n).exec(), tusk::error);
    n.text = "x";
    db.insert(n).exec();
    EXPECT_TRUE(n.updated_at);

    db.erase<note>().where_pk(n.id).exec();   // sets deleted_at to the server's now()
    db.select<note>().with_deleted().count(); // all rows; only_deleted() is the deleted ones
    db.restore<note>().where_pk(n.id).exec();
    db.erase<note>().force().where_pk(n.id).exec(); // for good

    EXPECT_EQ(db.select<note>().with_deleted().count(), 0);
}

asio::awaitable<void> transactions(std::string url) {
    auto pool = co_await tusk::pool::open(url);
    co_await orm::on(pool).transact(&change); // commits, or rolls back and throws
    const auto zora = co_await users{pool}.find(3);
    EXPECT_EQ(zora.name, "zora");
    co_await pool.close();
}

TEST_F(orm_page_test, transactions) {
    auto connection = filled();
    tusk::testing::run_async(transactions(url()));

    connection.transact([](tusk::blocking::transaction& tx) { users{tx}.rename(1, "anne"); });

    EXPECT_EQ(users{connection}.find(1).name, "anne");
    user u;
    u.email = "ann@x";
    testing::internal::CaptureStderr();

    try {
        users{connection}.add(u);
    } catch (const tusk::error& e) {
        if (!e.is(tusk::condition::duplicate)) throw;
        std::cerr << "there is one already\n";
    }

    EXPECT_EQ(testing::internal::GetCapturedStderr(), "there is one already\n");
}

} // namespace orm_page
