// Scripts and faults as text.
#include <gtest/gtest.h>

#include <tusk/testing/expectations.hpp>
#include <tusk/testing/script_file.hpp>

namespace script_file_test {

using tusk::testing::read_scripts;

std::string problem_of(const std::string& text) {
    const auto read = read_scripts(text, "a.script");
    return read ? "" : read.error().message();
}

TEST(script_files, have_a_script_for_each_connection) {
    EXPECT_EQ(read_scripts("let_in\nclose\nconnection\nlet_in 7\n")->size(), 2U);
    EXPECT_EQ(read_scripts("connection\nlet_in\n\n# end\n")->size(), 1U);
    EXPECT_EQ(read_scripts("")->size(), 1U);
}

TEST(script_files, know_every_message) {
    for (const char* message :
         {"authentication_ok", "parse_complete", "bind_complete", "close_complete", "no_data",
          "portal_suspended", "empty_query_response", "ready_for_query", "ready_for_query T",
          "parameter_status a b", "row_description a b:23", "data_row 1 NULL 'a b'",
          "command_complete SELECT 1", "error 23505 a b c", "fatal 57P01 the end", "notice well",
          "notification c p", "parameter_description 23 25", "bytes 5a 00 ff"})
        EXPECT_EQ(problem_of(std::string{"send "} + message), "") << message;
}

TEST(script_files, say_where_they_are_wrong) {
    EXPECT_EQ(problem_of("let_in\nfly"), "a.script:2: there is no step `fly`");
    EXPECT_EQ(problem_of("send"), "a.script:1: send needs a message");
    EXPECT_EQ(problem_of("send moon"), "a.script:1: there is no message `moon`");
    EXPECT_EQ(problem_of("send bytes xy"), "a.script:1: `bytes` does not take these words");
    EXPECT_EQ(problem_of("send row_description a:b"),
              "a.script:1: `row_description` does not take these words");
    EXPECT_EQ(problem_of("expect Query"), "a.script:1: expect needs the type of a message, one letter");
    EXPECT_EQ(problem_of("let_in x"), "a.script:1: let_in takes a process id or nothing");
    EXPECT_EQ(problem_of("reset now"), "a.script:1: `reset` takes no words");
}

} // namespace script_file_test
