#include <services/alerthist/policy.hpp>

#include <algorithm>

namespace tusk::alerthist {

namespace {

constexpr std::pair<mode, std::string_view> mode_names[] = {
    {mode::transparent, "transparent"},
    {mode::enriched, "enriched"},
    {mode::transparent_with_recommendations, "transparent_with_recommendations"},
};

constexpr double default_confidence = 0.4;

std::string_view label(const alert& of, const std::string& name) {
    const auto found = of.labels.find(name);
    return found == of.labels.end() ? std::string_view{} : std::string_view{found->second};
}

std::int16_t priority_of(const alert& what, const classification* judged) {
    const auto severity = label(what, "severity");
    if (what.status == alert_status::resolved || (judged && judged->severity == "info")) return 2;
    return severity == "critical" || (judged && judged->severity == "critical") ? 0 : 1;
}

const silence* silenced_by(const policy& by, const alert& what, instant now) {
    for (const auto& one : by.silences)
        if (one.starts_at <= now && now < one.ends_at && match_all(one.matchers, what.labels)) return &one;
    return nullptr;
}

} // namespace

std::string_view to_string(mode what) noexcept { return mode_names[static_cast<std::size_t>(what)].second; }

std::optional<mode> parse_mode(std::string_view word) noexcept {
    for (const auto& [value, name] : mode_names)
        if (name == word) return value;
    return std::nullopt;
}

classification classify_by_rules(const policy& by, const alert& what, instant now) {
    alert_view view;
    view.what = &what;
    view.now = now;
    for (const auto& rule : by.classifiers)
        if (rule.when.holds(view)) return rule.verdict;
    classification out;
    const auto severity = label(what, "severity");
    out.severity = is_severity_class(severity) ? std::string{severity} : "warning";
    out.confidence = default_confidence;
    out.category = "unknown";
    out.source = "default";
    out.reasoning = severity.empty() ? "no rule holds" : "no rule holds; as the label severity says";
    return out;
}

decision decide(const policy& by, const alert& what, const classification* judged,
                std::string_view inhibited_by, instant now) {
    decision out;
    const auto stop = [&out](std::string_view outcome, std::string_view reason) {
        out.outcome = outcome;
        out.reason = reason;
        return out;
    };
    alert_view view;
    view.what = &what;
    view.judged = judged;
    view.now = now;
    const bool everything = by.mode == mode::transparent_with_recommendations;
    if (!everything) {
        if (what.status == alert_status::firing && !inhibited_by.empty())
            return stop("inhibited", inhibited_by);
        if (const auto* one = silenced_by(by, what, now)) return stop("silenced", one->id);
        for (const auto& rule : by.filters) {
            if (!rule.when.holds(view)) continue;
            if (rule.action == "deny") return stop("filtered", rule.reason.empty() ? rule.name : rule.reason);
            if (rule.action == "delay") out.delay = rule.delay;
            break;
        }
    }
    for (const auto& to : by.targets)
        if (to.enabled && (!to.filter || to.filter->holds(view))) out.targets.push_back(to.id);
    if (out.targets.empty()) return out;
    out.outcome = out.delay.count() > 0 ? "delayed" : "published";
    out.priority = priority_of(what, judged);
    return out;
}

} // namespace tusk::alerthist
