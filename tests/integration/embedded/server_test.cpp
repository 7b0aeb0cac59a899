// Ephemeral servers, from start to end.
#include <algorithm>
#include <cstdio>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "support.hpp"

namespace tusk::embedded {
namespace server_test {

using namespace test;

TEST(embedded_server, answers_until_its_object_is_gone) {
    process postmaster;
    fs::path data_dir;
    fs::path socket_dir;
    {
        const auto db = started();
        postmaster = process::of(db.pid());
        data_dir = db.data_dir();
        socket_dir = db.socket_dir();
        EXPECT_TRUE(db.is_running());
        EXPECT_TRUE(postmaster.is_alive());
        EXPECT_EQ(ask(db, "select current_user || ' ' || current_database()"), "postgres postgres");
        EXPECT_EQ(ask(db, "show server_encoding"), "UTF8");
        EXPECT_EQ(ask(db, "show data_directory"), data_dir.string());
        EXPECT_EQ(ask(db, "show listen_addresses"), "");
        EXPECT_EQ(ask(db, "show server_version").substr(0, db.binaries().version.size()),
                  db.binaries().version);
    }
    EXPECT_FALSE(postmaster.is_alive());
    EXPECT_FALSE(fs::exists(data_dir));
    EXPECT_FALSE(fs::exists(socket_dir));
}

TEST(embedded_server, starts_quickly_the_second_time) {
    const auto first = started();
    const auto begin = steady_clock::now();
    const auto second = started();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begin);
    std::printf("second start: %lld ms\n", static_cast<long long>(took.count()));
    std::fflush(stdout); // tests that fork must not print it again
    RecordProperty("second_start_ms", static_cast<int>(took.count()));
    EXPECT_EQ(ask(second, "select 1"), "1");
    EXPECT_NE(first.data_dir(), second.data_dir());
}

TEST(embedded_server, does_not_run_as_root) {
    const auto db = started();
    struct stat info{};
    ASSERT_EQ(::stat(("/proc/" + std::to_string(db.pid())).c_str(), &info), 0);
    EXPECT_NE(info.st_uid, 0u);
    ASSERT_EQ(::stat(db.data_dir().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0700u);
    ASSERT_EQ(::stat(db.socket_dir().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0700u) << "whoever reaches the socket is a superuser";
}

TEST(embedded_server, has_a_url_that_libpq_understands) {
    const auto db = started(server_options{}.user("alice ä").database("my/db"));
    EXPECT_EQ(db.url().find("postgres://alice%20%C3%A4@/my%2Fdb?host=%2F"), 0u) << db.url();
    const auto psql = db.binaries().bin_dir / "psql";
    if (!fs::exists(psql)) {
        EXPECT_EQ(ask(db.socket_dir(), db.port(), "select current_user", "alice ä", "my/db"), "alice ä");
        return;
    }
    const auto printed = detail::run_command(
        detail::exec_image{
            {psql.string(), "-XAt", "-c", "select current_user || '@' || current_database()", db.url()}},
        detail::own_identity(), soon());
    ASSERT_TRUE(printed) << printed.error().message();
    EXPECT_EQ(printed->text, "alice ä@my/db\n");
}

TEST(embedded_server, creates_the_role_as_a_superuser_and_owner) {
    const auto db = started(server_options{}.user("Al\"ice").database("it's"));
    EXPECT_EQ(ask(db, "select rolsuper::text from pg_roles where rolname = 'Al\"ice'"), "true");
    EXPECT_EQ(ask(db, "select pg_get_userbyid(datdba) from pg_database where datname = 'it''s'"), "Al\"ice");
}

TEST(embedded_server, takes_settings_over_its_own) {
    const auto db = started(server_options{}
                                .setting("max_connections", "17")
                                .setting("fsync", "on")
                                .setting("wal_level", "logical")
                                .setting("search_path", "\"a b\", public"));
    EXPECT_EQ(ask(db, "show max_connections"), "17");
    EXPECT_EQ(ask(db, "show fsync"), "on");
    EXPECT_EQ(ask(db, "show synchronous_commit"), "off");
    EXPECT_EQ(ask(db, "show wal_level"), "logical");
}

TEST(embedded_server, honours_the_locale) {
    const auto db = started(server_options{}.locale("C.UTF-8"));
    EXPECT_EQ(ask(db, "select upper('ä')"), "Ä");
    EXPECT_EQ(ask(started(), "select upper('ä')"), "ä") << "C by default";
}

TEST(embedded_server, keeps_its_data_over_a_restart) {
    auto db = started();
    ASSERT_EQ(ask(db, "create table t as select 42 as x"), "");
    const auto before = process::of(db.pid());
    for (const auto mode : {stop_mode::fast, stop_mode::smart, stop_mode::immediate}) {
        const auto again = db.restart(mode);
        ASSERT_TRUE(again) << again.error().message();
        EXPECT_EQ(ask(db, "select x from t"), "42");
    }
    EXPECT_FALSE(before.is_alive());
    EXPECT_NE(db.pid(), before.pid);
}

TEST(embedded_server, can_be_stopped_and_started_again) {
    auto db = started();
    ASSERT_TRUE(db.stop());
    EXPECT_FALSE(db.is_running());
    EXPECT_EQ(ask(db, "select 1").substr(0, 6), "error:");
    EXPECT_TRUE(db.stop()) << "stopping twice is no error";
    EXPECT_TRUE(fs::exists(db.data_dir()));
    const auto url = db.url();
    ASSERT_TRUE(db.start_again());
    EXPECT_EQ(db.url(), url);
    EXPECT_EQ(ask(db, "select 1"), "1");
    const auto running = db.start_again();
    ASSERT_FALSE(running);
    EXPECT_EQ(running.error().code(), errc::invalid_argument);
}

TEST(embedded_server, waits_for_clients_in_smart_mode) {
    auto db = started();
    auto client = detail::admin_session::open(detail::socket_file(db.socket_dir(), db.port()), 0, "postgres",
                                              "postgres", soon());
    ASSERT_TRUE(client);
    const auto stopped = db.stop(stop_mode::smart, std::chrono::milliseconds{50});
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code(), errc::timeout);
    EXPECT_TRUE(client->query("select 1", soon()));
    EXPECT_TRUE(db.stop(stop_mode::fast));
    EXPECT_FALSE(client->query("select 1", soon()));
}

TEST(embedded_server, comes_back_after_kill9) {
    auto db = started();
    ASSERT_EQ(ask(db, "create table t as select 42 as x"), "");
    ASSERT_EQ(ask(db, "checkpoint"), "");
    auto client = detail::admin_session::open(detail::socket_file(db.socket_dir(), db.port()), 0, "postgres",
                                              "postgres", soon());
    ASSERT_TRUE(client);
    const auto backend = process::of(std::stoi(client->query("select pg_backend_pid()", soon())->front()));
    ASSERT_TRUE(backend.is_alive());
    const auto killed = db.kill9();
    ASSERT_TRUE(killed) << killed.error().message();
    EXPECT_FALSE(db.is_running());
    EXPECT_FALSE(backend.is_alive()) << "its backends are gone, too";
    const auto again = db.start_again();
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(ask(db, "select x from t"), "42");
}

TEST(embedded_server, notices_a_death_that_was_not_its_doing) {
    const auto db = started();
    const auto postmaster = process::of(db.pid());
    ASSERT_EQ(::kill(db.pid(), SIGKILL), 0);
    EXPECT_TRUE(postmaster.ends_soon());
    const auto keeper_has_told = soon();
    while (db.is_running() && !keeper_has_told.expired()) ::poll(nullptr, 0, 1);
    EXPECT_FALSE(db.is_running());
}

TEST(embedded_server, leaves_no_shared_memory_after_kill9) {
    pid_t pid = 0;
    {
        auto db = started();
        pid = db.pid();
        const auto running = segment_creators();
        if (running.empty()) GTEST_SKIP() << "no System V shared memory here";
        ASSERT_EQ(std::count(running.begin(), running.end(), pid), 1);
        ASSERT_TRUE(db.kill9());
    }
    const auto left = segment_creators();
    EXPECT_EQ(std::count(left.begin(), left.end(), pid), 0);
}

TEST(embedded_server, listens_on_a_free_tcp_port_when_asked) {
    const auto db = started(server_options{}.listen_tcp());
    EXPECT_NE(db.port(), 0);
    EXPECT_EQ(db.tcp_url(), "postgres://postgres@127.0.0.1:" + std::to_string(db.port()) + "/postgres");
    EXPECT_EQ(ask(db, "show listen_addresses"), "127.0.0.1");
    const detail::unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(db.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(started().tcp_url(), "");
}

TEST(embedded_server, may_have_many_siblings_and_threads) {
    std::vector<std::string> answers(3);
    std::vector<std::thread> threads;
    for (auto& answer : answers)
        threads.emplace_back([&answer] {
            const auto db = server::start();
            answer = db ? ask(*db, "select 7") : db.error().message();
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(answers, (std::vector<std::string>{"7", "7", "7"}));
}

TEST(embedded_server, moves) {
    auto first = started();
    const auto postmaster = process::of(first.pid());
    auto second = std::move(first);
    EXPECT_EQ(ask(second, "select 1"), "1");
    second = started();
    EXPECT_FALSE(postmaster.is_alive()) << "the assigned-to server is stopped";
    EXPECT_EQ(ask(second, "select 1"), "1");
}

TEST(embedded_server, puts_its_data_where_it_is_told) {
    const temporary_directory root;
    const auto log = root / "server.log";
    {
        const auto db = started(server_options{}.scratch_dir(root.path()).log_file(log).port(6543));
        EXPECT_EQ(db.data_dir().parent_path().parent_path(), root.path());
        EXPECT_EQ(db.port(), 6543);
        EXPECT_NE(db.url().find("&port=6543"), std::string::npos);
        EXPECT_EQ(db.log_file(), log);
        EXPECT_NE(db.log_tail().find("ready to accept connections"), std::string::npos) << db.log_tail();
        EXPECT_EQ(ask(db, "select 1"), "1");
    }
    EXPECT_TRUE(fs::exists(log)) << "a log of one's own stays";
    EXPECT_EQ(std::distance(fs::directory_iterator{root.path()}, {}), 1);
}

TEST(embedded_server, finds_a_short_place_for_the_socket) {
    const temporary_directory root;
    const auto deep = root / std::string(100, 'd');
    fs::create_directory(deep);
    ::chmod(deep.c_str(), 0755);
    fs::path socket_dir;
    {
        const auto db = started(server_options{}.scratch_dir(deep));
        socket_dir = db.socket_dir();
        EXPECT_LT(socket_dir.string().size(), 90u);
        EXPECT_EQ(ask(db, "select 1"), "1");
    }
    EXPECT_FALSE(fs::exists(socket_dir));
    EXPECT_TRUE(fs::is_empty(deep));
}

TEST(embedded_server, refuses_a_socket_path_that_is_too_long) {
    const temporary_directory root;
    const auto db = server::start(server_options{}.socket_dir(root / std::string(100, 's')));
    ASSERT_FALSE(db);
    EXPECT_EQ(db.error().code(), errc::environment);
    EXPECT_NE(db.error().message().find("the system allows 107"), std::string::npos) << db.error().message();
}

TEST(embedded_server, says_what_the_log_says_when_it_does_not_start) {
    const temporary_directory root;
    const auto db =
        server::start(server_options{}.scratch_dir(root.path()).setting("shared_buffers", "nonsense"));
    ASSERT_FALSE(db);
    EXPECT_EQ(db.error().code(), errc::environment);
    const auto text = db.error().message();
    EXPECT_NE(text.find("did not start"), std::string::npos) << text;
    EXPECT_NE(text.find("invalid value for parameter \"shared_buffers\": \"nonsense\""), std::string::npos)
        << text;
    EXPECT_TRUE(fs::is_empty(root.path())) << "nothing is left behind";
}

TEST(embedded_server, says_that_somebody_has_its_port) {
    const auto first = started(server_options{}.listen_tcp());
    const auto second = server::start(server_options{}.listen_tcp("127.0.0.1", first.port()));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), errc::environment);
    EXPECT_NE(second.error().message().find("another program has the TCP port " +
                                            std::to_string(first.port()) + ": choose another one"),
              std::string::npos)
        << second.error().message();
}

TEST(embedded_server, refuses_options_before_it_does_anything) {
    const auto db = server::start(server_options{}.database(""));
    ASSERT_FALSE(db);
    EXPECT_EQ(db.error().code(), errc::invalid_configuration);
}

TEST(embedded_server, names_the_remedy_for_missing_binaries) {
    const temporary_directory root;
    const auto bad = server::start(server_options{}.bin_dir(root.path()));
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code(), errc::environment);
    EXPECT_NE(bad.error().message().find(root.path().string()), std::string::npos) << bad.error().message();
    const auto missing = server::start(server_options{}.version(99));
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message().find("apt-get install postgresql-99"), std::string::npos)
        << missing.error().message();
}

TEST(embedded_binaries, of_this_machine_are_found) {
    const auto all = list_binaries();
    ASSERT_FALSE(all.empty());
    const auto found = find_binaries();
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->bin_dir, all.front().bin_dir);
    EXPECT_GE(found->major, 11);
    EXPECT_EQ(find_binaries(find_options{}.version(found->major))->major, found->major);
}

} // namespace server_test
} // namespace tusk::embedded
