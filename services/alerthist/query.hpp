#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

#include <services/alerthist/analysis.hpp>
#include <services/alerthist/cursor.hpp>
#include <services/alerthist/store.hpp>
#include <services/http/request.hpp>

namespace tusk::alerthist {

inline constexpr std::int64_t default_limit = 50;
inline constexpr std::int64_t largest_limit = 1000;

/// What is wrong with a query string; names the parameter: `limit: "many" is not a whole number from 1 to
/// 1000`.
class bad_parameter {
public:
    bad_parameter() = default;
    explicit bad_parameter(std::string message) : message_{std::move(message)} {}
    const std::string& message() const noexcept { return message_; }

private:
    std::string message_;
};

/// GET /api/v1/alerts.
struct alerts_query {
    alert_filter filter;
    std::int64_t limit = default_limit;
    std::optional<alert_cursor> after;
};

/// GET /api/v1/alerts/{fingerprint}/events.
struct events_query {
    std::int64_t limit = default_limit;
    std::optional<event_cursor> after;
};

/// GET /api/v1/events.
struct history_query {
    alert_filter filter;
    std::int64_t limit = default_limit;
    std::optional<event_cursor> after;
};

/// GET /api/v1/stats, top, flapping and report, each with the parameters that it has.
struct analysis_query {
    analysis_range range;
    std::int64_t limit = 10;
    std::int64_t threshold = 3;
    bool include_recent = false;
};
enum class analysis_kind : std::uint8_t { stats, top, flapping, report };

/// GET /api/v1/publishing/dead-letters.
struct letters_query {
    std::optional<std::int64_t> target;
    std::int64_t limit = default_limit;
    std::optional<std::int64_t> before;
};

/// GET /ws and /api/v1/events/stream.
struct listen_query {
    std::optional<std::int64_t> after;
};

/// Unknown parameters are refused, because a misspelt filter would list what nobody asked for. So is all text
/// that the database cannot hold.
boost::system::result<alerts_query, bad_parameter> parse_alerts_query(const http::request& from);
boost::system::result<events_query, bad_parameter> parse_events_query(const http::request& from);
boost::system::result<history_query, bad_parameter> parse_history_query(const http::request& from);
/// The range is the last 24 hours before `now` where nothing else is said.
boost::system::result<analysis_query, bad_parameter> parse_analysis_query(const http::request& from,
                                                                          analysis_kind kind, instant now);
boost::system::result<letters_query, bad_parameter> parse_letters_query(const http::request& from);
/// Last-Event-ID counts before the parameter.
boost::system::result<listen_query, bad_parameter> parse_listen_query(const http::request& from);
/// A whole number that may be there; no other parameter may.
boost::system::result<std::optional<std::int64_t>, bad_parameter>
parse_only_number(const http::request& from, std::string_view name, std::int64_t most);
/// `status` of silences; no other parameter may be there.
boost::system::result<std::optional<std::string>, bad_parameter>
parse_silence_status(const http::request& from);
boost::system::result<void, bad_parameter> parse_no_query(const http::request& from);

/// Whether `text` is UTF-8 (no overlong forms, no surrogates) without NUL. Source: RFC 3629.
bool is_storable_text(std::string_view text) noexcept;

} // namespace tusk::alerthist
