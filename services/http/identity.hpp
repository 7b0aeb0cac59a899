#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tusk::http {

/// What somebody may do; each may do what those before it may.
enum class role : std::uint8_t { viewer, operator_, admin };

/// "viewer", "operator", "admin".
std::string_view to_string(role what) noexcept;
std::optional<role> parse_role(std::string_view word) noexcept;

/// Who sent a request: the name of an API key, and what it may do.
class identity {
public:
    identity(std::string name, role level) : name_{std::move(name)}, level_{level} {}
    const std::string& name() const noexcept { return name_; }
    role level() const noexcept { return level_; }
    bool may(role least) const noexcept { return level_ >= least; }

private:
    std::string name_;
    role level_;
};

} // namespace tusk::http
