#include <tusk/doctor/examination.hpp>

#include <algorithm>

namespace tusk::doctor {

std::string_view name_of(severity s) noexcept {
    if (s == severity::critical) return "critical";
    return s == severity::warning ? "warning" : "information";
}

void examination::add(finding f) {
    const auto at =
        std::upper_bound(findings_.begin(), findings_.end(), f,
                         [](const finding& a, const finding& b) { return a.how_bad() > b.how_bad(); });
    findings_.insert(at, std::move(f));
}

std::size_t examination::count(severity s) const noexcept {
    return static_cast<std::size_t>(std::count_if(findings_.begin(), findings_.end(),
                                                  [s](const finding& f) { return f.how_bad() == s; }));
}

bool examination::is_healthy() const noexcept {
    return std::none_of(findings_.begin(), findings_.end(),
                        [](const finding& f) { return f.how_bad() != severity::information; });
}

} // namespace tusk::doctor
