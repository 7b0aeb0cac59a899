#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/net/conninfo.hpp>
#include <tusk/net/conninfo_settings.hpp>

namespace tusk::conninfo {

/// Decimal with an optional sign and blanks around it, as strtol takes it; `nullopt` past the range of int.
std::optional<int> parse_integer(std::string_view text) noexcept;

/// The elements between commas, blanks kept; one empty element for empty text.
std::vector<std::string> split_list(std::string_view text);

std::string ascii_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// Checks `require_auth` and splits it.
result<auth_requirement> parse_require_auth(const setting& s);

/// A key that Tusk itself understands. Keys without `apply` are dealt with together (hosts) or before
/// (service).
struct rule {
    std::string_view key;
    std::string_view variable; ///< PG… variable, or empty.
    failure (*apply)(connect_config&, const setting&);
};

/// The rule of a key; null for keys that are meant for the server, the pool or the driver.
const rule* find_rule(std::string_view key) noexcept;

/// Brings a key into its final spelling and rejects what can be no key. Names of server settings become lower
/// case.
failure canonicalise(setting& s);

/// The settings of the environment's PG… variables.
std::vector<setting> environment_settings(const environment& env);

/// Stores one setting in the configuration.
failure apply(connect_config& config, const setting& s);

} // namespace tusk::conninfo
