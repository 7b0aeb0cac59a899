#include <tusk/migrate/directive.hpp>

#include <optional>

#include <tusk/migrate/text.hpp>

namespace tusk::migrate {

namespace {

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// What follows "atlas:" or "tusk:".
directive directive_of(std::string_view rest) {
    std::size_t end = 0;
    while (end < rest.size() && is_name_character(rest[end])) ++end;
    auto arguments = trimmed(rest.substr(end));
    if (arguments.ends_with("*/")) arguments = trimmed(arguments.substr(0, arguments.size() - 2));
    return {std::string{rest.substr(0, end)}, std::string{arguments}};
}

std::optional<directive> directive_in_line(std::string_view line) {
    line = trimmed(line);
    while (line.starts_with('-') || line.starts_with('/') || line.starts_with('*')) line.remove_prefix(1);
    line = trimmed(line);
    for (const std::string_view prefix : {"atlas:", "tusk:"})
        if (line.starts_with(prefix)) {
            auto out = directive_of(line.substr(prefix.size()));
            if (!out.name.empty()) return out;
        }
    return std::nullopt;
}

/// How the file is to be read cannot be said anywhere but on its first line.
bool is_about_reading(const directive& d) {
    return d.name == "delimiter" || d.name == "sum" || d.name == "txtar";
}

std::string_view take_line(std::string_view& text) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    return line;
}

} // namespace

std::vector<directive> directives_in(std::string_view comment) {
    std::vector<directive> out;
    while (!comment.empty())
        if (auto one = directive_in_line(take_line(comment))) out.push_back(std::move(*one));
    return out;
}

std::vector<directive> file_directives(std::string_view content) {
    std::vector<directive> out;
    std::vector<directive> block; // of comments that may yet turn out to belong to a statement
    const auto keep = [&] {
        out.insert(out.end(), block.begin(), block.end());
        block.clear();
    };
    for (bool first = true; !content.empty(); first = false) {
        const auto line = take_line(content);
        if (trimmed(line).empty()) {
            keep();
            continue;
        }
        if (!line.starts_with("--")) return out;
        auto one = directive_in_line(line);
        if (!one) continue;
        auto& where = first && is_about_reading(*one) ? out : block;
        where.push_back(std::move(*one));
    }
    keep();
    return out;
}

std::string_view first_line_directive(std::string_view content, std::string_view name, bool& found) {
    constexpr std::string_view mark = "atlas:";
    auto line = take_line(content);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto at = line.find(mark);
    found = false;
    if (at == std::string_view::npos) return {};
    for (const char c : line.substr(0, at))
        if (c < ' ' || c > '~') return {};
    const auto rest = line.substr(at + mark.size());
    if (!rest.starts_with(name)) return {};
    const auto arguments = rest.substr(name.size());
    if (!arguments.empty() && arguments.front() != ' ') return {};
    found = true;
    return trimmed(arguments);
}

} // namespace tusk::migrate
