// What TUSK_TEST_SERVER may say, and connection strings for other databases and roles.
#include <gtest/gtest.h>

#include <tusk/net/conninfo.hpp>
#include <tusk/testing/expectations.hpp>
#include <tusk/testing/test_server.hpp>

namespace server_choice_test {

using tusk::testing::server_choice;
using tusk::testing::server_kind;

server_choice choice(std::string_view text, std::string_view url = {}) {
    return server_choice::parse(text, url).value();
}

TEST(server_choice, is_one_of_five) {
    EXPECT_EQ(choice("embedded").kind, server_kind::embedded);
    EXPECT_EQ(choice("embedded").version, 0);
    EXPECT_EQ(choice("embedded:17").version, 17);
    EXPECT_EQ(choice("private").kind, server_kind::own);
    EXPECT_EQ(choice("private:13").version, 13);
    EXPECT_TRUE(choice("embedded+tcp").tcp);
    EXPECT_EQ(choice("private:17+tcp").version, 17);
    EXPECT_FALSE(choice("private:17").tcp);
    EXPECT_EQ(choice("docker").image, "postgres:16-alpine");
    EXPECT_EQ(choice("docker:timescale/timescaledb:latest-pg16").image, "timescale/timescaledb:latest-pg16");
    EXPECT_EQ(choice("postgres://h/d").kind, server_kind::url);
    EXPECT_EQ(choice("postgres://h/d").url, "postgres://h/d");
    EXPECT_EQ(choice("host=h dbname=d").url, "host=h dbname=d");
    EXPECT_EQ(choice("url", "postgres://h/e").url, "postgres://h/e");
}

TEST(server_choice, that_makes_no_sense_is_refused_with_the_choices) {
    for (const char* text : {"embeded", "embedded:x", "embedded:9", "private:170", "url"}) {
        const auto said = server_choice::parse(text);
        ASSERT_FALSE(said) << text;
        EXPECT_EQ(said.error().code(), tusk::errc::invalid_configuration) << text;
        EXPECT_NE(said.error().message().find("TUSK_TEST_SERVER=" + std::string{text}), std::string::npos);
        EXPECT_NE(said.error().message().find("\nremedy: set it to embedded"), std::string::npos);
    }
}

TEST(connection_strings_of_tests, lead_to_another_database) {
    using tusk::testing::with_database;
    EXPECT_EQ(with_database("postgres://u:p@h:7/a?sslmode=disable", "b"),
              "postgres://u:p@h:7/b?sslmode=disable");
    EXPECT_EQ(with_database("postgres://h", "b"), "postgres://h/b");
    EXPECT_EQ(with_database("postgres://u@/a?host=%2Ftmp%2Fx", "b c"), "postgres://u@/b%20c?host=%2Ftmp%2Fx");
    EXPECT_EQ(tusk::parse_connect_config(with_database("host=h dbname=a", "b'c"))->database(), "b'c");
    const auto said = tusk::testing::failure_of([] { with_database("postgres://h:port/", "b"); });
    EXPECT_EQ(said.code(), tusk::errc::invalid_connection_string);
}

TEST(connection_strings_of_tests, lead_to_another_role) {
    using tusk::testing::with_role;
    EXPECT_EQ(with_role("postgres://u:p@h:7/a?x=1", "app", "s t"), "postgres://app:s%20t@h:7/a?x=1");
    EXPECT_EQ(with_role("postgres://h/a", "app", ""), "postgres://app@h/a");
    EXPECT_EQ(with_role("postgres://u@/a?host=%2Ftmp", "app", ""), "postgres://app@/a?host=%2Ftmp");
    const auto config = tusk::parse_connect_config(with_role("host=h user=u", "a'b", "c"));
    EXPECT_EQ(config->user(), "a'b");
    EXPECT_EQ(config->password(), "c");
}

} // namespace server_choice_test
