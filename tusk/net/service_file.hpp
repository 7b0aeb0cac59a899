#pragma once

#include <optional>
#include <string_view>

#include <tusk/net/conninfo_environment.hpp>
#include <tusk/net/conninfo_settings.hpp>

namespace tusk::conninfo {

/// The settings of the section `[service]` in a service file's text; `nullopt` when it has no such section.
/// `name` is how messages call the file. The first of repeated keys and of repeated sections wins.
/// Source: PostgreSQL documentation, "The Connection Service File".
result<std::optional<settings>> parse_service(std::string_view text, std::string_view service,
                                              std::string_view name);

/// Finds the section: in `service_file` when that is not null (key `servicefile` or PGSERVICEFILE; it must
/// then exist), else in ~/.pg_service.conf; then in pg_service.conf of PGSYSCONFDIR, else of
/// /etc/postgresql-common, else of /etc.
result<settings> read_service(const setting& service, const setting* service_file, const environment& env);

} // namespace tusk::conninfo
