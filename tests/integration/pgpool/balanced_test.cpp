// Pgpool-II that spreads reads over a primary and two standbys.
#include <set>

#include <gtest/gtest.h>

#include <replication/cluster.hpp>
#include <tusk/pool.hpp>
#include <tusk/pool/cluster.hpp>
#include <tusk/testing/run_async.hpp>

#include "pgpool.hpp"

namespace balanced_test {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using pgpool_test::pgpool;
using replication_test::node;

constexpr const char* ask_port = "select inet_server_port()";

class balanced_by_pgpool : public testing::Test {
protected:
    void SetUp() override {
        if (!std::filesystem::exists(pgpool_test::pgpool_program()))
            GTEST_SKIP() << "Pgpool-II is not there (scripts/setup)";
        servers_ = std::make_unique<replication_test::cluster>();
        std::vector<pgpool_test::backend> all;
        for (const auto which :
             {replication_test::primary, replication_test::first, replication_test::second})
            all.push_back({"127.0.0.1", servers_->at(which).port()});
        between_ = std::make_unique<pgpool>("streaming_replication", all);
    }
    std::unique_ptr<replication_test::cluster> servers_;
    std::unique_ptr<pgpool> between_;
};

TEST_F(balanced_by_pgpool, a_pool_writes_to_the_primary_and_reads_anywhere) {
    const auto body = [](std::string at, int primary) -> asio::awaitable<void> {
        std::set<int> read_from;
        for (int round = 0; round < 20 && read_from.size() < 2; ++round) { // a session reads from one server
            auto db = co_await tusk::pool::open(at);
            for (int i = 0; i < 5; ++i) read_from.insert(co_await db.one<int>(ask_port));
            co_await db.close();
        }
        EXPECT_GE(read_from.size(), 2U) << "no read was sent to another server";
        auto db = co_await tusk::pool::open(at);
        co_await db.exec("create table written (id int4)");
        for (int i = 0; i < 10; ++i) EXPECT_EQ(co_await db.exec("insert into written values ($1)", i), 1U);
        const auto both = [&](tusk::transaction& tx) -> asio::awaitable<void> {
            co_await tx.exec("insert into written values (100)");
            EXPECT_EQ(co_await tx.one<int>(ask_port), primary) << "after a write, in its transaction";
            EXPECT_EQ(co_await tx.one<std::int64_t>("select count(*) from written"), 11);
        };
        co_await db.transact(both);
        co_await db.close();
    };
    tusk::testing::run_async(
        body(between_->url("postgres", "pool_max_conns=2"), servers_->at(replication_test::primary).port()),
        60s);
}

/// Whatever server its session reads from, what Pgpool stands for is a primary.
TEST_F(balanced_by_pgpool, its_address_is_that_of_a_primary) {
    const auto body = [](std::string at) -> asio::awaitable<void> {
        for (int i = 0; i < 10; ++i) {
            const auto config = tusk::cluster_config::parse(at).value();
            auto db = co_await tusk::cluster::open(config);
            const auto all = db.members();
            EXPECT_EQ(all.front().role, tusk::cluster_role::primary) << all.front().problem;
            co_await db.close();
        }
    };
    tusk::testing::run_async(body(between_->url("postgres", "pool_max_conns=1&pool_min_conns=0")), 60s);
}

TEST_F(balanced_by_pgpool, a_server_that_must_write_is_found_behind_it) {
    const auto body = [](std::string at) -> asio::awaitable<void> {
        for (int i = 0; i < 10; ++i) {
            auto db = co_await tusk::pool::open(at);
            co_await db.exec("create table if not exists marks (id int4)");
            co_await db.close();
        }
    };
    tusk::testing::run_async(
        body(between_->url("postgres", "pool_max_conns=1&target_session_attrs=read-write")), 60s);
}

} // namespace balanced_test
