#include <cli/completion.hpp>

#include <iterator>

#include <CLI/App.hpp>

#include <cli/command_tree.hpp>

namespace tusk::cli {

namespace {

std::vector<std::string> split(const std::string& text, char border) {
    std::vector<std::string> pieces;
    std::size_t at = 0;
    for (auto end = text.find(border); end != std::string::npos; end = text.find(border, at)) {
        pieces.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    pieces.push_back(text.substr(at));
    return pieces;
}

/// The text that stands for the value in the help is the source: "auto|always|never", "DIR".
completed_option completed(const CLI::Option& option) {
    completed_option out;
    for (const auto& name : option.get_snames()) out.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) out.names.push_back("--" + name);
    out.description = option.get_description();
    out.takes_value = option.get_type_size() != 0;
    const auto& value = option.get_option_text();
    out.is_directory = value == "DIR";
    if (value.find('|') != std::string::npos) out.choices = split(value, '|');
    return out;
}

void add(std::vector<completed_command>& list, const CLI::App& command) {
    completed_command out;
    out.path = full_name(command);
    const auto below = commands_of(command);
    for (const auto* next : below) out.commands.emplace_back(next->get_name(), next->get_description());
    for (const auto* option : command.get_options()) out.options.push_back(completed(*option));
    list.push_back(std::move(out));
    for (const auto* next : below) add(list, *next);
}

} // namespace

std::vector<completed_command> completed_commands(const CLI::App& root) {
    std::vector<completed_command> list;
    add(list, root);
    return list;
}

} // namespace tusk::cli
