#include <services/alerthist/inhibitor.hpp>

#include <algorithm>

namespace tusk::alerthist {

namespace {

std::string_view value_of(const label_set& labels, const std::string& name) {
    const auto found = labels.find(name);
    return found == labels.end() ? std::string_view{} : std::string_view{found->second};
}

bool is_source(const policy& by, const label_set& labels) {
    return std::any_of(by.inhibitions.begin(), by.inhibitions.end(),
                       [&labels](const inhibition_rule& rule) { return match_all(rule.source, labels); });
}

bool inhibits(const inhibition_rule& rule, const label_set& source, const label_set& what) {
    if (!match_all(rule.source, source)) return false;
    return std::all_of(rule.equal.begin(), rule.equal.end(), [&](const std::string& name) {
        return value_of(source, name) == value_of(what, name);
    });
}

} // namespace

void inhibitor::reset(const policy& by, const std::vector<std::pair<std::string, label_set>>& firing) {
    std::map<std::string, label_set, std::less<>> made;
    for (const auto& [fingerprint, labels] : firing)
        if (is_source(by, labels)) made.emplace(fingerprint, labels);
    const std::lock_guard lock{mutex_};
    sources_ = std::move(made);
}

void inhibitor::observe(const policy& by, std::string_view fingerprint, alert_status status,
                        const label_set& labels) {
    if (by.inhibitions.empty()) return;
    const bool source = status == alert_status::firing && is_source(by, labels);
    const std::lock_guard lock{mutex_};
    if (source)
        sources_.insert_or_assign(std::string{fingerprint}, labels);
    else if (const auto found = sources_.find(fingerprint); found != sources_.end())
        sources_.erase(found);
}

std::string inhibitor::inhibited_by(const policy& by, const alert& what,
                                    std::span<const alert> together) const {
    for (const auto& rule : by.inhibitions) {
        if (!match_all(rule.target, what.labels)) continue;
        // Who matches both sides does not inhibit itself, nor others like it. Source: Alertmanager's
        // inhibit.go.
        const bool both = match_all(rule.source, what.labels);
        const auto fits = [&](std::string_view fingerprint, const label_set& source) {
            return fingerprint != what.fingerprint && !(both && match_all(rule.target, source)) &&
                   inhibits(rule, source, what.labels);
        };
        for (const auto& one : together)
            if (one.status == alert_status::firing && fits(one.fingerprint, one.labels)) return rule.name;
        const std::lock_guard lock{mutex_};
        for (const auto& [fingerprint, labels] : sources_)
            if (fits(fingerprint, labels)) return rule.name;
    }
    return {};
}

std::size_t inhibitor::size() const {
    const std::lock_guard lock{mutex_};
    return sources_.size();
}

} // namespace tusk::alerthist
