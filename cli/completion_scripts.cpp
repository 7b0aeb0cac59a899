#include <cli/completion.hpp>

namespace tusk::cli {

namespace {

using strings = std::vector<std::string>;

/// In single quotes, where a POSIX shell takes everything literally.
std::string shell_quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string{"'\\''"} : std::string{c};
    return out + "'";
}

std::string fish_quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

std::string joined(const strings& words, const char* between) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : between) + word;
    return out;
}

/// Patterns of a `case` for every way to say "the words so far, then one of these".
std::string patterns(const std::string& path, const strings& words) {
    strings all;
    for (const auto& word : words) all.push_back(shell_quoted(path + " " + word));
    return joined(all, "|");
}

/// Everything below the root: what a word may turn a path into.
std::string deeper(const std::vector<completed_command>& commands, const char* between,
                   std::string (*quote)(const std::string&)) {
    strings paths;
    for (const auto& command : commands)
        if (&command != &commands.front()) paths.push_back(quote(command.path));
    return joined(paths, between);
}

strings words_after(const completed_command& command) {
    strings words;
    for (const auto& [name, description] : command.commands) words.push_back(name);
    for (const auto& option : command.options) {
        const auto& more = option.names.empty() ? option.choices : option.names;
        words.insert(words.end(), more.begin(), more.end());
    }
    return words;
}

/// The branch of a `case` that completes the value of an option.
template <class Directories, class Choices>
std::string value_branches(const completed_command& command, Directories directories, Choices choices) {
    std::string out;
    for (const auto& option : command.options) {
        if (!option.takes_value || option.names.empty()) continue;
        out += "    " + patterns(command.path, option.names) + ")";
        if (option.is_directory) out += " " + directories() + ";";
        if (!option.choices.empty()) out += " " + choices(option.choices) + ";";
        out += " return ;;\n";
    }
    return out;
}

/// "name:description" as `_describe` of zsh reads it.
std::string described(const std::string& name, const std::string& description) {
    std::string out;
    for (const char c : name) out += c == ':' ? std::string{"\\:"} : std::string{c};
    return shell_quoted(out + ":" + description);
}

void put_zsh_branch(std::string& out, const completed_command& command) {
    std::string words;
    std::string options;
    for (const auto& [name, description] : command.commands) words += " " + described(name, description);
    for (const auto& option : command.options) {
        for (const auto& name : option.names) options += " " + described(name, option.description);
        if (!option.names.empty()) continue;
        for (const auto& choice : option.choices) words += " " + described(choice, option.description);
    }
    out += "    " + shell_quoted(command.path) + ")\n        words_here=(" + words +
           " )\n        options_here=(" + options + " ) ;;\n";
}

std::string fish_option(const completed_option& option) {
    std::string out;
    for (const auto& name : option.names)
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    if (option.is_directory) out += " -xa '(__fish_complete_directories)'";
    if (!option.choices.empty())
        out += (option.names.empty() ? " -a " : " -xa ") + shell_quoted(joined(option.choices, " "));
    if (option.takes_value && !option.is_directory && option.choices.empty()) out += " -x";
    return out + " -d " + fish_quoted(option.description);
}

} // namespace

std::string bash_completion(const std::vector<completed_command>& commands) {
    std::string out = R"(# bash completion of tusk
_tusk() {
    local current="${COMP_WORDS[COMP_CWORD]}" last="${COMP_WORDS[COMP_CWORD-1]}" at=tusk words='' i
    COMPREPLY=()
    # Bash takes --option=value for three words.
    if [[ $current == = ]]; then
        current=''
    elif [[ $last == = ]]; then
        last="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == -- ]] && return
        case "$at ${COMP_WORDS[i]}" in
    )" + deeper(commands, "|", shell_quoted) +
                      R"() at="$at ${COMP_WORDS[i]}" ;;
        esac
    done
    case "$at $last" in
)";
    for (const auto& command : commands)
        out += value_branches(
            command, [] { return std::string{R"(mapfile -t COMPREPLY < <(compgen -d -- "$current"))"}; },
            [](const strings& choices) {
                return "mapfile -t COMPREPLY < <(compgen -W " + shell_quoted(joined(choices, " ")) +
                       R"( -- "$current"))";
            });
    out += "    esac\n    case \"$at\" in\n";
    for (const auto& command : commands)
        out += "    " + shell_quoted(command.path) +
               ") words=" + shell_quoted(joined(words_after(command), " ")) + " ;;\n";
    return out + R"(    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _tusk tusk
)";
}

std::string zsh_completion(const std::vector<completed_command>& commands) {
    std::string out = R"(#compdef tusk
_tusk() {
    local at=tusk i
    local -a words_here options_here
    for ((i = 2; i < CURRENT; i++)); do
        [[ $words[i] == -- ]] && { _files; return }
        case "$at $words[i]" in
    )" + deeper(commands, "|", shell_quoted) +
                      R"() at="$at $words[i]" ;;
        esac
    done
    case "$at $words[CURRENT-1]" in
)";
    for (const auto& command : commands)
        out += value_branches(
            command, [] { return std::string{"_files -/"}; },
            [](const strings& choices) { return "compadd -- " + joined(choices, " "); });
    out += "    esac\n    case \"$at\" in\n";
    for (const auto& command : commands) put_zsh_branch(out, command);
    return out + R"(    esac
    [[ $words[CURRENT] != -* ]] && _describe -t commands command words_here
    _describe -o -t options option options_here
}
if [[ $funcstack[1] == _tusk ]]; then _tusk "$@"; else compdef _tusk tusk; fi
)";
}

std::string fish_completion(const std::vector<completed_command>& commands) {
    std::string out = R"(# fish completion of tusk
function __tusk_at
    set -l at tusk
    set -l said (commandline -opc)
    for word in $said[2..-1]
        switch "$at $word"
            case )" + deeper(commands, " ", fish_quoted) +
                      R"(
                set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c tusk -f
)";
    for (const auto& command : commands) {
        const auto start = "complete -c tusk -n \"__tusk_at " + fish_quoted(command.path) + "\"";
        for (const auto& [name, description] : command.commands)
            out += start + " -a " + name + " -d " + fish_quoted(description) + "\n";
        for (const auto& option : command.options)
            if (!option.names.empty() || !option.choices.empty()) out += start + fish_option(option) + "\n";
    }
    return out;
}

} // namespace tusk::cli
