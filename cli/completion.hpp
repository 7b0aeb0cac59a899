#pragma once

#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace tusk::cli {

/// What a shell needs to know of an option or of an argument.
struct completed_option {
    std::vector<std::string> names; ///< "--json", "-h"; empty for an argument.
    std::string description;
    bool takes_value = false;
    bool is_directory = false;
    std::vector<std::string> choices; ///< The values it takes; empty when they are not a few words.
};

/// What a shell needs to know of a command.
struct completed_command {
    std::string path;                                          ///< "tusk db up"
    std::vector<std::pair<std::string, std::string>> commands; ///< Below it: name, description.
    std::vector<completed_option> options;
};

/// The tree as a list, each command before those below it.
std::vector<completed_command> completed_commands(const CLI::App& root);

/// Scripts that a shell reads once; they know the tree by heart and do not run the program. None needs more
/// than the shell itself.
std::string bash_completion(const std::vector<completed_command>& commands);
std::string zsh_completion(const std::vector<completed_command>& commands);
std::string fish_completion(const std::vector<completed_command>& commands);

} // namespace tusk::cli
