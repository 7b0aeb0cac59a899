// Running commands, looking at processes, the registry's file format, quoting.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <thread>

#include <sys/wait.h>

#include <tusk/embedded/detail/process.hpp>
#include <tusk/embedded/detail/registry.hpp>
#include <tusk/embedded/detail/text.hpp>

#include "support.hpp"

namespace tusk::embedded::detail {
namespace process_test {

using test::scoped_variable;

result<command_output> shell(const std::string& script,
                             deadline until = deadline::in(std::chrono::seconds{20})) {
    return run_command(exec_image{{"/bin/sh", "-c", script}}, own_identity(), until);
}

TEST(run_command, gives_output_and_status) {
    const auto done = shell("echo out; echo err >&2; exit 3");
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(done->text, "out\nerr\n");
    EXPECT_FALSE(done->succeeded());
    EXPECT_EQ(WEXITSTATUS(done->status), 3);
    EXPECT_TRUE(shell("true")->succeeded());
}

TEST(run_command, does_not_wait_for_commands_of_other_threads) {
    std::atomic<int> late = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 6; ++t)
        threads.emplace_back([&late] {
            for (int i = 0; i < 25; ++i) {
                const auto done = shell("true", deadline::in(std::chrono::seconds{20}));
                if (!done) ++late;
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(late, 0);
}

TEST(run_command, works_where_children_are_ignored) {
    const auto before = std::signal(SIGCHLD, SIG_IGN);
    const auto done = shell("exit 5");
    std::signal(SIGCHLD, before);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(WEXITSTATUS(done->status), 5);
}

TEST(run_command, names_a_program_that_is_not_there) {
    const auto done = run_command(exec_image{{"/nonexistent/initdb"}}, own_identity(), deadline::never());
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), errc::environment);
    EXPECT_NE(done.error().message().find("/nonexistent/initdb"), std::string::npos);
}

TEST(run_command, ends_at_the_deadline_and_takes_the_program_along) {
    const test::temporary_directory root;
    const auto pid_file = (root / "pid").string();
    const auto done =
        shell("echo $$ > " + pid_file + "; exec sleep 1000", deadline::in(std::chrono::milliseconds{300}));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), errc::timeout);
    const auto pid = std::atoi(test::read_text(pid_file).c_str());
    ASSERT_GT(pid, 0);
    const auto started = process_start_time(pid);
    EXPECT_TRUE(!started || wait_until_gone(pid, *started, deadline::in(std::chrono::seconds{20})));
}

TEST(run_command, does_not_pass_on_what_changes_postgresql) {
    const scoped_variable port{"PGPORT", "1"};
    const scoped_variable locale{"LC_MESSAGES", "de_DE"};
    const scoped_variable language{"LANG", "de_DE"};
    const scoped_variable own{"TUSK_UNIT", "kept"};
    const auto done = shell("env");
    ASSERT_TRUE(done);
    EXPECT_EQ(done->text.find("PGPORT"), std::string::npos);
    EXPECT_EQ(done->text.find("de_DE"), std::string::npos);
    EXPECT_NE(done->text.find("LC_ALL=C\n"), std::string::npos);
    EXPECT_NE(done->text.find("TUSK_UNIT=kept\n"), std::string::npos);
}

TEST(process_start_time, tells_the_living_from_the_dead) {
    EXPECT_TRUE(process_start_time(::getpid()));
    EXPECT_EQ(process_start_time(::getpid()), process_start_time(::getpid()));
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
    EXPECT_FALSE(process_start_time(child)) << "a zombie is dead";
    EXPECT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_FALSE(process_start_time(child));
}

TEST(wait_until_gone, knows_a_pid_that_was_used_again) {
    const auto own = process_start_time(::getpid());
    ASSERT_TRUE(own);
    EXPECT_FALSE(wait_until_gone(::getpid(), *own, deadline{steady_clock::now()}));
    EXPECT_TRUE(wait_until_gone(::getpid(), *own + 1, deadline::never()));
}

TEST(registration, survives_a_round_trip) {
    registration entry;
    entry.server = {"my-db", 4711,    "/data/a=b", "/run/x\ny%41",
                    6000,    "15.18", true,        "postgres://postgres@/x?host=%2Frun"};
    entry.start_time = 123456789012;
    entry.removed = {"/dev/shm/tusk-db-a", "/tmp/tusk-db-b"};
    entry.tcp_url = "postgres://postgres@127.0.0.1:6000/x";
    entry.log_file = "/data/tusk.log";
    const auto read = parse_registration(to_text(entry));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->server.name, "my-db");
    EXPECT_EQ(read->server.pid, 4711);
    EXPECT_EQ(read->server.data_dir, "/data/a=b");
    EXPECT_EQ(read->server.socket_dir, "/run/x\ny%41");
    EXPECT_EQ(read->server.port, 6000);
    EXPECT_EQ(read->server.version, "15.18");
    EXPECT_TRUE(read->server.ephemeral);
    EXPECT_EQ(read->server.url, entry.server.url);
    EXPECT_EQ(read->start_time, entry.start_time);
    EXPECT_EQ(read->removed, entry.removed);
    EXPECT_EQ(read->tcp_url, entry.tcp_url);
    EXPECT_EQ(read->log_file, entry.log_file);
}

TEST(registration, that_is_damaged_is_none) {
    const std::string good = "name=a\npid=1\nstart_time=2\ndata_dir=/d\nport=5432\nurl=u\n";
    ASSERT_TRUE(parse_registration(good));
    EXPECT_FALSE(parse_registration(""));
    EXPECT_FALSE(parse_registration("garbage"));
    EXPECT_FALSE(parse_registration("name=a\npid=x\nstart_time=2\ndata_dir=/d\nport=5432\nurl=u\n"));
    EXPECT_FALSE(parse_registration("name=a\npid=-1\nstart_time=2\ndata_dir=/d\nport=5432\nurl=u\n"));
    EXPECT_FALSE(parse_registration("name=a\npid=1\nstart_time=2\ndata_dir=/d\nport=99999\nurl=u\n"));
    EXPECT_FALSE(parse_registration(good.substr(0, good.size() - 6)));
}

TEST(quoting, doubles_quotes) {
    EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
    EXPECT_EQ(quote_literal("it's \\ x"), "'it''s \\ x'");
}

TEST(percent_encoding, can_be_read_back) {
    EXPECT_EQ(percent_encode("/run/a b~_.-"), "%2Frun%2Fa%20b~_.-");
    EXPECT_EQ(percent_decode(percent_encode("\x01%/\xff")), "\x01%/\xff");
    EXPECT_EQ(percent_decode("100%"), "100%");
    EXPECT_EQ(percent_decode("%zz%4"), "%zz%4");
    EXPECT_EQ(percent_decode("%41"), "A");
}

TEST(short_hash, differs_for_different_texts) {
    EXPECT_EQ(short_hash("").size(), 16u);
    EXPECT_NE(short_hash("a"), short_hash("b"));
    EXPECT_EQ(short_hash("a"), "af63dc4c8601ec8c") << "FNV-1a, published test vector";
}

} // namespace process_test
} // namespace tusk::embedded::detail
