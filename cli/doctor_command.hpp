#pragma once

namespace tusk::cli {

class command_tree;

/// `tusk doctor`: what a server suffers from, and what to do about it.
void add_doctor_command(command_tree& tree);

} // namespace tusk::cli
