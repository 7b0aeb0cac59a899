// What happens to the client's own process: no more file descriptors, signals, copies of it.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include <boost/asio/awaitable.hpp>

#include "support.hpp"

#include <tusk/pool.hpp>

namespace faults_test {

namespace process_test {

namespace asio = boost::asio;

/// While this exists, no more files can be opened.
class no_more_files {
public:
    no_more_files() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit now = before_;
        const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::close(next);
        now.rlim_cur = static_cast<rlim_t>(next);
        ::setrlimit(RLIMIT_NOFILE, &now);
    }
    ~no_more_files() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    no_more_files(const no_more_files&) = delete;
    no_more_files& operator=(const no_more_files&) = delete;

private:
    rlimit before_{};
};

/// While this exists, a thread gets a signal that interrupts its system calls, all the time.
class interruptions {
public:
    explicit interruptions(pthread_t whom) {
        struct sigaction action{};
        action.sa_handler = [](int) {}; // and no SA_RESTART
        ::sigaction(SIGUSR1, &action, &before_);
        sender_ = std::thread{[this, whom] {
            while (!over_) {
                ::pthread_kill(whom, SIGUSR1);
                ++sent_;
                std::this_thread::sleep_for(100us);
            }
        }};
    }
    ~interruptions() {
        over_ = true;
        sender_.join();
        ::sigaction(SIGUSR1, &before_, nullptr);
    }
    interruptions(const interruptions&) = delete;
    interruptions& operator=(const interruptions&) = delete;
    unsigned sent() const { return sent_; }

private:
    struct sigaction before_{};
    std::atomic<bool> over_{false};
    std::atomic<unsigned> sent_{0};
    std::thread sender_;
};

class process_faults : public faults {
protected:
    std::unique_ptr<subject> direct() {
        auto made = open_subject(GetParam(), tusk::parse_connect_config(url()).value());
        if (made) return std::move(*made);
        ADD_FAILURE() << made.error().message();
        return nullptr;
    }
};

TEST_P(process_faults, signals_interrupt_nothing) {
    auto config = tusk::parse_connect_config(url()).value();
    const interruptions storm{::pthread_self()};
    for (int round = 0; round < 3; ++round) {
        auto made = open_subject(GetParam(), config);
        ASSERT_TRUE(made) << made.error().message();
        auto& db = **made;
        for (int i = 0; i < 50; ++i) EXPECT_EQ(db.db().one<int>("select $1::int4", i), i);
        EXPECT_EQ(db.db().all<int>("select generate_series(1, 50000)").size(), 50'000U);
        EXPECT_FALSE(db.copy_in(20'000));
        const auto late = db.exec("select pg_sleep(30)", tusk::options{}.timeout(100ms));
        EXPECT_EQ(late.code(), errc::timeout) << late.message();
        EXPECT_TRUE(db.is_open());
    }
    EXPECT_EQ(rows_of_t(), 60'000);
    EXPECT_GT(storm.sent(), 100U);
}

/// Writing to a connection that the peer has reset would end a process that does nothing about SIGPIPE.
TEST_P(process_faults, a_broken_connection_raises_no_sigpipe) {
    struct sigaction deadly{};
    deadly.sa_handler = SIG_DFL;
    struct sigaction before{};
    ::sigaction(SIGPIPE, &deadly, &before);
    for (int i = 0; i < 10; ++i) {
        const auto db = connected();
        ASSERT_NE(db, nullptr);
        proxy().cut();
        EXPECT_EQ(db->exec("select 1"), condition::connection_lost);
        EXPECT_TRUE(db->copy_in(100'000));
    }
    ::sigaction(SIGPIPE, &before, nullptr);
}

INSTANTIATE_TEST_SUITE_P(drivers, process_faults, ::testing::Values("blocking", "asio"),
                         [](const auto& of) { return of.param; });

class process_and_connections : public tusk::testing::database_test {};

/// A copy of the process has a copy of the connection, and its end is not the end of ours. (An event loop
/// shares its descriptors with its copy, and has to be told by `io_context::notify_fork`.)
TEST_F(process_and_connections, a_forked_copy_leaves_the_connection_alone) {
    auto db = std::make_unique<tusk::blocking::connection>(tusk::blocking::connection::open(url()));
    EXPECT_EQ(db->one<int>("select 1"), 1);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        db.reset(); // as `exit` does with what is static
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(db->one<int>("select $1::int4", i), i);
}

TEST_F(process_and_connections, without_file_descriptors_connecting_fails_at_once_and_says_why) {
    const auto config = tusk::parse_connect_config(url()).value();
    {
        const no_more_files limit;
        const auto made = open_subject("blocking", config);
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error(), condition::unavailable) << made.error().message();
        EXPECT_EQ(made.error().sent(), tusk::sent_state::none);
        EXPECT_NE(made.error().message().find("Too many open files"), std::string::npos)
            << made.error().message();
    }
    EXPECT_TRUE(open_subject("blocking", config));
}

TEST_F(process_and_connections, a_pool_without_file_descriptors_goes_on_with_the_connections_that_it_has) {
    auto test = [](std::string url) -> asio::awaitable<void> {
        auto config = tusk::pool_config::parse(url).value().max_connections(3).min_connections(0);
        auto p = co_await tusk::pool::open(std::move(config));
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
        {
            const no_more_files limit;
            auto held = co_await p.acquire();
            const auto soon = tusk::options{}.timeout(300ms);
            const auto another = co_await p.try_acquire(soon);
            EXPECT_FALSE(another);
            EXPECT_EQ(another.error().sent(), tusk::sent_state::none);
            EXPECT_NE(another.error().message().find("Too many open files"), std::string::npos)
                << another.error().message();
            EXPECT_LT(p.stats().connect_failures, 100U) << "it tries without a pause";
            EXPECT_EQ(co_await held->one<int>("select 2"), 2);
        }
        auto a = co_await p.acquire();
        auto b = co_await p.acquire();
        EXPECT_EQ(co_await b->one<int>("select 3"), 3);
        a.release();
        b.release();
        co_await p.close();
    };
    tusk::testing::run_async(test(url()));
}

} // namespace process_test

} // namespace faults_test
