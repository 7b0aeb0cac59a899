#pragma once

namespace tusk::cli {

class command_tree;

/// Adds `tusk schema …`.
void add_schema_commands(command_tree& tree);

} // namespace tusk::cli
