#include <tusk/observe/detail/url.hpp>

#include <algorithm>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <tusk/core/error.hpp>

namespace tusk::observe::detail {

namespace {

namespace urls = boost::urls;

std::string text_of(urls::string_view from) { return {from.data(), from.size()}; }

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
        return c > 0x20 && c < 0x7F &&
               std::string_view{"\"(),/:;<=>?@[\\]{}"}.find(static_cast<char>(c)) == std::string_view::npos;
    });
}

} // namespace

std::optional<place> read_url(std::string_view url) {
    const auto parsed = urls::parse_uri(urls::string_view{url.data(), url.size()});
    if (!parsed || parsed->encoded_host().empty() || parsed->has_userinfo()) return std::nullopt;
    const auto scheme = text_of(parsed->scheme());
    if (scheme != "http" && scheme != "https") return std::nullopt;
    place out;
    out.tls = scheme == "https";
    out.host = parsed->host_address();
    out.port = parsed->has_port() && !parsed->port().empty() ? text_of(parsed->port())
               : out.tls                                     ? "443"
                                                             : "80";
    out.target = text_of(parsed->encoded_path());
    if (out.target.empty()) out.target = "/";
    if (parsed->has_query()) out.target += '?' + text_of(parsed->encoded_query());
    out.authority = text_of(parsed->encoded_host_and_port());
    return out;
}

void check_url(std::string_view what, std::string_view url) {
    if (read_url(url)) return;
    const auto shown = url.find('@') == url.npos ? "\"" + std::string{url} + "\"" : "its value";
    throw error{errc::invalid_configuration,
                std::string{what} + ": " + shown +
                    " is no URL like http://collector:4318 (user and password belong into a header)"};
}

void check_header(std::string_view what, std::string_view name, std::string_view value) {
    const bool sendable =
        std::ranges::none_of(value, [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; });
    if (is_token(name) && sendable) return;
    throw error{errc::invalid_configuration,
                std::string{what} + ": \"" + std::string{name} + "\" or its value cannot be an HTTP header"};
}

std::optional<std::string> percent_decoded(std::string_view text) {
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) return std::nullopt;
        out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
        i += 2;
    }
    return out;
}

} // namespace tusk::observe::detail
