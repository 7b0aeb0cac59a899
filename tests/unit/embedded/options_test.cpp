// What options become: the command line of the postmaster, arguments of initdb, URLs.
#include <gtest/gtest.h>

#include <tusk/embedded/detail/command_line.hpp>

namespace tusk::embedded {
namespace options_test {

using detail::decided;

const binaries programs{"/opt/pg/bin", 15, "15.18"};

/// The value a postmaster takes: the last `-c name=`; nothing when there is none.
std::optional<std::string> setting_of(const std::vector<std::string>& line, const std::string& name) {
    std::optional<std::string> value;
    for (std::size_t i = 1; i < line.size(); ++i)
        if (line[i - 1] == "-c" && line[i].starts_with(name + "=")) value = line[i].substr(name.size() + 1);
    return value;
}

std::vector<std::string> command(const server_options& options, bool in_memory = false) {
    return detail::postmaster_command(programs, options, {"/data/dir", "/run/s", 5432, in_memory});
}

TEST(embedded_command, names_program_directory_and_socket) {
    const auto line = command(server_options{});
    ASSERT_GE(line.size(), 3u);
    EXPECT_EQ(line[0], "/opt/pg/bin/postgres");
    EXPECT_EQ(line[1], "-D");
    EXPECT_EQ(line[2], "/data/dir");
    EXPECT_EQ(setting_of(line, "unix_socket_directories"), "\"/run/s\"");
    EXPECT_EQ(setting_of(line, "port"), "5432");
    EXPECT_EQ(setting_of(line, "listen_addresses"), "");
}

TEST(embedded_command, an_ephemeral_server_is_fast_and_forgets) {
    const auto line = command(server_options{}, true);
    EXPECT_EQ(setting_of(line, "fsync"), "off");
    EXPECT_EQ(setting_of(line, "synchronous_commit"), "off");
    EXPECT_EQ(setting_of(line, "full_page_writes"), "off");
    EXPECT_EQ(setting_of(line, "autovacuum"), "off");
    EXPECT_EQ(setting_of(line, "wal_level"), "minimal");
    EXPECT_EQ(setting_of(line, "max_wal_senders"), "0");
    EXPECT_EQ(setting_of(line, "checkpoint_timeout"), "1h");
    EXPECT_EQ(setting_of(line, "max_wal_size"), "8GB");
    EXPECT_EQ(setting_of(line, "max_connections"), "200");
    EXPECT_EQ(setting_of(line, "shared_buffers"), "128MB");
    EXPECT_EQ(setting_of(line, "dynamic_shared_memory_type"), "mmap");
    EXPECT_FALSE(setting_of(command(server_options{}, false), "dynamic_shared_memory_type"))
        << "not on a disk";
}

TEST(embedded_command, a_persistent_server_keeps_its_configuration_and_its_data) {
    const auto line = command(server_options{}.data_dir("/data/dir"));
    for (const char* name : {"fsync", "synchronous_commit", "full_page_writes", "autovacuum", "wal_level",
                             "max_wal_senders", "max_connections", "shared_buffers", "max_wal_size"})
        EXPECT_FALSE(setting_of(line, name)) << name;
}

TEST(embedded_command, durability_can_be_chosen) {
    EXPECT_FALSE(setting_of(command(server_options{}.durable(true)), "fsync"));
    EXPECT_EQ(setting_of(command(server_options{}.data_dir("/d").durable(false)), "fsync"), "off");
    EXPECT_TRUE(server_options{}.data_dir("/d").durable());
    EXPECT_FALSE(server_options{}.durable());
    EXPECT_FALSE(server_options{}.data_dir("/d").ephemeral().durable());
}

TEST(embedded_command, settings_override_everything) {
    const auto options = server_options{}
                             .setting("fsync", "on")
                             .setting("max_connections", "10")
                             .setting("work_mem", "1MB")
                             .setting("work_mem", "2MB");
    const auto line = command(options);
    EXPECT_EQ(setting_of(line, "fsync"), "on");
    EXPECT_EQ(setting_of(line, "max_connections"), "10");
    EXPECT_EQ(setting_of(line, "work_mem"), "2MB");
}

TEST(embedded_command, a_higher_wal_level_brings_its_walsenders_back) {
    const auto logical = command(server_options{}.setting("wal_level", "logical"));
    EXPECT_EQ(setting_of(logical, "wal_level"), "logical");
    EXPECT_FALSE(setting_of(logical, "max_wal_senders"));
    const auto senders = command(server_options{}.setting("max_wal_senders", "3"));
    EXPECT_FALSE(setting_of(senders, "wal_level")) << "the server refuses minimal with walsenders";
}

TEST(embedded_command, a_standby_follows_its_primary_and_can_have_standbys) {
    const auto line = command(server_options{}.standby_of("/data/of/primary", "postgres://p@/p?host=%2Fs"));
    EXPECT_EQ(setting_of(line, "primary_conninfo"), "postgres://p@/p?host=%2Fs");
    EXPECT_FALSE(setting_of(line, "wal_level"))
        << "the server's default: it may have no less than its primary";
    EXPECT_FALSE(setting_of(line, "max_wal_senders"));
    EXPECT_FALSE(setting_of(command(server_options{}), "primary_conninfo"));
}

TEST(embedded_command, a_socket_directory_is_quoted_for_the_list) {
    const auto line = detail::postmaster_command(programs, server_options{}, {"/d", "/a, b\"c", 1, false});
    EXPECT_EQ(setting_of(line, "unix_socket_directories"), "\"/a, b\"\"c\"");
}

TEST(embedded_command, initdb_gets_locale_and_more) {
    const auto arguments =
        detail::initdb_arguments(server_options{}.locale("C.UTF-8").initdb_argument("--data-checksums"));
    EXPECT_EQ(arguments, (std::vector<std::string>{"--locale=C.UTF-8", "--data-checksums"}));
}

TEST(embedded_url, names_the_socket_as_host) {
    const decided where{"/d", "/run/user/1000/tusk-a1B2c3", 5432, false};
    EXPECT_EQ(detail::socket_url(server_options{}, where),
              "postgres://postgres@/postgres?host=%2Frun%2Fuser%2F1000%2Ftusk-a1B2c3&port=5432");
}

TEST(embedded_url, escapes_names_and_shows_another_port) {
    const decided where{"/d", "/run/s", 6000, false};
    EXPECT_EQ(detail::socket_url(server_options{}.user("a@b").database("x/y z"), where),
              "postgres://a%40b@/x%2Fy%20z?host=%2Frun%2Fs&port=6000");
}

TEST(embedded_url, over_tcp_exists_only_when_asked_for) {
    const decided where{"/d", "/run/s", 6000, false};
    EXPECT_EQ(detail::tcp_url(server_options{}, where), "");
    const auto url = [&](const char* host) {
        return detail::tcp_url(server_options{}.listen_tcp(host), where);
    };
    EXPECT_EQ(url("127.0.0.1"), "postgres://postgres@127.0.0.1:6000/postgres");
    EXPECT_EQ(url("localhost,10.0.0.1"), "postgres://postgres@localhost:6000/postgres");
    EXPECT_EQ(url("*"), "postgres://postgres@127.0.0.1:6000/postgres");
    EXPECT_EQ(url("::"), "postgres://postgres@[::1]:6000/postgres");
}

void expect_refused(const server_options& options, const std::string& word) {
    const auto problem = options.check();
    EXPECT_EQ(problem.code(), errc::invalid_configuration) << word;
    EXPECT_NE(problem.message().find(word), std::string::npos) << problem.message();
}

TEST(embedded_options, that_make_no_sense_are_refused) {
    EXPECT_FALSE(server_options{}.check());
    expect_refused(server_options{}.database(""), "database");
    expect_refused(server_options{}.database(std::string(64, 'x')), "database");
    expect_refused(server_options{}.user(std::string("a\0b", 3)), "user");
    expect_refused(server_options{}.port(0), "port");
    expect_refused(server_options{}.setting("a b", "c"), "a b");
    expect_refused(server_options{}.setting("", "c"), "setting");
    expect_refused(server_options{}.setting("a", std::string(1, '\0')), "NUL");
    expect_refused(server_options{}.standby_of("", "postgres:///"), "standby_of");
    expect_refused(server_options{}.standby_of("/data", ""), "standby_of");
    expect_refused(server_options{}.data_dir("/data").standby_of("/other", "postgres:///"), "ephemeral");
    expect_refused(server_options{}.startup_timeout(std::chrono::milliseconds{0}), "startup_timeout");
    expect_refused(server_options{}.name("../x"), "../x");
    expect_refused(server_options{}.name(".x"), ".x");
    expect_refused(server_options{}.name(""), "name");
    EXPECT_FALSE(server_options{}.listen_tcp().check()) << "any free port is fine over TCP";
    EXPECT_FALSE(server_options{}.setting("my.own_setting", "").check());
}

} // namespace options_test
} // namespace tusk::embedded
