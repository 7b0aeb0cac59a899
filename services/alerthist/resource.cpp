#include <services/alerthist/resource.hpp>

#include <cmath>
#include <optional>

#include <boost/json.hpp>
#include <fmt/format.h>

#include <services/alerthist/condition.hpp>
#include <services/alerthist/json_view.hpp>
#include <services/alerthist/matcher.hpp>
#include <services/alerthist/query.hpp>
#include <services/http/headers.hpp>
#include <tusk/core/error.hpp>

namespace tusk::alerthist {

namespace json = boost::json;

namespace {

using kind = resource_field::kind;

#define ALERTHIST_TIME(column) "to_char(" column " at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

constexpr std::string_view filter_shown =
    "json_build_object('id', id, 'built_in', built_in, 'name', name, 'description', description, 'action', "
    "action, "
    "'priority', priority, 'enabled', enabled, 'conditions', conditions, 'reason', reason, "
    "'delay_seconds', delay_seconds, 'created_at', " ALERTHIST_TIME(
        "created_at") ", 'updated_at', " ALERTHIST_TIME("updated_at") ")";
constexpr std::string_view classification_shown =
    "json_build_object('id', id, 'built_in', built_in, 'name', name, 'priority', priority, 'enabled', "
    "enabled, "
    "'conditions', conditions, 'severity', severity, 'confidence', confidence, 'category', category, "
    "'recommendations', recommendations, 'created_at', " ALERTHIST_TIME(
        "created_at") ", 'updated_at', " ALERTHIST_TIME("updated_at") ")";
constexpr std::string_view inhibition_shown =
    "json_build_object('id', id, 'name', name, 'enabled', enabled, 'source_matchers', source_matchers, "
    "'target_matchers', target_matchers, 'equal', equal, 'created_at', " ALERTHIST_TIME(
        "created_at") ", 'updated_at', " ALERTHIST_TIME("updated_at") ")";
constexpr std::string_view silence_shown =
    "json_build_object('id', id, 'status', case when ends_at <= now() then "
    "'expired' when starts_at > now() then "
    "'pending' else 'active' end, 'matchers', matchers, "
    "'starts_at', " ALERTHIST_TIME("starts_at") ", 'ends_at', " ALERTHIST_TIME(
        "ends_at") ", 'created_by', created_by, 'comment', comment, "
                   "'created_at', " ALERTHIST_TIME("created_at") ", 'updated_at', " ALERTHIST_TIME("updated_"
                                                                                                   "at") ")";
// What a header says may be a password.
constexpr std::string_view target_shown =
    "json_build_object('id', id, 'has_secret', secret <> '', 'name', name, 'format', format, 'url', url, "
    "'enabled', "
    "enabled, 'headers', coalesce((select json_object_agg(key, '***') from jsonb_each(headers)), '{}'), "
    "'filter', "
    "filter, 'timeout_ms', timeout_ms, 'max_attempts', max_attempts, 'created_at', " ALERTHIST_TIME(
        "created_at") ", 'updated_at', " ALERTHIST_TIME("updated_at") ")";

#undef ALERTHIST_TIME

constexpr resource_field name_field{"name", kind::text, true, "", 1, 200, ""};
constexpr resource_field enabled_field{"enabled", kind::boolean, false, "true", 0, 0, ""};
constexpr resource_field priority_field{"priority", kind::integer, false, "100", 0, 1'000'000, ""};

constexpr resource_field filter_fields[] = {
    name_field,
    {"description", kind::text, false, "\"\"", 0, 1000, ""},
    {"action", kind::word, true, "", 0, 0, "allow deny delay"},
    priority_field,
    enabled_field,
    {"conditions", kind::condition, true, "", 0, 0, ""},
    {"reason", kind::text, false, "\"\"", 0, 200, ""},
    {"delay_seconds", kind::integer, false, "0", 0, 86400, ""},
};
constexpr resource_field classification_fields[] = {
    name_field,
    priority_field,
    enabled_field,
    {"conditions", kind::condition, true, "", 0, 0, ""},
    {"severity", kind::word, true, "", 0, 0, "critical warning info noise"},
    {"confidence", kind::number, true, "", 0, 1, ""},
    {"category", kind::text, false, "\"\"", 0, 200, ""},
    {"recommendations", kind::words, false, "[]", 0, 20, ""},
};
constexpr resource_field inhibition_fields[] = {
    name_field,
    enabled_field,
    {"source_matchers", kind::matchers, true, "", 0, 0, ""},
    {"target_matchers", kind::matchers, true, "", 0, 0, ""},
    {"equal", kind::words, false, "[]", 0, 50, ""},
};
constexpr resource_field silence_fields[] = {
    {"matchers", kind::matchers, true, "", 0, 0, ""}, {"starts_at", kind::time, false, "", 0, 0, ""},
    {"ends_at", kind::time, true, "", 0, 0, ""},      {"created_by", kind::text, true, "", 1, 200, ""},
    {"comment", kind::text, true, "", 3, 1024, ""},
};
constexpr resource_field target_fields[] = {
    name_field,
    {"format", kind::word, true, "", 0, 0, "webhook slack pagerduty alertmanager"},
    {"url", kind::url, true, "", 1, 2000, ""},
    enabled_field,
    {"headers", kind::map, false, "{}", 0, 0, ""},
    {"secret", kind::text, false, "", 0, 1000, ""},
    {"filter", kind::condition, false, "null", 0, 0, ""},
    {"timeout_ms", kind::integer, false, "10000", 100, 60'000, ""},
    {"max_attempts", kind::integer, false, "6", 1, 50, ""},
};

/// Characters, of valid UTF-8.
std::size_t length(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return count;
}

using problem = std::optional<std::string>;

problem check_text(const resource_field& as, const json::value& v, const std::string& path) {
    if (!v.is_string()) return path + ": expected a string";
    const auto text = view(v.get_string());
    if (!is_storable_text(text)) return path + ": holds the character U+0000, which cannot be stored";
    const auto size = static_cast<double>(length(text));
    if (size < as.least || size > as.most)
        return fmt::format("{}: expected {} to {} characters", path, as.least, as.most);
    return std::nullopt;
}

problem check_word(const resource_field& as, const json::value& v, const std::string& path) {
    if (v.is_string() && !v.get_string().empty()) {
        const auto padded = " " + std::string{as.choices} + " ";
        const auto word = std::string{view(v.get_string())};
        if (word.find(' ') == std::string::npos && padded.find(" " + word + " ") != std::string::npos)
            return std::nullopt;
    }
    return path + ": expected one of " + std::string{as.choices};
}

problem check_number(const resource_field& as, const json::value& v, const std::string& path) {
    const bool whole = as.type == kind::integer;
    if (v.is_number()) {
        const auto number = v.to_number<double>();
        if (number >= as.least && number <= as.most && (!whole || v.is_int64() || v.is_uint64()))
            return std::nullopt;
    }
    return fmt::format("{}: expected a {}number from {} to {}", path, whole ? "whole " : "", as.least,
                       as.most);
}

problem check_words(const resource_field& as, const json::value& v, const std::string& path) {
    const auto* list = v.if_array();
    if (!list || static_cast<double>(list->size()) > as.most)
        return fmt::format("{}: expected a list of at most {} strings", path, as.most);
    for (std::size_t i = 0; i < list->size(); ++i) {
        const auto* one = (*list)[i].if_string();
        if (!one || !is_storable_text(view(*one)) || one->size() > 1000)
            return fmt::format("{}[{}]: expected a string", path, i);
    }
    return std::nullopt;
}

/// Headers of a target: names and values that can be sent.
problem check_map(const json::value& v, const std::string& path) {
    const auto* map = v.if_object();
    if (!map || map->size() > 50) return path + ": expected an object of at most 50 headers";
    http::header_list sendable;
    for (const auto& [name, value] : *map) {
        const auto where = path + "." + std::string{name.data(), name.size()};
        if (!value.is_string()) return where + ": expected a string";
        try {
            sendable.set({name.data(), name.size()}, view(value.get_string()));
        } catch (const error&) {
            return where + ": cannot be sent as a header";
        }
    }
    return std::nullopt;
}

problem check_url(const resource_field& as, const json::value& v, const std::string& path) {
    if (auto wrong = check_text(as, v, path)) return wrong;
    const auto text = view(v.get_string());
    const auto scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
    bool fits = scheme > 0 && text.size() > static_cast<std::size_t>(scheme);
    for (const char c : text) fits = fits && static_cast<unsigned char>(c) > 0x20 && c != '\x7f' && c != '\\';
    return fits ? problem{} : path + ": expected a URL that begins with http:// or https://";
}

problem check_time(const json::value& v, const std::string& path) {
    if (v.is_string() && parse_instant(view(v.get_string()))) return std::nullopt;
    return path + ": expected a time as in RFC 3339, such as 2026-11-21T22:15:09Z";
}

problem check(const resource_field& as, const json::value& v, const std::string& path) {
    switch (as.type) {
    case kind::text: return check_text(as, v, path);
    case kind::word: return check_word(as, v, path);
    case kind::integer:
    case kind::number: return check_number(as, v, path);
    case kind::boolean: return v.is_bool() ? problem{} : path + ": expected a boolean";
    case kind::words: return check_words(as, v, path);
    case kind::map: return check_map(v, path);
    case kind::time: return check_time(v, path);
    case kind::url: return check_url(as, v, path);
    case kind::matchers: {
        const auto parsed = parse_matchers(v, path);
        return parsed ? problem{} : parsed.error();
    }
    default: {
        const auto parsed = alert_condition::parse(v, path);
        return parsed ? problem{} : parsed.error();
    }
    }
}

} // namespace

const resource filter_rules{
    "filter_rules",
    "filter rule",
    filter_shown,
    "name text, description text, action text, priority integer, enabled boolean, conditions "
    "jsonb, reason text, delay_seconds integer",
    "name, description, action, priority, enabled, conditions, reason, delay_seconds",
    "priority, id",
    false,
    true,
    filter_fields};
const resource classification_rules{
    "classification_rules",
    "classification rule",
    classification_shown,
    "name text, priority integer, enabled boolean, conditions jsonb, severity text, confidence double "
    "precision, "
    "category text, recommendations jsonb",
    "name, priority, enabled, conditions, severity, confidence, category, recommendations",
    "priority, id",
    false,
    true,
    classification_fields};
const resource inhibition_rules{
    "inhibition_rules",
    "inhibition rule",
    inhibition_shown,
    "name text, enabled boolean, source_matchers jsonb, target_matchers jsonb, equal jsonb",
    "name, enabled, source_matchers, target_matchers, equal",
    "id",
    false,
    false,
    inhibition_fields};
const resource silences{
    "silences",
    "silence",
    silence_shown,
    "matchers jsonb, starts_at timestamptz, ends_at timestamptz, created_by text, comment text",
    "matchers, starts_at, ends_at, created_by, comment",
    "ends_at desc, id",
    true,
    false,
    silence_fields};
const resource targets{
    "publishing_targets",
    "target",
    target_shown,
    "name text, format text, url text, enabled boolean, headers jsonb, secret text, filter jsonb, "
    "timeout_ms integer, max_attempts integer",
    "name, format, url, enabled, headers, secret, filter, timeout_ms, max_attempts",
    "id",
    false,
    false,
    target_fields};

boost::system::result<json::object, std::string> checked(const resource& as, const json::value& given) {
    const auto* from = given.if_object();
    if (!from) return std::string{"body: expected an object"};
    json::object out;
    for (const auto& field : as.fields) {
        const auto* value = from->if_contains({field.name.data(), field.name.size()});
        const std::string path{field.name};
        const bool missing = !value || value->is_null();
        if (missing && field.required) return path + ": is missing";
        if (missing) {
            if (!field.otherwise.empty())
                out.emplace(path, json::parse({field.otherwise.data(), field.otherwise.size()}));
            continue;
        }
        if (const auto wrong = check(field, *value, path)) return *wrong;
        out.emplace(path, *value);
    }
    return out;
}

} // namespace tusk::alerthist
