#pragma once

namespace tusk::cli {

class command_tree;

/// `tusk db …`: servers of one's own, from the PostgreSQL programs of this machine.
void add_db_commands(command_tree& tree);

} // namespace tusk::cli
