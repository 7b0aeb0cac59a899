// Batches: one round trip, one transaction, errors that name their statement; on both clients.
#include "over_asio.hpp"

using namespace client_test;

namespace batch_test {

class batch_on : public users_test, public testing::WithParamInterface<const char*> {
protected:
    void SetUp() override {
        users_test::SetUp();
        on = connect_by(GetParam(), url());
    }
    void TearDown() override {
        on.reset();
        users_test::TearDown();
    }
    std::int64_t count(std::string_view sql) { return on->one<std::int64_t>(sql); }
    std::shared_ptr<tusk::blocking::verbs> on;
};

TEST_P(batch_on, brings_typed_results) {
    tusk::batch b;
    auto ann = b.one<user>("select * from users where name = $1", "ann");
    auto nobody = b.maybe<user>("select * from users where name = $1", "eve");
    auto names = b.all<std::string>("select name from users order by name");
    auto touched = b.exec("update users set age = $1 where name = $2", 31, "ann");
    std::int64_t sum = 0;
    auto each = b.for_each<int>([&](int n) { sum += n; }, "select generate_series(1, $1::int4)", 10);
    EXPECT_EQ(b.size(), 5U);
    const auto f = on->try_run(b);
    ASSERT_FALSE(f) << f.message();
    EXPECT_EQ(ann.get().age, 30);
    EXPECT_EQ(nobody.get(), std::nullopt);
    EXPECT_EQ(names.get(), (std::vector<std::string>{"ann", "bob"}));
    EXPECT_EQ(touched.get(), 1U);
    EXPECT_EQ(each.get(), 10U);
    EXPECT_EQ(sum, 55);
}

TEST_P(batch_on, is_one_transaction_and_names_the_statement_that_failed) {
    tusk::batch b;
    auto first = b.exec("insert into users (name) values ($1)", "carl");
    auto wrong = b.exec("insert into users (name, age) values ($1, $2)", "dora", -1);
    auto last = b.exec("insert into users (name) values ($1)", "emil");
    const auto f = on->try_run(b);
    EXPECT_EQ(f.code(), tusk::condition::check);
    EXPECT_NE(f.message().find("statement 2 of the batch's 3"), std::string::npos) << f.message();
    EXPECT_EQ(f.sql(), "insert into users (name, age) values ($1, $2)");
    EXPECT_EQ(failure_of([&] { wrong.get(); }).code(), tusk::condition::check);
    EXPECT_EQ(failure_of([&] { first.get(); }).code(), tusk::errc::transaction_rolled_back);
    EXPECT_EQ(failure_of([&] { last.get(); }).code(), tusk::errc::transaction_rolled_back);
    EXPECT_FALSE(last.ok());
    EXPECT_EQ(count("select count(*) from users"), 2);
}

TEST_P(batch_on, with_independent_statements_keeps_the_good_ones) {
    tusk::batch b;
    b.independent();
    auto first = b.exec("insert into users (name) values ($1)", "carl");
    auto wrong = b.exec("insert into users (name, age) values ($1, $2)", "dora", -1);
    auto last = b.one<std::int64_t>("insert into users (name) values ($1) returning id", "emil");
    const auto f = on->try_run(b);
    EXPECT_EQ(f.code(), tusk::condition::check) << "the first error is reported when everything is over";
    EXPECT_EQ(first.get(), 1U);
    EXPECT_GT(last.get(), 0);
    EXPECT_FALSE(wrong.ok());
    EXPECT_EQ(count("select count(*) from users"), 4);
}

TEST_P(batch_on, an_independent_statement_fails_when_its_own_commit_does) {
    tusk::batch b;
    b.independent();
    auto first = b.exec("insert into users (name) values ($1)", "carl");
    auto wrong = b.exec("insert into posts (id, user_id) values (1, 4711)"); // a deferred foreign key
    auto last = b.exec("insert into users (name) values ($1)", "emil");
    EXPECT_EQ(on->try_run(b).code(), tusk::condition::foreign_key);
    EXPECT_TRUE(first.ok());
    EXPECT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.why().code(), tusk::condition::foreign_key);
    EXPECT_TRUE(last.ok());
}

