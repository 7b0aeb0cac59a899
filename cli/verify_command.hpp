#pragma once

namespace tusk::cli {

class command_tree;

/// `tusk verify`: are the statements of programs and SQL files what the database takes?
void add_verify_command(command_tree& tree);

} // namespace tusk::cli
