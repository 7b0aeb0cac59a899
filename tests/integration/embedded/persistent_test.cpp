// Data directories that stay.
#include <fstream>

#include "support.hpp"

namespace tusk::embedded {
namespace persistent_test {

using namespace test;

void write_text(const fs::path& file, const std::string& text) { std::ofstream{file} << text; }

class persistent : public ::testing::Test {
protected:
    server_options options() const { return server_options{}.data_dir(root / "new/data"); }

    void expect_refused(const server_options& wanted, const std::string& word) {
        const auto db = server::start(wanted);
        ASSERT_FALSE(db);
        EXPECT_EQ(db.error().code(), errc::environment);
        EXPECT_NE(db.error().message().find(word), std::string::npos) << db.error().message();
    }

    temporary_directory root;
};

TEST_F(persistent, keeps_data_from_server_to_server) {
    fs::path socket_dir;
    {
        const auto db = started(options().database("app"));
        socket_dir = db.socket_dir();
        EXPECT_EQ(db.data_dir(), root / "new/data");
        EXPECT_EQ(ask(db, "show fsync"), "on");
        ASSERT_EQ(ask(socket_dir, db.port(), "create table t as select 9 as x", "postgres", "app"), "");
    }
    EXPECT_FALSE(fs::exists(socket_dir));
    EXPECT_TRUE(fs::exists(root / "new/data/PG_VERSION"));
    EXPECT_FALSE(fs::exists(root / "new/data/postmaster.pid")) << "stopped in order";
    const auto db = started(options().database("app"));
    EXPECT_EQ(ask(db.socket_dir(), db.port(), "select x from t", "postgres", "app"), "9");
    EXPECT_EQ(db.log_file(), root / "new/data/tusk.log");
}

TEST_F(persistent, takes_an_empty_directory) {
    fs::create_directory(root / "empty");
    const auto db = started(server_options{}.data_dir(root / "empty"));
    EXPECT_EQ(ask(db, "select 1"), "1");
}

TEST_F(persistent, may_trade_durability_for_speed) {
    EXPECT_EQ(ask(started(options().durable(false)), "show fsync"), "off");
}

TEST_F(persistent, refuses_a_directory_with_something_else_in_it) {
    fs::create_directory(root / "home");
    write_text(root / "home/letter.txt", "dear");
    expect_refused(server_options{}.data_dir(root / "home"), "no PG_VERSION");
    EXPECT_TRUE(fs::exists(root / "home/letter.txt"));
}

TEST_F(persistent, refuses_the_data_of_another_version) {
    {
        const auto db = started(options());
    }
    const int major = find_binaries()->major;
    expect_refused(options().version(major + 1), "was made by PostgreSQL " + std::to_string(major));
    write_text(root / "new/data/PG_VERSION", "99\n");
    expect_refused(options(), "was made by PostgreSQL 99");
    expect_refused(options().bin_dir(find_binaries()->bin_dir), "was made by PostgreSQL 99");
}

TEST_F(persistent, refuses_a_directory_in_use_and_names_the_pid) {
    const auto db = started(options());
    expect_refused(options(), "in use by the server with pid " + std::to_string(db.pid()));
    EXPECT_EQ(ask(db, "select 1"), "1");
}

TEST_F(persistent, starts_on_what_a_crash_left) {
    pid_t dead = 0;
    {
        auto db = started(options());
        ASSERT_EQ(ask(db, "create table t as select 3 as x"), "");
        dead = db.pid();
        ASSERT_TRUE(db.kill9());
    }
    ASSERT_TRUE(fs::exists(root / "new/data/postmaster.pid"));
    const auto db = started(options());
    EXPECT_EQ(ask(db, "select x from t"), "3");
    EXPECT_NE(db.pid(), dead);
}

TEST_F(persistent, says_which_directory_the_account_cannot_pass) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root changes the account";
    fs::create_directory(root / "shut");
    ::chmod((root / "shut").c_str(), 0700);
    expect_refused(server_options{}.data_dir(root / "shut/data"), (root / "shut").string());
}

TEST_F(persistent, socket_directory_may_be_chosen) {
    const auto db = started(options().socket_dir(root / "run"));
    EXPECT_EQ(db.socket_dir(), root / "run");
    EXPECT_EQ(ask(db, "select 1"), "1");
    const auto other = server::start(server_options{}.socket_dir(root / "run"));
    ASSERT_FALSE(other) << "the socket is taken";
    EXPECT_NE(other.error().message().find("lock file"), std::string::npos) << other.error().message();
}

} // namespace persistent_test
} // namespace tusk::embedded