TEST_P(batch_on, sends_nothing_when_an_argument_does_not_fit) {
    tusk::batch b;
    auto good = b.exec("insert into users (name) values ($1)", "carl");
    auto bad = b.exec("update users set age = $1", std::int64_t{5'000'000'000});
    const auto f = on->try_run(b);
    EXPECT_EQ(f.code(), tusk::errc::value_out_of_range) << f.message();
    EXPECT_NE(f.message().find("statement 2"), std::string::npos) << f.message();
    EXPECT_FALSE(good.ok());
    EXPECT_FALSE(bad.ok());
    EXPECT_EQ(count("select count(*) from users"), 2);
}

TEST_P(batch_on, reports_what_cannot_be_parsed_before_anything_is_executed) {
    tusk::batch b;
    auto good = b.exec("insert into users (name) values ('carl')");
    auto bad = b.exec("selec 1");
    const auto f = on->try_run(b);
    EXPECT_EQ(f.code(), tusk::condition::syntax_error) << f.message();
    EXPECT_NE(f.message().find("statement 2"), std::string::npos) << f.message();
    EXPECT_EQ(f.sent(), tusk::sent_state::answered);
    EXPECT_FALSE(good.ok());
    EXPECT_FALSE(bad.ok());
    EXPECT_EQ(count("select count(*) from users"), 2);
}

TEST_P(batch_on, a_row_that_does_not_fit_is_its_statements_error) {
    tusk::batch b;
    auto null = b.one<int>("select age from users where name = 'bob'");
    auto none = b.one<int>("select age from users where name = 'eve'");
    auto good = b.one<int>("select 7");
    const auto f = on->try_run(b);
    EXPECT_EQ(f.code(), tusk::errc::null_value) << f.message();
    EXPECT_EQ(failure_of([&] { null.get(); }).code(), tusk::errc::null_value);
    EXPECT_EQ(failure_of([&] { none.get(); }).code(), tusk::errc::not_found);
    EXPECT_EQ(good.get(), 7);
}

TEST_P(batch_on, a_hundred_thousand_statements_do_not_block_each_other) {
    tusk::batch b;
    std::vector<tusk::batch_result<std::string>> results;
    constexpr int count = 100'000;
    results.reserve(count);
    const std::string filler(100, 'x'); // both directions carry more than the sockets hold
    for (int i = 0; i < count; ++i)
        results.push_back(b.one<std::string>("select $1::text || $2::int4", filler, i));
    const auto f = on->try_run(b, tusk::options{}.timeout(50s));
    ASSERT_FALSE(f) << f.message();
    for (int i = 0; i < count; i += 999)
        EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), filler + std::to_string(i));
}

TEST_P(batch_on, more_statements_than_the_cache_holds) {
    tusk::batch b;
    std::vector<tusk::batch_result<int>> results;
    for (int round = 0; round < 2; ++round)
        for (int i = 0; i < 700; ++i) results.push_back(b.one<int>("select " + std::to_string(i)));
    const auto f = on->try_run(b);
    ASSERT_FALSE(f) << f.message();
    for (int i = 0; i < 1400; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), i % 700);
    EXPECT_EQ(count("select 5::int8"), 5);
    EXPECT_LE(count("select count(*) from pg_prepared_statements"), 513);
}

TEST_P(batch_on, heals_when_the_server_has_forgotten_its_statements) {
    {
        tusk::batch b;
        auto r = b.one<int>("select $1::int4 + 1", 1);
        ASSERT_FALSE(on->try_run(b));
        EXPECT_EQ(r.get(), 2);
    }
    tusk::batch away;
    static_cast<void>(away.exec("deallocate all"));
    ASSERT_FALSE(on->try_run(away));
    tusk::batch b;
    auto inserted = b.exec("insert into users (name) values ('once')");
    auto r = b.one<int>("select $1::int4 + 1", 2);
    const auto f = on->try_run(b);
    ASSERT_FALSE(f) << f.message();
    EXPECT_EQ(r.get(), 3);
    EXPECT_EQ(inserted.get(), 1U);
    EXPECT_EQ(count("select count(*) from users where name = 'once'"), 1);
}

