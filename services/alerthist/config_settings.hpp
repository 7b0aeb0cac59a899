#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <services/alerthist/config.hpp>

/// The half-way house of the configuration: keys with their text and origin, before anybody looks at the
/// values.
namespace tusk::alerthist::detail {

/// A setting that exists: `section.name` in YAML, and its environment variable if it has one.
struct known_key {
    std::string_view path;
    const char* variable = nullptr;
    bool secret = false;     ///< The value is never shown.
    bool connection = false; ///< Says which server; replaced by a URL that comes from a stronger source.
};

std::span<const known_key> known_keys();

/// A value as text, and where it stands, for messages: "alerthist.yaml:7: database.port", "DB_PORT",
/// "--listen".
struct raw_value {
    std::string text;
    std::string origin;
};

using raw_layer = std::map<std::string, raw_value, std::less<>>;

/// Reads YAML; what is not a known key with a plain value becomes a problem.
raw_layer read_yaml(const std::string& name, const std::string& text, std::vector<std::string>& problems);
raw_layer read_environment(const environment& env);
raw_layer read_flags(const config_sources& from);

/// Puts `stronger` over `onto`. A URL in `stronger` takes the connection keys out of `onto` first; those
/// beside it complete it.
void overlay(raw_layer& onto, raw_layer stronger);

} // namespace tusk::alerthist::detail
