#include <tusk/embedded/detail/config_file.hpp>

#include <optional>
#include <sstream>

#include <tusk/embedded/detail/posix.hpp>

namespace tusk::embedded::detail {

namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed_left(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text;
}

bool is_end(std::string_view text) {
    text = trimmed_left(text);
    return text.empty() || text.front() == '#';
}

/// What stands between the quotes; moves `text` behind them. Nothing when the end is missing.
std::optional<std::string> quoted(std::string_view& text) {
    std::string out;
    for (std::size_t i = 1; i < text.size(); ++i) {
        const bool two = i + 1 < text.size();
        if (text[i] == '\'' && !(two && text[i + 1] == '\'')) {
            text.remove_prefix(i + 1);
            return out;
        }
        if (two && (text[i] == '\\' || text[i] == '\'')) ++i;
        out += text[i];
    }
    return std::nullopt;
}

/// `name = value`, `name value`; nothing when it is neither.
std::optional<std::pair<std::string, std::string>> parse_line(std::string_view line) {
    const auto name = line.substr(0, line.find_first_of(" \t\r="));
    auto rest = trimmed_left(line.substr(name.size()));
    if (rest.starts_with('=')) rest = trimmed_left(rest.substr(1));
    if (name.empty() || is_end(rest)) return std::nullopt;
    if (rest.front() == '\'') {
        auto value = quoted(rest);
        if (!value || !is_end(rest)) return std::nullopt;
        return std::pair{std::string{name}, *std::move(value)};
    }
    const auto value = rest.substr(0, rest.find_first_of(" \t\r#"));
    if (!is_end(rest.substr(value.size()))) return std::nullopt;
    return std::pair{std::string{name}, std::string{value}};
}

} // namespace

result<std::vector<std::pair<std::string, std::string>>> read_config_file(const std::filesystem::path& file) {
    constexpr std::size_t limit = std::size_t{1} << 20;
    const auto text = read_file(file, limit);
    if (!text) return failure{errc::environment, "cannot read the configuration file " + file.string()};
    std::vector<std::pair<std::string, std::string>> out;
    std::istringstream lines{*text};
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (is_end(line)) continue;
        auto setting = parse_line(trimmed_left(line));
        const auto where = file.string() + ":" + std::to_string(number) + ": ";
        if (!setting)
            return failure{errc::invalid_configuration, where + "`" + line + "` is not `name = value`"};
        if (setting->first.starts_with("include"))
            return failure{errc::invalid_configuration,
                           where + "files are not included; give each of them to config_file"};
        out.push_back(*std::move(setting));
    }
    return out;
}

} // namespace tusk::embedded::detail
