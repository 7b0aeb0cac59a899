#include <services/alerthist/alertmanager.hpp>

#include <algorithm>

#include <boost/json.hpp>

#include <services/alerthist/json_view.hpp>

namespace tusk::alerthist {

namespace json = boost::json;

namespace {

/// How Go writes a time that was never set.
const instant go_zero_time = parse_instant("0001-01-01T00:00:00Z").value();

constexpr std::size_t shown_of_a_value = 60;

std::string_view kind_name(const json::value& value) {
    switch (value.kind()) {
    case json::kind::null: return "null";
    case json::kind::bool_: return "a boolean";
    case json::kind::string: return "a string";
    case json::kind::array: return "an array";
    case json::kind::object: return "an object";
    default: return "a number";
    }
}

/// Text for a message, cut at a character's boundary.
std::string clipped(std::string_view text) {
    if (text.size() <= shown_of_a_value) return std::string{text};
    std::size_t end = shown_of_a_value;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return std::string{text.substr(0, end)} + "…";
}

std::string shown(std::string_view text) { return "\"" + clipped(text) + "\""; }

/// Reads the document; the first thing that is wrong stops it.
class body_reader {
public:
    explicit body_reader(std::size_t max_alerts) noexcept : max_alerts_{max_alerts} {}

    parsed_notification read(const json::value& root) {
        notification out;
        if (read_body(root, out)) return out;
        return std::move(*problem_);
    }

    parsed_alerts read_posted(const json::value& root, instant now) {
        posted_alerts out;
        if (read_list(root, now, out)) return out;
        return std::move(*problem_);
    }

private:
    bool fail(const std::string& path, const std::string& what) {
        problem_.emplace(rejection::reason::malformed, path + ": " + what);
        return false;
    }
    bool wrong_kind(const std::string& path, std::string_view wanted, const json::value& got) {
        return fail(path, "expected " + std::string{wanted} + ", got " + std::string{kind_name(got)});
    }

    /// PostgreSQL has no NUL in text or jsonb.
    bool check_text(const std::string& path, std::string_view text) {
        if (text.find('\0') == std::string_view::npos) return true;
        return fail(path, "holds the character U+0000, which cannot be stored");
    }

    /// A text that may be missing or null, and stays empty then.
    bool optional_text(const json::object& in, std::string_view key, const std::string& at,
                       std::string& out) {
        const auto* value = in.if_contains({key.data(), key.size()});
        if (!value || value->is_null()) return true;
        const auto path = at + std::string{key};
        const auto* text = value->if_string();
        if (!text) return wrong_kind(path, "a string", *value);
        out = view(*text);
        return check_text(path, out);
    }
    bool required_text(const json::object& in, std::string_view key, const std::string& at,
                       std::string& out) {
        if (!in.if_contains({key.data(), key.size()})) return fail(at + std::string{key}, "is missing");
        if (!optional_text(in, key, at, out)) return false;
        return !out.empty() || fail(at + std::string{key}, "is empty");
    }

    bool read_body(const json::value& root, notification& out) {
        const auto* body = root.if_object();
        if (!body) return wrong_kind("body", "an object", root);
        std::string version;
        if (!optional_text(*body, "version", "", version)) return false;
        if (!version.empty() && version != "4")
            return fail("version", shown(version) + " is not supported; expected \"4\"");
        if (!optional_text(*body, "receiver", "", out.receiver) ||
            !optional_text(*body, "groupKey", "", out.group_key))
            return false;
        const auto* alerts = body->if_contains("alerts");
        if (!alerts) return fail("alerts", "is missing");
        const auto* list = alerts->if_array();
        if (!list) return wrong_kind("alerts", "an array", *alerts);
        if (list->size() > max_alerts_) return too_many(list->size());
        out.alerts.resize(list->size());
        for (std::size_t i = 0; i < list->size(); ++i)
            if (!read_alert((*list)[i], "alerts[" + std::to_string(i) + "]", out.alerts[i])) return false;
        return true;
    }

