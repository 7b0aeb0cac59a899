#pragma once

#include <map>
#include <string>
#include <vector>

#include <cli/command_tree.hpp>

namespace tusk::cli {

/// `tusk test …`: databases for test runners in any language.
void add_test_commands(command_tree& tree);

/// Runs a program to its end, with these variables over ours; it ends with this process, and SIGINT and
/// SIGTERM go on to it. Answers its status, 128 and the number of the signal that ended it. Throws `problem`
/// when it cannot be run.
exit_code run_below(const std::vector<std::string>& line,
                    const std::map<std::string, std::string>& variables);

} // namespace tusk::cli
