// Execution modes, portals with a limit of rows, results of unknown shape, and what observers hear.
#include <tusk/client.hpp>

#include "over_asio.hpp"

using namespace client_test;
using tusk::exec_mode;

namespace modes_test {

class modes : public users_test, public ::testing::WithParamInterface<const char*> {
protected:
    std::shared_ptr<tusk::blocking::verbs> db() { return connect_by(GetParam(), url()); }
};
INSTANTIATE_TEST_SUITE_P(on, modes, ::testing::Values("asio", "blocking"),
                         [](const auto& which) { return std::string{which.param}; });

TEST_P(modes, every_mode_gives_the_same_rows) {
    auto c = db();
    for (const auto mode :
         {exec_mode::cache_statement, exec_mode::cache_describe, exec_mode::describe_exec, exec_mode::exec}) {
        const auto o = tusk::options{}.mode(mode);
        for (int again = 0; again < 3; ++again) {
            EXPECT_EQ(c->one<std::string>(o, "select name from users where id = $1", 2), "bob");
            const auto u = c->one<user>(o, "select id, name, age from users where name = $1", "ann");
            EXPECT_EQ(u.id, 1);
            EXPECT_EQ(u.age, 30);
            EXPECT_EQ(c->exec(o, "update users set age = $1 where id = $2", 30, 1), 1U);
            EXPECT_EQ(c->one<std::vector<int>>(o, "select $1::int[]", std::vector{1, 2, 3}),
                      (std::vector{1, 2, 3}));
            EXPECT_EQ(c->one<std::optional<int>>(o, "select age from users where id = $1", 2), std::nullopt);
        }
    }
    const auto plain = tusk::options{}.mode(exec_mode::simple_protocol);
    EXPECT_EQ(c->all<std::string>(plain, "select name from users order by id"),
              (std::vector<std::string>{"ann", "bob"}));
    EXPECT_EQ(failure_of([&] { c->exec(plain, "select $1::int", 1); }).code(), tusk::errc::invalid_argument);
    EXPECT_EQ(c->one<int>(plain, "select 1"), 1);
}

TEST_P(modes, of_the_connection_string) {
    for (const std::string mode : {"exec", "simple_protocol", "describe_exec", "cache_describe"}) {
        auto c = connect_by(GetParam(), url() + "&default_query_exec_mode=" + mode);
        EXPECT_EQ(c->one<std::int64_t>("select count(*) from users"), 2) << mode;
        EXPECT_EQ(c->one<std::int64_t>("select count(*) from pg_prepared_statements"), 0) << mode;
        EXPECT_EQ(failure_of([&] { c->one<int>("select 1/0"); }).code(), tusk::condition::invalid_input)
            << mode;
        EXPECT_EQ(c->one<int>("select 7"), 7) << mode;
    }
}

TEST_P(modes, a_custom_plan_knows_its_values) {
    auto c = db();
    c->exec("create temp table skewed as select case when i < 100000 then 1 else 2 end as k from "
            "generate_series(1, 100001) i");
    c->exec("create index on skewed (k)");
    c->exec("analyze skewed");
    c->exec("set plan_cache_mode = auto");
    const auto o = tusk::options{}.custom_plan();
    for (int i = 0; i < 8; ++i)
        EXPECT_EQ(c->one<std::int64_t>(o, "select count(*) from skewed where k = $1", 2), 2);
    EXPECT_EQ(c->one<std::int64_t>("select count(*) from pg_prepared_statements where statement like 'select "
                                   "count(*) from skewed where%'"),
              0);
}

TEST_P(modes, a_type_mismatch_of_an_undescribed_result_is_an_error_that_names_the_column) {
    auto c = db();
    const auto o = tusk::options{}.mode(exec_mode::exec);
    const auto f = failure_of([&] { c->one<int>(o, "select name from users where id = 1"); });
    EXPECT_EQ(f.code(), tusk::errc::type_mismatch);
    EXPECT_NE(f.message().find("\"name\""), std::string::npos) << f.message();
    EXPECT_EQ(c->one<int>("select 1"), 1);
}

// ---- results of unknown shape

TEST_P(modes, a_result_set_is_looked_at_by_name) {
    auto c = db();
    const auto rows = c->query("select id, name, age from users where id < $1 order by id", 10);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows.command(), "SELECT");
    EXPECT_EQ(rows.columns().at(1).name, "name");
    std::string names;
    for (const auto row : rows) names += std::string{row["name"].text()} + ",";
    EXPECT_EQ(names, "ann,bob,");
    EXPECT_EQ(rows[0]["id"].as<std::int64_t>(), 1);
    EXPECT_EQ(rows[0][2].as<int>(), 30);
    EXPECT_TRUE(rows[1]["age"].is_null());
    EXPECT_EQ(rows[1]["age"].as<std::optional<int>>(), std::nullopt);
    EXPECT_EQ(rows[1]["age"].try_as<int>().error().code(), tusk::errc::null_value);
    EXPECT_EQ(rows[0]["name"].try_as<int>().error().code(), tusk::errc::type_mismatch);
    const auto f = failure_of([&] { static_cast<void>(rows[0]["nam"]); });
    EXPECT_EQ(f.code(), tusk::errc::column_mismatch);
    EXPECT_NE(f.message().find("id, name, age"), std::string::npos) << f.message();
    EXPECT_EQ(failure_of([&] { static_cast<void>(rows[0][3]); }).code(), tusk::errc::column_mismatch);
    EXPECT_THROW(static_cast<void>(rows[2]), std::out_of_range);
    EXPECT_EQ(c->query("update users set age = 1").affected(), 2U);
}

