// A pool over a simulated server, from a seed: callers of every kind, and everything that happens to servers.
// The pool, its dispatch, breaker, retries and connections are the real ones, in virtual time (world.hpp).
#include <cstdlib>
#include <optional>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <gtest/gtest.h>

#include "../temporary_directory.hpp"
#include "journal.hpp"
#include "seeds.hpp"

#include <tusk/pool.hpp>

namespace pool_simulation_test {

using namespace simulation;
using tusk::condition;

/// What a call may take past its deadline: nothing to speak of when the server answers a cancellation, the
/// grace time of one when it does not.
constexpr auto late = 250ms;
constexpr auto grace = 1000ms;

constexpr const char* echo_sql = "select $1::int8";
constexpr const char* insert_sql = "insert into tokens values ($1)";

/// Each transition begins where the one before ended, and is one of the legal ones.
class breaker_watch : public tusk::observer {
public:
    void breaker_changed(tusk::breaker_event& e) noexcept override {
        using enum tusk::breaker_state;
        EXPECT_EQ(e.from, state_);
        const bool legal = (e.from == closed && e.to == open) || (e.from == open && e.to == half_open) ||
                           (e.from == half_open && (e.to == closed || e.to == open));
        EXPECT_TRUE(legal) << to_string(e.from) << " -> " << to_string(e.to);
        state_ = e.to;
        ++transitions;
    }
    unsigned transitions = 0;

private:
    tusk::breaker_state state_ = tusk::breaker_state::closed;
};

class scenario {
public:
    scenario(std::uint64_t seed, const std::string& directory)
        : world_{seed}, committed_{std::make_shared<ledger>()},
          server_{world_, committed_, directory + "/s"} {}

    void run();
    std::uint64_t digest() const { return world_.digest(); }
    void count(tally& into) const;

private:
    tusk::pool_config config();
    void check_limits();

    asio::awaitable<void> chaos(steady_clock::duration until);
    void something_happens();
    asio::awaitable<void> client();
    asio::awaitable<void> act();
    asio::awaitable<void> echo();
    asio::awaitable<void> insert();
    asio::awaitable<void> transfer();
    asio::awaitable<void> hold();
    asio::awaitable<void> change_of_mind();
    asio::awaitable<void> guarded(asio::awaitable<void> inner, std::shared_ptr<bool> over);
    asio::awaitable<void> recovery();
    asio::awaitable<void> end();

    /// One call of a client, from its beginning: was it over in time?
    class timed {
    public:
        timed(scenario& of, steady_clock::duration timeout)
            : of_{of}, until_{of.world_.now() + timeout}, deaf_{of.server_.anything_deaf()},
              deafened_{of.server_.deafened()} {}
        ~timed() {
            const bool disturbed = deaf_ || of_.server_.deafened() != deafened_;
            if (of_.world_.now() > until_) ++of_.lates_;
            EXPECT_LE(of_.world_.now() - until_, disturbed ? grace + late : late)
                << (disturbed ? "with a deaf server" : "");
        }
        timed(const timed&) = delete;
        timed& operator=(const timed&) = delete;

    private:
        scenario& of_;
        steady_clock::duration until_;
        bool deaf_;
        std::uint64_t deafened_;
    };
    steady_clock::duration some_time() {
        return world_.chance(0.2) ? world_.between(1ms, 30ms) : world_.between(100ms, 4000ms);
    }

