#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tusk/net/conninfo.hpp>

namespace tusk::conninfo {

/// The password in a password file's text: of the first line `host:port:database:user:password` whose four
/// fields match. A field "*" matches everything; "\:" and "\\" stand for ":" and "\"; "#" begins a comment
/// line. Source: PostgreSQL documentation, "The Password File".
std::optional<std::string> find_password(std::string_view text, std::string_view host, std::string_view port,
                                         std::string_view database, std::string_view user);

/// Fills `host_address::password` of every host from `config.passfile()` (by default ~/.pgpass, which it then
/// sets) when the configuration has no password. A file that others may read is ignored with a warning, a
/// missing one silently. `default_socket_directory` is looked up as "localhost".
void apply_passfile(connect_config& config, const environment& env,
                    std::string_view default_socket_directory);

} // namespace tusk::conninfo
