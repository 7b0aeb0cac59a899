// Statements of the program (`sql<…>`), arguments by name, and what verifying says about them.
#include <boost/asio/use_awaitable.hpp>

#include <tusk/client/statement.hpp>
#include <tusk/client/verify.hpp>

#include "both.hpp"

using namespace client_test;
using tusk::named;

namespace statement_test {

constexpr auto find = tusk::sql<"select id, name, age from users where name = $1", user(std::string_view)>;
constexpr auto by_range =
    tusk::sql<"select name from users where id >= {low} and id <= {high} and id >= {low} "
              "order by id",
              std::string(std::int64_t, std::int64_t)>;
constexpr auto rename_user =
    tusk::sql<"update users set name = {name} where id = {id}", void(std::string_view, std::int64_t)>;
constexpr auto braces = tusk::sql<"select '{{1}}' || {x} || array[1,2]::text", std::string(std::string)>;
constexpr auto all_users = tusk::sql<"select id, name, age from users order by id", user()>;
constexpr auto set_age =
    tusk::sql<"update users set age = $1 where id = $2", void(std::optional<int>, std::int64_t)>;

class statements : public users_test {};

TEST_F(statements, work_with_every_blocking_verb) {
    auto db = connect();
    EXPECT_EQ(db.one(find, "ann").age, 30);
    const user bob = db.one(find, std::string{"bob"});
    EXPECT_EQ(bob.name, "bob");
    EXPECT_EQ(db.maybe(find, "nobody"), std::nullopt);
    EXPECT_EQ(db.all(all_users).size(), 2U);
    EXPECT_EQ(db.all(by_range, 1, 2), (std::vector<std::string>{"ann", "bob"})) << "int for int8";
    EXPECT_EQ(db.exec(rename_user, "carl", bob.id), 1U);
    EXPECT_EQ(db.exec(set_age, std::nullopt, 1), 1U);
    int seen = 0;
    EXPECT_EQ(db.for_each([&](const user&) { ++seen; }, all_users), 2U);
    EXPECT_EQ(seen, 2);
    EXPECT_EQ(db.stream(all_users).next()->name, "ann");
    const auto soon = tusk::options{}.timeout(5s);
    EXPECT_EQ(db.one(soon, find, "carl").id, bob.id);
    EXPECT_EQ(db.try_one(find, "nobody").error().code(), tusk::errc::not_found);
    EXPECT_EQ(db.one<user>(find, "carl").id, bob.id) << "and with the row type written out";
    EXPECT_EQ(db.one(braces, "-"), "{{1}}-{1,2}") << "braces in strings are nobody's business";
}

TEST_F(statements, work_with_every_asynchronous_verb_and_in_transactions) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        const user ann = co_await db.one(find, "ann");
        EXPECT_EQ(ann.age, 30);
        const auto nobody = co_await db.maybe(find, "nobody");
        EXPECT_FALSE(nobody);
        auto tx = co_await db.begin();
        EXPECT_EQ(co_await tx.exec(rename_user, "anna", ann.id), 1U);
        const auto names = co_await tx.all(by_range, 1, 1);
        EXPECT_EQ(names, std::vector<std::string>{"anna"});
        co_await tx.rollback();
        auto rows = co_await db.stream(all_users);
        const auto first = co_await rows.next();
        EXPECT_EQ(first->name, "ann");
    });
}

TEST_F(statements, work_in_batches) {
    auto db = connect();
    tusk::batch b;
    auto ann = b.one(find, "ann");
    auto none = b.maybe(find, "nobody");
    auto all = b.all(all_users);
    auto n = b.exec(set_age, 31, 1);
    db.run(b);
    EXPECT_EQ(ann.get().age, 30);
    EXPECT_FALSE(none.get());
    EXPECT_EQ(all.get().size(), 2U);
    EXPECT_EQ(n.get(), 1U);
}