TEST_P(batch_on, obeys_its_deadline_and_leaves_the_connection_usable) {
    tusk::batch b;
    auto first = b.exec("insert into users (name) values ('late')");
    auto slow = b.exec("select pg_sleep(30)");
    const auto f = on->try_run(b, tusk::options{}.timeout(150ms));
    EXPECT_EQ(f.code(), tusk::errc::timeout) << f.message();
    EXPECT_FALSE(first.ok());
    EXPECT_FALSE(slow.ok());
    EXPECT_EQ(count("select count(*) from users"), 2);
}

TEST_P(batch_on, is_run_once) {
    tusk::batch b;
    auto r = b.one<int>("select 1");
    EXPECT_EQ(failure_of([&] { r.get(); }).code(), tusk::errc::invalid_argument);
    ASSERT_FALSE(on->try_run(b));
    EXPECT_EQ(on->try_run(b).code(), tusk::errc::invalid_argument);
    EXPECT_EQ(r.get(), 1);
    tusk::batch empty;
    EXPECT_FALSE(on->try_run(empty));
}

TEST_P(batch_on, results_outlive_their_batch) {
    std::optional<tusk::batch_result<std::string>> kept;
    {
        tusk::batch b;
        kept.emplace(b.one<std::string>("select 'kept'"));
        ASSERT_FALSE(on->try_run(b));
    }
    EXPECT_EQ(kept->get(), "kept");
}

INSTANTIATE_TEST_SUITE_P(clients, batch_on, testing::Values("asio", "blocking"),
                         [](const auto& which) { return std::string{which.param}; });

class batch_in : public users_test {};

TEST_F(batch_in, a_transaction_shares_its_fate) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        auto tx = co_await db.begin();
        tusk::batch b;
        auto one = b.exec("insert into users (name) values ('carl')");
        co_await tx.run(b);
        EXPECT_EQ(one.get(), 1U);
        tusk::batch apart;
        apart.independent();
        static_cast<void>(apart.exec("select 1"));
        const auto f = co_await tx.try_run(apart);
        EXPECT_EQ(f.code(), tusk::errc::invalid_argument);
        co_await tx.rollback();
        const auto left = co_await db.one<std::int64_t>("select count(*) from users");
        EXPECT_EQ(left, 2);
    });
}

TEST_F(batch_in, a_deferred_constraint_fails_the_whole_batch_at_its_end) {
    auto db = tusk::blocking::connection::open(url());
    tusk::batch b;
    auto post = b.exec("insert into posts (id, user_id) values (1, 999)");
    const auto f = db.try_run(b);
    EXPECT_EQ(f.code(), tusk::condition::foreign_key) << f.message();
    EXPECT_EQ(failure_of([&] { post.get(); }).code(), tusk::errc::transaction_rolled_back);
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from posts"), 0);
}

struct batch_watch : tusk::observer {
    void batch_started(tusk::batch_event&) noexcept override { ++started; }
    void batch_finished(tusk::batch_event& e) noexcept override {
        ++finished;
        statements = e.statements;
        independent = e.independent;
    }
    int started = 0;
    int finished = 0;
    std::size_t statements = 0;
    bool independent = false;
};

TEST_F(batch_in, an_observer_is_told) {
    const auto watch = std::make_shared<batch_watch>();
    auto db = tusk::blocking::connection::open(url(), tusk::connection_settings{}.observe_with(watch));
    tusk::batch b;
    static_cast<void>(b.exec("select 1"));
    static_cast<void>(b.exec("select 2"));
    db.run(b);
    EXPECT_EQ(watch->statements, 2U);
    EXPECT_FALSE(watch->independent);
    tusk::batch failing;
    failing.independent();
    static_cast<void>(failing.exec("select 1/0"));
    EXPECT_TRUE(db.try_run(failing));
    EXPECT_EQ(watch->statements, 1U);
    EXPECT_TRUE(watch->independent);
    EXPECT_EQ(watch->started, 2);
    EXPECT_EQ(watch->finished, 2);
}

} // namespace batch_test
