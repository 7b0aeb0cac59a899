#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tusk::common {

/// A point in time with the precision that PostgreSQL keeps.
using instant = std::chrono::sys_time<std::chrono::microseconds>;

/// Reads "2026-11-21T22:15:09.904960113Z": a date from year 1 on, a time without leap second, Z or an offset
/// up to ±23:59. More than six digits of a fraction are rounded down. `nullopt` for anything else. Source:
/// RFC 3339.
std::optional<instant> parse_instant(std::string_view text) noexcept;

/// "2026-11-21T22:15:09.904960Z", always with six digits; years past 9999 come out with more digits.
std::string format_instant(instant at);

} // namespace tusk::common
