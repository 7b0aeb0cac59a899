// Nothing that was acknowledged is lost and nothing is done twice, whatever happens between client and
// server. For TUSK_SOAK_SECONDS seconds (30 without it).
#include <signal.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <random>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include "bank.hpp"

#include <tusk/embedded/server.hpp>
#include <tusk/pool.hpp>
#include <tusk/testing/fault_proxy.hpp>
#include <tusk/testing/run_async.hpp>

namespace bank_test {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using bank::verdict;
using tusk::steady_clock;
using tusk::testing::fault_proxy;

unsigned number_of(const char* variable, unsigned fallback) {
    const char* value = std::getenv(variable);
    return value == nullptr || *value == '\0' ? fallback
                                              : static_cast<unsigned>(std::strtoul(value, nullptr, 10));
}

std::string seconds(steady_clock::duration d) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(d).count()) + " ms";
}

/// The largest of what several threads saw.
class peak {
public:
    void saw(steady_clock::duration d) noexcept {
        auto before = most_.load();
        while (before < d.count() && !most_.compare_exchange_weak(before, d.count())) {
        }
    }
    steady_clock::duration most() const noexcept { return steady_clock::duration{most_.load()}; }

private:
    std::atomic<steady_clock::rep> most_{0};
};

class open_bank : public ::testing::Test {
protected:
    void SetUp() override {
        auto db = tusk::blocking::connection::open(server_.url());
        db.script(bank::schema());
    }

    // The clients
    asio::awaitable<void> customer(tusk::pool& p, unsigned seed);
    asio::awaitable<void> by_one_statement(tusk::pool& p, std::mt19937& random);
    asio::awaitable<void> by_a_transaction(tusk::pool& p, std::mt19937& random);
    asio::awaitable<void> ask(tusk::pool& p, std::mt19937& random);
    asio::awaitable<void> everybody(std::shared_ptr<tusk::observer> seen);

    // What happens
    void inflict_faults(unsigned seed);
    void inflict_one(std::mt19937& random);
    void signal_a_backend(int with, std::mt19937& random);
    void restart(tusk::embedded::stop_mode how);
    void until_somebody_succeeds(steady_clock::time_point since);

    tusk::options some_time(std::mt19937& random) {
        const auto d = std::chrono::milliseconds{std::uniform_int_distribution<>{50, 2000}(random)};
        return tusk::options{}.until(tusk::deadline::in(d)).timeout(d);
    }
    bool is_over() const { return steady_clock::now() >= end_; }

    tusk::embedded::server server_ =
        tusk::embedded::server::start(tusk::embedded::server_options{}.durable(true)).value();
    fault_proxy proxy_{server_.url()};
    bank::journal journal_;
    steady_clock::time_point end_ =
        steady_clock::now() + std::chrono::seconds{number_of("TUSK_SOAK_SECONDS", 30)};
    std::atomic<std::uint64_t> answers_{0};
    std::atomic<std::uint64_t> successes_{0};
    std::atomic<int> present_{0};
    peak recovery_;
    peak lateness_;
    unsigned faults_ = 0;
    unsigned restarts_ = 0;
};

struct order {
    explicit order(std::mt19937& random) {
        std::uniform_int_distribution<> pick{1, bank::accounts};
        // In one direction, else most transactions would end in deadlocks.
        source = pick(random);
        target = pick(random);
        if (source > target) std::swap(source, target);
        if (source == target) target = source % bank::accounts + 1;
        amount = std::uniform_int_distribution<>{1, 10}(random);
    }
    std::int32_t source;
    std::int32_t target;
    std::int64_t amount;
};

asio::awaitable<void> open_bank::by_one_statement(tusk::pool& p, std::mt19937& random) {
    const auto token = journal_.new_token();
    const order o{random};
    const auto limit = some_time(random);
    const auto r =
        co_await p.try_exec(limit, "select transfer($1, $2, $3, $4)", token, o.source, o.target, o.amount);
    journal_.note(token, r ? verdict::acknowledged : bank::verdict_of(r.error()),
                  r ? "" : r.error().message());
    successes_ += r ? 1 : 0;
}

