// A server never outlives the process that started it, and nothing but that process ends it.
#include <array>
#include <csignal>

#include <fcntl.h>

#include "support.hpp"

namespace tusk::embedded {
namespace owner_test {

using namespace test;

/// What a child process tells about the server that it started.
struct told {
    pid_t postmaster = 0;
    std::array<char, 200> data_dir{};
    std::array<char, 200> socket_dir{};
    std::array<char, 400> error{};
};

template <std::size_t N>
void put(std::array<char, N>& into, const std::string& text) {
    text.copy(into.data(), N - 1);
}

/// A process that starts a server, tells about it, and lives until it is killed or `then` returns.
class owner_process {
public:
    explicit owner_process(const std::function<void(server&)>& then,
                           const server_options& options = server_options{}) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error{"pipe"};
        const pid_t pid = ::fork();
        if (pid == 0) run(ends[1], then, options);
        ::close(ends[1]);
        owner = process::of(pid);
        const ssize_t n = ::read(ends[0], &server, sizeof server);
        ::close(ends[0]);
        if (n != static_cast<ssize_t>(sizeof server) || server.postmaster == 0)
            throw std::runtime_error{"the owner process failed: " + std::string{server.error.data()}};
        postmaster = process::of(server.postmaster);
        keeper = keeper_of(server.postmaster);
    }
    ~owner_process() {
        if (reaped_) return;
        ::kill(owner.pid, SIGKILL);
        reap();
    }
    owner_process(const owner_process&) = delete;
    owner_process& operator=(const owner_process&) = delete;

    int reap() {
        int status = 0;
        ::waitpid(owner.pid, &status, 0);
        reaped_ = true;
        return status;
    }
    /// The keeper is the last to go: after it nothing may be left.
    void expect_nothing_left() const {
        EXPECT_TRUE(keeper.ends_soon());
        EXPECT_FALSE(postmaster.is_alive());
        EXPECT_FALSE(fs::exists(server.data_dir.data())) << server.data_dir.data();
        EXPECT_FALSE(fs::exists(server.socket_dir.data())) << server.socket_dir.data();
    }

    process owner;
    process postmaster;
    process keeper;
    told server;

private:
    [[noreturn]] static void run(int report, const std::function<void(embedded::server&)>& then,
                                 const server_options& options) {
        told news;
        auto db = embedded::server::start(options);
        if (db) {
            news.postmaster = db->pid();
            put(news.data_dir, db->data_dir().string());
            put(news.socket_dir, db->socket_dir().string());
        } else {
            put(news.error, db.error().message());
        }
        if (::write(report, &news, sizeof news) == static_cast<ssize_t>(sizeof news) && db) then(*db);
        ::_exit(0);
    }
    bool reaped_ = false;
};

void wait_for_ever(server&) {
    for (;;) ::pause();
}

TEST(embedded_owner, killed_by_sigkill_takes_its_server_along) {
    owner_process child{wait_for_ever};
    ASSERT_TRUE(child.keeper.is_alive());
    ASSERT_EQ(ask(child.server.socket_dir.data(), 5432, "create table t as select 1"), "");
    ASSERT_EQ(::kill(child.owner.pid, SIGKILL), 0);
    EXPECT_TRUE(WIFSIGNALED(child.reap()));
    child.expect_nothing_left();
}

TEST(embedded_owner, that_exits_without_destructors_takes_its_server_along) {
    owner_process child{[](server&) {}}; // _exit follows
    child.reap();
    child.expect_nothing_left();
}

TEST(embedded_owner, killed_while_a_copy_of_it_lives_takes_its_server_along) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const detail::unique_fd close_to_end_the_copy{ends[1]};
    owner_process child{[&](server&) {
        if (::fork() == 0) { // the copy has all descriptors of the owner
            ::close(ends[1]);
            char byte = 0;
            [[maybe_unused]] const ssize_t n = ::read(ends[0], &byte, 1);
            ::_exit(0);
        }
        for (;;) ::pause();
    }};
    ::close(ends[0]);
    ASSERT_EQ(::kill(child.owner.pid, SIGKILL), 0);
    child.reap();
    child.expect_nothing_left();
}

