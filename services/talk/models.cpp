#include <services/talk/models.hpp>

#include <algorithm>

namespace tusk::talk {

namespace {

void trim(std::string& text) {
    constexpr std::string_view blank = " \t\r\n";
    const auto last = text.find_last_not_of(blank);
    text.resize(last == std::string::npos ? 0 : last + 1);
    text.erase(0, std::min(text.find_first_not_of(blank), text.size()));
}

} // namespace

failure user::tidy() {
    trim(email);
    trim(name);
    for (auto& c : email)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const auto at = email.find('@');
    if (at == std::string::npos || at == 0 || at + 1 == email.size() ||
        email.find('@', at + 1) != std::string::npos)
        return failure{errc::invalid_argument, "email: an address such as ann@example.org is wanted"};
    if (name.empty()) return failure{errc::invalid_argument, "name: must not be empty"};
    return {};
}

} // namespace tusk::talk
