#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include <tusk/core/error.hpp>
#include <tusk/wire/backend.hpp>

namespace tusk {

/// What NOTIFY sent: `pid` of the server process that sent it, `channel`, `payload`.
using notification = wire::notification;

/// Notifications may have been lost: whoever keeps state by them has to read it anew.
class gap {
public:
    enum class cause : std::uint8_t {
        connection_lost, ///< The connection was gone for a while; the server keeps nothing for later.
        overflow,        ///< The reader was too slow and the queue full.
    };

    gap(cause why, std::chrono::system_clock::time_point since, failure reason, std::uint64_t dropped = 0)
        : cause_{why}, since_{since}, reason_{std::move(reason)}, dropped_{dropped} {}

    cause why() const noexcept { return cause_; }
    /// Up to then nothing was lost: when the server was last heard, or when the first one was dropped.
    std::chrono::system_clock::time_point since() const noexcept { return since_; }
    /// What ended the connection, or which limit was reached.
    const failure& reason() const noexcept { return reason_; }
    /// How many notifications were dropped because the queue was full.
    std::uint64_t dropped() const noexcept { return dropped_; }
    /// Takes a later one in.
    void absorb(gap&& later);

private:
    cause cause_;
    std::chrono::system_clock::time_point since_;
    failure reason_;
    std::uint64_t dropped_;
};

/// What a listener delivers, in order.
using notification_event = std::variant<notification, gap>;

/// Longest channel name and payload, in bytes: NAMEDATALEN - 1, NOTIFY_PAYLOAD_MAX_LENGTH - 1. Source:
/// PostgreSQL's async.c.
inline constexpr std::size_t max_channel_size = 63;
inline constexpr std::size_t max_payload_size = 7999;

namespace detail {

/// Why the server would not take it, or nothing. `errc::invalid_argument`.
failure check_channel(std::string_view channel);
failure check_notification(std::string_view channel, std::string_view payload);
inline constexpr std::string_view notify_sql = "select pg_notify($1, $2)";

} // namespace detail

} // namespace tusk
