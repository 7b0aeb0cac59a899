#pragma once

#include <cstdlib>
#include <string>

namespace tusk::testing::detail {

/// A variable of this process; empty when it is not set.
inline std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

} // namespace tusk::testing::detail
