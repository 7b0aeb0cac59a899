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

} // namespace pool_page
