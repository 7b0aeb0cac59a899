#pragma once

#include <string>
#include <vector>

#include <tusk/net/conninfo_environment.hpp>
#include <tusk/net/conninfo_settings.hpp>
#include <tusk/net/conninfo_types.hpp>

namespace tusk::conninfo {

/// Where a local server's socket is expected: the first of the usual directories that exists, else
/// "localhost".
std::string default_host(const environment& env);

/// The host list out of the keys host, hostaddr and port. Every list has one element per host, except that
/// one port serves all; an empty element means its default.
result<std::vector<host_address>> make_hosts(const settings& all, const std::string& fallback_host);

} // namespace tusk::conninfo
