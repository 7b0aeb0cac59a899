// Command lines from argument to status, without a server.
#include <ostream>
#include <streambuf>

#include <gtest/gtest.h>

#include "support.hpp"

namespace tusk::cli {
namespace command_line_test {

using test::contains;
using test::run;

TEST(command_line, without_a_command_shows_the_help_as_an_error) {
    const auto all = run({});
    EXPECT_EQ(all.status, exit_code::usage);
    EXPECT_EQ(all.out, "");
    EXPECT_TRUE(contains(all.err, "Usage: tusk [OPTION...] COMMAND")) << all.err;
    EXPECT_TRUE(contains(all.err, "error: `tusk` needs a command\nremedy: ")) << all.err;
    const auto family = run({"db"});
    EXPECT_EQ(family.status, exit_code::usage);
    EXPECT_TRUE(contains(family.err, "Usage: tusk db [OPTION...] COMMAND")) << family.err;
}

TEST(command_line, prints_help_on_the_standard_output) {
    const auto all = run({"--help"});
    EXPECT_EQ(all.status, exit_code::ok);
    EXPECT_EQ(all.err, "");
    for (const auto* expected : {"Usage: tusk ", "db ", "completion", "version", "Status: 0 done"})
        EXPECT_TRUE(contains(all.out, expected)) << expected << " in\n" << all.out;
    const auto up = run({"db", "up", "--help"});
    EXPECT_EQ(up.status, exit_code::ok);
    for (const auto* expected :
         {"Usage: tusk db up [OPTION...]\n", "--name NAME", "--ephemeral", "--version N", "--data DIR",
          "--port N", "--tcp [HOST:]PORT", "--set NAME=VALUE", "--json", "--timeout SECONDS",
          "--color auto|always|never", "Examples:"})
        EXPECT_TRUE(contains(up.out, expected)) << expected << " in\n" << up.out;
    EXPECT_FALSE(contains(run({"db", "url", "--help"}).out, "Examples:")) << "belongs to another command";
}

TEST(command_line, explains_a_command_by_its_words) {
    EXPECT_EQ(run({"help"}).out, run({"--help"}).out);
    EXPECT_EQ(run({"help", "db"}).out, run({"db", "--help"}).out);
    EXPECT_EQ(run({"help", "db", "up"}).out, run({"db", "up", "--help"}).out);
    const auto unknown = run({"help", "db", "upp"});
    EXPECT_EQ(unknown.status, exit_code::usage);
    EXPECT_TRUE(contains(unknown.err, "did you mean `tusk db up`?")) << unknown.err;
    EXPECT_EQ(run({"help", "db", "up", "more"}).status, exit_code::usage);
}

TEST(command_line, shows_that_arguments_may_follow_two_dashes) {
    EXPECT_TRUE(
        contains(run({"db", "psql", "--help"}).out, "Usage: tusk db psql [OPTION...] [-- ARGUMENT...]\n"));
}

TEST(command_line, tells_the_version_in_three_ways) {
    const auto version = run({"version"});
    EXPECT_EQ(version.status, exit_code::ok);
    ASSERT_TRUE(version.out.starts_with("tusk ")) << version.out;
    EXPECT_EQ(run({"--version"}).out, version.out);
    const auto number = version.out.substr(5, version.out.size() - 6);
    EXPECT_EQ(run({"version", "--json"}).out, R"({"schema":"tusk.version/1","version":")" + number + "\"}\n");
}

class refused
    : public ::testing::TestWithParam<std::tuple<std::vector<std::string>, std::string, std::string>> {};

TEST_P(refused, with_the_reason_and_a_remedy) {
    const auto& [arguments, reason, remedy] = GetParam();
    const auto done = run(arguments);
    EXPECT_EQ(done.status, exit_code::usage);
    EXPECT_EQ(done.out, "");
    EXPECT_TRUE(contains(done.err, "error: ")) << done.err;
    EXPECT_TRUE(contains(done.err, reason)) << done.err;
    EXPECT_TRUE(contains(done.err, "\nremedy: ")) << done.err;
    EXPECT_TRUE(contains(done.err, remedy)) << done.err;
}

using line = std::vector<std::string>;
INSTANTIATE_TEST_SUITE_P(
    command_line, refused,
    ::testing::Values(
        std::tuple{line{"bd"}, "there is no command `tusk bd`", "did you mean `tusk db`?"},
        std::tuple{line{"db", "lits"}, "there is no command `tusk db lits`", "did you mean `tusk db list`?"},
        std::tuple{line{"db", "dwon", "--all"}, "there is no command `tusk db dwon`",
                   "did you mean `tusk db down`?"},
        std::tuple{line{"bd", "--help"}, "there is no command `tusk bd`", "did you mean `tusk db`?"},
        std::tuple{line{"elephant"}, "there is no command `tusk elephant`", "remedy: `tusk --help` shows"},
        std::tuple{line{"--jsn", "db", "list"}, "`tusk` has no option `--jsn`", "`tusk --help`"},
        std::tuple{line{"db", "up", "--ephemral"}, "`tusk db up` has no option `--ephemral`",
                   "did you mean `--ephemeral`?"},
        std::tuple{line{"db", "up", "--prot=5433"}, "has no option `--prot`", "did you mean `--port`?"},
        std::tuple{line{"db", "up", "-x"}, "has no option `-x`", "`tusk db up --help`"},
        std::tuple{line{"db", "url", "mine"}, "`tusk db url` does not take the argument `mine`",
                   "tusk db url --help"},
        std::tuple{line{"db", "url", "--", "mine"}, "does not take the argument `mine`",
                   "tusk db url --help"},
        std::tuple{line{"db", "psql", "-c", "select 1"}, "`tusk db psql` has no option `-c`",
                   "`tusk db psql -- -c`"},
        std::tuple{line{"db", "up", "--name"}, "--name", "`tusk db up --help`"},
        std::tuple{line{"db", "up", "--name", ""}, "the name of a server", "`tusk db up --help`"},
        std::tuple{line{"db", "up", "--name", "../x"}, "the name of a server", "`tusk db up --help`"},
        std::tuple{line{"db", "up", "--name", "--json"}, "does not begin with '-'", "`tusk db up --help`"},
        std::tuple{line{"db", "up", "--data", ""}, "--data", "`tusk db up --help`"},
        std::tuple{line{"db", "up", "--data", "d", "--ephemeral"}, " excludes ", "`tusk db up --help`"},
        std::tuple{line{"db", "up", "--port", "0"}, "--port", "`tusk db up --help`"},
        std::tuple{line{"db", "up", "--port", "65536"}, "--port", "`tusk db up --help`"},
        std::tuple{line{"db", "up", "--port", "http"}, "--port", "`tusk db up --help`"},
        std::tuple{line{"db", "up", "--port", "5433", "--tcp", "5433"}, " excludes ", "`tusk db up --help`"},
        std::tuple{line{"db", "up", "--tcp", "localhost"}, "`localhost` is not [HOST:]PORT",
                   "`tusk db up --help`"},
        std::tuple{line{"db", "up", "--set", "work_mem"}, "`work_mem` is not NAME=VALUE",
                   "`tusk db up --help`"},
        std::tuple{line{"db", "up", "--set", "a b=c"}, "\"a b\" is not a name", "`tusk db up --help`"},
        std::tuple{line{"db", "up", "--version", "0"}, "--version", "`tusk db up --help`"},
        std::tuple{line{"db", "up", "--timeout", "0"}, "--timeout", "`tusk db up --help`"},
        std::tuple{line{"db", "down", "--all", "--name", "x"}, " excludes ", "`tusk db down --help`"},
        std::tuple{line{"version", "--color", "pink"}, "`pink` is not one of auto|always|never",
                   "tusk version --help"},
        std::tuple{line{"completion"}, "shell is required", "`tusk completion --help`"},
        std::tuple{line{"completion", "tcsh"}, "`tcsh` is not one of bash|zsh|fish",
                   "`tusk completion --help`"}));

TEST(command_line, is_coloured_when_it_says_so_even_in_errors) {
    const auto plain = run({"version", "--nonsense"});
    EXPECT_FALSE(contains(plain.err, "\033[")) << plain.err;
    const auto coloured = run({"version", "--nonsense", "--color=always"});
    EXPECT_TRUE(contains(coloured.err, "\033[1;31merror:\033[0m ")) << coloured.err;
    EXPECT_TRUE(contains(run({"--color", "always", "bd"}).err, "\033[1;31merror:"))
        << "before the command too";
}

TEST(command_line, reads_no_options_behind_two_dashes) {
    EXPECT_FALSE(contains(run({"version", "--", "--color=always"}).err, "\033["));
    EXPECT_EQ(run({"version", "--"}).status, exit_code::ok);
}

/// A disk without room.
class full_buffer final : public std::streambuf {
protected:
    int overflow(int) override { return traits_type::eof(); }
    std::streamsize xsputn(const char*, std::streamsize) override { return 0; }
};

TEST(command_line, fails_when_its_answer_cannot_be_written) {
    full_buffer full;
    std::ostream out{&full};
    std::ostringstream err;
    EXPECT_EQ(cli::run({"version"}, {out, err}, {}), exit_code::failure);
    EXPECT_TRUE(contains(err.str(), "error: cannot write to the standard output\nremedy: ")) << err.str();
}

} // namespace command_line_test
} // namespace tusk::cli