    bool read_list(const json::value& root, instant now, posted_alerts& out) {
        const auto* list = root.if_array();
        if (!list) return wrong_kind("body", "an array", root);
        if (list->size() > max_alerts_) return too_many(list->size());
        out.what.receiver = "prometheus";
        out.what.alerts.resize(list->size());
        for (std::size_t i = 0; i < list->size(); ++i) {
            bool has_start = false;
            if (!read_posted_alert((*list)[i], "[" + std::to_string(i) + "]", now, out.what.alerts[i],
                                   has_start))
                return false;
            if (!has_start) out.without_start.push_back(i);
        }
        return true;
    }

    bool read_posted_alert(const json::value& from, const std::string& path, instant now, alert& out,
                           bool& has_start) {
        const auto* fields = from.if_object();
        if (!fields) return wrong_kind(path, "an object", from);
        const auto at = path + ".";
        if (!read_set(*fields, "labels", at, out.labels)) return false;
        // An empty value is no label. Source: Alertmanager, `removeEmptyLabels`.
        std::erase_if(out.labels, [](const auto& label) { return label.second.empty(); });
        if (out.labels.empty()) return fail(at + "labels", "at least one label is needed");
        std::optional<instant> starts_at;
        if (!read_set(*fields, "annotations", at, out.annotations) ||
            !read_time(*fields, "startsAt", at, starts_at) ||
            !read_time(*fields, "endsAt", at, out.ends_at) ||
            !optional_text(*fields, "generatorURL", at, out.generator_url))
            return false;
        has_start = starts_at.has_value();
        out.status = out.ends_at && *out.ends_at <= now ? alert_status::resolved : alert_status::firing;
        out.starts_at = starts_at.value_or(out.status == alert_status::resolved ? *out.ends_at : now);
        if (out.status == alert_status::firing) out.ends_at.reset();
        out.fingerprint = compute_fingerprint(out.labels);
        return true;
    }

    bool too_many(std::size_t count) {
        problem_.emplace(rejection::reason::too_many_alerts,
                         "alerts: " + std::to_string(count) + " alerts in one request; at most " +
                             std::to_string(max_alerts_) + " are accepted");
        return false;
    }

    bool read_alert(const json::value& from, const std::string& path, alert& out) {
        const auto* fields = from.if_object();
        if (!fields) return wrong_kind(path, "an object", from);
        const auto at = path + ".";
        return read_status(*fields, at, out.status) && read_set(*fields, "labels", at, out.labels) &&
               (!out.labels.empty() || fail(at + "labels", "at least one label is needed")) &&
               read_set(*fields, "annotations", at, out.annotations) && read_times(*fields, at, out) &&
               optional_text(*fields, "generatorURL", at, out.generator_url) &&
               read_fingerprint(*fields, at, out);
    }

    bool read_status(const json::object& in, const std::string& at, alert_status& out) {
        std::string word;
        if (!required_text(in, "status", at, word)) return false;
        const auto status = parse_alert_status(word);
        if (!status) return fail(at + "status", shown(word) + " is neither \"firing\" nor \"resolved\"");
        out = *status;
        return true;
    }

    bool read_set(const json::object& in, std::string_view key, const std::string& at, label_set& out) {
        const auto path = at + std::string{key};
        const auto* value = in.if_contains({key.data(), key.size()});
        if (!value || value->is_null()) return true;
        const auto* set = value->if_object();
        if (!set) return wrong_kind(path, "an object", *value);
        for (const auto& entry : *set) {
            const std::string_view name{entry.key().data(), entry.key().size()};
            if (name.empty()) return fail(path, "a name is empty");
            if (name.find('\0') != std::string_view::npos)
                return fail(path, "a name holds the character U+0000, which cannot be stored");
            const auto* text = entry.value().if_string();
            const auto own_path = path + "." + clipped(name);
            if (!text) return wrong_kind(own_path, "a string", entry.value());
            if (!check_text(own_path, view(*text))) return false;
            out.emplace(name, view(*text));
        }
        return true;
    }

