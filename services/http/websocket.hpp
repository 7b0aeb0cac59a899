#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <services/http/outbox.hpp>
#include <services/http/request.hpp>
#include <services/http/response.hpp>

namespace tusk::http {

/// Why a WebSocket is closed. Source: RFC 6455 section 7.4.1, IANA's registry.
enum class close_code : std::uint16_t {
    normal = 1000,
    going_away = 1001, ///< The server drains.
    protocol_error = 1002,
    unsupported = 1003, ///< A binary message.
    none = 1005,        ///< Never sent: the peer gave no code.
    abnormal = 1006,    ///< Never sent: the connection broke.
    bad_payload = 1007, ///< Text that is not UTF-8.
    policy = 1008,
    too_big = 1009,
    internal_error = 1011,
    try_again_later = 1013, ///< The client did not keep up.
};

/// Settings of a WebSocket route.
class websocket_options {
public:
    using duration = std::chrono::steady_clock::duration;

    /// The largest message that is accepted, in bytes; beyond it the connection is closed with 1009. Default
    /// 64 KiB.
    websocket_options& max_message(std::size_t bytes) {
        max_message_ = bytes;
        return *this;
    }
    /// How long the peer may be silent. It is asked (ping) after half of that; default 60 s.
    websocket_options& idle_timeout(duration time) {
        idle_timeout_ = time;
        return *this;
    }
    /// How long closing may take, for a peer that does not answer or read. Default 5 s.
    websocket_options& close_timeout(duration time) {
        close_timeout_ = time;
        return *this;
    }
    /// How much may wait for a client that does not keep up. Default 256 messages, 1 MiB.
    websocket_options& max_queue(std::size_t messages, std::size_t bytes) {
        max_messages_ = messages;
        max_bytes_ = bytes;
        return *this;
    }
    /// Only pages from this origin, such as "https://example.org", may connect (others: 403). May be called
    /// several times; default: all. Who sends no Origin is no page.
    websocket_options& origin(std::string value) {
        origins_.push_back(std::move(value));
        return *this;
    }

    std::size_t max_message() const noexcept { return max_message_; }
    duration idle_timeout() const noexcept { return idle_timeout_; }
    duration close_timeout() const noexcept { return close_timeout_; }
    std::size_t max_messages() const noexcept { return max_messages_; }
    std::size_t max_bytes() const noexcept { return max_bytes_; }
    const std::vector<std::string>& origins() const noexcept { return origins_; }

private:
    std::size_t max_message_ = 64 * 1024;
    duration idle_timeout_ = std::chrono::seconds{60};
    duration close_timeout_ = std::chrono::seconds{5};
    std::size_t max_messages_ = 256;
    std::size_t max_bytes_ = 1024 * 1024;
    std::vector<std::string> origins_;
};

/// One WebSocket connection, made by the server; it has text messages only. Source: RFC 6455.
class websocket {
public:
    virtual ~websocket() = default;

    /// The next message; `nullopt` when the connection is closed or broken, or the server drains. On the
    /// connection's strand, one call at a time. Pings and closes are answered while this waits, so call it
    /// until it returns nothing.
    virtual boost::asio::awaitable<std::optional<std::string>> receive() = 0;

    /// From any thread: closes, after the message being sent. The first call counts.
    virtual void close(close_code code, std::string reason = {}) = 0;

    /// What is to be sent. From any thread: `queue()->push(message)`; a client that lets it fill up is closed
    /// with 1013.
    virtual const std::shared_ptr<outbox>& queue() const noexcept = 0;
    /// From any thread; false when the client is gone or does not keep up.
    bool send(std::string text) {
        return queue()->push(std::make_shared<const std::string>(std::move(text)));
    }

    /// The peer's code, once `receive` has returned nothing; `abnormal` when it gave none at all.
    virtual close_code peer_code() const noexcept = 0;
};

/// Runs on the connection's strand; when it returns, the connection is closed with 1000, when it throws, with
/// 1011. Cancelled when the server cuts the connection.
using websocket_session = std::function<boost::asio::awaitable<void>(websocket&)>;

/// What a response says that leaves HTTP.
class websocket_upgrade {
public:
    websocket_upgrade(websocket_options options, websocket_session run)
        : options_{std::move(options)}, run_{std::move(run)} {}
    const websocket_options& options() const noexcept { return options_; }
    const websocket_session& run() const noexcept { return run_; }

private:
    websocket_options options_;
    websocket_session run_;
};

/// Answers a WebSocket handshake; whatever is none is 426 (an ordinary request), 400 or 403. The session has
/// to keep alive what it uses.
response upgrade_to_websocket(const request& of, const websocket_options& options, websocket_session run);

} // namespace tusk::http
