#pragma once

#include <string_view>

namespace tusk::orm::detail {

/// Whether `a = 1, (b, c) = (2, 3)`, which stands behind SET, assigns this column.
bool assigns(std::string_view assignments, std::string_view column) noexcept;

} // namespace tusk::orm::detail
