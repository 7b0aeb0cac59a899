#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

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

/// Unknown parameters are refused, because a misspelt filter would list what nobody asked for. So is all text
/// that the database cannot hold.
boost::system::result<alerts_query, bad_parameter> parse_alerts_query(const http::request& from);
boost::system::result<events_query, bad_parameter> parse_events_query(const http::request& from);

/// Whether `text` is UTF-8 (no overlong forms, no surrogates) without NUL. Source: RFC 3629.
bool is_storable_text(std::string_view text) noexcept;

} // namespace tusk::alerthist
