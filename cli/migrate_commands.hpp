#pragma once

namespace tusk::cli {

class command_tree;

/// `tusk migrate …`: migration directories and what they do to databases.
void add_migrate_commands(command_tree& tree);

} // namespace tusk::cli
