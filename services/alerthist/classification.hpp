#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tusk::alerthist {

/// How grave an alert is thought to be.
struct classification {
    std::string severity;  ///< "critical", "warning", "info" or "noise".
    double confidence = 0; ///< 0 to 1.
    std::string category;
    std::string rule;   ///< The rule's name; empty when none held.
    std::string source; ///< "rule", "default" or "http".
    std::string reasoning;
    std::vector<std::string> recommendations;
};

bool is_severity_class(std::string_view word) noexcept;
std::string to_json(const classification& what);

} // namespace tusk::alerthist
