#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <services/alerthist/classification.hpp>
#include <services/alerthist/condition.hpp>
#include <services/alerthist/matcher.hpp>

namespace tusk::alerthist {

/// transparent: filter, do not classify. enriched: both. transparent_with_recommendations: classify and
/// publish everything.
enum class mode : std::uint8_t { transparent, enriched, transparent_with_recommendations };

std::string_view to_string(mode what) noexcept;
std::optional<mode> parse_mode(std::string_view word) noexcept;

struct filter_rule {
    std::string name;
    std::string action; ///< "allow", "deny" or "delay".
    alert_condition when;
    std::string reason;
    std::chrono::seconds delay{0};
};

struct classification_rule {
    alert_condition when;
    classification verdict;
};

struct inhibition_rule {
    std::string name;
    std::vector<matcher> source;
    std::vector<matcher> target;
    std::vector<std::string> equal;
};

struct silence {
    std::string id;
    std::vector<matcher> matchers;
    instant starts_at;
    instant ends_at;
};

struct target {
    std::int64_t id = 0;
    std::string name;
    std::string format; ///< "webhook", "slack", "pagerduty" or "alertmanager".
    std::string url;
    bool enabled = true;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string secret;
    std::optional<alert_condition> filter;
    std::chrono::milliseconds timeout{10'000};
    int max_attempts = 6;
};

/// Everything that decides what becomes of an alert, as it was at one moment. Only what is enabled, in the
/// order in which it is asked; targets also when they are disabled.
struct policy {
    alerthist::mode mode = mode::enriched;
    std::vector<filter_rule> filters;
    std::vector<classification_rule> classifiers;
    std::vector<inhibition_rule> inhibitions;
    std::vector<silence> silences; ///< Those that are not over.
    std::vector<target> targets;
    std::uint64_t generation = 0; ///< Another one for each policy that was loaded.

    bool classifies() const noexcept { return mode != mode::transparent; }
};

using policy_ptr = std::shared_ptr<const policy>;

/// What becomes of one event.
struct decision {
    std::string outcome = "stored"; ///< As in the column.
    std::string reason;
    std::chrono::seconds delay{0};
    std::vector<std::int64_t> targets; ///< Empty unless published or delayed.
    std::int16_t priority = 1;         ///< 0 is the most urgent.
};

/// The verdict of the first rule that holds; else what the label severity says, with little confidence.
classification classify_by_rules(const policy& by, const alert& what, instant now);

/// Inhibition (of firing alerts), then silences, then the filter rules, then the targets' own filters.
/// `inhibited_by` is the name of a rule, or empty.
decision decide(const policy& by, const alert& what, const classification* judged,
                std::string_view inhibited_by, instant now);

} // namespace tusk::alerthist
