// PgBouncer in transaction and in session mode: what a pooler does to prepared statements, and that nobody
// notices.
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <client/over_asio.hpp>
#include <e2e/child.hpp>
#include <tusk/pool.hpp>

using namespace client_test;

namespace pooled_test {

namespace fs = std::filesystem;

/// PgBouncer 1.18, which knows nothing of prepared statements, in front of a test's database.
class bouncer {
public:
    bouncer(const std::string& mode, const std::string& url, int servers)
        : directory_{fs::temp_directory_path() / ("tusk-bouncer-" + std::to_string(::getpid()) + "-" + mode)},
          port_{e2e::free_port()} {
        const auto config = tusk::parse_connect_config(url).value();
        fs::create_directories(directory_);
        fs::permissions(directory_, fs::perms::all);
        std::ofstream{directory_ / "pgbouncer.ini"}
            << "[databases]\nthe_base = host=" << config.hosts().front().host
            << " port=" << config.hosts().front().port << " dbname=" << config.database()
            << " user=" << config.user() << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port_
            << "\nunix_socket_dir =\nauth_type = any\npool_mode = " << mode
            << "\ndefault_pool_size = " << servers
            << "\nmax_client_conn = 100\nignore_startup_parameters = extra_float_digits\n";
        std::vector<std::string> command{std::string{TUSK_DEPS} + "/pgbouncer/usr/sbin/pgbouncer"};
        if (::geteuid() ==
            0) // it refuses to be root, and nobody but the server's account reaches the server's socket
            command.insert(command.end(), {"-u", owner_of(config.hosts().front().host)});
        command.push_back((directory_ / "pgbouncer.ini").string());
        command_ = std::move(command);
        start();
    }
    /// Also again, at the same port.
    void start() {
        program_ = std::make_unique<e2e::child>(command_, directory_ / "log");
        if (!program_->wait_for_output("process up")) throw std::runtime_error{program_->output()};
    }
    void stop() { program_.reset(); }
    ~bouncer() {
        program_.reset();
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }
    std::string url(const std::string& parameters = "") const {
        const auto more = parameters.empty() ? "" : "&" + parameters;
        return "postgres://anybody@127.0.0.1:" + std::to_string(port_) + "/the_base?sslmode=disable&" +
               parameters;
    }

private:
    static std::string owner_of(const std::string& path) {
        struct stat s{};
        if (::stat(path.c_str(), &s) != 0) throw std::runtime_error{"no " + path};
        const auto* account = ::getpwuid(s.st_uid);
        return account == nullptr ? "nobody" : account->pw_name;
    }
    fs::path directory_;
    std::uint16_t port_;
    std::vector<std::string> command_;
    std::unique_ptr<e2e::child> program_;
};

class pgbouncer : public users_test, public testing::WithParamInterface<const char*> {
protected:
    std::shared_ptr<tusk::blocking::verbs> connect(const std::string& to) {
        return connect_by(GetParam(), to);
    }
};

TEST_P(pgbouncer, in_transaction_mode_moves_clients_between_servers_unnoticed) {
    const bouncer between{"transaction", url(), 2};
    auto a = connect(between.url());
    auto b = connect(between.url());
    auto holder = tusk::blocking::connection::open(between.url());
    for (int i = 0; i < 60; ++i) {
        // A transaction of a third client keeps one of the two servers busy, so that the others change
        // places.
        std::optional<tusk::blocking::transaction> held;
        if (i % 3 == 0) {
            held.emplace(holder.begin());
            held->exec("select 1");
        }
        EXPECT_EQ(a->one<int>("select $1::int4 + 1", i), i + 1);
        EXPECT_EQ(b->one<int>("select $1::int4 + 1", i), i + 1);
        EXPECT_EQ(b->one<std::string>("select name from users where name = $1 /* b */", "ann"), "ann");
        if (held) held->commit();
    }
    tusk::batch work;
    auto inserted = work.exec("insert into users (name) values ($1)", std::string{"by "} + GetParam());
    auto counted = work.one<std::int64_t>("select count(*) from users");
    const auto f = a->try_run(work);
    ASSERT_FALSE(f) << f.message();
    EXPECT_EQ(inserted.get(), 1U);
    EXPECT_EQ(counted.get(), 3);
}

TEST_P(pgbouncer, carries_cancel_requests) {
    const bouncer between{"transaction", url(), 2};
    auto db = connect(between.url());
    const auto limit = tusk::options{}.timeout(200ms);
    const auto f = failure_of([&] { db->exec(limit, "select pg_sleep(30)"); });
    EXPECT_EQ(f.code(), tusk::errc::timeout) << f.message();
    EXPECT_EQ(db->one<int>("select 7"), 7);
    auto direct = tusk::blocking::connection::open(url());
    EXPECT_EQ(
        direct.one<std::int64_t>(
            "select count(*) from pg_stat_activity where query like '%pg_sleep(30)%' and state = 'active' "
            "and pid <> pg_backend_pid()"),
        0);
}

TEST_P(pgbouncer, works_in_every_mode_of_execution) {
    const bouncer between{"transaction", url(), 2};
    for (const char* mode : {"cache_statement", "cache_describe", "describe_exec", "exec"}) {
        auto db = connect(between.url(std::string{"default_query_exec_mode="} + mode));
        for (int i = 0; i < 5; ++i) EXPECT_EQ(db->one<int>("select $1::int4", i), i) << mode;
        tusk::batch b;
        auto one = b.one<int>("select $1::int4", 1);
        auto two = b.one<std::string>("select $1::text", "x");
        auto three = b.one<int>("select $1::int4", 3);
        const auto f = db->try_run(b);
        ASSERT_FALSE(f) << mode << ": " << f.message();
        EXPECT_EQ(one.get() + three.get(), 4);
        EXPECT_EQ(two.get(), "x");
    }
}

INSTANTIATE_TEST_SUITE_P(clients, pgbouncer, testing::Values("asio", "blocking"),
                         [](const auto& which) { return std::string{which.param}; });

class behind_pgbouncer : public users_test {};

TEST_F(behind_pgbouncer, a_pooler_is_noticed_and_nothing_is_left_on_its_servers) {
    const bouncer between{"transaction", url(), 1};
    auto a = tusk::blocking::connection::open(between.url());
    auto b = tusk::blocking::connection::open(between.url());
    EXPECT_EQ(a.mode(), tusk::exec_mode::cache_statement);
    // Both mean the same statement of the one server; the second to come finds its name taken.
    EXPECT_EQ(a.one<int>("select $1::int4", 1), 1);
    EXPECT_EQ(b.one<int>("select $1::int4", 2), 2);
    EXPECT_EQ(b.mode(), tusk::exec_mode::cache_describe);
    EXPECT_EQ(a.one<int>("select $1::int4", 3), 3);
}

TEST_F(behind_pgbouncer, in_session_mode_statements_stay_prepared) {
    const bouncer between{"session", url(), 4};
    auto db = tusk::blocking::connection::open(between.url());
    for (int i = 0; i < 10; ++i) EXPECT_EQ(db.one<int>("select $1::int4", i), i);
    EXPECT_EQ(db.mode(), tusk::exec_mode::cache_statement);
    EXPECT_GE(db.one<std::int64_t>("select count(*) from pg_prepared_statements"), 1);
}

TEST_F(behind_pgbouncer, our_own_deallocate_is_no_pooler) {
    auto db = tusk::blocking::connection::open(url());
    EXPECT_EQ(db.one<int>("select $1::int4", 1), 1);
    db.exec("deallocate all");
    EXPECT_EQ(db.one<int>("select $1::int4", 2), 2);
    db.exec("discard all");
    EXPECT_EQ(db.one<int>("select $1::int4", 3), 3);
    EXPECT_EQ(db.mode(), tusk::exec_mode::cache_statement);
}

TEST_F(behind_pgbouncer, without_a_cache_nothing_stays_prepared) {
    auto db = tusk::blocking::connection::open(url() + "&statement_cache_capacity=0");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(db.one<int>("select $1::int4", i), i);
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from pg_prepared_statements"), 0);
}

TEST_F(behind_pgbouncer, a_pool_on_top_serves_many) {
    const bouncer between{"transaction", url(), 2};
    tusk::testing::run_async([](std::string address) -> asio::awaitable<void> {
        auto db = co_await tusk::pool::open(address);
        for (int i = 0; i < 100; ++i) {
            const auto got = co_await db.one<int>("select $1::int4", i);
            EXPECT_EQ(got, i);
        }
        co_await db.close();
    }(between.url("pool_max_conns=8")));
}

TEST_F(behind_pgbouncer, a_restart_of_the_pooler_is_survived) {
    bouncer between{"transaction", url(), 2};
    tusk::testing::run_async([](std::string address, bouncer& b) -> asio::awaitable<void> {
        auto db = co_await tusk::pool::open(address);
        for (int round = 0; round < 3; ++round) {
            EXPECT_EQ(co_await db.one<int>("select $1::int4", round), round);
            b.stop();
            const auto limit = tusk::options{}.timeout(std::chrono::milliseconds{200});
            const auto away = co_await db.try_one<int>(limit, "select 1");
            EXPECT_FALSE(away);
            b.start();
            // What was open is broken; each failure is told once, and nothing has to be done about it.
            auto back = co_await db.try_one<int>("select 1");
            const auto until = tusk::deadline::in(std::chrono::seconds{20}); // the breaker may have opened
            while (!back && !until.expired()) {
                asio::steady_timer pause{co_await asio::this_coro::executor, std::chrono::milliseconds{50}};
                co_await pause.async_wait(asio::use_awaitable);
                back = co_await db.try_one<int>("select 1");
            }
            EXPECT_TRUE(back) << back.error().message();
        }
        co_await db.close();
    }(between.url("pool_max_conns=2"), between));
}

} // namespace pooled_test
