#include <tusk/testing/server_choice.hpp>

#include <charconv>
#include <cstdlib>
#include <optional>

#include <tusk/testing/detail/process_environment.hpp>

namespace tusk::testing {

namespace {

constexpr const char* default_image = "postgres:16-alpine";
constexpr int oldest = 11;
constexpr int newest = 99;

failure wrong(std::string_view given, const std::string& why) {
    return failure{errc::invalid_configuration,
                   "TUSK_TEST_SERVER=" + std::string{given} + ": " + why +
                       "\nremedy: set it to embedded, embedded:17, private, url (with DATABASE_URL), "
                       "postgres://…, docker or docker:postgres:16-alpine, or leave it unset"};
}

/// What follows `word` and a colon; nothing when it is another word.
std::optional<std::string_view> after(std::string_view text, std::string_view word) {
    if (text == word) return std::string_view{};
    if (!text.starts_with(word) || text.substr(word.size()).front() != ':') return std::nullopt;
    return text.substr(word.size() + 1);
}

result<int> version_in(std::string_view given, std::string_view digits) {
    int value = 0;
    const auto end = digits.data() + digits.size();
    const auto done = std::from_chars(digits.data(), end, value);
    if (done.ec != std::errc{} || done.ptr != end || value < oldest || value > newest)
        return wrong(given, "\"" + std::string{digits} + "\" is no major version of PostgreSQL");
    return value;
}

} // namespace

result<server_choice> server_choice::parse(std::string_view text, std::string_view database_url) {
    server_choice out;
    for (const auto kind : {server_kind::embedded, server_kind::own}) {
        constexpr std::string_view over_tcp = "+tcp";
        out.tcp = text.ends_with(over_tcp);
        const auto words = text.substr(0, text.size() - (out.tcp ? over_tcp.size() : 0));
        const auto rest = after(words, kind == server_kind::own ? "private" : "embedded");
        if (!rest) continue;
        out.kind = kind;
        if (rest->empty()) return out;
        const auto version = version_in(text, *rest);
        if (!version) return version.error();
        out.version = *version;
        return out;
    }
    if (const auto image = after(text, "docker")) {
        out.kind = server_kind::docker;
        out.image = image->empty() ? default_image : std::string{*image};
        return out;
    }
    out.kind = server_kind::url;
    out.url = text == "url" ? database_url : text;
    if (out.url.empty()) return wrong(text, "DATABASE_URL is not set");
    if (text != "url" && text.find("://") == std::string_view::npos &&
        text.find('=') == std::string_view::npos)
        return wrong(text, "there is no such server");
    return out;
}

result<server_choice> server_choice::from_environment() {
    const auto text = detail::variable("TUSK_TEST_SERVER");
    if (!text.empty()) return parse(text, detail::variable("DATABASE_URL"));
    server_choice out;
    out.url = detail::variable("TUSK_TEST_URL");
    if (!out.url.empty()) out.kind = server_kind::url;
    return out;
}

} // namespace tusk::testing
