#include <cli/general_commands.hpp>

#include <memory>

#include <CLI/CLI.hpp>

#include <cli/command_tree.hpp>
#include <cli/completion.hpp>

namespace tusk::cli {

namespace {

constexpr const char* version = TUSK_VERSION;
constexpr const char* named_version = "tusk " TUSK_VERSION;

void add_version(command_tree& tree) {
    auto& command = tree.add_command(tree.root(), "version", "Print the version of tusk", [&tree] {
        if (tree.to().is_json())
            tree.to().object({{"schema", "tusk.version/1"}, {"version", version}});
        else
            tree.to().line(named_version);
        return exit_code::ok;
    });
    tree.answers_in_json(command);
    tree.root().set_version_flag("-V,--version", named_version, "Print the version");
}

void add_help(command_tree& tree) {
    auto words = std::make_shared<std::vector<std::string>>();
    auto& command = tree.add_command(tree.root(), "help", "Print the help of a command", [&tree, words] {
        tree.to().text(tree.help_of(*words));
        return exit_code::ok;
    });
    command.add_option("command", *words, "The words of the command, such as: db up");
}

void add_completion(command_tree& tree) {
    auto shell = std::make_shared<std::string>();
    auto& command = tree.add_command(tree.root(), "completion",
                                     "Print a script that completes commands in a shell", [&tree, shell] {
                                         const auto commands = completed_commands(tree.root());
                                         if (*shell == "bash") tree.to().text(bash_completion(commands));
                                         if (*shell == "zsh") tree.to().text(zsh_completion(commands));
                                         if (*shell == "fish") tree.to().text(fish_completion(commands));
                                         return exit_code::ok;
                                     });
    add_choice(command, "shell", *shell, {"bash", "zsh", "fish"}, "The shell").required();
    command.footer("To be read when the shell starts:\n"
                   "  bash   source <(tusk completion bash)                                 in ~/.bashrc\n"
                   "  zsh    source <(tusk completion zsh)            after compinit, in ~/.zshrc\n"
                   "  fish   tusk completion fish > ~/.config/fish/completions/tusk.fish    once");
}

} // namespace

void add_general_commands(command_tree& tree) {
    add_completion(tree);
    add_help(tree);
    add_version(tree);
}

} // namespace tusk::cli
