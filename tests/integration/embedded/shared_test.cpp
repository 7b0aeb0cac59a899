// One server for all processes of a run: shared, never leaked, gone after its last user.
#include <csignal>
#include <optional>

#include <fcntl.h>

#include <tusk/embedded/shared_server.hpp>

#include "support.hpp"

namespace tusk::embedded {
namespace shared_test {

using namespace test;
using namespace std::chrono_literals;

/// Servers of this test only, whatever else runs on the machine.
class shared : public ::testing::Test {
protected:
    static server_options options() { return server_options{}.name("shared-test"); }
    static shared_server joined(std::chrono::milliseconds linger = 0ms, const server_options& o = options()) {
        return shared_server::join(o, linger).value();
    }

    /// As long as a server takes to go that lost its last user now: time enough for a keeper to do wrong.
    static void while_another_goes() {
        auto witness = std::make_optional(joined(0ms, options().name("shared-test-witness")));
        const auto keeper = keeper_of(witness->pid());
        witness.reset();
        EXPECT_TRUE(keeper.ends_soon());
    }

    temporary_directory state_;
    scoped_variable variable_{"TUSK_STATE_DIR", state_ / "servers"};
};

/// A process that joins and tells the pid of the server; it lives until it is killed.
class user_process {
public:
    explicit user_process(const server_options& o, std::chrono::milliseconds linger) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error{"pipe"};
        pid_ = ::fork();
        if (pid_ == 0) {
            auto joined = shared_server::join(o, linger);
            const pid_t told = joined ? joined->pid() : 0;
            [[maybe_unused]] const auto n = ::write(ends[1], &told, sizeof told);
            for (;;) ::pause();
        }
        ::close(ends[1]);
        [[maybe_unused]] const auto n = ::read(ends[0], &server, sizeof server);
        ::close(ends[0]);
    }
    ~user_process() { kill(); }
    user_process(const user_process&) = delete;
    user_process& operator=(const user_process&) = delete;
    void kill() {
        if (pid_ == 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }

    pid_t server = 0;

private:
    pid_t pid_ = 0;
};

TEST_F(shared, those_who_ask_for_the_same_get_the_same_and_it_goes_with_the_last) {
    auto first = std::make_optional(joined());
    EXPECT_TRUE(first->is_first());
    const auto server = process::of(first->pid());
    const auto keeper = keeper_of(first->pid());
    const auto data = first->data_dir();
    EXPECT_EQ(ask(first->socket_dir(), first->port(), "select 6 * 7"), "42");

    auto second = std::make_optional(joined());
    EXPECT_FALSE(second->is_first());
    EXPECT_EQ(second->pid(), first->pid());
    EXPECT_EQ(second->url(), first->url());
    EXPECT_EQ(list_shared().size(), 1U);
    EXPECT_TRUE(list_detached().empty());

    first.reset(); // who started it may go first
    while_another_goes();
    EXPECT_TRUE(server.is_alive());
    EXPECT_EQ(ask(second->socket_dir(), second->port(), "select 1"), "1");

    second.reset();
    EXPECT_TRUE(keeper.ends_soon());
    EXPECT_FALSE(server.is_alive());
    EXPECT_FALSE(fs::exists(data)) << data;
    EXPECT_TRUE(list_shared().empty());
}

TEST_F(shared, it_waits_for_the_next_user_for_a_while) {
    const auto before = joined(30s).pid();
    const auto again = joined(30s);
    EXPECT_EQ(again.pid(), before);
    EXPECT_FALSE(again.is_first());
    EXPECT_TRUE(stop_shared(again.name()));
    EXPECT_FALSE(again.is_running());
}

TEST_F(shared, other_options_are_another_server) {
    const auto one = joined();
    const auto other = joined(0ms, options().setting("work_mem", "7MB"));
    EXPECT_NE(one.pid(), other.pid());
    EXPECT_EQ(ask(other.socket_dir(), other.port(), "show work_mem"), "7MB");
    EXPECT_EQ(list_shared().size(), 2U);
}

TEST_F(shared, users_that_are_killed_count_as_gone) {
    user_process starter{options(), 0ms};
    ASSERT_NE(starter.server, 0);
    user_process user{options(), 0ms};
    EXPECT_EQ(user.server, starter.server);
    const auto server = process::of(starter.server);
    const auto keeper = keeper_of(starter.server);

    starter.kill();
    while_another_goes();
    EXPECT_TRUE(server.is_alive()) << "it has a user left";
    EXPECT_EQ(joined().pid(), user.server);

    user.kill();
    EXPECT_TRUE(keeper.ends_soon());
    EXPECT_FALSE(server.is_alive());
}

TEST_F(shared, one_that_was_killed_is_started_again) {
    const auto first = joined();
    const auto data = first.data_dir();
    ::kill(first.pid(), SIGKILL);
    ASSERT_TRUE(process::of(first.pid()).ends_soon() || !first.is_running());
    const auto next = joined();
    EXPECT_TRUE(next.is_first());
    EXPECT_NE(next.pid(), first.pid());
    EXPECT_EQ(ask(next.socket_dir(), next.port(), "select 1"), "1");
    EXPECT_FALSE(fs::exists(data));
}

TEST_F(shared, its_keeper_being_killed_leaves_nothing_that_disturbs) {
    auto first = std::make_optional(joined());
    const auto server = process::of(first->pid());
    ::kill(keeper_of(first->pid()).pid, SIGKILL);
    EXPECT_TRUE(server.ends_soon());
    const auto data = first->data_dir();
    first.reset();
    const auto next = joined();
    EXPECT_EQ(ask(next.socket_dir(), next.port(), "select 1"), "1");
    EXPECT_FALSE(fs::exists(data));
}

TEST_F(shared, it_can_be_kept_for_a_look) {
    auto first = std::make_optional(joined());
    const auto server = process::of(first->pid());
    const auto name = first->name();
    ASSERT_TRUE(first->keep_for(60s));
    first.reset();
    while_another_goes();
    EXPECT_TRUE(server.is_alive());
    EXPECT_TRUE(stop_shared(name));
    EXPECT_FALSE(server.is_alive());
    const auto nobody = stop_shared(name);
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().code(), errc::environment);
}

TEST_F(shared, options_of_one_process_are_refused) {
    for (const auto& o : {options().data_dir("/tmp/x"), options().detach(), options().log_file("/tmp/x")}) {
        const auto refused = shared_server::join(o);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), errc::invalid_configuration);
        EXPECT_NE(refused.error().message().find("a shared server takes no "), std::string::npos);
    }
}

} // namespace shared_test
} // namespace tusk::embedded
