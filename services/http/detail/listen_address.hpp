#pragma once

#include <string>
#include <string_view>

#include <tusk/core/error.hpp>

namespace tusk::http::detail {

/// Where to listen, taken apart.
class listen_address {
public:
    listen_address(std::string host, std::string port) : host_{std::move(host)}, port_{std::move(port)} {}
    /// An address or a name, without brackets; empty for every address of the machine.
    const std::string& host() const noexcept { return host_; }
    /// Decimal, 0 to 65535.
    const std::string& port() const noexcept { return port_; }

private:
    std::string host_;
    std::string port_;
};

/// "127.0.0.1:80", "[::1]:80", "name:80" or ":80"; anything else is `errc::invalid_configuration`.
result<listen_address> parse_listen_address(std::string_view text);

} // namespace tusk::http::detail
