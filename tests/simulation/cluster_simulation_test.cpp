// A cluster over three simulated servers that replicate synchronously: primaries die, replicas are promoted
// and fall behind, and old primaries come back as replicas.
#include <algorithm>
#include <optional>

#include <gtest/gtest.h>

#include "journal.hpp"
#include "seeds.hpp"

#include <tusk/pool/cluster.hpp>

namespace cluster_simulation_test {

using namespace simulation;

constexpr const char* insert_sql = "insert into tokens values ($1)";
constexpr const char* count_sql = "select count(*) from tokens where token = $1";
constexpr std::size_t servers = 3;

class scenario {
public:
    scenario(std::uint64_t seed, const std::string& directory)
        : world_{seed}, committed_{std::make_shared<ledger>()} {
        for (std::size_t i = 0; i < servers; ++i) {
            servers_.push_back(
                std::make_unique<server>(world_, committed_, directory + "/" + std::to_string(i)));
            servers_.back()->become(i != 0, i == 0 ? 1 : 0);
        }
    }
    void run();
    void count(tally& into) const;
    std::uint64_t digest() const { return world_.digest(); }

private:
    std::string hosts() const;
    asio::awaitable<void> open();
    asio::awaitable<void> client();
    asio::awaitable<void> write_and_read();
    asio::awaitable<void> read_anywhere();
    asio::awaitable<void> chaos(steady_clock::duration until);
    void fail_over();
    void something_happens();
    void heal();
    asio::awaitable<void> end();

