#pragma once

namespace tusk::cli {

class command_tree;

/// `tusk objectives`: whether a pool meets its objectives with a server, under load.
void add_objectives_command(command_tree& tree);

} // namespace tusk::cli
