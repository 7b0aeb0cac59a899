#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/client/result_set.hpp>
#include <tusk/doctor/examination.hpp>
#include <tusk/doctor/thresholds.hpp>

namespace tusk::doctor::detail {

/// One thing to look at: a query, and what its answer means.
struct check {
    std::string_view name;
    std::string_view sql;
    void (*judge)(const result_set& rows, const thresholds& limits, examination& out);
};

/// The families of checks, in the order in which they are reported.
std::vector<check> activity_checks();
std::vector<check> storage_checks();
std::vector<check> server_checks();

/// A value of a row as text, for messages.
inline std::string text_of(const row_view& row, std::string_view column) {
    return std::string{row[column].text()};
}
inline std::int64_t number_of(const row_view& row, std::string_view column) {
    return row[column].as<std::optional<std::int64_t>>().value_or(0);
}

/// "95 %"
inline std::string percent(double share) { return std::to_string(std::lround(share * 100)) + " %"; }
/// "3.2 GB"
std::string size_text(std::int64_t bytes);
/// "2 h 3 min"
std::string duration_text(std::int64_t seconds);
/// All rows as they are.
figures table_of(std::string_view name, const result_set& rows);

} // namespace tusk::doctor::detail
