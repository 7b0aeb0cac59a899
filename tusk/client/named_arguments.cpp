#include <tusk/client/named_arguments.hpp>

#include <algorithm>

namespace tusk::detail {

namespace {

failure wrong(std::string what) { return failure{errc::invalid_argument, std::move(what)}; }

std::string listed(const std::vector<std::string_view>& names) {
    std::string out;
    for (const auto name : names) {
        if (!out.empty()) out += ", ";
        out += '{';
        out += name;
        out += '}';
    }
    return out.empty() ? "none" : out;
}

} // namespace

result<rewritten_sql> rewrite_named(std::string_view sql) {
    rewritten_sql out;
    const auto number_of = [&](std::string_view name) {
        const auto found = std::find(out.names.begin(), out.names.end(), name);
        const auto at = static_cast<std::size_t>(found - out.names.begin());
        if (found == out.names.end()) out.names.push_back(name);
        return at + 1;
    };
    switch (rewrite_names(sql, [&](std::string_view part) { out.text += part; }, number_of)) {
    case brace_error::none: return out;
    case brace_error::stray_brace:
        return wrong("a brace in the statement is neither an argument ({name}) nor doubled ({{ or }})");
    case brace_error::unfinished:
        return wrong("a string, a quoted name or a comment of the statement has no end");
    case brace_error::mixed:
        return wrong("the statement has arguments by name ({name}) and by number ($1); choose one");
    }
    return out;
}

result<std::vector<std::size_t>> match_named(const rewritten_sql& sql,
                                             const std::vector<std::string_view>& given) {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const std::string name{given[i]};
        if (std::find(given.begin(), given.begin() + static_cast<std::ptrdiff_t>(i), given[i]) !=
            given.begin() + static_cast<std::ptrdiff_t>(i))
            return wrong("the argument \"" + name + "\" is given twice");
        if (std::find(sql.names.begin(), sql.names.end(), given[i]) == sql.names.end())
            return wrong("the argument \"" + name + "\" is not used; the statement has " + listed(sql.names));
    }
    for (const auto name : sql.names) {
        const auto found = std::find(given.begin(), given.end(), name);
        if (found == given.end())
            return wrong("the statement's {" + std::string{name} + "} has no argument; add named(\"" +
                         std::string{name} + "\", …)");
        out.push_back(static_cast<std::size_t>(found - given.begin()));
    }
    return out;
}

} // namespace tusk::detail
