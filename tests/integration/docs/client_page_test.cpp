// The code of docs/client.md.
#include <iostream>

#include <tusk/client.hpp>

#include "page.hpp"

namespace client_page {

using namespace docs_test;

struct user {
    std::int64_t id;
    std::string name;
    std::optional<int> age;
    std::optional<std::string> email;
};

class client_page : public page_test {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create table users (id int8 primary key, name text not null, age int4, email text unique);"
                 "insert into users select n, 'user ' || n, nullif(n, 2), n || '@example.org' "
                 "from generate_series(1, 25) n;"
                 "create table accounts (id int8 primary key, balance int4 not null check (balance >= 0));"
                 "insert into accounts values (1, 15), (2, 0);"
                 "create table payments (id int8 primary key, amount int4 not null);"
                 "create function die() returns trigger language plpgsql as $$ begin perform "
                 "pg_terminate_backend(pg_backend_pid()); perform pg_sleep(10); return null; end $$;"
                 "create constraint trigger at_the_end after insert on payments initially deferred for each "
                 "row when (new.amount = 13) execute function die()");
        return o;
    }
};

asio::awaitable<void> synopsis(std::string url) {
    const std::string name = "Ann";
    const int id = 3;
    const std::string email = "4@example.org";
    std::vector<std::int64_t> used;
    const auto use = [&](const user& u) { used.push_back(u.id); };
    std::string names;
    const auto print = [&](std::string_view of) { names += of; };

    auto db = co_await tusk::connection::open(url); // "postgres://user@host/db"
    auto n = co_await db.exec("update users set name = $1 where id = $2", name, id); // affected rows
    auto u = co_await db.one<user>("select * from users where id = $1", id);         // exactly one
    auto m = co_await db.maybe<user>("select * from users where email = $1", email); // std::optional
    auto vs = co_await db.all<user>("select * from users order by id");              // std::vector
    auto st = co_await db.stream<user>("select * from users order by id");           // one at a time
    while (auto r = co_await st.next()) use(*r);
    co_await db.for_each<std::string_view>(print, "select name from users order by id"); // views, no copies
    auto birthday = [&](tusk::transaction& tx) {
        return tx.one<int>("update users set age = age + 1 where id = $1 returning age", id);
    };
    auto age = co_await db.transact(birthday, tusk::tx_options{}.serializable().retries(5));

    EXPECT_EQ(n, 1U);
    EXPECT_EQ(u.name, "Ann");
    EXPECT_EQ(m.value().id, 4);
    EXPECT_EQ(vs.size(), 25U);
    EXPECT_EQ(vs[1].age, std::nullopt);
    EXPECT_EQ(used.size(), 25U);
    EXPECT_EQ(names.substr(0, 15), "user 1user 2Ann");
    EXPECT_EQ(age, 4);
}

TEST_F(client_page, synopsis) { tusk::testing::run_async(synopsis(url())); }

asio::awaitable<void> late(tusk::connection& db) {
    const auto soon = tusk::options{}.timeout(200ms);
    co_await db.exec(soon, "select pg_sleep(10)"); // throws: tusk::condition::timeout
}

TEST_F(client_page, deadlines) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        bool timed_out = false;
        try {
            co_await late(db);
        } catch (const tusk::error& e) {
            timed_out = e.is(tusk::condition::timeout);
        }
        EXPECT_TRUE(timed_out);
        EXPECT_EQ(co_await db.one<int>("select 1"), 1);
    });
}

asio::awaitable<void> what_errors_say(tusk::connection& db) {
    const std::string email = "1@example.org";
    std::string taken;
    std::string said;
    const auto log = [&](std::string_view sql, tusk::sent_state sent, tusk::retry_advice retry) {
        said = sql;
        EXPECT_EQ(sent, tusk::sent_state::answered);
        EXPECT_EQ(retry, tusk::retry_advice::never);
    };

    try {
        co_await db.exec("insert into users (id, name, email) values (99, 'Eve', $1)", email);
    } catch (const tusk::error& e) {
        if (e.is(tusk::condition::duplicate)) taken = e.server()->constraint; // 23505
        log(e.sql(), e.sent(), e.retry());
    }

    EXPECT_EQ(taken, "users_email_key");
    EXPECT_EQ(said, "insert into users (id, name, email) values (99, 'Eve', $1)");
}