    world world_;
    std::shared_ptr<ledger> committed_;
    server server_;
    journal journal_;
    std::shared_ptr<breaker_watch> watch_ = std::make_shared<breaker_watch>();
    std::optional<tusk::pool> pool_;
    std::vector<std::unique_ptr<asio::cancellation_signal>> signals_;
    int clients_ = 0;
    std::uint64_t answers_ = 0;
    std::uint64_t faults_ = 0;
    std::uint64_t lates_ = 0;
    tusk::pool_stats last_;
    bool chaos_over_ = false;
    bool over_ = false;
};

tusk::pool_config scenario::config() {
    const auto most = static_cast<unsigned>(1 + world_.below(6));
    auto c = tusk::pool_config::parse("user=u dbname=d host=" + server_.directory()).value();
    return c.max_connections(most)
        .min_connections(static_cast<unsigned>(world_.below(most + 1)))
        .max_connecting(static_cast<unsigned>(1 + world_.below(3)))
        .dispatch_batch(world_.chance(0.3) ? 1 : static_cast<unsigned>(2 + world_.below(8)))
        .max_lifetime(world_.chance(0.5) ? 2s : 1h)
        .max_idle_time(world_.chance(0.5) ? 500ms : 5min)
        .health_check_period(world_.chance(0.5) ? 700ms : 30s)
        .keepalive(world_.chance(0.3) ? 300ms : 0ms)
        .retry(world_.chance(0.3) ? tusk::retry_policy::none() : tusk::retry_policy{});
}

/// True after every step of the simulation.
void scenario::check_limits() {
    if (!pool_) return;
    const auto s = pool_->stats();
    EXPECT_LE(s.total, s.max);
    EXPECT_EQ(s.total, s.idle + s.in_use + s.constructing);
}

void scenario::something_happens() {
    ++faults_;
    switch (world_.below(11)) {
    case 0: server_.crash(); break;
    case 1:
        server_.crash();
        server_.start_slowly(world_.between(10ms, 1500ms));
        break;
    case 2: server_.terminate_one(); break;
    case 3: server_.hang(world_.between(1ms, 2500ms)); break;
    case 4: server_.silence_one(world_.between(100ms, 5000ms)); break;
    case 5:
    case 6: server_.cut_one(); break;
    case 7: server_.full(true); break;
    case 8: server_.slow(static_cast<unsigned>(world_.between(2ns, 30ns).count())); break;
    case 9: server_.stillborn(static_cast<unsigned>(1 + world_.below(4))); break;
    default: server_.fail_serialization(static_cast<unsigned>(world_.below(6))); break;
    }
}

asio::awaitable<void> scenario::chaos(steady_clock::duration until) {
    while (world_.now() < until) {
        co_await world_.sleep(world_.between(1ms, 900ms));
        if (world_.chance(0.35))
            server_.heal();
        else
            something_happens();
    }
    server_.heal();
    chaos_over_ = true;
}

asio::awaitable<void> scenario::echo() {
    const auto value = static_cast<std::int64_t>(world_.below(1'000'000'000));
    const auto timeout = some_time();
    const timed t{*this, timeout};
    const auto limit = tusk::options{}.timeout(timeout).idempotent(world_.chance(0.5));
    const auto r = co_await pool_->try_one<std::int64_t>(limit, echo_sql, value);
    if (!r) co_return;
    EXPECT_EQ(*r, value) << "somebody else's answer";
    ++answers_;
}

asio::awaitable<void> scenario::insert() {
    const auto token = journal_.new_token();
    const auto timeout = some_time();
    const timed t{*this, timeout};
    const auto limit = tusk::options{}.timeout(timeout);
    const auto r = co_await pool_->try_exec(limit, insert_sql, token);
    journal_.note({token}, r ? verdict::acknowledged : verdict_of(r.error()), r ? "" : r.error().message());
    answers_ += r ? 1 : 0;
}

/// Two writes in a transaction. What ends otherwise than by a commit in doubt has not happened.
asio::awaitable<void> scenario::transfer() {
    const std::vector<std::int64_t> tokens{journal_.new_token(), journal_.new_token()};
    const auto limit = tusk::options{}.timeout(world_.between(100ms, 2000ms));
    auto v = verdict::acknowledged;
    std::string why;
    const auto how = tusk::tx_options{}.timeout(1s).retries(world_.chance(0.5) ? 3 : 0);
    const auto both = [&](tusk::transaction& tx) -> asio::awaitable<void> {
        co_await tx.exec(limit, insert_sql, tokens[0]);
        co_await tx.exec(limit, insert_sql, tokens[1]);
    };
    try {
        co_await pool_->transact(both, how);
    } catch (const tusk::error& e) {
        v = e.as_failure() == condition::in_doubt ? verdict::unknown : verdict::failed;
        why = e.what();
    }
    journal_.note(tokens, v, why);
    answers_ += v == verdict::acknowledged ? 1 : 0;
}

asio::awaitable<void> scenario::hold() {
    const auto timeout = some_time();
    auto t = std::make_unique<timed>(*this, timeout);
    const auto limit = tusk::options{}.timeout(timeout);
    auto l = co_await pool_->try_acquire(limit);
    t.reset();
    if (!l) co_return;
    const auto value = static_cast<std::int64_t>(world_.below(1'000'000));
    for (int i = 0; i < 3 && (*l)->is_open(); ++i) {
        const auto r = co_await (*l)->try_one<std::int64_t>(limit, echo_sql, value + i);
        EXPECT_TRUE(!r || *r == value + i);
        answers_ += r ? 1 : 0;
        co_await world_.sleep(world_.between(0ms, 100ms));
    }
}

asio::awaitable<void> scenario::guarded(asio::awaitable<void> inner, std::shared_ptr<bool> over) {
    try {
        co_await std::move(inner);
    } catch (const std::exception&) { // cancelled
    }
    *over = true;
}

/// Cancels a call somewhere on its way. A write that was cancelled is in the journal as unknown.
asio::awaitable<void> scenario::change_of_mind() {
    const auto over = std::make_shared<bool>(false);
    // It stays until the end: Asio 1.81 passes a signal on through the executor, by a pointer into it.
    auto& signal = *signals_.emplace_back(std::make_unique<asio::cancellation_signal>());
    asio::awaitable<void> what = world_.chance(0.5) ? echo() : hold();
    asio::co_spawn(world_.executor(), guarded(std::move(what), over),
                   asio::bind_cancellation_slot(signal.slot(), asio::detached));
    co_await world_.sleep(world_.between(0ms, 60ms));
    signal.emit(asio::cancellation_type::terminal);
    for (int i = 0; !*over && i < 10'000; ++i) co_await world_.sleep(1ms);
    EXPECT_TRUE(*over) << "it was cancelled 10 s ago";
}

asio::awaitable<void> scenario::act() {
    switch (world_.below(6)) {
    case 0:
    case 1: return echo();
    case 2: return insert();
    case 3: return transfer();
    case 4: return hold();
    default: return change_of_mind();
    }
}

asio::awaitable<void> scenario::client() {
    for (int i = 0; i < 12; ++i) {
        co_await world_.sleep(world_.between(0ms, 300ms));
        co_await act();
    }
    --clients_;
}

/// From the moment that the server is well, how long until calls succeed again? Anybody's: the pool may be
/// busy.
asio::awaitable<void> scenario::recovery() {
    const auto began = world_.now();
    const auto before = answers_;
    while (answers_ == before && world_.now() - began < 60s) {
        const auto limit = tusk::options{}.timeout(400ms);
        const auto r = co_await pool_->try_one<std::int64_t>(limit, echo_sql, 1);
        answers_ += r ? 1 : 0;
        co_await world_.sleep(5ms);
    }
    EXPECT_LE(world_.now() - began, 1s) << "after the server is back";
}

asio::awaitable<void> scenario::end() {
    co_await recovery();
    while (clients_ > 0) co_await world_.sleep(10ms);
    co_await world_.sleep(3s); // what is being cleaned up
    // One may be pinged at this very moment, and the next one after it.
    for (int i = 0; i < 100 && pool_->stats().in_use != 0; ++i) co_await world_.sleep(1ms);
    const auto s = pool_->stats();
    EXPECT_EQ(s.waiting, 0U);
    EXPECT_EQ(s.in_use, 0U);
    EXPECT_LE(server_.sessions(), s.total) << "a process of the server is left over";
    co_await pool_->close(tusk::deadline::in(5s));
    last_ = pool_->stats();
    EXPECT_EQ(last_.total, 0U);
    over_ = true;
}

void scenario::run() {
    pool_.emplace(world_.executor(), config(), watch_);
    world_.watch([this] { check_limits(); });
    clients_ = static_cast<int>(3 + world_.below(12));
    for (int i = 0; i < clients_; ++i) world_.spawn(client());
    world_.spawn(chaos(world_.between(500ms, 4000ms)));
    EXPECT_TRUE(world_.run_until([&] { return chaos_over_; }, 60s));
    world_.spawn(end());
    EXPECT_TRUE(world_.run_until([&] { return over_; }, 10min)) << clients_ << " callers were never answered";
    pool_.reset();
    EXPECT_TRUE(world_.run_until([&] { return server_.sessions() == 0; }, 10s))
        << "a connection is left open";
    EXPECT_EQ(server_.problem(), "");
    journal_.compare(*committed_);
}

void scenario::count(tally& into) const {
    into.add("runs", 1);
    into.add("steps", world_.steps());
    into.add("faults", faults_);
    into.add("answers", answers_);
    into.add("writes acknowledged", journal_.count(verdict::acknowledged));
    into.add("writes unknown", journal_.count(verdict::unknown));
    into.add("writes failed", journal_.count(verdict::failed));
    into.add("transitions of the breaker", watch_->transitions);
    into.add("calls past their deadline", lates_);
    into.add("retries", last_.retries);
    into.add("statements shared", last_.shared_statements);
    into.add("connections", last_.connects);
    into.add("attempts to connect that failed", last_.connect_failures);
    into.add("timeouts of the queue", last_.timeouts);
    into.add("waiters cancelled", last_.canceled);
}

std::uint64_t run(std::uint64_t seed, const std::string& directory, tally& seen) {
    scenario s{seed, directory};
    s.run();
    s.count(seen);
    return s.digest();
}

class pool_simulation : public ::testing::TestWithParam<unsigned> {};

TEST_P(pool_simulation, holds_its_promises_whatever_happens) {
    const auto seen = run_seeds("pool_simulation", GetParam(), run);
    if (seen.of("runs") < 50) return;
    for (const char* what : {"answers", "writes acknowledged", "writes unknown", "writes failed", "retries",
                             "transitions of the breaker", "statements shared",
                             "attempts to connect that failed", "timeouts of the queue", "waiters cancelled"})
        EXPECT_GT(seen.of(what), 0U) << what;
}

INSTANTIATE_TEST_SUITE_P(part, pool_simulation, ::testing::Range(0U, parts));

TEST(simulation, is_the_same_for_the_same_seed) {
    tally seen;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const auto first = run_seed(seed, run, seen);
        EXPECT_EQ(run_seed(seed, run, seen), first) << seed;
        EXPECT_NE(run_seed(seed + 100, run, seen), first) << seed;
    }
}

} // namespace pool_simulation_test
