// The scripts for shells; tests/integration/cli has a shell read one.
#include <gtest/gtest.h>

#include <cli/completion.hpp>

#include "support.hpp"

namespace tusk::cli {
namespace completion_test {

using test::contains;

/// A tree with everything that needs care.
std::vector<completed_command> sample() {
    const completed_option help{{"-h", "--help"}, "Print this help", false, false, {}};
    return {{"tusk", {{"db", "Run 'own' servers"}}, {help}},
            {"tusk db", {{"up", "Start: now"}}, {help}},
            {"tusk db up",
             {},
             {{{"--data"}, "Where", true, true, {}},
              {{"--color"}, "When", true, false, {"auto", "never"}},
              {{"--name"}, "Who", true, false, {}},
              {{}, "What", true, false, {"one", "two"}}}}};
}

TEST(completion, of_bash_knows_commands_options_and_values) {
    const auto script = bash_completion(sample());
    for (const auto* line :
         {"'tusk db'|'tusk db up') at=", "    'tusk') words='db -h --help' ;;\n",
          "    'tusk db up') words='--data --color --name one two' ;;\n",
          "    'tusk db up --data') mapfile -t COMPREPLY < <(compgen -d -- \"$current\"); return ;;\n",
          "    'tusk db up --color') mapfile -t COMPREPLY < <(compgen -W 'auto never' --",
          "    'tusk db up --name') return ;;\n", "complete -o default -F _tusk tusk\n"})
        EXPECT_TRUE(contains(script, line)) << line << " in\n" << script;
}

TEST(completion, of_zsh_describes_what_it_offers) {
    const auto script = zsh_completion(sample());
    EXPECT_TRUE(script.starts_with("#compdef tusk\n"));
    for (const auto* line : {"'db:Run '\\''own'\\'' servers'", "'up:Start: now'", "'--help:Print this help'",
                             "    'tusk db up --data') _files -/; return ;;\n",
                             "    'tusk db up --color') compadd -- auto never; return ;;\n",
                             "words_here=( 'one:What' 'two:What' )"})
        EXPECT_TRUE(contains(script, line)) << line << " in\n" << script;
}

TEST(completion, of_fish_has_a_line_for_each_thing) {
    const auto script = fish_completion(sample());
    for (const auto* line :
         {"            case 'tusk db' 'tusk db up'\n",
          "complete -c tusk -n \"__tusk_at 'tusk'\" -a db -d 'Run \\'own\\' servers'\n",
          "complete -c tusk -n \"__tusk_at 'tusk'\" -s h -l help -d 'Print this help'\n",
          "complete -c tusk -n \"__tusk_at 'tusk db up'\" -l data -xa '(__fish_complete_directories)' -d "
          "'Where'\n",
          "complete -c tusk -n \"__tusk_at 'tusk db up'\" -l color -xa 'auto never' -d 'When'\n",
          "complete -c tusk -n \"__tusk_at 'tusk db up'\" -l name -x -d 'Who'\n",
          "complete -c tusk -n \"__tusk_at 'tusk db up'\" -a 'one two' -d 'What'\n"})
        EXPECT_TRUE(contains(script, line)) << line << " in\n" << script;
}

TEST(completion, is_made_of_the_commands_there_are) {
    for (const auto* shell : {"bash", "zsh", "fish"}) {
        const auto done = test::run({"completion", shell});
        EXPECT_EQ(done.status, exit_code::ok);
        EXPECT_EQ(done.err, "");
        for (const auto* path :
             {"'tusk db'", "'tusk db up'", "'tusk db psql'", "'tusk completion'", "'tusk version'"})
            EXPECT_TRUE(contains(done.out, path)) << path << " for " << shell;
        EXPECT_TRUE(contains(done.out, "ephemeral")) << shell;
    }
}

} // namespace completion_test
} // namespace tusk::cli
