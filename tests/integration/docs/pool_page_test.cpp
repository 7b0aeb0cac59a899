// The code of docs/pool.md.
#include <tusk/pool.hpp>

#include "page.hpp"

namespace pool_page {

using namespace docs_test;

class pool_page : public page_test {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create table visits (at timestamptz not null); insert into visits values (now())");
        return o;
    }
};

asio::awaitable<void> synopsis(std::string url) {
    auto db = co_await tusk::pool::open(url); // "postgres://app@db/app?pool_max_conns=20&pool_min_conns=5"
    co_await db.exec("delete from visits");   // the verbs of a connection, each on a leased one
    auto lease = co_await db.acquire();       // several statements on one connection
    co_await lease->exec("set time zone 'UTC'");
    co_await lease->exec("insert into visits values (now())");
    lease.release();
    auto tx = co_await db.begin(); // or db.transact(f)
    co_await tx.exec("insert into visits values (now())");
    co_await tx.commit();
    auto s = db.stats();
    co_await db.close(); // drains

    EXPECT_EQ(s.max, 4U);
    EXPECT_EQ(s.acquires, 4U);
    EXPECT_EQ(db.stats().total, 0U);
}

TEST_F(pool_page, synopsis) {
    tusk::testing::run_async(synopsis(url_with("pool_max_conns=4&pool_min_conns=1")));
    EXPECT_EQ(connect().one<std::int64_t>("select count(*) from visits"), 2);
}

TEST_F(pool_page, for_threads) {
    const auto url = url_with("pool_max_conns=2");
    auto db = tusk::blocking::pool::open(url);
    db.exec("insert into visits values (now())");
    db.transact([](tusk::blocking::transaction& tx) { tx.exec("delete from visits"); });
    auto lease = db.acquire();
    lease->exec("insert into visits values (now())");

    lease.release();
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from visits"), 1);
}

asio::awaitable<int> move_money(tusk::pool& db, int from, int to) {
    return db.one<int>("select $1::int4 + $2::int4", from, to);
}

asio::awaitable<void> retries(std::string url) {
    auto db = co_await tusk::pool::open(url);
    const int from = 1, to = 2;
    co_await tusk::with_retry({}, tusk::deadline::in(5s), [&] { return move_money(db, from, to); });
    co_await db.close();
}

TEST_F(pool_page, retries) { tusk::testing::run_async(retries(url())); }

int goodbyes = 0;
void say_goodbye(tusk::connection&) { ++goodbyes; }

asio::awaitable<void> with_hooks(std::string url) {
    tusk::pool_hooks hooks;
    hooks
        .after_connect(
            [](tusk::connection& c) -> asio::awaitable<void> { co_await c.script("set jit = off"); })
        .before_acquire([](tusk::connection& c) -> asio::awaitable<bool> {
            co_return c.parameter("in_hot_standby") != "on";
        })
        .before_close([](tusk::connection& c) { say_goodbye(c); });
    auto config = tusk::pool_config::parse(url).value();
    auto db = co_await tusk::pool::open(config.hooks(hooks));

    EXPECT_EQ(co_await db.one<std::string>("show jit"), "off");
    co_await db.close();
}

TEST_F(pool_page, hooks) {
    tusk::testing::run_async(with_hooks(url()));
    EXPECT_GE(goodbyes, 1);
}

asio::awaitable<void> a_cluster(std::string url) {
    auto db = co_await tusk::cluster::open(url); // "postgres://app@db1,db2,db3/app?pool_max_conns=20"
    co_await db.exec("insert into visits values (now())"); // on the primary, whichever it is
    auto reads = db.reads();                               // the same verbs, on replicas
    auto n = co_await reads.one<int>("select count(*)::int from visits");
    auto own = tusk::read_options{}.at_least(co_await db.written());
    auto m = co_await db.reads(own).one<int>("select count(*)::int from visits"); // sees that, too

    EXPECT_EQ(n, 2);
    EXPECT_EQ(m, 2);
    co_await db.close();
}

TEST_F(pool_page, a_cluster) { tusk::testing::run_async(a_cluster(url())); }

} // namespace pool_page
