#include <cli/command_tree.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

#include <CLI/CLI.hpp>

#include <cli/suggest.hpp>

namespace tusk::cli {

namespace {

constexpr const char* root_description =
    "Tusk: PostgreSQL servers, schemas, migrations and tests for C++ services";
constexpr const char* root_footer =
    "Data goes to the standard output, everything else to the standard error.\n"
    "Status: 0 done, 1 failed, 2 wrong usage, 3 found something, 4 no connection, 130 interrupted.";
constexpr std::size_t column_width = 32;
const std::vector<std::string> colour_choices{"auto", "always", "never"};

class help_formatter final : public CLI::Formatter {
public:
    explicit help_formatter(const std::set<const CLI::App*>& with_rest) : with_rest_{with_rest} {
        column_width(cli::column_width);
        label("OPTIONS", "OPTION...");
        label("SUBCOMMAND", "COMMAND");
        label("Positionals", "Arguments");
    }
    std::string make_usage(const CLI::App* command, std::string name) const override {
        auto usage = CLI::Formatter::make_usage(command, std::move(name));
        if (with_rest_.contains(command)) usage.insert(usage.find_last_not_of('\n') + 1, " [-- ARGUMENT...]");
        return usage;
    }
    std::string make_option_opts(const CLI::Option* option) const override {
        const auto& value = option->get_option_text();
        return value.empty() ? "" : " " + value;
    }
    std::string make_help(const CLI::App* command, std::string name, CLI::AppFormatMode mode) const override {
        auto help = CLI::Formatter::make_help(command, std::move(name), mode);
        help.erase(help.find_last_not_of('\n') + 1);
        return help + "\n";
    }

private:
    const std::set<const CLI::App*>& with_rest_;
};

std::vector<std::string> names_of_commands(const CLI::App& family) {
    std::vector<std::string> names;
    for (const auto* command : commands_of(family)) names.push_back(command->get_name());
    return names;
}

std::vector<std::string> names_of_options(const CLI::App& command) {
    std::vector<std::string> names;
    for (const auto* option : command.get_options())
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

std::string ticked(const std::string& text) { return "`" + text + "`"; }

std::string remedy_for(const CLI::App& at, const std::string& suggestion) {
    const auto help = ticked(full_name(at) + " --help") + " shows what there is";
    return suggestion.empty() ? help : "did you mean " + ticked(suggestion) + "? " + help;
}

problem unknown_option(const CLI::App& at, std::string word) {
    word = word.substr(0, word.find('='));
    return usage_problem(ticked(full_name(at)) + " has no option " + ticked(word),
                         remedy_for(at, closest(word, names_of_options(at))));
}

problem misplaced_option(const CLI::App& at, const std::string& word) {
    return usage_problem(ticked(full_name(at)) + " has no option " + ticked(word),
                         "what is meant for the other program stands behind `--`: " +
                             ticked(full_name(at) + " -- " + word));
}

problem unknown_command(const CLI::App& family, const std::string& word) {
    auto found = closest(word, names_of_commands(family));
    if (!found.empty()) found = full_name(family) + " " + found;
    return usage_problem("there is no command " + ticked(full_name(family) + " " + word),
                         remedy_for(family, found));
}

problem too_many_arguments(const CLI::App& at, const std::string& word) {
    return usage_problem(ticked(full_name(at)) + " does not take the argument " + ticked(word),
                         remedy_for(at, {}));
}

void add_colour(CLI::App& command, std::string& ignored) {
    add_choice(command, "--color", ignored, colour_choices,
               "Use colours; auto (the default) is on a terminal");
}

} // namespace

std::vector<const CLI::App*> commands_of(const CLI::App& family) {
    return family.get_subcommands(std::function<bool(const CLI::App*)>{});
}

std::string full_name(const CLI::App& command) {
    const auto* above = command.get_parent();
    return (above == nullptr ? "" : full_name(*above) + " ") + command.get_name();
}

CLI::Option& add_choice(CLI::App& command, const std::string& names, std::string& value,
                        const std::vector<std::string>& choices, const std::string& description) {
    std::string text;
    for (const auto& choice : choices) text += (text.empty() ? "" : "|") + choice;
    auto& option = *command.add_option(names, value, description);
    option.option_text(text);
    option.check([choices, text](const std::string& given) {
        const bool known = std::find(choices.begin(), choices.end(), given) != choices.end();
        return known ? std::string{} : ticked(given) + " is not one of " + text;
    });
    return option;
}

colour_mode colour_asked_for(const std::vector<std::string>& arguments) {
    const std::string option = "--color";
    auto mode = colour_mode::automatic;
    for (std::size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
        std::string value;
        if (arguments[i] == option && i + 1 < arguments.size()) value = arguments[i + 1];
        if (arguments[i].starts_with(option + "=")) value = arguments[i].substr(option.size() + 1);
        if (value == "always") mode = colour_mode::always;
        if (value == "never") mode = colour_mode::never;
        if (value == "auto") mode = colour_mode::automatic;
    }
    return mode;
}

command_tree::command_tree(output& to, const environment& variables)
    : to_{to}, variables_{variables}, root_{root_description, "tusk"} {
    root_.formatter(std::make_shared<help_formatter>(with_rest_));
    root_.set_help_flag("-h,--help", "Print this help");
    root_.require_subcommand(1);
    root_.footer(root_footer);
    add_colour(root_, colour_);
}

CLI::App& command_tree::add_family(const std::string& name, const std::string& description) {
    auto& family = *root_.add_subcommand(name, description);
    family.group("Commands");
    family.footer(""); // that of the root is inherited
    family.require_subcommand(1);
    return family;
}

CLI::App& command_tree::add_command(CLI::App& below, const std::string& name, const std::string& description,
                                    action body) {
    auto& command = *below.add_subcommand(name, description);
    command.group("Commands");
    command.footer("");
    add_colour(command, colour_);
    actions_.emplace(&command, std::move(body));
    return command;
}

void command_tree::answers_in_json(CLI::App& command) {
    command.add_flag("--json", to_.json(), "Answer with one JSON object");
}

CLI::App& command_tree::deepest() {
    auto* at = &root_;
    while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
    return *at;
}

command_tree::action command_tree::parse(std::vector<std::string> arguments) {
    to_.colours(colour_asked_for(arguments), variables_);
    const auto border = std::find(arguments.begin(), arguments.end(), "--");
    const bool has_rest = border != arguments.end();
    if (has_rest) rest_.assign(std::next(border), arguments.end());
    arguments.erase(border, arguments.end());
    std::reverse(arguments.begin(), arguments.end()); // CLI11 takes them from the end
    try {
        root_.parse(std::move(arguments));
    } catch (const CLI::ParseError& why) {
        return help_or_refuse(why);
    }
    const auto& command = deepest();
    if (!rest_.empty() && !with_rest_.contains(&command)) throw too_many_arguments(command, rest_.front());
    return actions_.at(&command);
}

/// A word that CLI11 did not know is the reason, whatever CLI11 stumbled over after it.
void command_tree::refuse_unexpected(const CLI::App& deepest) const {
    for (const auto* at = &deepest; at != nullptr; at = at->get_parent()) {
        const auto left = at->remaining();
        if (left.empty()) continue;
        const auto& word = left.front();
        const bool is_option = word.size() > 1 && word.front() == '-';
        if (is_option && with_rest_.contains(at)) throw misplaced_option(*at, word);
        if (is_option) throw unknown_option(*at, word);
        if (!commands_of(*at).empty()) throw unknown_command(*at, word);
        throw too_many_arguments(*at, word);
    }
}

command_tree::action command_tree::help_or_refuse(const CLI::ParseError& why) {
    auto& at = deepest();
    refuse_unexpected(at);
    if (dynamic_cast<const CLI::CallForVersion*>(&why) != nullptr)
        return [this, version = std::string{why.what()}] {
            to_.line(version);
            return exit_code::ok;
        };
    if (why.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
        return [this] {
            to_.text(root_.help());
            return exit_code::ok;
        };
    if (commands_of(at).empty()) throw usage_problem(why.what(), remedy_for(at, {}));
    to_.advice(root_.help() + "\n");
    throw usage_problem(ticked(full_name(at)) + " needs a command",
                        "choose one of those above; " + ticked(full_name(at) + " COMMAND --help") +
                            " explains it");
}

std::string command_tree::help_of(const std::vector<std::string>& words) {
    const CLI::App* at = &root_;
    for (const auto& word : words) {
        const auto commands = commands_of(*at);
        if (commands.empty()) throw too_many_arguments(*at, word);
        const auto found = std::find_if(commands.begin(), commands.end(),
                                        [&word](const auto* command) { return command->get_name() == word; });
        if (found == commands.end()) throw unknown_command(*at, word);
        at = *found;
    }
    return at->get_formatter()->make_help(at, full_name(*at), CLI::AppFormatMode::Normal);
}

} // namespace tusk::cli
