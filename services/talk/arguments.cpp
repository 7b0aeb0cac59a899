#include <services/talk/arguments.hpp>

#include <charconv>

#include <services/talk/problem.hpp>

namespace tusk::talk {

namespace json = boost::json;

namespace {

[[noreturn]] void refuse(std::string_view name, std::string_view wanted) {
    throw refusal{bad_input(std::string{name} + ": " + std::string{wanted})};
}

std::optional<std::int64_t> whole_of(const json::value& from) {
    if (from.is_int64()) return from.get_int64();
    if (!from.is_string()) return std::nullopt;
    const auto& text = from.get_string();
    std::int64_t out = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return out;
}

message message_of(const json::value& from, const std::string& where) {
    if (!from.is_object()) refuse(where, "an object with role and content is wanted");
    const arguments fields{from.get_object()};
    message out;
    try {
        out.role = fields.text("role");
        out.content = fields.text("content");
    } catch (const refusal& e) {
        throw refusal{bad_input(where + "." + e.why().message())};
    }
    return out;
}

} // namespace

const json::value* arguments::find(std::string_view name) const {
    const auto* found = fields_.if_contains(json::string_view{name.data(), name.size()});
    return found && !found->is_null() ? found : nullptr;
}

std::int64_t arguments::id(std::string_view name) const {
    const auto* given = find(name);
    const auto value = given ? whole_of(*given) : std::nullopt;
    if (!value || *value < 1) refuse(name, "a whole number from 1 is wanted");
    return *value;
}

std::string arguments::text(std::string_view name) const {
    auto given = maybe_text(name);
    if (!given) refuse(name, "is missing");
    return std::move(*given);
}

std::optional<std::string> arguments::maybe_text(std::string_view name) const {
    const auto* given = find(name);
    if (!given) return std::nullopt;
    if (!given->is_string()) refuse(name, "text is wanted");
    const auto& value = given->get_string();
    if (value.find('\0') != json::string::npos) refuse(name, "text without NUL is wanted");
    return std::string{value.data(), value.size()};
}

std::optional<std::int64_t> arguments::maybe_whole(std::string_view name, std::int64_t least,
                                                   std::int64_t most) const {
    const auto* given = find(name);
    if (!given) return std::nullopt;
    const auto value = whole_of(*given);
    if (!value || *value < least || *value > most)
        refuse(name,
               "a whole number from " + std::to_string(least) + " to " + std::to_string(most) + " is wanted");
    return value;
}

std::optional<bool> arguments::maybe_flag(std::string_view name) const {
    const auto* given = find(name);
    if (!given) return std::nullopt;
    if (given->is_bool()) return given->get_bool();
    if (given->is_string() && given->get_string() == "true") return true;
    if (given->is_string() && given->get_string() == "false") return false;
    refuse(name, "true or false is wanted");
}

page_request arguments::page() const {
    auto cursor = maybe_text("cursor").value_or("");
    return {std::move(cursor), maybe_whole("limit", 1, 200).value_or(50)};
}

std::vector<message> arguments::messages() const {
    std::vector<message> out;
    const auto* list = find("messages");
    if (!list) {
        message single;
        single.role = text("role");
        single.content = text("content");
        out.push_back(std::move(single));
        return out;
    }
    if (!list->is_array()) refuse("messages", "a list is wanted");
    for (const auto& one : list->get_array())
        out.push_back(message_of(one, "messages[" + std::to_string(out.size()) + "]"));
    return out;
}

} // namespace tusk::talk
