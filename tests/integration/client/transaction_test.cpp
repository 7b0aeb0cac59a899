#include "both.hpp"

using namespace client_test;

namespace transaction_test {

class transactions : public users_test {
protected:
    std::int64_t count() { return connect().one<std::int64_t>("select count(*) from users"); }
};

TEST_F(transactions, commit_and_rollback) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        auto tx = co_await db.begin();
        co_await tx.exec("insert into users (name) values ('c')");
        co_await tx.commit();
        EXPECT_FALSE(tx.is_open());
        auto other = co_await db.begin();
        co_await other.exec("insert into users (name) values ('d')");
        co_await other.rollback();
        EXPECT_EQ(db.status(), tusk::transaction_status::idle);
    });
    EXPECT_EQ(count(), 3);
}

TEST_F(transactions, a_dropped_transaction_is_rolled_back_before_the_next_statement) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        {
            auto tx = co_await db.begin();
            co_await tx.exec("insert into users (name) values ('c')");
        }
        EXPECT_EQ(co_await db.one<std::int64_t>("select count(*) from users"), 2);
        EXPECT_EQ(db.status(), tusk::transaction_status::idle);
    });
    auto db = connect();
    {
        auto tx = db.begin();
        tx.exec("insert into users (name) values ('c')");
    }
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from users"), 2);
}

TEST_F(transactions, begin_costs_no_round_trip_and_one_without_statements_none_at_all) {
    auto db = connect();
    auto tx = db.begin(tusk::tx_options{}.serializable());
    EXPECT_EQ(db.status(), tusk::transaction_status::idle);
    auto inner = tx.begin();
    inner.exec("insert into users (name) values ('c')");
    EXPECT_EQ(db.status(), tusk::transaction_status::in_transaction);
    EXPECT_EQ(inner.one<std::string>("select current_setting('transaction_isolation')"), "serializable");
    inner.rollback();
    tx.exec("insert into users (name) values ('d')");
    tx.commit();
    EXPECT_EQ(count(), 3);
    auto empty = db.begin();
    auto nested = empty.begin();
    nested.commit();
    empty.commit();
    EXPECT_EQ(db.status(), tusk::transaction_status::idle);
    {
        auto dropped = db.begin();
        auto nested_too = dropped.begin();
    }
    EXPECT_EQ(db.one<int>("select 1"), 1);
    EXPECT_EQ(db.status(), tusk::transaction_status::idle);
}

TEST_F(transactions, a_begin_that_fails_executes_nothing) {
    auto db = connect();
    db.exec("set default_transaction_read_only = on");
    // SERIALIZABLE READ WRITE is fine; an unknown isolation level is not, and the server says so at the first
    // statement.
    const auto o = tusk::tx_options{}.begin_with("begin isolation level fantastic");
    auto tx = db.begin(o);
    const auto f = failure_of([&] { tx.exec("select pg_advisory_lock(1)"); });
    EXPECT_EQ(f.code(), tusk::condition::syntax_error);
    EXPECT_EQ(f.sql(), "begin isolation level fantastic");
    EXPECT_EQ(failure_of([&] { tx.exec("select 1"); }).code(), tusk::condition::syntax_error);
    tx.rollback();
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from pg_locks join pg_database d on d.oid = database "
                                   "where locktype = 'advisory' "
                                   "and datname = current_database()"),
              0);
}

TEST_F(transactions, batches_and_copy_begin_them_too) {
    auto db = connect();
    {
        auto tx = db.begin();
        tusk::batch b;
        auto n = b.exec("insert into users (name) values ($1)", "c");
        tx.run(b);
        EXPECT_EQ(n.get(), 1U);
        EXPECT_EQ(db.status(), tusk::transaction_status::in_transaction);
    }
    EXPECT_EQ(count(), 2);
    {
        auto tx = db.begin();
        const std::vector<std::tuple<std::string>> rows{{"c"}, {"d"}};
        EXPECT_EQ(tx.copy_in("users", tusk::columns("name"), rows), 2U);
        EXPECT_EQ(db.status(), tusk::transaction_status::in_transaction);
        tx.rollback();
    }
    EXPECT_EQ(count(), 2);
}