/// What ends otherwise than by a commit in doubt has not happened.
asio::awaitable<void> open_bank::by_a_transaction(tusk::pool& p, std::mt19937& random) {
    const auto token = journal_.new_token();
    const order o{random};
    const auto how = tusk::tx_options{}.retries(3).timeout(1s);
    auto v = verdict::acknowledged;
    std::string why;
    const auto work = [&](tusk::transaction& tx) -> asio::awaitable<void> {
        const auto limit = tusk::options{}.timeout(1s);
        co_await tx.exec(limit, "update accounts set balance = balance - $2 where id = $1", o.source,
                         o.amount);
        co_await tx.exec(limit, "update accounts set balance = balance + $2 where id = $1", o.target,
                         o.amount);
        co_await tx.exec(limit, "insert into transfers values ($1, $2, $3, $4)", token, o.source, o.target,
                         o.amount);
    };
    try {
        co_await p.transact(work, how);
        ++successes_;
    } catch (const tusk::error& e) {
        v = e.as_failure() == tusk::condition::in_doubt ? verdict::unknown : verdict::failed;
        why = e.what();
    }
    journal_.note(token, v, why);
}

asio::awaitable<void> open_bank::ask(tusk::pool& p, std::mt19937& random) {
    const auto mine = static_cast<std::int64_t>(random());
    const auto limit = some_time(random).idempotent();
    const auto due = limit.deadline_from_now(1h);
    const auto r = co_await p.try_one<std::int64_t>(limit, "select $1::int8", mine);
    lateness_.saw(steady_clock::now() - due.at());
    if (!r) co_return;
    EXPECT_EQ(*r, mine) << "somebody else's answer";
    ++answers_;
    ++successes_;
}

asio::awaitable<void> open_bank::customer(tusk::pool& p, unsigned seed) {
    std::mt19937 random{seed};
    while (!is_over()) {
        const auto what = random() % 4;
        if (what == 0)
            co_await by_a_transaction(p, random);
        else if (what == 1)
            co_await by_one_statement(p, random);
        else
            co_await ask(p, random);
    }
    --present_;
}

asio::awaitable<void> open_bank::everybody(std::shared_ptr<tusk::observer> seen) {
    auto config = tusk::pool_config::parse(proxy_.url()).value().max_connections(8).min_connections(0);
    auto p = co_await tusk::pool::open(std::move(config), std::move(seen));
    const auto executor = co_await asio::this_coro::executor;
    present_ = 24;
    for (unsigned i = 0; i < 24; ++i) asio::co_spawn(executor, customer(p, i + 1), asio::detached);
    asio::steady_timer timer{executor};
    while (present_ > 0) {
        const auto s = p.stats();
        EXPECT_LE(s.total, s.max);
        timer.expires_after(20ms);
        co_await timer.async_wait(asio::use_awaitable);
        if (steady_clock::now() < end_ + 30s) continue;
        ADD_FAILURE() << present_ << " customers were never answered";
        break;
    }
    co_await p.close(tusk::deadline::in(5s));
    EXPECT_EQ(p.stats().waiting, 0U);
    EXPECT_EQ(p.stats().total, 0U);
    std::cout << p.stats().connects << " connections made, " << p.stats().connect_failures
              << " attempts failed, " << p.stats().retries << " retries, " << p.stats().breaker_openings
              << " openings of the breaker\n";
}

// ---- what happens

/// Some backend of the pool's.
void open_bank::signal_a_backend(int with, std::mt19937& random) {
    auto db = tusk::blocking::connection::open(server_.url());
    const auto pids =
        db.all<int>("select pid from pg_stat_activity where backend_type = 'client backend' and pid <> "
                    "pg_backend_pid()");
    if (pids.empty()) return;
    const auto pid = pids[random() % pids.size()];
    if (with == SIGTERM) {
        db.exec("select pg_terminate_backend($1)", pid);
    } else if (with == SIGSTOP) {
        ::kill(pid, SIGSTOP);
        std::this_thread::sleep_for(std::chrono::milliseconds{random() % 1500});
        ::kill(pid, SIGCONT);
    } else {
        ::kill(pid, with);
    }
}