TEST_P(modes, several_statements_return_several_result_sets) {
    auto c = db();
    const auto sets =
        c->results("create temp table t (a int); insert into t values (1), (2); select a, a * 2 as b "
                   "from t order by a;; select null");
    ASSERT_EQ(sets.size(), 4U);
    EXPECT_EQ(sets[0].command(), "CREATE");
    EXPECT_EQ(sets[1].affected(), 2U);
    EXPECT_EQ(sets[2][1]["b"].as<int>(), 4);
    EXPECT_TRUE(sets[3][0][0].is_null());
    // One transaction: the error of one is the end of all.
    EXPECT_EQ(failure_of([&] { c->results("insert into t values (3); select 1/0"); }).code(),
              tusk::condition::invalid_input);
    EXPECT_EQ(c->one<std::int64_t>("select count(*) from t"), 2);
}

TEST_P(modes, rows_as_maps_and_as_views) {
    auto c = db();
    const auto maps = c->all<tusk::row_map>("select id, name, age from users order by id");
    ASSERT_EQ(maps.size(), 2U);
    EXPECT_EQ(maps[0].at("name"), "ann");
    EXPECT_EQ(maps[1].at("age"), std::nullopt);
    std::string seen;
    EXPECT_EQ(c->for_each<tusk::row_view>(
                  [&](const tusk::row_view& row) {
                      for (const auto f : row) seen += f.name() + "=" + std::string{f.text()} + " ";
                  },
                  "select id, name from users order by id"),
              2U);
    EXPECT_EQ(seen, "id=1 name=ann id=2 name=bob ");
}

// ---- portals

class portals : public users_test {};

TEST_F(portals, rows_are_computed_as_they_are_asked_for) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        co_await db.exec("create temp sequence computed");
        const auto o = tusk::options{}.rows_at_a_time(10);
        {
            auto rows = co_await db.stream<std::int64_t>(
                o, "select nextval('computed') from generate_series(1, 1000)");
            for (std::int64_t i = 1; i <= 15; ++i) EXPECT_EQ(co_await rows.next(), i);
        }
        EXPECT_EQ(co_await db.one<std::int64_t>("select last_value from computed"), 20);
        auto rows = co_await db.stream<int>(o, "select i from generate_series(1, 1003) i");
        int count = 0;
        while (auto r = co_await rows.next()) EXPECT_EQ(*r, ++count);
        EXPECT_EQ(count, 1003);
        // Exactly as many as were asked for.
        auto ten = co_await db.stream<int>(o, "select i from generate_series(1, 10) i");
        for (count = 0; co_await ten.next();) ++count;
        EXPECT_EQ(count, 10);
    });
    auto db = connect();
    const auto o = tusk::options{}.rows_at_a_time(3);
    auto tx = db.begin();
    auto rows = tx.stream<int>(o, "select i from generate_series(1, 7) i");
    int count = 0;
    while (auto r = rows.next()) EXPECT_EQ(*r, ++count);
    EXPECT_EQ(count, 7);
    {
        auto some = tx.stream<int>(o, "select i from generate_series(1, 7) i");
        EXPECT_EQ(some.next(), 1);
    }
    EXPECT_EQ(tx.one<int>("select 5"), 5);
    tx.commit();
    EXPECT_EQ(db.all<int>(o, "select i from generate_series(1, 7) i").size(), 7U);
    auto failing = db.stream<int>(o, "select 6 / (5 - i) from generate_series(1, 7) i");
    EXPECT_EQ(failure_of([&] {
                  while (failing.next()) {
                  }
              }).code(),
              tusk::condition::invalid_input);
    EXPECT_EQ(db.one<int>("select 1"), 1);
}

