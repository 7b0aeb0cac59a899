// The parts of `tusk verify` that need no server.
#include <gtest/gtest.h>

#include <cli/verify_sql.hpp>

#include "support.hpp"

namespace tusk::cli {
namespace verify_test {

using test::contains;

std::vector<std::string> texts(std::string_view sql) {
    std::vector<std::string> out;
    for (const auto& s : split_statements(sql)) out.push_back(std::to_string(s.line) + ":" + s.text);
    return out;
}

using list = std::vector<std::string>;

TEST(split_statements, ends_them_at_semicolons) {
    EXPECT_EQ(texts("select 1; select 2"), (list{"1:select 1", "1:select 2"}));
    EXPECT_EQ(texts("select 1;\n\n  select 2;\n"), (list{"1:select 1", "3:select 2"}));
    EXPECT_EQ(texts(""), list{});
    EXPECT_EQ(texts(" ;; \n ; "), list{});
}

TEST(split_statements, leaves_semicolons_in_strings_and_comments) {
    EXPECT_EQ(texts("select ';', $$;$$, \";\" -- ;\n, 1; select 2"),
              (list{"1:select ';', $$;$$, \";\" -- ;\n, 1", "2:select 2"}));
    EXPECT_EQ(texts("/* ; /* ; */ ; */ select E'\\';'"), (list{"1:select E'\\';'"}));
}

TEST(split_statements, skips_what_stands_before_the_first_word) {
    EXPECT_EQ(texts("-- users\n/* by\n name */\nselect {name};\n-- the end\n"), (list{"4:select {name}"}));
}

TEST(verify, wants_something_to_verify) {
    const auto done = test::run({"verify"});
    EXPECT_EQ(done.status, exit_code::usage);
    EXPECT_TRUE(contains(done.err, "path")) << done.err;
}

TEST(verify, says_what_it_cannot_run) {
    const auto done = test::run({"verify", "--database", "postgres://u@127.0.0.1:1/d", "/nowhere/app"});
    EXPECT_EQ(done.status, exit_code::failure);
    EXPECT_TRUE(contains(done.err, "cannot run /nowhere/app")) << done.err;
}

TEST(verify, says_that_a_program_does_not_know_how) {
    const auto done = test::run({"verify", "--database", "postgres://u@127.0.0.1:1/d", "/bin/echo"});
    EXPECT_EQ(done.status, exit_code::failure);
    EXPECT_TRUE(contains(done.err, "handle_verify")) << done.err;
}

} // namespace verify_test
} // namespace tusk::cli
