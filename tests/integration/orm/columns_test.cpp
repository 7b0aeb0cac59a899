#include <boost/json.hpp>

#include <tusk/types/hstore.hpp>
#include <tusk/types/json.hpp>

#include "shop.hpp"

using namespace orm_test;

namespace columns_test {

struct place {
    std::string city;
    std::optional<std::string> zip;
};
struct item;
struct shelf {
    std::int64_t room = 0;
    std::int64_t number = 0;
    place at;
    boost::json::value notes;
    tusk::hstore labels;
    std::vector<std::string> tags;
    std::int64_t visits = 0;
    orm::many<item> items;
    using tusk_table = orm::table<"shelves", "s", orm::col<&shelf::room, orm::pk>,
                                  orm::col<&shelf::number, orm::pk>, orm::embed<&shelf::at, "at_">,
                                  orm::col<&shelf::notes, orm::jsonb>, orm::col<&shelf::labels, orm::hstore>,
                                  orm::col<&shelf::tags>, orm::col<&shelf::visits, orm::scanonly>>;
    struct rels;
};
struct item {
    std::int64_t id = 0;
    std::int64_t shelf_room = 0;
    std::int64_t shelf_number = 0;
    std::optional<std::int64_t> parent;
    orm::one<shelf> on;
    using tusk_table =
        orm::table<"items", "i", orm::col<&item::id, orm::pk, orm::autoincrement>,
                   orm::col<&item::shelf_room>, orm::col<&item::shelf_number>, orm::col<&item::parent>>;
    struct rels;
};
struct shelf::rels : orm::relations<orm::has_many<&shelf::items, &shelf::room, &shelf::number,
                                                  &item::shelf_room, &item::shelf_number>> {};
struct item::rels
    : orm::relations<
          orm::belongs_to<&item::on, &item::shelf_room, &item::shelf_number, &shelf::room, &shelf::number>> {
};

class columns : public shop_test {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create extension hstore");
        return o;
    }
    /// Two shelves with two items and one, on tables that the models make.
    void fill(tusk::blocking::connection& c) {
        orm::create_table<shelf>().exec(c);
        orm::create_table<item>().foreign_key("(shelf_room, shelf_number) references shelves").exec(c);
        std::vector<shelf> shelves(2);
        shelves[0].room = shelves[1].room = 1;
        shelves[0].number = 1;
        shelves[1].number = 2;
        shelves[0].at = {"Bonn", "53111"};
        shelves[0].notes = {{"a", 1}};
        shelves[0].labels = {{"k", "v"}};
        shelves[0].tags = {"x", "y,\"z"};
        orm::on(c).insert(shelves).exec();
        std::vector<item> items(3);
        for (auto& i : items) i.shelf_room = i.shelf_number = 1;
        items[2].shelf_number = 2;
        items[1].parent = 1;
        orm::on(c).insert(items).exec();
    }
};

TEST_F(columns, of_every_kind_come_back_as_they_went) {
    auto c = connect();
    fill(c);
    const auto s = orm::on(c).select<shelf>().where_pk(1, 1).one();
    EXPECT_EQ(s.at.city, "Bonn");
    EXPECT_EQ(s.at.zip, "53111");
    EXPECT_EQ(s.notes.at("a").as_int64(), 1);
    EXPECT_EQ(s.labels, (tusk::hstore{{"k", "v"}}));
    EXPECT_EQ(s.tags, (std::vector<std::string>{"x", "y,\"z"}));
    EXPECT_EQ(orm::verify_models<item>(c).size(), 0U);
}

TEST_F(columns, keys_of_two_columns_relate_rows) {
    auto c = connect();
    fill(c);
    const auto db = orm::on(c);
    const auto shelves = db.select<shelf>().load<&shelf::items>().order("s.number").all();
    ASSERT_EQ(shelves.size(), 2U);
    EXPECT_EQ(shelves[0].items.size(), 2U);
    EXPECT_EQ(shelves[1].items.size(), 1U);
    const auto limited = db.select<shelf>()
                             .load<&shelf::items>([](auto& i) { i.order("i.id").limit_each(1); })
                             .order("s.number")
                             .all();
    EXPECT_EQ(limited[0].items.size(), 1U);
    const auto items = db.select<item>().load<&item::on>().order("i.id").all();
    EXPECT_EQ(items[2].on->number, 2);
    EXPECT_EQ(db.select<item>().load_joined<&item::on>().order("i.id").all().at(0).on->at.city, "Bonn");
    EXPECT_EQ(db.select<shelf>()
                  .where_exists<&shelf::items>([](auto& i) { i.where("i.parent is not null"); })
                  .count(),
              1);
    auto all = db.select<shelf>().all();
    all[0].at.city = "Ulm";
    EXPECT_EQ(db.update_all(all).exec(), 2U);
    EXPECT_EQ(db.select<shelf>().where("s.at_city = ?", "Ulm").count(), 1);
}

TEST_F(columns, trees_are_read_by_recursion) {
    auto c = connect();
    fill(c);
    const auto db = orm::on(c);
    const auto below =
        orm::raw("select id from items where id = ? union all select i.id from items i join tree "
                 "t on i.parent = t.id",
                 1);
    EXPECT_EQ(db.select<item>().with_recursive("tree", below).where("i.id in (select id from tree)").count(),
              2);
}

TEST_F(columns, locked_rows_are_skipped) {
    auto c = connect();
    fill(c);
    auto other = connect();
    auto tx = c.begin();
    EXPECT_EQ(orm::on(tx).select<item>().where_pk(1).for_update().all().size(), 1U);
    EXPECT_EQ(orm::on(other).select<item>().for_update_skip_locked().all().size(), 2U);
    const auto f = failure_of(
        [&] { static_cast<void>(orm::on(other).select<item>().where_pk(1).lock("update nowait").all()); });
    EXPECT_NE(f.message().find("could not obtain lock"), std::string::npos) << f.message();
}

TEST_F(columns, are_the_same_for_the_other_client) {
    auto c = connect();
    fill(c);
    async([](tusk::connection& a) -> asio::awaitable<void> {
        const auto db = orm::on(a);
        auto query = db.select<shelf>();
        query.load<&shelf::items>().order("s.number");
        const auto shelves = co_await query.all();
        EXPECT_EQ(shelves.at(0).items.size(), 2U);
        auto rows = co_await db.select<item>().order("i.id").stream();
        const auto first = co_await rows.next();
        EXPECT_EQ(first.value().id, 1);
        while (true) {
            const auto next = co_await rows.next();
            if (!next) break;
        }
        const auto page = co_await db.select<item>().order("i.id").limit(1).all_and_count();
        EXPECT_EQ(page.second, 3);
        const auto n = co_await db.erase<item>().where_pk(2).exec_one();
        EXPECT_EQ(n, 1U);
        const auto plan = co_await db.select<item>().explain();
        EXPECT_NE(plan.find("items"), std::string::npos);
    });
}

} // namespace columns_test
