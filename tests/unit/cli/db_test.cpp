// What `tusk db` makes of its arguments.
#include <filesystem>

#include <gtest/gtest.h>

#include <cli/db_server.hpp>
#include <cli/problem.hpp>
#include <cli/psql.hpp>
#include <cli/suggest.hpp>

namespace tusk::cli {
namespace db_test {

TEST(tcp_address, is_a_port_with_or_without_a_host) {
    EXPECT_EQ(parse_tcp_address("5433"), (tcp_address{"127.0.0.1", 5433}));
    EXPECT_EQ(parse_tcp_address("0"), (tcp_address{"127.0.0.1", 0}));
    EXPECT_EQ(parse_tcp_address("0.0.0.0:5433"), (tcp_address{"0.0.0.0", 5433}));
    EXPECT_EQ(parse_tcp_address("*:5433"), (tcp_address{"*", 5433}));
    EXPECT_EQ(parse_tcp_address("[::1]:5433"), (tcp_address{"::1", 5433}));
}

TEST(tcp_address, is_nothing_else) {
    for (const auto* text : {"", "localhost", ":5433", "host:", "host:x", "65536", "-1", "5433 ", "::1:5433",
                             "[]:5433", "[host]:5433", "[::1]"})
        EXPECT_FALSE(parse_tcp_address(text)) << text;
}

TEST(setting, is_a_name_and_whatever_follows_the_first_equals_sign) {
    using pair = std::pair<std::string, std::string>;
    EXPECT_EQ(parse_setting("work_mem=7MB"), (pair{"work_mem", "7MB"}));
    EXPECT_EQ(parse_setting("search_path="), (pair{"search_path", ""}));
    EXPECT_EQ(parse_setting("a=b=c, d"), (pair{"a", "b=c, d"}));
    EXPECT_FALSE(parse_setting("work_mem"));
    EXPECT_FALSE(parse_setting("=7MB"));
    EXPECT_FALSE(parse_setting(""));
}

TEST(data_directory, is_where_the_system_keeps_such_data) {
    environment variables;
    variables.set_home_directory("/home/eva");
    EXPECT_EQ(default_data_dir("a", false, variables), "/home/eva/.local/share/tusk/db/a");
    variables.set("XDG_DATA_HOME", "relative");
    EXPECT_EQ(default_data_dir("a", false, variables), "/home/eva/.local/share/tusk/db/a");
    variables.set("XDG_DATA_HOME", "/data/eva");
    EXPECT_EQ(default_data_dir("a", false, variables), "/data/eva/tusk/db/a");
    EXPECT_EQ(default_data_dir("a", true, variables), "/var/lib/tusk/db/a");
    variables.set("TUSK_DATA_DIR", "/mnt/db");
    EXPECT_EQ(default_data_dir("a", false, variables), "/mnt/db/a");
    EXPECT_EQ(default_data_dir("a", true, variables), "/mnt/db/a");
}

TEST(data_directory, has_to_be_said_by_those_who_have_no_home) {
    try {
        default_data_dir("a", false, {});
        FAIL() << "a directory out of nothing";
    } catch (const problem& what) {
        EXPECT_EQ(what.status(), exit_code::failure);
        EXPECT_NE(what.remedy().find("--data"), std::string::npos) << what.remedy();
    }
}

TEST(program, is_taken_from_the_first_directory_that_has_it) {
    environment variables;
    variables.set("PATH", ":/nowhere::/bin:/usr/bin");
    EXPECT_EQ(find_program("sh", {}, variables), "/bin/sh");
    EXPECT_EQ(find_program("sh", "/usr/bin", variables), "/usr/bin/sh");
    EXPECT_EQ(find_program("sh", "/nowhere", variables), "/bin/sh");
    EXPECT_FALSE(find_program("no-such-program", {}, variables));
    EXPECT_FALSE(find_program("sh", {}, environment{}));
    EXPECT_FALSE(find_program("", "/usr/bin", environment{})) << "a directory is no program";
}

TEST(suggestion, is_the_nearest_word_or_none) {
    const std::vector<std::string> words{"up", "down", "url", "list", "psql"};
    EXPECT_EQ(closest("lits", words), "list");
    EXPECT_EQ(closest("dwon", words), "down");
    EXPECT_EQ(closest("upp", words), "up");
    EXPECT_EQ(closest("psq", words), "psql");
    EXPECT_EQ(closest("elephant", words), "");
    EXPECT_EQ(closest("x", {}), "");
    EXPECT_EQ(closest(std::string(65, 'x'), {std::string(65, 'x')}), "");
}

} // namespace db_test
} // namespace tusk::cli
