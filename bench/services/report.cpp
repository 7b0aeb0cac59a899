#include "report.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace bench_services {

namespace {

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

} // namespace

double latencies::percentile(double part) const {
    if (values_.empty()) return 0;
    const auto place = static_cast<std::size_t>(std::ceil(part * static_cast<double>(values_.size()))) - 1;
    const auto at = values_.begin() + static_cast<std::ptrdiff_t>(std::min(place, values_.size() - 1));
    std::nth_element(values_.begin(), at, values_.end());
    return *at;
}

std::string table(const std::vector<finding>& of) {
    auto out = fmt::format("{:<44} {:>18} {:>18}  {:<8} {}\n", "", "goal", "measured", "reached", "");
    for (const auto& one : of)
        out += fmt::format(
            "{:<44} {:>18} {:>18}  {:<8} {}\n", one.name, one.goal,
            fmt::format("{:.{}f} {}", one.measured, one.measured < 100 && !one.is_count ? 1 : 0, one.unit),
            one.reached ? "yes" : "NO", one.details);
    return out;
}

std::string json(const std::vector<finding>& of, bool quick) {
    std::string list;
    for (const auto& one : of) {
        if (!list.empty()) list += ',';
        list += fmt::format("{{\"name\":{},\"goal\":{},\"measured\":{:.3f},\"unit\":{},\"reached\":{},"
                            "\"is_count\":{},\"details\":{}}}",
                            quoted(one.name), quoted(one.goal), one.measured, quoted(one.unit), one.reached,
                            one.is_count, quoted(one.details));
    }
    return fmt::format("{{\"schema\":\"tusk.bench-services/1\",\"quick\":{},\"findings\":[{}]}}\n", quick,
                       list);
}

} // namespace bench_services