    world world_;
    std::shared_ptr<ledger> committed_;
    std::vector<std::unique_ptr<server>> servers_;
    std::size_t primary_ = 0;
    std::uint32_t timeline_ = 1;
    journal journal_;
    std::optional<tusk::cluster> cluster_;
    std::uint64_t promotions_ = 0;
    std::uint64_t reads_ = 0;
    std::uint64_t own_reads_ = 0;
    int clients_ = 0;
    bool opened_ = false;
    bool chaos_over_ = false;
    bool over_ = false;
};

std::string scenario::hosts() const {
    std::string all;
    for (const auto& s : servers_) all += (all.empty() ? "" : ",") + s->directory();
    return all;
}

asio::awaitable<void> scenario::open() {
    auto config = tusk::cluster_config::parse("user=u dbname=d host=" + hosts()).value();
    auto pool = config.pool();
    pool.max_connections(3).min_connections(0);
    config.pool(pool).check_period(200ms).check_timeout(300ms);
    auto made = co_await tusk::cluster::open(config);
    cluster_.emplace(std::move(made));
    opened_ = true;
}

/// Who has written reads it, wherever the answer comes from.
asio::awaitable<void> scenario::write_and_read() {
    const auto token = journal_.new_token();
    const auto limit = tusk::options{}.timeout(world_.between(50ms, 3000ms));
    const auto r = co_await cluster_->try_exec(limit, insert_sql, token);
    journal_.note({token}, r ? verdict::acknowledged : verdict_of(r.error()), r ? "" : r.error().message());
    if (!r) co_return;
    try {
        const auto position = co_await cluster_->written();
        auto on = cluster_->reads(tusk::read_options{}.at_least(position));
        const auto seen = co_await on.try_one<std::int64_t>(limit, count_sql, token);
        if (!seen) co_return;
        EXPECT_EQ(*seen, 1) << "token " << token << " was acknowledged, and its writer does not see it";
        ++own_reads_;
    } catch (const tusk::error&) { // no primary to ask
    }
}

asio::awaitable<void> scenario::read_anywhere() {
    const auto limit = tusk::options{}.timeout(world_.between(50ms, 1000ms));
    auto on = cluster_->reads();
    const auto seen = co_await on.try_one<std::int64_t>(limit, count_sql, 1);
    if (!seen) co_return;
    EXPECT_LE(*seen, 1);
    ++reads_;
}

asio::awaitable<void> scenario::client() {
    for (int i = 0; i < 10; ++i) {
        co_await world_.sleep(world_.between(0ms, 400ms));
        if (world_.chance(0.6))
            co_await write_and_read();
        else
            co_await read_anywhere();
    }
    --clients_;
}

/// The primary dies, another one takes over at once, and the dead one comes back as its replica when it is
/// healed.
void scenario::fail_over() {
    servers_[primary_]->crash();
    servers_[primary_]->become(true, 0);
    primary_ = (primary_ + 1 + world_.below(servers - 1)) % servers;
    servers_[primary_]->start();
    servers_[primary_]->lag(0); // what it has not replayed it replays first
    servers_[primary_]->become(false, ++timeline_);
    ++promotions_;
}

void scenario::something_happens() {
    auto& s = *servers_[world_.below(servers)];
    switch (world_.below(6)) {
    case 0: fail_over(); break;
    case 1: s.hang(world_.between(10ms, 1500ms)); break;
    case 2: s.terminate_one(); break;
    case 3: s.cut_one(); break;
    case 4: s.silence_one(world_.between(100ms, 2000ms)); break;
    default:
        if (s.is_replica()) s.lag(static_cast<std::int64_t>(world_.below(20)));
    }
}

void scenario::heal() {
    for (auto& s : servers_) s->heal();
}

asio::awaitable<void> scenario::chaos(steady_clock::duration until) {
    while (world_.now() < until) {
        co_await world_.sleep(world_.between(1ms, 800ms));
        if (world_.chance(0.3))
            heal();
        else
            something_happens();
    }
    heal();
    if (world_.chance(0.5)) fail_over();
    chaos_over_ = true;
}

asio::awaitable<void> scenario::end() {
    const auto began = world_.now();
    for (;;) {
        const auto token = journal_.new_token();
        const auto limit = tusk::options{}.timeout(500ms);
        const auto r = co_await cluster_->try_exec(limit, insert_sql, token);
        journal_.note({token}, r ? verdict::acknowledged : verdict_of(r.error()),
                      r ? "" : r.error().message());
        if (r || world_.now() - began > 60s) break;
        co_await world_.sleep(5ms);
    }
    EXPECT_LE(world_.now() - began, 2s) << "after the last promotion";
    while (clients_ > 0) co_await world_.sleep(10ms);
    heal();
    const auto all_reachable = [this] {
        const auto all = cluster_->members();
        return std::all_of(all.begin(), all.end(), [](const auto& m) { return m.reachable; });
    };
    // Who was down for long is asked again after half a minute.
    for (const auto until = world_.now() + 45s; !all_reachable() && world_.now() < until;)
        co_await world_.sleep(200ms);
    EXPECT_TRUE(all_reachable()) << "a server that is well is taken for dead";
    co_await world_.sleep(3s);
    const auto at_rest = [this] {
        const auto all = cluster_->members();
        return std::all_of(all.begin(), all.end(), [](const auto& m) { return m.pool.in_use == 0; });
    };
    for (int i = 0; i < 100 && !at_rest(); ++i) co_await world_.sleep(1ms); // one may just be pinged
    for (const auto& m : cluster_->members()) {
        EXPECT_EQ(m.pool.waiting, 0U) << m.server;
        EXPECT_EQ(m.pool.in_use, 0U) << m.server;
    }
    co_await cluster_->close(tusk::deadline::in(5s));
    over_ = true;
}

void scenario::run() {
    world_.spawn(open());
    ASSERT_TRUE(world_.run_until([&] { return opened_; }, 10s));
    clients_ = static_cast<int>(2 + world_.below(6));
    for (int i = 0; i < clients_; ++i) world_.spawn(client());
    world_.spawn(chaos(world_.now() + world_.between(500ms, 5000ms)));
    EXPECT_TRUE(world_.run_until([&] { return chaos_over_; }, 60s));
    world_.spawn(end());
    EXPECT_TRUE(world_.run_until([&] { return over_; }, 10min)) << clients_ << " callers were never answered";
    cluster_.reset();
    EXPECT_TRUE(world_.run_until(
        [&] { return servers_[0]->sessions() + servers_[1]->sessions() + servers_[2]->sessions() == 0; },
        60s))
        << "a connection is left open";
    for (const auto& s : servers_) EXPECT_EQ(s->problem(), "");
    journal_.compare(*committed_);
}

void scenario::count(tally& into) const {
    into.add("runs", 1);
    into.add("steps", world_.steps());
    into.add("promotions", promotions_);
    into.add("reads", reads_);
    into.add("reads of one's own writes", own_reads_);
    into.add("writes acknowledged", journal_.count(verdict::acknowledged));
    into.add("writes unknown", journal_.count(verdict::unknown));
    into.add("writes failed", journal_.count(verdict::failed));
}

std::uint64_t run(std::uint64_t seed, const std::string& directory, tally& seen) {
    scenario s{seed, directory};
    s.run();
    s.count(seen);
    return s.digest();
}

class simulated_cluster : public ::testing::TestWithParam<unsigned> {};

TEST_P(simulated_cluster, loses_no_acknowledged_write_and_follows_every_promotion) {
    const auto seen = run_seeds("simulated_cluster", GetParam(), run);
    if (seen.of("runs") < 50) return;
    for (const char* what : {"promotions", "reads", "reads of one's own writes", "writes acknowledged",
                             "writes unknown", "writes failed"})
        EXPECT_GT(seen.of(what), 0U) << what;
}

/// The old primary comes back, and believes that it still is one.
void split_brain(const std::string& directory) {
    world w{1};
    const auto committed = std::make_shared<ledger>();
    server old{w, committed, directory + "/old"};
    server promoted{w, committed, directory + "/new"};
    promoted.become(true, 0);
    auto config =
        tusk::cluster_config::parse("user=u dbname=d host=" + old.directory() + "," + promoted.directory())
            .value();
    config.check_period(200ms);
    std::optional<tusk::cluster> db;
    auto opening = [&]() -> asio::awaitable<void> {
        auto made = co_await tusk::cluster::open(config);
        db.emplace(std::move(made));
    };
    w.spawn(opening());
    ASSERT_TRUE(w.run_until([&] { return db.has_value(); }, 10s));
    old.crash();
    promoted.become(false, 2);
    bool over = false;
    auto using_it = [&]() -> asio::awaitable<void> {
        co_await w.sleep(2s); // until it is noticed
        const auto primary = co_await db->primary();
        EXPECT_NE(primary->name().find("new"), std::string::npos) << primary->name();
        old.start(); // as a primary of timeline 1
        co_await w.sleep(5s);
        for (int i = 0; i < 20; ++i) {
            const auto now = co_await db->primary();
            EXPECT_NE(now->name().find("new"), std::string::npos) << now->name();
            co_await w.sleep(100ms);
        }
        co_await db->close();
        over = true;
    };
    w.spawn(using_it());
    EXPECT_TRUE(w.run_until([&] { return over; }, 1min));
    db.reset();
    EXPECT_TRUE(w.run_until([&] { return old.sessions() + promoted.sessions() == 0; }, 1min));
}

TEST(cluster_simulation, of_two_primaries_the_later_one_is_believed) {
    const tests::temporary_directory directory;
    world::run_in_a_thread([&] { split_brain(directory.path().string()); });
}

/// A replica that was down for so long that it is asked only now and then becomes the primary, while nobody
/// sends a statement that could fail.
void promoted_in_quarantine(const std::string& directory) {
    world w{1};
    const auto committed = std::make_shared<ledger>();
    server first{w, committed, directory + "/first"};
    server second{w, committed, directory + "/second"};
    second.become(true, 0);
    second.crash();
    auto config =
        tusk::cluster_config::parse("user=u dbname=d host=" + first.directory() + "," + second.directory())
            .value();
    config.check_period(200ms);
    std::optional<tusk::cluster> db;
    auto opening = [&]() -> asio::awaitable<void> {
        auto made = co_await tusk::cluster::open(config);
        db.emplace(std::move(made));
    };
    w.spawn(opening());
    ASSERT_TRUE(w.run_until([&] { return db.has_value(); }, 10s));
    w.run_until([] { return false; }, 3min); // now it is asked every half a minute
    second.start();
    second.become(false, 2);
    first.crash();
    const auto when = w.now();
    EXPECT_TRUE(w.run_until([&] { return db->members()[1].role == tusk::cluster_role::primary; }, 1min));
    EXPECT_LE(w.now() - when, 2s) << "after the promotion";
    bool over = false;
    auto closing = [&]() -> asio::awaitable<void> {
        co_await db->close();
        over = true;
    };
    w.spawn(closing());
    EXPECT_TRUE(w.run_until([&] { return over; }, 1min));
    db.reset();
    EXPECT_TRUE(w.run_until([&] { return first.sessions() + second.sessions() == 0; }, 1min));
}

TEST(cluster_simulation, a_promotion_in_quarantine_is_found_without_a_statement) {
    const tests::temporary_directory directory;
    world::run_in_a_thread([&] { promoted_in_quarantine(directory.path().string()); });
}

INSTANTIATE_TEST_SUITE_P(part, simulated_cluster, ::testing::Range(0U, parts));

} // namespace cluster_simulation_test
