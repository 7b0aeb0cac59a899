#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include <cli/exit_code.hpp>
#include <cli/output.hpp>
#include <tusk/net/conninfo_environment.hpp>

namespace tusk::cli {

/// The commands of the program. Each family (`tusk db …`) has a function that adds its own; a command is a
/// CLI11 subcommand for its options, and an action that runs when the whole command line has been read.
class command_tree {
public:
    using action = std::function<exit_code()>;

    command_tree(output& to, const environment& variables);

    /// Commands under a common word.
    CLI::App& add_family(const std::string& name, const std::string& description);
    /// A command that does something.
    CLI::App& add_command(CLI::App& below, const std::string& name, const std::string& description,
                          action body);
    /// Gives the command `--json`.
    void answers_in_json(CLI::App& command);
    /// Lets the command have arguments behind `--`, which `rest` returns.
    void takes_rest(CLI::App& command) { with_rest_.insert(&command); }

    /// What the command line asks for. Throws `problem` when it makes no sense.
    action parse(std::vector<std::string> arguments);
    /// The arguments behind `--`.
    const std::vector<std::string>& rest() const noexcept { return rest_; }
    /// The help of the command of these words. Throws `problem` when there is none.
    std::string help_of(const std::vector<std::string>& words);

    CLI::App& root() noexcept { return root_; }
    output& to() noexcept { return to_; }
    const environment& variables() const noexcept { return variables_; }

private:
    action help_or_refuse(const CLI::ParseError& why);
    void refuse_unexpected(const CLI::App& deepest) const;
    CLI::App& deepest();

    output& to_;
    const environment& variables_;
    CLI::App root_;
    std::map<const CLI::App*, action> actions_;
    std::set<const CLI::App*> with_rest_;
    std::vector<std::string> rest_;
    std::string colour_; // read before CLI11 reads the line: errors of the line have a colour too
};

/// An option that takes one of some words.
CLI::Option& add_choice(CLI::App& command, const std::string& names, std::string& value,
                        const std::vector<std::string>& choices, const std::string& description);

/// The commands right below; none for a command that does something.
std::vector<const CLI::App*> commands_of(const CLI::App& family);

/// "tusk db up"
std::string full_name(const CLI::App& command);

/// What `--color` says before a possible `--`; `automatic` when it is not there or makes no sense.
colour_mode colour_asked_for(const std::vector<std::string>& arguments);

} // namespace tusk::cli