TEST_F(statements, cost_what_their_text_costs) {
    auto db = connect();
    EXPECT_EQ(db.intern(find.text()).text, db.intern("select id, name, age from users where name = $1").text);
    EXPECT_EQ(by_range.text(), "select name from users where id >= $1 and id <= $2 and id >= $1 order by id");
    EXPECT_EQ(static_cast<const void*>(find.text().data()), std::string_view{find}.data()) << "one address";
}

TEST_F(statements, keep_numbers_that_do_not_fit_from_being_cut_off) {
    auto db = connect();
    const auto f = failure_of([&] { db.exec(set_age, std::int64_t{1} << 40, 1); });
    EXPECT_EQ(f.code(), tusk::errc::value_out_of_range) << f.message();
}

TEST_F(statements, take_arguments_by_name_at_run_time_too) {
    auto db = connect();
    const std::string name = "ann";
    EXPECT_EQ(db.one<int>("select age from users where name = {name} and {low} < age", named("low", 3),
                          named("name", name)),
              30);
    EXPECT_EQ(db.exec("update users set age = {age} where name in ({name}, {name})", named("name", "bob"),
                      named("age", std::optional<int>{})),
              1U);
    async([](tusk::connection& c) -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(co_await c.one<std::string>("select {a} || {b} || '{c}'", named("b", std::to_string(i)),
                                                  named("a", "x")),
                      "x" + std::to_string(i) + "{c}");
    });
}

TEST_F(statements, name_what_is_wrong_with_their_named_arguments) {
    auto db = connect();
    const auto said = [&](auto... args) {
        return failure_of([&] { db.exec("select {a}::int", args...); }).message();
    };
    EXPECT_NE(said(named("b", 1)).find("\"b\" is not used"), std::string::npos);
    EXPECT_NE(said(named("a", 1), named("a", 2)).find("\"a\" is given twice"), std::string::npos);
    EXPECT_NE(
        failure_of([&] { db.exec("select {a}, {b}", named("a", 1)); }).message().find("{b} has no argument"),
        std::string::npos);
    EXPECT_EQ(db.exec("select 1"), 1U) << "nothing was sent";
}

TEST_F(statements, take_arguments_by_name_in_a_batch) {
    auto db = connect();
    tusk::batch b;
    auto sum = b.one<int>("select {a}::int - {b}::int", named("b", 2), named("a", 7));
    auto text = b.one<std::string>("select {t} || {t}", named("t", std::string{"x"}));
    db.run(b);
    EXPECT_EQ(sum.get(), 5);
    EXPECT_EQ(text.get(), "xx");

    tusk::batch wrong;
    wrong.exec("select 1");
    wrong.exec("select {a}::int", named("b", 1));
    const auto f = failure_of([&] { db.run(wrong); });
    EXPECT_NE(f.message().find("statement 2 of the batch"), std::string::npos) << f.message();
    EXPECT_EQ(f.sql(), "select {a}::int");
    EXPECT_EQ(db.exec("select 1"), 1U) << "nothing was sent";
}

// ---- what is known of them

TEST_F(statements, are_in_the_list_of_the_program) {
    const auto all = tusk::statements();
    const auto at =
        std::find_if(all.begin(), all.end(), [](const auto* s) { return s->text() == rename_user.text(); });
    ASSERT_NE(at, all.end());
    EXPECT_FALSE((*at)->returns_rows());
    ASSERT_EQ((*at)->arguments().size(), 2U);
    EXPECT_EQ((*at)->arguments()[0].name, "name");
    EXPECT_EQ((*at)->arguments()[1].cpp_type, "long int");
    const auto& info = find.info();
    ASSERT_EQ(info.columns().size(), 3U);
    EXPECT_EQ(info.columns()[2].name, "age");
    EXPECT_TRUE(info.columns()[2].optional);
    EXPECT_TRUE(info.by_name());
    EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const auto* s) { return s->text() == find.text(); }),
              1);
}

// ---- verifying

struct wrong_user {
    bool id = false; // int8
    std::string name;
    int age = 0;       // may be NULL
    int shoe_size = 0; // no column
};
struct two_columns {
    std::int64_t id;
    std::string name;
};

