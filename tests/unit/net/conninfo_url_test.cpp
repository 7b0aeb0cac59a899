#include <gtest/gtest.h>

#include <map>

#include <tusk/net/conninfo_settings.hpp>

namespace conninfo_url_test {

using tusk::conninfo::scan_connection_string;
using values = std::map<std::string, std::string>;

struct good_case {
    std::string_view text;
    values expected;
};

const good_case good_cases[] = {
    {"postgres://", {}},
    {"postgresql://", {}},
    {"postgres:///", {}},
    {"postgres://?", {}},
    {"postgres://h?", {{"host", "h"}}},
    {"postgres://h", {{"host", "h"}}},
    {"postgresql://h/", {{"host", "h"}}},
    {"postgres://h:5433", {{"host", "h"}, {"port", "5433"}}},
    {"postgres://h:/d", {{"host", "h"}, {"dbname", "d"}}},
    {"postgres://:5433/d", {{"port", "5433"}, {"dbname", "d"}}},
    {"postgres:///d", {{"dbname", "d"}}},
    {"postgres://u@", {{"user", "u"}}},
    {"postgres://u@h/d", {{"user", "u"}, {"host", "h"}, {"dbname", "d"}}},
    {"postgres://u:p@h:1/d",
     {{"user", "u"}, {"password", "p"}, {"host", "h"}, {"port", "1"}, {"dbname", "d"}}},
    {"postgres://:p@h", {{"password", "p"}, {"host", "h"}}},
    {"postgres://u:@h", {{"user", "u"}, {"host", "h"}}},
    {"postgres://@h", {{"host", "h"}}},
    {"postgres://u:p:q@h", {{"user", "u"}, {"password", "p:q"}, {"host", "h"}}},
    {"postgres://u:p@h@x", {{"user", "u"}, {"password", "p"}, {"host", "h@x"}}},
    {"postgres://u%40d:p%3Aw%2F@h", {{"user", "u@d"}, {"password", "p:w/"}, {"host", "h"}}},
    {"postgres://u:p?q=1@h", {{"user", "u"}, {"password", "p?q=1"}, {"host", "h"}}},
    {"postgres://h/d@x", {{"host", "h"}, {"dbname", "d@x"}}},
    {"postgres://u:p#q@h", {{"user", "u"}, {"password", "p#q"}, {"host", "h"}}},
    {"postgres://u:p+q@h", {{"user", "u"}, {"password", "p+q"}, {"host", "h"}}},
    {"postgres://[::1]", {{"host", "::1"}}},
    {"postgres://[::1]:5433/d", {{"host", "::1"}, {"port", "5433"}, {"dbname", "d"}}},
    {"postgres://[fe80::1%25eth0]/d", {{"host", "fe80::1%eth0"}, {"dbname", "d"}}},
    {"postgres://u@[::1]?sslmode=require", {{"user", "u"}, {"host", "::1"}, {"sslmode", "require"}}},
    {"postgres://[::1],[::2]:2", {{"host", "::1,::2"}, {"port", ",2"}}},
    {"postgres://a,b", {{"host", "a,b"}, {"port", ","}}},
    {"postgres://a:1,b:2,c:3/d", {{"host", "a,b,c"}, {"port", "1,2,3"}, {"dbname", "d"}}},
    {"postgres://a,b:2", {{"host", "a,b"}, {"port", ",2"}}},
    {"postgres://,", {{"host", ","}, {"port", ","}}},
    {"postgres://a%2Cb", {{"host", "a,b"}}},
    {"postgres://%2Frun%2Fpostgresql/d", {{"host", "/run/postgresql"}, {"dbname", "d"}}},
    {"postgres:///d?host=/run/postgresql", {{"host", "/run/postgresql"}, {"dbname", "d"}}},
    {"postgres://h/d?host=x", {{"host", "x"}, {"dbname", "d"}}},
    {"postgres://h/d?host=", {{"host", ""}, {"dbname", "d"}}},
    {"postgres://h?user=u&password=p", {{"host", "h"}, {"user", "u"}, {"password", "p"}}},
    {"postgres://h?user=a&user=b", {{"host", "h"}, {"user", "b"}}},
    {"postgres://h?user=", {{"host", "h"}, {"user", ""}}},
    {"postgres://h?user=a&", {{"host", "h"}, {"user", "a"}}},
    {"postgres://h?us%65r=a%26b%3Dc", {{"host", "h"}, {"user", "a&b=c"}}},
    {"postgres://h?ssl=true", {{"host", "h"}, {"sslmode", "require"}}},
    {"postgres://h?ssl=false", {{"host", "h"}, {"ssl", "false"}}},
    {"postgres://h?requiressl=1", {{"host", "h"}, {"sslmode", "require"}}},
    {"postgres://h/a/b?options=-c%20geqo%3Doff",
     {{"host", "h"}, {"dbname", "a/b"}, {"options", "-c geqo=off"}}},
    {"postgres://h?application_name=a+b c", {{"host", "h"}, {"application_name", "a+b c"}}},
    {"postgres://h/d?x=y/z?", {{"host", "h"}, {"dbname", "d"}, {"x", "y/z?"}}},
    {"postgres://%E2%82%AC@h/%c3%a9", {{"user", "\xe2\x82\xac"}, {"host", "h"}, {"dbname", "\xc3\xa9"}}},
    {"postgres://[h]", {{"host", "h"}}},
    {"postgres://a[b]", {{"host", "a[b]"}}},
};

TEST(conninfo_url, splits_as_libpq_does) {
    for (const auto& [text, expected] : good_cases) {
        const auto found = scan_connection_string(text);
        ASSERT_TRUE(found) << text << ": " << found.error().message();
        values actual;
        for (const auto& s : *found) actual.emplace(s.key, s.value);
        EXPECT_EQ(actual, expected) << text;
    }
}

struct bad_case {
    std::string_view text;
    std::string_view message; ///< A part of it.
};

const bad_case bad_cases[] = {
    {"postgres://[", "\"[\" at byte 12 has no matching \"]\""},
    {"postgres://[::1", "\"[\" at byte 12 has no matching \"]\""},
    {"postgres://u:p@[::1", "\"[\" at byte 16 has no matching \"]\""},
    {"postgres://[]", "the IPv6 address in brackets at byte 12 is empty"},
    {"postgres://[]:1", "the IPv6 address in brackets at byte 12 is empty"},
    {"postgres://[::1]x", "unexpected character at byte 17"},
    {"postgres://[::1][::2]", "unexpected character at byte 17"},
    {"postgres://h?a", "missing \"=\" in the URL parameter at byte 14"},
    {"postgres://h?user=a&b", "missing \"=\" in the URL parameter at byte 21"},
    {"postgres://h?&user=a", "missing \"=\" in the URL parameter at byte 14"},
    {"postgres://h?user=a&&b=c", "missing \"=\" in the URL parameter at byte 21"},
    {"postgres://h?user=a=b", "a second \"=\" in the URL parameter at byte 14"},
    {"postgres://h?user==", "a second \"=\" in the URL parameter at byte 14"},
    {"postgres://h?a=b?c=d", "a second \"=\" in the URL parameter at byte 14"},
    {"postgres://h?=a", "missing key before \"=\" in the URL parameter at byte 14"},
    {"postgres://h?user=%", "\"%\" at byte 19 is not followed by two hexadecimal digits"},
    {"postgres://h?user=%4", "\"%\" at byte 19"},
    {"postgres://h?user=%zz", "\"%\" at byte 19"},
    {"postgres://h?user=%4g", "\"%\" at byte 19"},
    {"postgres://h?us%r=a", "\"%\" at byte 16"},
    {"postgres://h?user=%00", "%00 at byte 19 is not allowed"},
    {"postgres://u%00@h", "%00 at byte 13 is not allowed"},
    {"postgres://u%@h", "\"%\" at byte 13"},
    {"postgres://u:a%b%c@h", "\"%\" at byte 15"},
    {"postgres://h/%g0", "\"%\" at byte 14"},
    {"postgres://%xx/d", "the list of hosts and ports at byte 12"},
    {"postgres://h:%1/d", "the list of hosts and ports at byte 12"},
    {"postgres://h%00/d", "the list of hosts and ports at byte 12"},
    {"postgres://[fe80::1%eth0]/d", "the list of hosts and ports at byte 12"},
};

TEST(conninfo_url, rejects_what_libpq_rejects_and_says_where) {
    for (const auto& [text, message] : bad_cases) {
        const auto found = scan_connection_string(text);
        ASSERT_FALSE(found) << text;
        EXPECT_EQ(found.error().code(), tusk::errc::invalid_connection_string) << text;
        EXPECT_NE(found.error().message().find(message), std::string::npos)
            << text << ": " << found.error().message();
    }
}

TEST(conninfo_url, a_nul_byte_is_rejected_everywhere) {
    const std::string whole = "postgres://u:p@h:1/d?user=x";
    for (std::size_t i = 0; i <= whole.size(); ++i) {
        std::string text = whole;
        text.insert(i, 1, '\0');
        EXPECT_FALSE(scan_connection_string(text)) << i;
    }
}

} // namespace conninfo_url_test
