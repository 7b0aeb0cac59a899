#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/net/conninfo_environment.hpp>

/// The half-way house of the configuration: keys with their text and origin, before anybody looks at the
/// values.
namespace tusk::common {

/// A setting that exists: `section.name` in YAML, and its environment variable if it has one.
struct known_key {
    std::string_view path;
    const char* variable = nullptr;
    bool secret = false;     ///< The value is never shown.
    bool connection = false; ///< Says which server; replaced by a URL that comes from a stronger source.
};

/// The keys of the sections that every service has: `server`, `database` and `log`.
std::span<const known_key> common_keys();

/// A value as text, and where it stands, for messages: "talk.yaml:7: database.port", "DB_PORT",
/// "--listen".
struct raw_value {
    std::string text;
    std::string origin;
};

using raw_layer = std::map<std::string, raw_value, std::less<>>;

/// Reads YAML; what is not one of `keys` with a plain value becomes a problem. The keys of a section stand
/// together.
raw_layer read_yaml(const std::string& name, const std::string& text, std::span<const known_key> keys,
                    std::vector<std::string>& problems);
raw_layer read_environment(const environment& env, std::span<const known_key> keys);

/// Puts `stronger` over `onto`. A URL in `stronger` takes the connection keys out of `onto` first; those
/// beside it complete it.
void overlay(raw_layer& onto, raw_layer stronger, std::span<const known_key> keys);

} // namespace tusk::common
