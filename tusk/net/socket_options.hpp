#pragma once

#include <tusk/net/conninfo.hpp>

namespace tusk::net {

/// Sets TCP_NODELAY, keepalives and TCP_USER_TIMEOUT on a TCP socket as the configuration says. What the
/// system does not know is left out: these settings make a connection better, not possible.
void set_tcp_options(int fd, const connect_config& config) noexcept;

/// A non-blocking, close-on-exec stream socket of the family; -1 and errno on failure.
int open_socket(int family) noexcept;

/// Reads what has arrived and throws it away, a megabyte at most. A TCP socket that is closed while something
/// is unread sends a reset, which may overtake what was sent before. Source: RFC 1122, section 4.2.2.13.
void discard_arrived(int fd) noexcept;

} // namespace tusk::net