    bool read_time(const json::object& in, std::string_view key, const std::string& at,
                   std::optional<instant>& out) {
        std::string text;
        if (!optional_text(in, key, at, text)) return false;
        if (text.empty()) return true;
        out = parse_instant(text);
        if (!out) return fail(at + std::string{key}, shown(text) + " is not a time as in RFC 3339");
        if (*out == go_zero_time) out.reset();
        return true;
    }

    bool read_times(const json::object& in, const std::string& at, alert& out) {
        std::optional<instant> starts_at;
        if (!read_time(in, "startsAt", at, starts_at) || !read_time(in, "endsAt", at, out.ends_at))
            return false;
        if (!starts_at) return fail(at + "startsAt", "is missing");
        out.starts_at = *starts_at;
        // While an alert fires, its end is at most the time when the sender would give it up.
        if (out.status == alert_status::firing) out.ends_at.reset();
        return true;
    }

    bool read_fingerprint(const json::object& in, const std::string& at, alert& out) {
        if (!optional_text(in, "fingerprint", at, out.fingerprint)) return false;
        if (out.fingerprint.empty()) out.fingerprint = compute_fingerprint(out.labels);
        if (is_fingerprint(out.fingerprint)) return true;
        return fail(at + "fingerprint", shown(out.fingerprint) +
                                            " is not made of 1 to 128 of the characters 0-9 A-Z a-z . _ : -");
    }

    std::size_t max_alerts_;
    std::optional<rejection> problem_;
};

} // namespace

std::optional<alert_status> parse_alert_status(std::string_view word) noexcept {
    if (word == "firing") return alert_status::firing;
    if (word == "resolved") return alert_status::resolved;
    return std::nullopt;
}

namespace {

/// The document in `memory`, or what is wrong with it.
boost::system::result<json::value, rejection> parse_document(std::string_view body,
                                                             json::monotonic_resource& memory) {
    const auto malformed = [](std::size_t at, const std::string& why) {
        return rejection{rejection::reason::malformed,
                         "body: not valid JSON at byte " + std::to_string(at + 1) + ": " + why};
    };
    json::parser parser{&memory};
    boost::system::error_code ec;
    const auto consumed = parser.write_some(body.data(), body.size(), ec);
    if (ec) return malformed(consumed, ec.message());
    const auto rest = body.find_first_not_of(" \t\r\n", consumed);
    if (rest != std::string_view::npos) return malformed(rest, "something follows the document");
    return parser.release();
}

} // namespace

parsed_notification parse_notification(std::string_view body, std::size_t max_alerts) {
    json::monotonic_resource memory; // one document, thrown away as a whole
    const auto root = parse_document(body, memory);
    if (!root) return root.error();
    return body_reader{max_alerts}.read(*root);
}

parsed_alerts parse_posted_alerts(std::string_view body, std::size_t max_alerts, instant now) {
    json::monotonic_resource memory;
    const auto root = parse_document(body, memory);
    if (!root) return root.error();
    return body_reader{max_alerts}.read_posted(*root, now);
}

std::string compute_fingerprint(const label_set& labels) {
    constexpr std::uint64_t prime = 0x100000001b3;
    std::uint64_t hash = 0xcbf29ce484222325;
    const auto mix = [&hash](std::string_view text) {
        for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * prime;
        hash = (hash ^ 0xFF) * prime;
    };
    for (const auto& [name, value] : labels) {
        mix(name);
        mix(value);
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out(16, '0');
    for (auto at = out.rbegin(); at != out.rend(); ++at, hash >>= 4) *at = digits[hash & 15];
    return out;
}

bool is_fingerprint(std::string_view text) noexcept {
    const auto fits = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
               c == '_' || c == ':' || c == '-';
    };
    return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), fits);
}

std::string to_json(const label_set& labels) {
    json_object out;
    for (const auto& [name, value] : labels) out.text(name, value);
    return out.finish();
}

} // namespace tusk::alerthist
