#pragma once

namespace tusk::cli {

class command_tree;

/// `tusk version`, `tusk help`, `tusk completion` and the option `--version`.
void add_general_commands(command_tree& tree);

} // namespace tusk::cli
