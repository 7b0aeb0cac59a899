#include <services/alerthist/query.hpp>

#include <algorithm>
#include <charconv>
#include <span>

#include <services/alerthist/common.hpp>

namespace tusk::alerthist {

namespace {

constexpr std::string_view alerts_parameters[] = {"status", "severity", "namespace", "label",
                                                  "from",   "to",       "limit",     "cursor"};
constexpr std::string_view events_parameters[] = {"limit", "cursor"};

/// How many bytes the character takes that begins with `lead`, and the bounds of the byte after it; 0 when
/// none begins so.
struct sequence {
    std::size_t size = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
};

constexpr sequence sequence_of(unsigned char lead) noexcept {
    if (lead >= 0x01 && lead <= 0x7F) return {1};
    if (lead >= 0xC2 && lead <= 0xDF) return {2};
    if (lead == 0xE0) return {3, 0xA0};
    if (lead == 0xED) return {3, 0x80, 0x9F};
    if (lead >= 0xE1 && lead <= 0xEF) return {3};
    if (lead == 0xF0) return {4, 0x90};
    if (lead >= 0xF1 && lead <= 0xF3) return {4};
    if (lead == 0xF4) return {4, 0x80, 0x8F};
    return {};
}

std::string shortened(std::string_view value) { return "\"" + std::string{value.substr(0, 100)} + "\""; }

/// Takes parameters out of a query; the first problem is kept.
class reader {
public:
    reader(const http::request& from, std::span<const std::string_view> known) : from_{from} {
        for (const auto& [name, value] : from.query_parameters()) {
            if (!is_storable_text(name) || !is_storable_text(value))
                refuse("query", "not UTF-8, or with a NUL character");
            else if (std::find(known.begin(), known.end(), name) == known.end())
                refuse(name.substr(0, 100), "unknown parameter" + did_you_mean(name, known));
        }
    }

    void refuse(const std::string& name, const std::string& why) {
        if (!problem_) problem_.emplace(name + ": " + why);
    }
    const std::optional<bad_parameter>& problem() const noexcept { return problem_; }

    /// The value of a parameter that may be given once.
    std::optional<std::string_view> single(const std::string& name) {
        if (problem_) return std::nullopt;
        const auto values = from_.query_all(name);
        if (values.empty()) return std::nullopt;
        if (values.size() > 1)
            refuse(name, "given more than once");
        else if (values.front().empty())
            refuse(name, "is empty");
        return values.front();
    }

    void limit(std::int64_t& out) {
        const auto text = single("limit");
        if (!text) return;
        const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), out);
        if (ec != std::errc{} || end != text->data() + text->size() || out < 1 || out > largest_limit)
            refuse("limit",
                   shortened(*text) + " is not a whole number from 1 to " + std::to_string(largest_limit));
    }

    template <class Cursor>
    void cursor(std::optional<Cursor>& out) {
        const auto text = single("cursor");
        if (!text) return;
        out = Cursor::decode(*text);
        if (!out) refuse("cursor", "is not a next_cursor of this listing");
    }

    void time(const std::string& name, std::optional<instant>& out) {
        const auto text = single(name);
        if (!text) return;
        out = parse_instant(*text);
        if (!out)
            refuse(name, shortened(*text) + " is not a time as in RFC 3339, such as 2026-11-21T22:15:09Z");
    }

    void status(std::optional<alert_status>& out) {
        const auto text = single("status");
        if (!text) return;
        out = parse_alert_status(*text);
        if (!out) refuse("status", shortened(*text) + " is neither \"firing\" nor \"resolved\"");
    }

    void label_named(const std::string& name, label_set& out) {
        if (const auto text = single(name)) require(name, name, std::string{*text}, out);
    }

    void labels(label_set& out) {
        if (problem_) return;
        for (const auto text : from_.query_all("label")) {
            const auto colon = text.find(':');
            if (colon == std::string_view::npos || colon == 0)
                return refuse("label", shortened(text) + " is not of the form name:value");
            require("label", std::string{text.substr(0, colon)}, std::string{text.substr(colon + 1)}, out);
        }
    }

private:
    void require(const std::string& parameter, const std::string& label, const std::string& value,
                 label_set& out) {
        const auto [there, added] = out.emplace(label, value);
        if (!added && there->second != value)
            refuse(parameter, "two different values are asked of the label " + shortened(label));
    }

    const http::request& from_;
    std::optional<bad_parameter> problem_;
};

} // namespace

boost::system::result<alerts_query, bad_parameter> parse_alerts_query(const http::request& from) {
    reader in{from, alerts_parameters};
    alerts_query out;
    in.status(out.filter.status);
    in.label_named("severity", out.filter.labels);
    in.label_named("namespace", out.filter.labels);
    in.labels(out.filter.labels);
    in.time("from", out.filter.from);
    in.time("to", out.filter.to);
    in.limit(out.limit);
    in.cursor(out.after);
    if (in.problem()) return *in.problem();
    return out;
}

boost::system::result<events_query, bad_parameter> parse_events_query(const http::request& from) {
    reader in{from, events_parameters};
    events_query out;
    in.limit(out.limit);
    in.cursor(out.after);
    if (in.problem()) return *in.problem();
    return out;
}

bool is_storable_text(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size();) {
        const auto next = sequence_of(static_cast<unsigned char>(text[at]));
        if (next.size == 0 || text.size() - at < next.size) return false;
        for (std::size_t i = 1; i < next.size; ++i) {
            const auto byte = static_cast<unsigned char>(text[at + i]);
            const bool first = i == 1;
            if (byte < (first ? next.low : 0x80) || byte > (first ? next.high : 0xBF)) return false;
        }
        at += next.size;
    }
    return true;
}

} // namespace tusk::alerthist
