#include <tusk/observe/sql_comment.hpp>

#include <gtest/gtest.h>

namespace sql_comment_test {

using tusk::observe::sql_comment;

TEST(sql_comment, is_sorted_encoded_and_behind_the_statement) {
    sql_comment c;
    c.tag("route", "/polls 1000").tag("controller", "index").tag("empty", "");
    EXPECT_EQ(c.append_to("select 1"), "select 1 /*controller='index',route='%2Fpolls%201000'*/");
    EXPECT_EQ(c.append_to("select 1 ;\n"), "select 1 /*controller='index',route='%2Fpolls%201000'*/ ;\n");
}

TEST(sql_comment, cannot_end_itself) {
    sql_comment c;
    c.tag("a'*/b", "' */ drop table users; --");
    EXPECT_EQ(c.text(), "/*a%27%2A%2Fb='%27%20%2A%2F%20drop%20table%20users%3B%20--'*/");
    EXPECT_EQ(c.text().find("*/"), c.text().size() - 2);
}

TEST(sql_comment, carries_the_trace) {
    const auto trace = *tusk::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    EXPECT_EQ(sql_comment{}.trace(trace).append_to("select 1"),
              "select 1 /*traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'*/");
}

TEST(sql_comment, leaves_alone_what_has_a_comment_or_is_nothing) {
    sql_comment c;
    c.tag("a", "b");
    for (const char* text : {"select 1 /* mine */", "select 1 -- mine", "", " ; "})
        EXPECT_EQ(c.append_to(text), text);
    EXPECT_EQ(sql_comment{}.append_to("select 1"), "select 1");
}

} // namespace sql_comment_test
