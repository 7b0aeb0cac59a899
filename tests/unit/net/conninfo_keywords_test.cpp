#include <gtest/gtest.h>

#include <tusk/net/conninfo_settings.hpp>

namespace conninfo_keywords_test {

using tusk::conninfo::scan_connection_string;
using pairs = std::vector<std::pair<std::string, std::string>>;

struct good_case {
    std::string_view text;
    pairs expected;
};

const good_case good_cases[] = {
    {"", {}},
    {" \t\r\n\v\f ", {}},
    {"host=a", {{"host", "a"}}},
    {"  host=a  ", {{"host", "a"}}},
    {"host=a port=5433 dbname=d", {{"host", "a"}, {"port", "5433"}, {"dbname", "d"}}},
    {"host = a port\t=\n5433", {{"host", "a"}, {"port", "5433"}}},
    {"host=a\nport=1", {{"host", "a"}, {"port", "1"}}},
    {"user=", {{"user", ""}}},
    {"user= dbname=x", {{"user", "dbname=x"}}},
    {"user='' dbname=x", {{"user", ""}, {"dbname", "x"}}},
    {"user='a b'", {{"user", "a b"}}},
    {"user='a b'dbname=x", {{"user", "a b"}, {"dbname", "x"}}},
    {"user=a'b'c", {{"user", "a'b'c"}}},
    {R"(password='it\'s')", {{"password", "it's"}}},
    {R"(password=it\'s)", {{"password", "it's"}}},
    {R"(password=a\ b)", {{"password", "a b"}}},
    {R"(password=a\\b)", {{"password", R"(a\b)"}}},
    {R"(password='a\\b')", {{"password", R"(a\b)"}}},
    {R"(password=\q)", {{"password", "q"}}},
    {R"(password=abc\)", {{"password", "abc"}}},
    {R"(password='\n')", {{"password", "n"}}},
    {"password=a=b=c", {{"password", "a=b=c"}}},
    {"password=%41", {{"password", "%41"}}},
    {"password=p#q", {{"password", "p#q"}}},
    {"user=a user=b", {{"user", "b"}}},
    {"user=a dbname=d user=b", {{"user", "b"}, {"dbname", "d"}}},
    {"host=a,b,,c port=1,,3", {{"host", "a,b,,c"}, {"port", "1,,3"}}},
    {"requiressl=1", {{"sslmode", "require"}}},
    {"requiressl=0", {{"sslmode", "prefer"}}},
    {"requiressl=", {{"sslmode", "prefer"}}},
    {"ssl=true", {{"ssl", "true"}}}, // a synonym in URLs only
    {"search_path='a, b'", {{"search_path", "a, b"}}},
    {"user=\xc3\xa9t\xc3\xa9", {{"user", "\xc3\xa9t\xc3\xa9"}}},
    {"Postgres=x", {{"Postgres", "x"}}},
};

TEST(conninfo_keywords, splits_keys_and_values_as_libpq_does) {
    for (const auto& [text, expected] : good_cases) {
        const auto found = scan_connection_string(text);
        ASSERT_TRUE(found) << text << ": " << found.error().message();
        pairs actual;
        for (const auto& s : *found) actual.emplace_back(s.key, s.value);
        EXPECT_EQ(actual, expected) << text;
    }
}

struct bad_case {
    std::string_view text;
    std::string_view message; ///< A part of it.
};

const bad_case bad_cases[] = {
    {"host", "missing \"=\" after the word at byte 1"},
    {"  host", "missing \"=\" after the word at byte 3"},
    {"host a", "missing \"=\" after the word at byte 1"},
    {"host=a b", "missing \"=\" after the word at byte 8"},
    {"us er=x", "missing \"=\" after the word at byte 1"},
    {"=x", "missing key before \"=\" at byte 1"},
    {"host=a = b", "missing key before \"=\" at byte 8"},
    {"user='a", "the quoted value at byte 6 has no closing quote"},
    {"user='", "the quoted value at byte 6 has no closing quote"},
    {R"(user='a\')", "the quoted value at byte 6 has no closing quote"},
    {R"(user='a\)", "the quoted value at byte 6 has no closing quote"},
    {"host=a user='x' y", "missing \"=\" after the word at byte 17"},
    {"'", "missing \"=\" after the word at byte 1"},
    {"Postgres://h/d", "missing \"=\" after the word at byte 1"},
    {"postgresql:/h/d", "missing \"=\" after the word at byte 1"},
    {std::string_view{"user=a\0b", 8}, "NUL byte at byte 7"},
    {std::string_view{"\0", 1}, "NUL byte at byte 1"},
    {std::string_view{"user=a\0", 7}, "NUL byte at byte 7"},
};

TEST(conninfo_keywords, rejects_what_libpq_rejects_and_says_where) {
    for (const auto& [text, message] : bad_cases) {
        const auto found = scan_connection_string(text);
        ASSERT_FALSE(found) << text;
        EXPECT_EQ(found.error().code(), tusk::errc::invalid_connection_string) << text;
        EXPECT_NE(found.error().message().find(message), std::string::npos)
            << text << ": " << found.error().message();
    }
}

TEST(conninfo_keywords, a_piece_of_an_unquoted_password_is_not_repeated) {
    const auto found = scan_connection_string("password=correct horse battery host=db");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().message().find("horse"), std::string::npos);
    EXPECT_NE(found.error().message().find("byte 18"), std::string::npos) << found.error().message();
}

} // namespace conninfo_keywords_test
