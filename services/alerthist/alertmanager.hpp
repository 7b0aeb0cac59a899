#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include <services/alerthist/common.hpp>

namespace tusk::alerthist {

enum class alert_status : std::uint8_t { firing, resolved };

constexpr std::string_view to_string(alert_status status) noexcept {
    return status == alert_status::firing ? "firing" : "resolved";
}
/// `nullopt` for any other word.
std::optional<alert_status> parse_alert_status(std::string_view word) noexcept;

/// Names and values of labels or annotations, sorted by name as bytes.
using label_set = std::map<std::string, std::string>;

/// One alert of a notification, checked: its text is UTF-8 without NUL characters.
struct alert {
    std::string fingerprint; ///< As sent, else `compute_fingerprint(labels)`.
    alert_status status = alert_status::firing;
    label_set labels;
    label_set annotations;
    instant starts_at;
    std::optional<instant> ends_at; ///< Of resolved alerts; not known when the sender left it out.
    std::string generator_url;
};

/// The part of Alertmanager's webhook body that is kept.
struct notification {
    std::string receiver;
    std::string group_key;
    std::vector<alert> alerts;
};

/// Why a body was not accepted.
class rejection {
public:
    enum class reason : std::uint8_t { malformed, too_many_alerts };

    rejection() = default;
    rejection(reason why, std::string message) : why_{why}, message_{std::move(message)} {}

    reason why() const noexcept { return why_; }
    /// Names the place in the document: `alerts[3].labels.instance: expected a string, got a number`.
    const std::string& message() const noexcept { return message_; }

private:
    reason why_ = reason::malformed;
    std::string message_;
};

using parsed_notification = boost::system::result<notification, rejection>;

/// Reads a webhook body of version 4. Keys that are not known are ignored: newer versions of Alertmanager add
/// some. Source: Alertmanager documentation, "Webhook receiver".
parsed_notification parse_notification(std::string_view body, std::size_t max_alerts);

/// What Prometheus posts to an Alertmanager.
struct posted_alerts {
    notification what;
    std::vector<std::size_t> without_start; ///< Places of alerts that did not say it; they have `now`.
};
using parsed_alerts = boost::system::result<posted_alerts, rejection>;

/// Reads the body of Alertmanager's `POST /api/v2/alerts`: an alert is resolved when its end has passed.
/// Source: Alertmanager's OpenAPI, `postableAlerts`.
parsed_alerts parse_posted_alerts(std::string_view body, std::size_t max_alerts, instant now);

/// Prometheus' fingerprint of a label set: FNV-1a of 64 bits over each name, 0xFF, value, 0xFF in the order
/// of the names, as 16 hexadecimal digits. Source: prometheus/common, `model.LabelSet.Fingerprint`.
std::string compute_fingerprint(const label_set& labels);

/// Whether `text` can be a fingerprint: 1 to 128 characters out of `[0-9A-Za-z._:-]`.
bool is_fingerprint(std::string_view text) noexcept;

/// `{"a":"1","b":"2"}`.
std::string to_json(const label_set& labels);

} // namespace tusk::alerthist
