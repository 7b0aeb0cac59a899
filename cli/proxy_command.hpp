#pragma once

#include <cli/command_tree.hpp>

namespace tusk::cli {

/// `tusk proxy`: faults between any client and a server, and servers that follow scripts.
void add_proxy_command(command_tree& tree);

} // namespace tusk::cli
