#include <services/alerthist/formats.hpp>

#include <boost/json.hpp>

#include <services/alerthist/common.hpp>
#include <services/alerthist/json_view.hpp>
#include <services/http/auth.hpp>

namespace tusk::alerthist {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_summary = 1024; ///< PagerDuty's limit.

std::string word_of(const json::object& in, std::string_view key) {
    const auto* value = in.if_contains({key.data(), key.size()});
    return value && value->is_string() ? std::string{view(value->get_string())} : std::string{};
}

json::object object_of(const std::optional<json_text>& from) {
    if (!from) return {};
    const auto parsed = json::parse(from->text());
    return parsed.is_object() ? parsed.as_object() : json::object{};
}

/// At most so many bytes, cut at a character.
std::string cut(std::string text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
    text.resize(most);
    return text;
}

std::string serious(const event_row& what, const json::object& verdict) {
    auto out = word_of(verdict, "severity");
    return out.empty() ? what.severity : out;
}

std::string summary_of(const event_row& what) {
    const auto annotations = object_of(what.annotations);
    auto out = word_of(annotations, "summary");
    if (out.empty()) out = word_of(annotations, "description");
    if (out.empty()) out = what.alert_name;
    return cut(std::move(out), longest_summary);
}

json::object field(const char* title, std::string value) {
    return {{"title", title}, {"value", std::move(value)}, {"short", true}};
}

/// Characters that Slack reads as markup. Source: Slack, "Formatting text for app surfaces".
std::string slack_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else
            out += c;
    }
    return out;
}

std::string slack(const event_row& what) {
    const auto verdict = object_of(what.classification);
    const auto severity = serious(what, verdict);
    const bool over = what.status == "resolved";
    const char* color = over                     ? "#2eb67d"
                        : severity == "critical" ? "#e01e5a"
                        : severity == "warning"  ? "#ecb22e"
                                                 : "#36c5f0";
    json::array fields{field("Severity", slack_text(severity)), field("Namespace", slack_text(what.space))};
    if (const auto category = word_of(verdict, "category"); !category.empty())
        fields.push_back(field("Category", slack_text(category)));
    std::string title = std::string{over ? "[RESOLVED] " : "[FIRING] "} + slack_text(what.alert_name);
    json::object attachment{
        {"color", color},
        {"title", title},
        {"title_link", what.generator_url},
        {"text", slack_text(summary_of(what))},
        {"fields", std::move(fields)},
        {"ts",
         std::chrono::duration_cast<std::chrono::seconds>(what.happened_at.time_since_epoch()).count()}};
    return json::serialize(
        json::object{{"text", title}, {"attachments", json::array{std::move(attachment)}}});
}

/// One of PagerDuty's four.
std::string_view pagerduty_severity(std::string_view ours) {
    if (ours == "critical" || ours == "warning" || ours == "error") return ours;
    return "info";
}

std::string pagerduty(const target& to, const event_row& what) {
    const auto verdict = object_of(what.classification);
    const bool over = what.status == "resolved";
    const auto labels = object_of(what.labels);
    auto source = word_of(labels, "instance");
    if (source.empty()) source = what.space.empty() ? "alerthist" : what.space;
    json::object payload{
        {"summary", summary_of(what)},
        {"source", source},
        {"severity", std::string{pagerduty_severity(serious(what, verdict))}},
        {"timestamp", format_instant(what.happened_at)},
        {"component", what.alert_name},
        {"group", what.space},
        {"class", word_of(verdict, "category")},
        {"custom_details", json::object{{"labels", labels}, {"annotations", object_of(what.annotations)}}}};
    json::object out{{"routing_key", to.secret},
                     {"event_action", over ? "resolve" : "trigger"},
                     {"dedup_key", what.fingerprint},
                     {"payload", std::move(payload)},
                     {"client", "alerthist"}};
    return json::serialize(out);
}

std::string alertmanager(const event_row& what) {
    json::object one{{"labels", object_of(what.labels)},
                     {"annotations", object_of(what.annotations)},
                     {"startsAt", format_instant(what.starts_at)},
                     {"generatorURL", what.generator_url}};
    if (what.status == "resolved") one["endsAt"] = format_instant(what.ends_at.value_or(what.received_at));
    return json::serialize(json::array{std::move(one)});
}

} // namespace

outgoing render(const target& to, const event_row& what, std::chrono::system_clock::time_point now) {
    outgoing out;
    out.headers = to.headers;
    out.headers.emplace_back("Content-Type", "application/json");
    // For receivers that want to know whether they have had it: it may come twice.
    out.headers.emplace_back("X-Alerthist-Event", std::to_string(what.id));
    if (to.format == "slack") {
        out.body = slack(what);
    } else if (to.format == "pagerduty") {
        out.body = pagerduty(to, what);
    } else if (to.format == "alertmanager") {
        out.body = alertmanager(what);
    } else {
        out.body = json_object{}.text("version", "1").raw("event", to_json(what)).finish();
        if (to.secret.empty()) return out;
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
        const auto timestamp = std::to_string(seconds);
        out.headers.emplace_back("X-Webhook-Timestamp", timestamp);
        out.headers.emplace_back("X-Webhook-Signature", http::sign_webhook(to.secret, timestamp, out.body));
    }
    return out;
}

} // namespace tusk::alerthist