TEST(embedded_owner, killed_while_a_client_is_busy_takes_its_server_along) {
    owner_process child{wait_for_ever};
    auto client = detail::admin_session::open(detail::socket_file(child.server.socket_dir.data(), 5432), 0,
                                              "postgres", "postgres", soon());
    ASSERT_TRUE(client);
    const auto backend = process::of(std::stoi(client->query("select pg_backend_pid()", soon())->front()));
    const auto slow = client->query("select pg_sleep(1000)", deadline::in(std::chrono::milliseconds{20}));
    ASSERT_FALSE(slow);
    ASSERT_EQ(slow.error().code(), errc::timeout);
    ASSERT_EQ(::kill(child.owner.pid, SIGKILL), 0);
    child.reap();
    child.expect_nothing_left();
    EXPECT_FALSE(backend.is_alive());
}

TEST(embedded_owner, of_a_persistent_server_leaves_the_data) {
    const temporary_directory root;
    owner_process child{wait_for_ever, server_options{}.data_dir(root / "data")};
    ASSERT_EQ(ask(child.server.socket_dir.data(), 5432, "create table t as select 5 as x"), "");
    ASSERT_EQ(::kill(child.owner.pid, SIGKILL), 0);
    child.reap();
    EXPECT_TRUE(child.keeper.ends_soon());
    EXPECT_FALSE(child.postmaster.is_alive());
    EXPECT_FALSE(fs::exists(child.server.socket_dir.data()));
    EXPECT_EQ(ask(started(server_options{}.data_dir(root / "data")), "select x from t"), "5");
}

TEST(embedded_owner, alone_decides_about_signals_from_the_terminal) {
    const auto db = started();
    const auto keeper = keeper_of(db.pid());
    ASSERT_TRUE(keeper.is_alive());
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE})
        ASSERT_EQ(::kill(keeper.pid, signal), 0);
    EXPECT_NE(::getsid(keeper.pid), ::getsid(0)) << "Ctrl-C does not reach the keeper";
    EXPECT_NE(::getsid(db.pid()), ::getsid(0)) << "nor the server";
    EXPECT_NE(::getsid(db.pid()), ::getsid(keeper.pid));
    EXPECT_EQ(ask(db, "select 1"), "1");
    EXPECT_TRUE(keeper.is_alive());
}

TEST(embedded_owner, whose_keeper_is_killed_has_no_server_but_can_start_again) {
    auto db = started();
    ASSERT_EQ(ask(db, "create table t as select 6 as x"), "");
    ASSERT_EQ(ask(db, "checkpoint"), "");
    const auto postmaster = process::of(db.pid());
    const auto keeper = keeper_of(db.pid());
    ASSERT_EQ(::kill(keeper.pid, SIGKILL), 0);
    EXPECT_TRUE(postmaster.ends_soon());
    EXPECT_FALSE(db.is_running());
    const auto again = db.start_again();
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(ask(db, "select x from t"), "6");
    EXPECT_NE(keeper_of(db.pid()).pid, keeper.pid);
}

TEST(embedded_owner, that_forks_keeps_the_server_when_the_copy_ends) {
    auto db = std::make_unique<server>(started());
    const pid_t copy = ::fork();
    if (copy == 0) {
        db.reset(); // the destructor of the copy
        ::_exit(0);
    }
    ASSERT_EQ(::waitpid(copy, nullptr, 0), copy);
    EXPECT_EQ(ask(*db, "select 1"), "1");
    EXPECT_TRUE(fs::exists(db->data_dir()));
}

TEST(embedded_owner, keeps_its_descriptors_to_itself) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0); // not close-on-exec
    detail::unique_fd read_end{ends[0]};
    detail::unique_fd write_end{ends[1]};
    const auto db = started();
    write_end.reset();
    pollfd wait{read_end.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&wait, 1, 0), 1) << "the server or its keeper holds the other end";
    EXPECT_NE(wait.revents & POLLHUP, 0);
}

TEST(embedded_owner, may_have_no_standard_streams) {
    const pid_t child = ::fork();
    if (child == 0) {
        for (const int stream : {0, 1, 2}) ::close(stream);
        auto db = server::start();
        const bool works = db && ask(*db, "select 1") == "1" && db->restart() && ask(*db, "select 1") == "1";
        const auto postmaster = works ? process::of(db->pid()) : process{};
        if (works) {
            const auto stopped = std::move(*db);
        }
        ::_exit(works && !postmaster.is_alive() ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST(embedded_owner, that_ignores_its_children_has_a_server_all_the_same) {
    const auto before = std::signal(SIGCHLD, SIG_IGN);
    auto db = server::start();
    std::signal(SIGCHLD, before);
    ASSERT_TRUE(db) << db.error().message();
    EXPECT_TRUE(db->restart());
    EXPECT_EQ(ask(*db, "select 1"), "1");
}

} // namespace owner_test
} // namespace tusk::embedded
