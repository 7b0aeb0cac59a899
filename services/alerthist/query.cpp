#include <services/alerthist/query.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>

#include <services/alerthist/common.hpp>

namespace tusk::alerthist {

namespace {

constexpr std::string_view alerts_parameters[] = {
    "status", "severity", "namespace", "name", "label", "outcome", "q", "from", "to", "limit", "cursor"};
constexpr std::string_view events_parameters[] = {"limit", "cursor"};
constexpr std::string_view stats_parameters[] = {"from", "to"};
constexpr std::string_view top_parameters[] = {"from", "to", "namespace", "severity", "limit"};
constexpr std::string_view flapping_parameters[] = {"from",     "to",        "namespace",
                                                    "severity", "threshold", "limit"};
constexpr std::string_view report_parameters[] = {"from", "to",       "namespace",     "severity",
                                                  "top",  "min_flap", "include_recent"};
constexpr std::string_view letters_parameters[] = {"target_id", "limit", "cursor"};
constexpr std::string_view listen_parameters[] = {"last_event_id", "access_token"};
constexpr std::string_view outcomes[] = {"published", "delayed",   "filtered",
                                         "silenced",  "inhibited", "stored"};
constexpr std::string_view silence_states[] = {"pending", "active", "expired"};
constexpr std::size_t longest_search = 200;
constexpr std::int64_t largest_id = std::numeric_limits<std::int64_t>::max();

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

    void limit(std::int64_t& out) { number("limit", 1, largest_limit, out); }

    bool number(const std::string& name, std::int64_t least, std::int64_t most, std::int64_t& out) {
        const auto text = single(name);
        if (!text || problem_) return false;
        const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), out);
        const bool good =
            ec == std::errc{} && end == text->data() + text->size() && out >= least && out <= most;
        if (!good)
            refuse(name, shortened(*text) + " is not a whole number from " + std::to_string(least) + " to " +
                             std::to_string(most));
        return good;
    }
    void number(const std::string& name, std::int64_t most, std::optional<std::int64_t>& out) {
        std::int64_t value = 0;
        if (number(name, name == "last_event_id" ? 0 : 1, most, value)) out = value;
    }

    void word(const std::string& name, std::span<const std::string_view> words,
              std::optional<std::string>& out) {
        const auto text = single(name);
        if (!text || problem_) return;
        if (std::find(words.begin(), words.end(), *text) == words.end())
            return refuse(name, shortened(*text) + " is not known" + did_you_mean(*text, words));
        out = *text;
    }

    void flag(const std::string& name, bool& out) {
        const auto text = single(name);
        if (!text || problem_) return;
        if (*text != "true" && *text != "false")
            return refuse(name, shortened(*text) + " is neither true nor false");
        out = *text == "true";
    }

    void text(const std::string& name, std::optional<std::string>& out) {
        const auto text = single(name);
        if (text && !problem_) out = *text;
    }

    void filter(alert_filter& out) {
        status(out.status);
        label_named("severity", "severity", out.labels);
        label_named("namespace", "namespace", out.labels);
        label_named("name", "alertname", out.labels);
        labels(out.labels);
        word("outcome", outcomes, out.outcome);
        text("q", out.text);
        if (out.text && out.text->size() > longest_search)
            refuse("q", "is longer than " + std::to_string(longest_search) + " bytes");
        time("from", out.from);
        time("to", out.to);
    }

    void range(instant now, analysis_range& out) {
        std::optional<instant> begin, end;
        time("from", begin);
        time("to", end);
        out.to = end.value_or(now);
        out.from = begin.value_or(out.to - std::chrono::hours{24});
        if (!problem_ && out.from > out.to) refuse("from", "is after the end of the range");
        if (!problem_ && out.to - out.from > std::chrono::hours{24} * 3660)
            refuse("from", "is more than ten years before the end");
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

    void label_named(const std::string& name, const std::string& label, label_set& out) {
        if (const auto text = single(name)) require(name, label, std::string{*text}, out);
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
    in.filter(out.filter);
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

boost::system::result<history_query, bad_parameter> parse_history_query(const http::request& from) {
    reader in{from, alerts_parameters};
    history_query out;
    in.filter(out.filter);
    in.limit(out.limit);
    in.cursor(out.after);
    if (in.problem()) return *in.problem();
    return out;
}

boost::system::result<analysis_query, bad_parameter> parse_analysis_query(const http::request& from,
                                                                          analysis_kind kind, instant now) {
    const std::span<const std::string_view> known[] = {stats_parameters, top_parameters, flapping_parameters,
                                                       report_parameters};
    reader in{from, known[static_cast<std::size_t>(kind)]};
    analysis_query out;
    const bool report = kind == analysis_kind::report;
    if (kind == analysis_kind::flapping) out.limit = default_limit;
    in.range(now, out.range);
    in.text("namespace", out.range.space);
    in.text("severity", out.range.severity);
    in.number(report ? "top" : "limit", 1, report ? 100 : largest_limit, out.limit);
    in.number(report ? "min_flap" : "threshold", 2, 100'000, out.threshold);
    in.flag("include_recent", out.include_recent);
    if (in.problem()) return *in.problem();
    return out;
}

boost::system::result<letters_query, bad_parameter> parse_letters_query(const http::request& from) {
    reader in{from, letters_parameters};
    letters_query out;
    in.number("target_id", largest_id, out.target);
    in.limit(out.limit);
    in.number("cursor", largest_id, out.before);
    if (in.problem()) return *in.problem();
    return out;
}

boost::system::result<listen_query, bad_parameter> parse_listen_query(const http::request& from) {
    reader in{from, listen_parameters};
    listen_query out;
    in.number("last_event_id", largest_id, out.after);
    if (const auto header = from.header("Last-Event-ID"); header && !header->empty()) {
        std::int64_t id = 0;
        const auto [end, ec] = std::from_chars(header->data(), header->data() + header->size(), id);
        if (ec != std::errc{} || end != header->data() + header->size() || id < 0)
            in.refuse("Last-Event-ID", "is not the id of an event");
        out.after = id;
    }
    if (in.problem()) return *in.problem();
    return out;
}

boost::system::result<std::optional<std::int64_t>, bad_parameter>
parse_only_number(const http::request& from, std::string_view name, std::int64_t most) {
    const std::string_view known[] = {name};
    reader in{from, known};
    std::optional<std::int64_t> out;
    in.number(std::string{name}, most, out);
    if (in.problem()) return *in.problem();
    return out;
}

boost::system::result<std::optional<std::string>, bad_parameter>
parse_silence_status(const http::request& from) {
    constexpr std::string_view known[] = {"status"};
    reader in{from, known};
    std::optional<std::string> out;
    in.word("status", silence_states, out);
    if (in.problem()) return *in.problem();
    return out;
}

boost::system::result<void, bad_parameter> parse_no_query(const http::request& from) {
    reader in{from, {}};
    if (in.problem()) return *in.problem();
    return {};
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
