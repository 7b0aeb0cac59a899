#include <tusk/doctor/detail/check.hpp>

#include <array>
#include <cstdio>

namespace tusk::doctor::detail {

std::string size_text(std::int64_t bytes) {
    constexpr std::array units{"kB", "MB", "GB", "TB", "PB"};
    if (bytes < 1024) return std::to_string(bytes) + " bytes";
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
    char text[32];
    std::snprintf(text, sizeof text, "%.*f %s", value < 10 ? 1 : 0, value, units[unit]);
    return text;
}

std::string duration_text(std::int64_t seconds) {
    if (seconds < 60) return std::to_string(seconds) + " s";
    if (seconds < 3600) return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
    if (seconds < 86400)
        return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
    return std::to_string(seconds / 86400) + " d " + std::to_string(seconds / 3600 % 24) + " h";
}

figures table_of(std::string_view name, const result_set& rows) {
    figures out{std::string{name}, {}, {}};
    for (const auto& c : rows.columns()) out.columns.push_back(c.name);
    for (const auto row : rows) {
        auto& to = out.rows.emplace_back();
        for (const auto value : row) to.emplace_back(value.text());
    }
    return out;
}

} // namespace tusk::doctor::detail
