#include <services/http/detail/listen_address.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace tusk::http::detail {

namespace {

failure refuse(std::string_view text) {
    return failure{errc::invalid_configuration,
                   "listen address \"" + std::string{text} +
                       "\": expected host:port, with an IPv6 address in brackets and a port from 0 to 65535"};
}

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
    return ec == std::errc{} && end == text.data() + text.size();
}

} // namespace

result<listen_address> parse_listen_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || !is_port(text.substr(colon + 1))) return refuse(text);
    auto host = text.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    const bool has_colon = host.find(':') != std::string_view::npos;
    if (has_colon != bracketed || host.find_first_of("[] \t") != std::string_view::npos) return refuse(text);
    return listen_address{std::string{host}, std::string{text.substr(colon + 1)}};
}

} // namespace tusk::http::detail
