#include <services/http/accept.hpp>

#include <services/http/headers.hpp>

namespace tusk::http {

namespace {

std::string_view trimmed(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Takes the next element of a comma-separated list.
std::string_view take_element(std::string_view& list) noexcept {
    const auto comma = list.find(',');
    const auto element = trimmed(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    return element;
}

/// Whether the parameters hold "q=0", "q=0.0", "q=0.00" or "q=0.000".
bool is_refused(std::string_view parameters) noexcept {
    while (!parameters.empty()) {
        const auto end = parameters.find(';');
        const auto one = trimmed(parameters.substr(0, end));
        if (one.size() >= 3 && (one[0] == 'q' || one[0] == 'Q') && one[1] == '=')
            return one.substr(2).find_first_not_of("0.") == std::string_view::npos;
        if (end == std::string_view::npos) break;
        parameters.remove_prefix(end + 1);
    }
    return false;
}

std::string_view without_weakness(std::string_view etag) noexcept {
    return etag.starts_with("W/") ? etag.substr(2) : etag;
}

} // namespace

bool accepts_encoding(std::string_view header, std::string_view coding) noexcept {
    bool any = false;
    while (!header.empty()) {
        const auto element = take_element(header);
        const auto semicolon = element.find(';');
        const auto name = trimmed(element.substr(0, semicolon));
        const bool refused = semicolon != std::string_view::npos && is_refused(element.substr(semicolon + 1));
        if (iequals(name, coding)) return !refused;
        if (name == "*") any = !refused;
    }
    return any;
}

bool matches_etag(std::string_view header, std::string_view etag) noexcept {
    while (!header.empty()) {
        const auto element = take_element(header);
        if (element == "*" || (!element.empty() && without_weakness(element) == without_weakness(etag)))
            return true;
    }
    return false;
}

} // namespace tusk::http
