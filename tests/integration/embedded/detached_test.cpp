// Servers that go on when the process that started them ends.
#include <algorithm>

#include "support.hpp"

namespace tusk::embedded {
namespace detached_test {

using namespace test;

class detached : public ::testing::Test {
protected:
    ~detached() override {
        for (const auto& left : list_detached()) stop_detached(left.name, stop_mode::immediate).has_value();
    }

    /// Starts a server in a process that ends at once.
    static void start_elsewhere(const server_options& options) {
        const pid_t child = ::fork();
        if (child == 0) {
            const auto db = server::start(options);
            if (!db) std::fprintf(stderr, "%s\n", db.error().message().c_str());
            ::_exit(db ? 0 : 1);
        }
        int status = -1;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_EQ(status, 0);
    }

    temporary_directory state;
    scoped_variable variable{"TUSK_STATE_DIR", state.path().string()};
};

TEST_F(detached, goes_on_and_is_listed_until_it_is_stopped) {
    start_elsewhere(server_options{}.detach());
    const auto servers = list_detached();
    ASSERT_EQ(servers.size(), 1u);
    const auto& db = servers.front();
    EXPECT_EQ(db.name, "default");
    EXPECT_TRUE(db.ephemeral);
    EXPECT_EQ(db.version, find_binaries()->version);
    EXPECT_EQ(ask(db.socket_dir, db.port, "select 1"), "1");
    EXPECT_NE(db.url.find("postgres://postgres@/postgres?host="), std::string::npos);
    const auto postmaster = process::of(db.pid);
    EXPECT_EQ(detail::process_name(db.pid).substr(0, 8), "postgres");
    const auto stopped = stop_detached();
    ASSERT_TRUE(stopped) << stopped.error().message();
    EXPECT_FALSE(postmaster.is_alive());
    EXPECT_FALSE(fs::exists(db.data_dir));
    EXPECT_FALSE(fs::exists(db.socket_dir));
    EXPECT_TRUE(list_detached().empty());
}

TEST_F(detached, is_found_by_a_second_start) {
    start_elsewhere(server_options{}.detach());
    const auto pid = list_detached().front().pid;
    {
        const auto again = started(server_options{}.detach());
        EXPECT_EQ(again.pid(), pid);
        EXPECT_EQ(again.url(), list_detached().front().url);
        EXPECT_TRUE(again.is_running());
        EXPECT_FALSE(again.log_tail().empty());
        EXPECT_EQ(ask(again, "select 1"), "1");
    }
    EXPECT_EQ(ask(list_detached().front().socket_dir, 5432, "select 1"), "1") << "the object does not own it";
}

TEST_F(detached, of_another_kind_is_not_taken_for_it) {
    start_elsewhere(server_options{}.detach());
    const auto other = server::start(server_options{}.detach().data_dir(state / "data"));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code(), errc::invalid_configuration);
    EXPECT_NE(other.error().message().find("already running"), std::string::npos) << other.error().message();
    EXPECT_FALSE(server::start(server_options{}.detach().version(99)));
}

TEST_F(detached, may_have_siblings_of_other_names) {
    start_elsewhere(server_options{}.detach().name("one"));
    start_elsewhere(server_options{}.detach().name("two"));
    const auto servers = list_detached();
    ASSERT_EQ(servers.size(), 2u);
    EXPECT_EQ(servers[0].name, "one");
    EXPECT_EQ(servers[1].name, "two");
    EXPECT_TRUE(stop_detached("one"));
    ASSERT_EQ(list_detached().size(), 1u);
    EXPECT_EQ(list_detached().front().name, "two");
}

TEST_F(detached, keeps_the_data_of_a_persistent_server) {
    const auto options = server_options{}.detach().data_dir(state / "data");
    start_elsewhere(options);
    auto db = list_detached().front();
    EXPECT_FALSE(db.ephemeral);
    ASSERT_EQ(ask(db.socket_dir, db.port, "create table t as select 8 as x"), "");
    ASSERT_TRUE(stop_detached());
    EXPECT_FALSE(fs::exists(db.socket_dir));
    EXPECT_FALSE(fs::exists(state / "data/postmaster.pid"));
    start_elsewhere(options);
    db = list_detached().front();
    EXPECT_EQ(ask(db.socket_dir, db.port, "select x from t"), "8");
}

TEST_F(detached, that_died_is_cleared_away) {
    start_elsewhere(server_options{}.detach());
    const auto db = list_detached().front();
    const auto postmaster = process::of(db.pid);
    ASSERT_EQ(::kill(db.pid, SIGKILL), 0);
    ASSERT_TRUE(postmaster.ends_soon());
    EXPECT_TRUE(list_detached().empty());
    EXPECT_FALSE(fs::exists(db.data_dir));
    EXPECT_FALSE(fs::exists(state / "default.server"));
    const auto creators = segment_creators();
    EXPECT_EQ(std::count(creators.begin(), creators.end(), db.pid), 0) << "no shared memory is left";
    start_elsewhere(server_options{}.detach());
    EXPECT_NE(list_detached().front().pid, db.pid);
}

TEST_F(detached, can_be_restarted_and_is_still_registered) {
    start_elsewhere(server_options{}.detach());
    auto db = started(server_options{}.detach());
    ASSERT_EQ(ask(db, "create table t as select 4 as x"), "");
    const auto before = process::of(db.pid());
    const auto again = db.restart();
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_FALSE(before.is_alive());
    ASSERT_EQ(list_detached().size(), 1u);
    EXPECT_EQ(list_detached().front().pid, db.pid());
    EXPECT_EQ(ask(db, "select x from t"), "4");
}

TEST_F(detached, that_does_not_run_cannot_be_stopped) {
    const auto stopped = stop_detached("nobody");
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code(), errc::environment);
    EXPECT_NE(stopped.error().message().find("\"nobody\""), std::string::npos);
    EXPECT_EQ(stop_detached("../x").error().code(), errc::invalid_configuration);
}

TEST_F(detached, that_fails_to_start_leaves_nothing) {
    const auto db = server::start(server_options{}.detach().setting("shared_buffers", "nonsense"));
    ASSERT_FALSE(db);
    EXPECT_TRUE(list_detached().empty());
    for (const auto& entry : fs::directory_iterator{state.path()})
        EXPECT_EQ(entry.path().extension(), ".lock");
}

} // namespace detached_test
} // namespace tusk::embedded
