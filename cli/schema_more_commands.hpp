#pragma once

#include <CLI/App.hpp>

namespace tusk::cli {

class command_tree;

/// Adds `tusk schema lint`, `fmt` and `test`.
void add_more_schema_commands(command_tree& tree, CLI::App& family);

} // namespace tusk::cli
