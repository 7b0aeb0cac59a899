#include <gtest/gtest.h>

#include <services/http/url.hpp>

namespace url_test {

using namespace tusk::http;

TEST(percent_decode, decodes_both_cases_of_hex_digits) {
    EXPECT_EQ(percent_decode("a%2Fb%2fc"), "a/b/c");
    EXPECT_EQ(percent_decode("%E2%82%AC"), "\xE2\x82\xAC");
    EXPECT_EQ(percent_decode(""), "");
}

TEST(percent_decode, leaves_plus_alone_and_form_decode_does_not) {
    EXPECT_EQ(percent_decode("a+b"), "a+b");
    EXPECT_EQ(form_decode("a+b%2B"), "a b+");
}

TEST(percent_decode, refuses_what_is_not_two_hex_digits) {
    for (const auto* text : {"%", "%4", "%zz", "a%4g", "%%41", "abc%"})
        EXPECT_FALSE(percent_decode(text)) << text;
}

TEST(percent_decode, refuses_an_encoded_nul) {
    EXPECT_FALSE(percent_decode("a%00b"));
    EXPECT_FALSE(form_decode("%00"));
    EXPECT_EQ(percent_decode("%01%10"), "\x01\x10");
}

TEST(parse_query, keeps_order_repetitions_and_empty_values) {
    const auto parsed = parse_query("b=2&a=1&b=3&flag&empty=&=nameless");
    const query_list expected{{"b", "2"},   {"a", "1"},    {"b", "3"},
                              {"flag", ""}, {"empty", ""}, {"", "nameless"}};
    EXPECT_EQ(parsed, expected);
}

TEST(parse_query, skips_empty_pieces_and_splits_at_the_first_equals_sign) {
    const query_list expected{{"a", "x=y"}};
    EXPECT_EQ(parse_query("&&a=x=y&"), expected);
    EXPECT_EQ(parse_query(""), query_list{});
}

TEST(parse_query, decodes_names_and_values_after_splitting) {
    const query_list expected{{"a&b", "c=d e"}};
    EXPECT_EQ(parse_query("a%26b=c%3Dd+e"), expected);
}

TEST(parse_query, fails_on_a_malformed_name_or_value) {
    EXPECT_FALSE(parse_query("ok=1&%zz=1"));
    EXPECT_FALSE(parse_query("ok=1&a=%"));
}

TEST(split_target, takes_origin_form) {
    const auto parts = split_target("/a/b?x=1?2");
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->path(), "/a/b");
    EXPECT_EQ(parts->query(), "x=1?2");
}

TEST(split_target, takes_absolute_form) {
    const auto parts = split_target("HTTP://example.com:80/a?b");
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->path(), "/a");
    EXPECT_EQ(parts->query(), "b");
    EXPECT_EQ(split_target("http://example.com")->path(), "/");
    EXPECT_EQ(split_target("http://example.com?q=1")->path(), "/");
    EXPECT_EQ(split_target("http://example.com?q=1")->query(), "q=1");
}

TEST(split_target, cuts_a_fragment_and_knows_the_asterisk) {
    EXPECT_EQ(split_target("/a#b?c")->path(), "/a");
    EXPECT_EQ(split_target("*")->path(), "*");
}

TEST(split_target, refuses_anything_else) {
    for (const auto* text : {"", "a/b", "http://", "http:///a", "example.com:443", "#", "?a=b", "ftp://x/y"})
        EXPECT_FALSE(split_target(text)) << text;
}

} // namespace url_test
