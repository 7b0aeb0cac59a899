#include <services/http/headers.hpp>

#include <algorithm>

#include <tusk/core/error.hpp>

namespace tusk::http {

namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_token_char(char c) noexcept {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
    return c != '\0' && std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

void check_field(std::string_view name, std::string_view value) {
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_char))
        throw error{errc::invalid_argument, "a header name must be a token"};
    if (value.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos)
        throw error{errc::invalid_argument,
                    "the value of header " + std::string{name} + " holds CR, LF or NUL"};
}

} // namespace

bool iequals(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> header_list::find(std::string_view name) const noexcept {
    for (const auto& [key, value] : entries_)
        if (iequals(key, name)) return value;
    return std::nullopt;
}

std::vector<std::string_view> header_list::find_all(std::string_view name) const {
    std::vector<std::string_view> found;
    for (const auto& [key, value] : entries_)
        if (iequals(key, name)) found.emplace_back(value);
    return found;
}

void header_list::add(std::string_view name, std::string_view value) {
    check_field(name, value);
    entries_.emplace_back(name, value);
}

void header_list::set(std::string_view name, std::string_view value) {
    check_field(name, value);
    entry replacement{name, value}; // first: `value` may be a view of the field that goes away
    erase(name);
    entries_.push_back(std::move(replacement));
}

std::size_t header_list::erase(std::string_view name) noexcept {
    return std::erase_if(entries_, [name](const entry& e) { return iequals(e.first, name); });
}

} // namespace tusk::http