TEST_F(client_page, errors) { async(&what_errors_say); }

asio::awaitable<void> transfer(tusk::connection& db) {
    const int from = 1;
    const int to = 2;

    auto tx = co_await db.begin(tusk::tx_options{}.repeatable_read());
    co_await tx.exec("update accounts set balance = balance - $1 where id = $2", 10, from);
    auto sp = co_await tx.begin(); // a savepoint
    co_await sp.exec("update accounts set balance = balance + $1 where id = $2", 10, to);
    co_await sp.commit();
    co_await tx.commit();
}

TEST_F(client_page, transactions) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        co_await transfer(db);
        const auto balances = co_await db.all<int>("select balance from accounts order by id");
        EXPECT_EQ(balances, (std::vector{5, 10}));
    });
}

/// What became of the payment, or nothing when that was never in doubt.
asio::awaitable<std::optional<bool>> pay(tusk::connection& db, tusk::connection& other, int id, int amount) {
    std::optional<bool> settled;

    auto tx = co_await db.begin(tusk::tx_options{}.resolvable());
    co_await tx.exec("insert into payments (id, amount) values ($1, $2)", id, amount);
    auto f = co_await tx.try_commit();
    if (f.code() == tusk::errc::in_doubt)
        settled = co_await tusk::resolve_commit(other, f) == tusk::commit_outcome::committed;

    co_return settled;
}

TEST_F(client_page, a_commit_in_doubt) {
    async([&](tusk::connection& other) -> asio::awaitable<void> {
        auto db = co_await tusk::connection::open(url());
        EXPECT_EQ(co_await pay(db, other, 1, 12), std::nullopt);
        EXPECT_EQ(co_await pay(db, other, 2, 13), false); // the server dies at its COMMIT
        const auto paid = co_await other.all<int>("select id from payments");
        EXPECT_EQ(paid, std::vector{1});
    });
}

asio::awaitable<void> unknown_shape(tusk::connection& db) {
    auto rows = co_await db.query("select * from users where id < $1 order by id", 3);
    for (const tusk::row_view row : rows)
        std::cout << row["name"].text() << ' ' << row["age"].as<std::optional<int>>().value_or(0) << '\n';
    auto sets = co_await db.results("create temp table t (a int); select 1 as a; select 2 as b");
    auto maps = co_await db.all<tusk::row_map>("select * from users order by id"); // column name -> text

    EXPECT_EQ(sets.size(), 3U);
    EXPECT_EQ(sets.at(2)[0]["b"].as<int>(), 2);
    EXPECT_EQ(maps.at(0).at("email"), "1@example.org");
}

TEST_F(client_page, results_of_unknown_shape) {
    testing::internal::CaptureStdout();
    async(&unknown_shape);
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "user 1 1\nuser 2 0\n");
}

asio::awaitable<void> portions(tusk::connection& db) {
    const auto tens = tusk::options{}.rows_at_a_time(10);
    auto rows = co_await db.stream<user>(tens, "select * from users");

    int seen = 0;
    while (co_await rows.next()) ++seen;
    EXPECT_EQ(seen, 25);
}

TEST_F(client_page, rows_in_portions) { async(&portions); }

asio::awaitable<void> batches(tusk::connection& db) {
    tusk::batch b;
    auto found = b.one<user>("select * from users where id = $1", 7);
    auto older = b.exec("update users set age = age + 1 where id = $1", 7);
    co_await db.run(b);       // a connection, a transaction, a pool; db.try_run(b) returns a failure
    auto seven = found.get(); // the row, or throws what went wrong with this statement

    EXPECT_EQ(seven.age, 7);
    EXPECT_EQ(older.get(), 1U);
}

TEST_F(client_page, batches) { async(&batches); }

} // namespace client_page