TEST_F(transactions, what_became_of_a_commit_without_an_answer) {
    auto admin = connect();
    admin.script(
        "create function die() returns trigger language plpgsql as $$ begin perform "
        "pg_terminate_backend(pg_backend_pid()); perform pg_sleep(10); return null; end $$;"
        "create constraint trigger at_the_end after insert on users initially deferred for each row when "
        "(new.name = 'last words') execute function die()");
    tusk::failure lost;
    {
        auto db = connect();
        auto tx = db.begin(tusk::tx_options{}.resolvable());
        tx.exec("insert into users (name) values ('last words')");
        lost = tx.try_commit();
    }
    EXPECT_EQ(lost.code(), tusk::errc::in_doubt);
    EXPECT_NE(lost.transaction_id(), 0U);
    EXPECT_EQ(tusk::blocking::resolve_commit(admin, lost), tusk::commit_outcome::aborted);
    // One that did commit has the same answer lost: the id is all that counts.
    {
        auto tx = admin.begin();
        tx.exec("insert into users (name) values ('kept')");
        const auto id = tx.one<std::string>("select pg_current_xact_id()::text");
        tx.commit();
        lost.set_transaction_id(std::stoull(id));
    }
    EXPECT_EQ(tusk::blocking::resolve_commit(admin, lost), tusk::commit_outcome::committed);
    async([&](tusk::connection& db) -> asio::awaitable<void> {
        EXPECT_EQ(co_await tusk::resolve_commit(db, lost), tusk::commit_outcome::committed);
        // While it is still running, the question is asked again.
        auto running = admin.begin();
        const auto id = running.one<std::string>("select pg_current_xact_id()::text");
        lost.set_transaction_id(std::stoull(id));
        const auto brief = tusk::options{}.timeout(200ms);
        EXPECT_EQ((co_await failure_of(tusk::resolve_commit(db, lost, brief))).code(), tusk::errc::timeout);
        running.rollback();
        EXPECT_EQ(co_await tusk::resolve_commit(db, lost), tusk::commit_outcome::aborted);
        // From a future that this server does not have.
        lost.set_transaction_id(std::stoull(id) + 1'000'000);
        EXPECT_EQ(co_await tusk::resolve_commit(db, lost), tusk::commit_outcome::unknown);
    });
    EXPECT_EQ(failure_of([&] { tusk::blocking::resolve_commit(admin, tusk::failure{}); }).code(),
              tusk::errc::invalid_argument);
    // Nothing written, nothing in doubt.
    auto db = connect();
    auto tx = db.begin(tusk::tx_options{}.resolvable());
    tx.exec("select 1");
    tx.commit();
}

TEST_F(transactions, savepoints_by_nesting) {
    auto db = connect();
    auto tx = db.begin();
    tx.exec("insert into users (name) values ('kept')");
    {
        auto inner = tx.begin();
        inner.exec("insert into users (name) values ('gone')");
        EXPECT_TRUE(failure_of([&] { inner.exec("select 1/0"); }));
        inner.rollback();
    }
    {
        auto inner = tx.begin();
        inner.exec("insert into users (name) values ('kept too')");
        inner.commit();
    }
    { // dropped
        auto inner = tx.begin();
        inner.exec("insert into users (name) values ('gone again')");
    }
    tx.commit();
    EXPECT_EQ(count(), 4);
}

TEST_F(transactions, committing_a_failed_transaction_is_an_error) {
    auto db = connect();
    auto tx = db.begin();
    EXPECT_TRUE(failure_of([&] { tx.exec("select 1/0"); }));
    EXPECT_EQ(failure_of([&] { tx.exec("select 1"); }).code(),
              tusk::make_error_code(*tusk::sqlstate::parse("25P02")));
    EXPECT_EQ(failure_of([&] { tx.commit(); }).code(), tusk::errc::transaction_rolled_back);
    EXPECT_EQ(failure_of([&] { tx.commit(); }).code(), tusk::errc::transaction_closed);
    EXPECT_EQ(failure_of([&] { tx.exec("select 1"); }).code(), tusk::errc::transaction_closed);
    EXPECT_EQ(db.one<int>("select 1"), 1);
}

TEST_F(transactions, a_deferred_constraint_fails_at_commit) {
    auto db = connect();
    auto tx = db.begin();
    tx.exec("insert into posts values (1, 99)");
    EXPECT_EQ(failure_of([&] { tx.commit(); }).code(), tusk::condition::foreign_key);
    EXPECT_EQ(db.status(), tusk::transaction_status::idle);
}

