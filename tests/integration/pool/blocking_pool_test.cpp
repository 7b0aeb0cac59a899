// The pool for threads.
#include <sys/types.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "pool_support.hpp"

namespace blocking_pool_test {

using namespace std::chrono_literals;
using tusk::steady_clock;
namespace blocking = tusk::blocking;

class blocking_pool : public tusk::testing::database_test {
protected:
    tusk::pool_config config() const {
        return tusk::pool_config::parse(url()).value().max_connections(3).min_connections(0);
    }
};

template <class F>
bool eventually(F done) {
    for (int i = 0; i < 1000 && !done(); ++i) std::this_thread::sleep_for(10ms);
    return done();
}

template <class F>
tusk::failure failure_of(F f) {
    try {
        f();
    } catch (const tusk::error& e) {
        return e.as_failure();
    }
    return {};
}

TEST_F(blocking_pool, has_the_verbs_of_a_connection) {
    auto db = blocking::pool::open(config());
    db.exec("create table t (id int primary key, name text)");
    EXPECT_EQ(db.exec("insert into t values ($1, $2), (2, 'bob')", 1, "ann"), 2U);
    EXPECT_EQ(db.one<std::string>("select name from t where id = $1", 1), "ann");
    EXPECT_EQ(db.maybe<int>("select id from t where id = 7"), std::nullopt);
    EXPECT_EQ(db.all<int>("select id from t order by id"), (std::vector<int>{1, 2}));
    tusk::batch b;
    auto n = b.one<std::int64_t>("select count(*) from t");
    db.run(b);
    EXPECT_EQ(n.get(), 2);
    {
        auto rows = db.stream<int>("select id from t order by id");
        EXPECT_EQ(rows.next(), 1);
        EXPECT_EQ(db.stats().in_use, 1U) << "the stream holds a connection";
    }
    EXPECT_EQ(db.stats().in_use, 0U);
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from t"), 2) << "after an abandoned stream";
    EXPECT_FALSE(db.ping());
    EXPECT_FALSE(db.close());
    EXPECT_EQ(db.stats().total, 0U);
}

TEST_F(blocking_pool, runs_transactions_on_a_connection_of_their_own) {
    auto db = blocking::pool::open(config());
    db.exec("create table t (id int)");
    db.transact([](blocking::transaction& tx) {
        tx.exec("insert into t values (1)");
        EXPECT_THROW(
            tx.transact([](blocking::transaction& inner) { inner.exec("insert into nowhere values (1)"); }),
            tusk::error);
        tx.transact([](blocking::transaction& inner) { inner.exec("insert into t values (2)"); });
    });
    EXPECT_EQ(db.all<int>("select id from t order by id"), (std::vector<int>{1, 2}));
    {
        auto tx = db.begin();
        tx.exec("insert into t values (3)");
        EXPECT_EQ(db.stats().in_use, 1U);
    }
    EXPECT_EQ(db.stats().in_use, 0U);
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from t"), 2) << "rolled back";
    EXPECT_EQ(db.stats().connects, 1U);
}

TEST_F(blocking_pool, never_has_more_than_the_maximum_and_loses_nobody) {
    auto db = blocking::pool::open(config().max_connections(4));
    std::atomic<int> sum{0};
    std::atomic<std::uint32_t> most{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 16; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 50; ++i) {
                sum += db.one<int>("select $1::int", 1);
                auto now = db.stats().total;
                for (auto seen = most.load(); seen < now && !most.compare_exchange_weak(seen, now);) {
                }
            }
        });
    for (auto& t : threads) t.join();
    EXPECT_EQ(sum, 800);
    EXPECT_LE(most, 4U);
    EXPECT_EQ(db.stats().in_use, 0U);
    EXPECT_EQ(db.stats().waiting, 0U);
}

