#pragma once

#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <services/alerthist/policy.hpp>

namespace tusk::alerthist {

/// Remembers the firing alerts that may inhibit others. Safe from several threads.
class inhibitor {
public:
    /// Forgets everything and takes these; `by` has the rules.
    void reset(const policy& by, const std::vector<std::pair<std::string, label_set>>& firing);
    /// An alert changed its state.
    void observe(const policy& by, std::string_view fingerprint, alert_status status,
                 const label_set& labels);

    /// The name of the rule by which a remembered alert, or one of those that came in the same body, inhibits
    /// `what`; empty when none does.
    std::string inhibited_by(const policy& by, const alert& what, std::span<const alert> together) const;

    std::size_t size() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, label_set, std::less<>> sources_;
};

} // namespace tusk::alerthist