TEST_F(transactions, transact_commits_returns_and_rolls_back_on_exceptions) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        const auto id = co_await db.transact([](tusk::transaction& tx) -> asio::awaitable<std::int64_t> {
            co_return co_await tx.one<std::int64_t>("insert into users (name) values ('c') returning id");
        });
        EXPECT_EQ(id, 3);
        bool thrown = false;
        try {
            co_await db.transact([](tusk::transaction& tx) -> asio::awaitable<void> {
                co_await tx.exec("insert into users (name) values ('d')");
                throw std::runtime_error{"no"};
            });
        } catch (const std::runtime_error&) {
            thrown = true;
        }
        EXPECT_TRUE(thrown);
        EXPECT_EQ(co_await db.one<std::int64_t>("select count(*) from users"), 3);
    });
}

TEST_F(transactions, options_reach_the_server) {
    auto db = connect();
    const auto o = tusk::tx_options{}.serializable().read_only().deferrable();
    auto tx = db.begin(o);
    EXPECT_EQ(tx.one<std::string>("select current_setting('transaction_isolation')"), "serializable");
    EXPECT_EQ(tx.one<std::string>("select current_setting('transaction_read_only')"), "on");
    EXPECT_EQ(failure_of([&] { tx.exec("delete from users"); }).code(), tusk::condition::read_only);
}

TEST_F(transactions, a_serialization_failure_runs_the_closure_again) {
    auto other = connect();
    async([&](tusk::connection& db) -> asio::awaitable<void> {
        int runs = 0;
        const auto o = tusk::tx_options{}.repeatable_read().retries(3);
        auto body = [&](tusk::transaction& tx) -> asio::awaitable<void> {
            co_await tx.one<std::int64_t>("select count(*) from users");
            if (++runs == 1) other.exec("update users set age = 31 where name = 'ann'");
            co_await tx.exec("update users set age = age + 1 where name = 'ann'");
        };
        co_await db.transact(body, o);
        EXPECT_EQ(runs, 2);
        EXPECT_EQ(co_await db.one<int>("select age from users where name = 'ann'"), 32);
        // Without permission it is not run again.
        runs = 0;
        const auto once = tusk::tx_options{}.repeatable_read();
        const auto f = co_await failure_of(db.transact(body, once));
        EXPECT_EQ(f.code(), tusk::condition::serialization_failure);
        EXPECT_EQ(f.retry(), tusk::retry_advice::transaction);
        EXPECT_EQ(runs, 1);
    });
}

TEST_F(transactions, a_timeout_never_runs_the_closure_again) {
    int runs = 0;
    const auto limit = tusk::options{}.timeout(100ms);
    const auto o = tusk::tx_options{}.retries(3);
    async([&](tusk::connection& db) -> asio::awaitable<void> {
        auto body = [&](tusk::transaction& tx) -> asio::awaitable<void> {
            ++runs;
            co_await tx.exec(limit, "select pg_sleep(30)");
        };
        const auto f = co_await failure_of(db.transact(body, o));
        EXPECT_EQ(f.code(), tusk::errc::timeout);
        EXPECT_EQ(runs, 1);
        EXPECT_EQ(co_await db.one<int>("select 1"), 1);
    });
    auto db = connect();
    const auto f = failure_of([&] {
        db.transact(
            [&](tusk::blocking::transaction& tx) {
                ++runs;
                tx.exec(limit, "select pg_sleep(30)");
            },
            o);
    });
    EXPECT_EQ(f.code(), tusk::errc::timeout);
    EXPECT_EQ(runs, 2);
}

TEST_F(transactions, a_commit_without_an_answer_is_in_doubt) {
    auto db = connect();
    auto tx = db.begin();
    tx.exec("create function die() returns trigger language plpgsql as $$ begin perform "
            "pg_terminate_backend(pg_backend_pid()); return null; end $$");
    tx.exec("create constraint trigger t after insert on users deferrable initially deferred for each row "
            "execute "
            "function die()");
    tx.commit();
    auto doomed = db.begin();
    doomed.exec("insert into users (name) values ('x')");
    const auto f = failure_of([&] { doomed.commit(); });
    // The server said why before it went: an answer, but not that of COMMIT.
    EXPECT_TRUE(f.code() == tusk::condition::connection_lost || f.code() == tusk::condition::in_doubt)
        << f.message();
    EXPECT_EQ(f.retry(), tusk::retry_advice::never);
    EXPECT_FALSE(db.is_open());
    EXPECT_EQ(failure_of([&] { db.exec("select 1"); }).code(), tusk::errc::connection_closed);
}

} // namespace transaction_test
