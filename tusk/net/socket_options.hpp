#pragma once

#include <tusk/net/conninfo.hpp>

namespace tusk::net {

/// Sets TCP_NODELAY, keepalives and TCP_USER_TIMEOUT on a TCP socket as the configuration says. What the
/// system does not know is left out: these settings make a connection better, not possible.
void set_tcp_options(int fd, const connect_config& config) noexcept;

/// A non-blocking, close-on-exec stream socket of the family; -1 and errno on failure.
int open_socket(int family) noexcept;

} // namespace tusk::net