using good = std::vector<const tusk::statement_info*>;

std::string all_of(const tusk::statement_problems& found) {
    std::string out;
    for (const auto& p : found) out += p.text() + "\n";
    return out;
}

TEST_F(statements, that_fit_the_server_have_no_problems) {
    auto db = connect();
    const good list{&find.info(),   &by_range.info(),  &rename_user.info(),
                    &braces.info(), &all_users.info(), &set_age.info()};
    EXPECT_EQ(all_of(tusk::verify_statements(db, list)), "");
    EXPECT_EQ(all_of(tusk::verify_statements(db, list)), "") << "also when they are described already";
    async([list](tusk::connection& c) -> asio::awaitable<void> {
        const auto found = co_await tusk::verify_statements(c, list);
        EXPECT_EQ(all_of(found), "");
    });
}

TEST_F(statements, tell_everything_that_does_not_fit) {
    const auto& s = tusk::sql<"select id, name, age, 1 as extra from users", wrong_user()>.info();
    const auto check = [](const tusk::statement_problems& found) {
        const auto said = all_of(found);
        EXPECT_EQ(found.size(), 4U) << said;
        EXPECT_NE(said.find("column \"id\""), std::string::npos) << said;
        EXPECT_NE(said.find("member \"shoe_size\" of"), std::string::npos) << said;
        EXPECT_NE(said.find("column \"extra\" has no member"), std::string::npos) << said;
        EXPECT_NE(said.find("column \"age\" may be NULL by its table, and goes into a int"),
                  std::string::npos)
            << said;
        EXPECT_EQ(std::count_if(found.begin(), found.end(), [](const auto& p) { return p.is_error(); }), 3);
    };
    auto db = connect();
    check(tusk::verify_statements(db, good{&s}));
    async([&](tusk::connection& c) -> asio::awaitable<void> {
        const good list{&s};
        check(co_await tusk::verify_statements(c, list));
    });
}

TEST_F(statements, that_the_server_refuses_are_told_with_its_words) {
    auto db = connect();
    const good list{&tusk::sql<"select nme from users", std::string()>.info(),
                    &tusk::sql<"selct 1", int()>.info(), &find.info()};
    const auto found = tusk::verify_statements(db, list);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_NE(found[0].message().find("column \"nme\" does not exist"), std::string::npos);
    EXPECT_NE(found[0].message().find("at character 8"), std::string::npos);
    EXPECT_NE(found[1].message().find("syntax error"), std::string::npos);
}

TEST_F(statements, with_arguments_of_the_wrong_type_are_told) {
    auto db = connect();
    const good list{&tusk::sql<"select 1 from users where id = $1", int(bool)>.info(),
                    &tusk::sql<"select 1 from users where id = $1", int(std::string)>.info()};
    const auto found = tusk::verify_statements(db, list);
    ASSERT_EQ(found.size(), 2U) << all_of(found);
    EXPECT_FALSE(found[0].is_error()) << "that is the server's to say";
    EXPECT_NE(found[0].message().find("argument $1"), std::string::npos) << found[0].message();
    EXPECT_FALSE(found[1].is_error()) << "the server parses it";
}

TEST_F(statements, may_promise_that_nothing_is_null) {
    auto db = connect();
    const good strict{&tusk::sql<"select age from users where age > 0", int()>.info()};
    const good trusting{&tusk::sql<"select age from users where age > 0", int(), tusk::never_null>.info()};
    EXPECT_EQ(tusk::verify_statements(db, strict).size(), 1U);
    EXPECT_TRUE(tusk::verify_statements(db, trusting).empty());
    const good columns{&tusk::sql<"select id from users", two_columns()>.info(),
                       &tusk::sql<"select id, name from users", std::tuple<int, int>()>.info()};
    EXPECT_EQ(tusk::verify_statements(db, columns).size(), 2U);
}

} // namespace statement_test