TEST_F(blocking_pool, serves_threads_in_the_order_they_came) {
    auto db = blocking::pool::open(config().max_connections(1));
    auto held = db.acquire();
    std::mutex m;
    std::vector<int> order;
    std::vector<std::thread> threads;
    for (int i = 0; i < 5; ++i) {
        threads.emplace_back([&, i] {
            auto mine = db.acquire();
            const std::lock_guard lock{m};
            order.push_back(i);
        });
        EXPECT_TRUE(eventually([&] { return db.stats().waiting == static_cast<unsigned>(i + 1); }));
    }
    held.release();
    for (auto& t : threads) t.join();
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST_F(blocking_pool, says_why_there_is_no_connection) {
    auto db = blocking::pool::open(config().max_connections(1).acquire_timeout(80ms));
    auto held = db.acquire();
    const auto begin = steady_clock::now();
    const auto full = failure_of([&] { db.exec("select 1"); });
    EXPECT_EQ(full.code(), tusk::errc::pool_timeout);
    EXPECT_NE(full.message().find("all are in use"), std::string::npos) << full.message();
    EXPECT_GE(steady_clock::now() - begin, 80ms);
    EXPECT_EQ(db.stats().timeouts, 1U);
    held.release();
    db.force_open_breaker();
    EXPECT_EQ(failure_of([&] { db.exec("select 1"); }).code(), tusk::errc::circuit_open);
    db.reset_breaker();
    EXPECT_EQ(db.one<int>("select 1"), 1);
    EXPECT_FALSE(db.close());
    EXPECT_EQ(failure_of([&] { db.exec("select 1"); }).code(), tusk::errc::pool_closed);

    auto nobody = tusk::pool_config::parse("postgres://nobody@127.0.0.1:1/none?connect_timeout=2").value();
    EXPECT_EQ(failure_of([&] { blocking::pool::open(nobody); }).code(), tusk::errc::connect_failed);
}

TEST_F(blocking_pool, replaces_what_broke_and_cleans_what_was_changed) {
    auto db = blocking::pool::open(config().max_connections(1));
    std::int32_t first = 0;
    {
        auto held = db.acquire();
        first = held->backend_pid();
        held->exec("set application_name = 'changed'");
        held->exec("begin");
    }
    EXPECT_NE(db.one<std::string>("show application_name"), "changed") << "the session was reset";
    {
        auto held = db.acquire();
        EXPECT_EQ(held->backend_pid(), first);
        EXPECT_EQ(held->status(), tusk::transaction_status::idle);
    }
    {
        auto other = blocking::connection::open(url());
        other.exec("select pg_terminate_backend($1)", first);
    }
    EXPECT_TRUE(eventually([&] { return !failure_of([&] { db.exec("select 1"); }); }));
    EXPECT_EQ(db.stats().closed_broken, 1U);
}

TEST_F(blocking_pool, ends_a_ping_without_an_answer_at_its_timeout) {
    auto db = blocking::pool::open(config().max_connections(1).ping_after_idle(1ms).ping_timeout(150ms));
    const auto silent = db.acquire()->backend_pid();
    std::this_thread::sleep_for(10ms);
    ASSERT_EQ(::kill(silent, SIGSTOP), 0);
    const auto begin = steady_clock::now();
    const auto next = db.acquire()->backend_pid();
    const auto took = steady_clock::now() - begin;
    ::kill(silent, SIGCONT);
    EXPECT_NE(next, silent);
    EXPECT_LT(took, 900ms);
}

TEST_F(blocking_pool, keeps_its_minimum_and_lets_the_rest_go) {
    auto db = blocking::pool::open(config().max_connections(5).min_connections(2).max_idle_time(100ms));
    EXPECT_FALSE(db.warm_up());
    {
        std::vector<blocking::lease> all;
        for (int i = 0; i < 5; ++i) all.push_back(db.acquire());
    }
    EXPECT_TRUE(eventually([&] { return db.stats().total == 2; }));
    EXPECT_EQ(db.stats().closed_by_idle_time, 3U);
    const auto before = db.stats().connects;
    db.reset();
    EXPECT_TRUE(eventually([&] { return db.stats().connects >= before + 2 && db.stats().idle == 2; }));
    db.reconfigure(config().max_connections(1).min_connections(0));
    EXPECT_TRUE(eventually([&] { return db.stats().total <= 1; }));
}

TEST_F(blocking_pool, calls_its_hooks) {
    std::atomic<int> connected{0};
    std::atomic<int> closed{0};
    blocking::pool_hooks hooks;
    hooks.after_connect([&](blocking::connection& c) {
        ++connected;
        c.script("set search_path to pg_catalog");
    });
    hooks.before_acquire([](blocking::connection&) { return true; });
    hooks.after_release([](blocking::connection& c) { return c.is_clean(); });
    hooks.before_close([&](blocking::connection&) { ++closed; });
    {
        auto db = blocking::pool::open(config(), nullptr, hooks);
        EXPECT_EQ(db.one<std::string>("show search_path"), "pg_catalog");
        db.exec("set search_path to public");
        EXPECT_EQ(db.one<std::string>("show search_path"), "pg_catalog") << "set again after the reset";
    }
    EXPECT_GE(connected, 1);
    EXPECT_GE(closed, 1);
    blocking::pool_hooks odd; // whatever a hook throws costs no place
    int calls = 0;
    odd.before_acquire([&](blocking::connection&) {
        if (++calls == 1) throw 7;
        return true;
    });
    {
        blocking::pool db{config().max_connections(1), nullptr, odd};
        EXPECT_EQ(failure_of([&] { db.acquire(); }).code(), tusk::errc::canceled);
        EXPECT_EQ(db.one<int>("select 1"), 1);
    }
    blocking::pool_hooks odder;
    odder.after_connect([](blocking::connection&) { throw 7; });
    EXPECT_EQ(failure_of([&] { blocking::pool::open(config(), nullptr, odder); }).code(),
              tusk::errc::connect_failed);
    tusk::pool_hooks coroutines;
    coroutines.should_ping([](tusk::connection&, steady_clock::duration) { return true; });
    EXPECT_EQ(failure_of([&] { blocking::pool{config().hooks(coroutines)}; }).code(),
              tusk::errc::invalid_configuration);
}

TEST_F(blocking_pool, describes_who_holds_what) {
    auto db = blocking::pool::open(config());
    auto held = db.acquire();
    const auto line = std::source_location::current().line() - 1;
    const auto now = db.describe();
    ASSERT_EQ(now.connections.size(), 1U);
    EXPECT_EQ(now.connections[0].state, tusk::pool_description::connection_state::leased);
    EXPECT_EQ(now.connections[0].acquired_at.line(), line);
    EXPECT_EQ(now.connections[0].backend_pid, held->backend_pid());
}

TEST_F(blocking_pool, tells_of_leases_that_are_held_too_long) {
    const auto seen = std::make_shared<pool_tests::recording_observer>();
    auto db = blocking::pool::open(config().leak_after(60ms), seen);
    {
        auto held = db.acquire();
        EXPECT_TRUE(eventually([&] { return db.stats().leaks == 1; }));
    }
    EXPECT_TRUE(eventually([&] { return seen->count("returned") == 1; }));
    EXPECT_EQ(seen->count("leaked"), 1U);
}

TEST_F(blocking_pool, closing_tells_who_waits_and_who_does_not_let_go) {
    auto db = blocking::pool::open(config().max_connections(1));
    auto held = db.acquire();
    tusk::failure told;
    std::thread waiting{[&] { told = failure_of([&] { db.acquire(); }); }};
    EXPECT_TRUE(eventually([&] { return db.stats().waiting == 1; }));
    const auto f = db.close(tusk::deadline::in(50ms));
    waiting.join();
    EXPECT_EQ(told.code(), tusk::errc::pool_closed);
    EXPECT_EQ(f.code(), tusk::errc::timeout);
    EXPECT_EQ(held->one<int>("select 1"), 1) << "still the holder's";
    held.release();
    EXPECT_EQ(db.stats().total, 0U);
}

TEST(blocking_outage, opens_the_breaker_and_its_end_closes_it_soon) {
    auto server = tusk::embedded::server::start().value();
    auto config = tusk::pool_config::parse(server.url()).value().max_connections(4).min_connections(0);
    auto db = blocking::pool::open(config.retry(tusk::retry_policy::none()));
    server.kill9().value();
    int refused = 0;
    for (int i = 0; i < 60; ++i)
        refused += failure_of([&] { db.exec("select 1"); }) == tusk::condition::circuit_open;
    EXPECT_GT(refused, 20) << "not every call has to find out";
    EXPECT_EQ(db.breaker(), tusk::breaker_state::open);
    EXPECT_EQ(db.stats().breaker_openings, 1U);
    server.start_again().value();
    EXPECT_TRUE(eventually([&] { return db.breaker() == tusk::breaker_state::closed; }));
    EXPECT_EQ(db.one<int>("select 1"), 1);
}

} // namespace blocking_pool_test