void open_bank::until_somebody_succeeds(steady_clock::time_point since) {
    const auto before = successes_.load();
    while (successes_ == before && !is_over()) std::this_thread::sleep_for(1ms);
    if (successes_ != before) recovery_.saw(steady_clock::now() - since);
}

void open_bank::restart(tusk::embedded::stop_mode how) {
    ++restarts_;
    static_cast<void>(server_.restart(how).value());
    until_somebody_succeeds(steady_clock::now());
}

void open_bank::inflict_one(std::mt19937& random) {
    using tusk::embedded::stop_mode;
    auto to_client = proxy_.to_client();
    switch (random() % 14) {
    case 0: restart(stop_mode::fast); break;
    case 1: restart(stop_mode::immediate); break;
    case 2:
        ++restarts_;
        static_cast<void>(server_.kill9().value());
        static_cast<void>(server_.start_again().value());
        until_somebody_succeeds(steady_clock::now());
        break;
    case 3: signal_a_backend(SIGKILL, random); break; // the server ends all sessions and recovers
    case 4: signal_a_backend(SIGTERM, random); break;
    case 5: signal_a_backend(SIGSTOP, random); break;
    case 6: proxy_.cut(); break;
    case 7: proxy_.hang_up(); break;
    case 8: to_client.at_message_with('C', "COMMIT").reset(); break;
    case 9: to_client.at_byte(random() % 5000).reset(); break;
    case 10: proxy_.to_server().at_byte(random() % 5000).close(); break;
    case 11:
        proxy_.stop();
        std::this_thread::sleep_for(std::chrono::milliseconds{random() % 1000});
        proxy_.resume();
        break;
    case 12: to_client.latency(20ms, 20ms); break;
    default:
        proxy_.arrivals(tusk::testing::arrival::refuse);
        proxy_.cut();
        std::this_thread::sleep_for(std::chrono::milliseconds{random() % 1000});
        proxy_.arrivals(tusk::testing::arrival::forward);
    }
}

void open_bank::inflict_faults(unsigned seed) {
    std::mt19937 random{seed};
    while (!is_over()) {
        std::this_thread::sleep_for(std::chrono::milliseconds{100 + random() % 500});
        try {
            inflict_one(random);
        } catch (const tusk::error&) { // the server is still coming back
        }
        ++faults_;
        if (random() % 3 == 0) proxy_.heal();
    }
    proxy_.heal();
}

TEST_F(open_bank, loses_no_transfer_and_makes_none_twice) {
    const auto seed = number_of("TUSK_SEED", std::random_device{}());
    SCOPED_TRACE("TUSK_SEED=" + std::to_string(seed));
    std::thread trouble{[&] { inflict_faults(seed); }};
    tusk::testing::run_async(everybody(nullptr), end_ - steady_clock::now() + 60s, 2);
    trouble.join();
    auto db = tusk::blocking::connection::open(server_.url());
    journal_.compare(db);
    std::cout << journal_.summary() << answers_ << " questions answered, " << faults_ << " faults, "
              << restarts_ << " restarts; longest recovery " << seconds(recovery_.most())
              << ", latest answer " << seconds(lateness_.most()) << " past its deadline\n";
    EXPECT_GT(journal_.count(verdict::acknowledged), 100U);
    EXPECT_GT(faults_, 5U);
    // Bounds that a loaded machine keeps; tests/simulation has the exact ones.
    EXPECT_LT(recovery_.most(), 5s);
    EXPECT_LT(lateness_.most(), 1s + 2s) << "past the grace time of a cancellation";
}

} // namespace bank_test