TEST_F(portals, a_deadline_between_two_portions) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        const auto o = tusk::options{}.rows_at_a_time(1).timeout(300ms);
        auto rows = co_await db.stream<int>(
            o, "select case when i < 3 then i else i + length(pg_sleep(60)::text) end "
               "from generate_series(1, 3) i");
        EXPECT_EQ(co_await rows.next(), 1);
        EXPECT_EQ(co_await rows.next(), 2);
        const auto f = co_await failure_of(rows.next());
        EXPECT_EQ(f.code(), tusk::errc::timeout);
        EXPECT_EQ(co_await db.one<int>("select 1"), 1);
    });
}

// ---- observers

class listening final : public tusk::observer {
public:
    void prepared(tusk::prepare_event& e) noexcept override {
        said.push_back("prepared " + std::string{e.sql} + " " + std::to_string(e.parameters) + ":" +
                       std::to_string(e.columns));
    }
    void query_finished(tusk::query_event& e) noexcept override {
        said.push_back("query " + std::string{e.command} + (e.error ? " failed" : ""));
    }
    void canceled(tusk::cancel_event& e) noexcept override {
        said.push_back(std::string{"canceled "} + (e.timed_out ? "late" : "by the caller"));
    }
    void transaction_finished(tusk::transaction_event& e) noexcept override {
        said.push_back(std::string{e.nested ? "savepoint " : "transaction "} + (e.committed ? "committed"
                                                                                : e.error   ? "failed"
                                                                                            : "rolled back"));
    }
    std::vector<std::string> said;
};

TEST_P(modes, observers_hear_of_everything) {
    auto ear = std::make_shared<listening>();
    const auto settings = tusk::connection_settings{}.observe_with(ear);
    const auto run = [&](auto& c) {
        EXPECT_EQ(c.template one<int>("select $1::int", 1), 1);
        EXPECT_EQ(c.template one<int>("select $1::int", 2), 2);
        const auto late = tusk::options{}.timeout(100ms);
        EXPECT_TRUE(failure_of([&] { c.exec(late, "select pg_sleep(60)"); }));
    };
    std::vector<std::string> wanted{"prepared select $1::int 1:1",      "query SELECT",  "query SELECT",
                                    "prepared select pg_sleep(60) 0:1", "canceled late", "query  failed"};
    if (std::string_view{GetParam()} == "blocking") {
        auto c = tusk::blocking::connection::open(url(), settings);
        run(c);
        auto rows = c.stream<int>("select 1");
        while (rows.next()) {
        }
        auto tx = c.begin();
        tx.exec("select 1");
        tx.begin().commit();
        tx.commit();
        static_cast<void>(c.begin());
    } else {
        over_asio c{url(), settings};
        run(c);
        c.in_transaction_with_savepoint();
    }
    for (const char* more : {"prepared select 1 0:1", "query SELECT"}) wanted.emplace_back(more);
    if (std::string_view{GetParam()} == "blocking") wanted.emplace_back("query SELECT");
    for (const char* more : {"savepoint committed", "transaction committed", "transaction rolled back"})
        wanted.emplace_back(more);
    EXPECT_EQ(ear->said, wanted);
}

} // namespace modes_test
