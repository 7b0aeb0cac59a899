// The program and its process: statuses, streams, shells.
#include <gtest/gtest.h>

#include "program.hpp"

namespace tusk::cli {
namespace program_test {

using namespace test;

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

outcome shell(const std::string& script) {
    return run_program({"/bin/bash", "-c", script}, {{"TUSK", TUSK_PROGRAM}});
}

/// What bash offers for the last word of a line.
std::string offered(const std::string& words) {
    const auto done = shell("source <(\"$TUSK\" completion bash); COMP_WORDS=(" + words +
                            "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _tusk; echo \"${COMPREPLY[*]}\"");
    EXPECT_EQ(done.err, "");
    return done.out;
}

TEST(program, is_called_tusk) { EXPECT_EQ(fs::path{TUSK_PROGRAM}.filename(), "tusk"); }

TEST(program, refuses_an_unknown_command_with_status_2) {
    const auto done = run_program({TUSK_PROGRAM, "db", "lits"}, {});
    EXPECT_EQ(done.status, 2);
    EXPECT_EQ(done.out, "");
    EXPECT_EQ(done.err, "error: there is no command `tusk db lits`\n"
                        "remedy: did you mean `tusk db list`? `tusk db --help` shows what there is\n");
}

TEST(program, has_no_colours_in_a_pipe) {
    EXPECT_FALSE(contains(run_program({TUSK_PROGRAM, "bd"}, {{"TERM", "xterm"}}).err, "\033"));
    EXPECT_TRUE(
        contains(run_program({TUSK_PROGRAM, "bd"}, {{"FORCE_COLOR", "1"}, {"NO_COLOR", ""}}).err, "\033"));
}

TEST(program, fails_on_a_full_disk) {
    const auto done = shell("\"$TUSK\" version > /dev/full");
    EXPECT_EQ(done.status, 1);
    EXPECT_TRUE(contains(done.err, "cannot write to the standard output")) << done.err;
}

TEST(bash, completes_commands_options_and_values) {
    EXPECT_EQ(offered("tusk d"), "db\n");
    EXPECT_EQ(offered("tusk db ''"), "up down url list psql -h --help\n");
    EXPECT_EQ(offered("tusk db up --ep"), "--ephemeral\n");
    EXPECT_EQ(offered("tusk db up --ephemeral --color a"), "auto always\n");
    EXPECT_EQ(offered("tusk db up --color = n"), "never\n");
    EXPECT_EQ(offered("tusk completion f"), "fish\n");
    EXPECT_EQ(offered("tusk db up --data /us"), "/usr\n");
    EXPECT_EQ(offered("tusk db psql -- --js"), "\n") << "what follows -- is for psql";
}

} // namespace program_test
} // namespace tusk::cli
