#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include <services/http/request.hpp>
#include <services/http/response.hpp>
#include <services/http/stream.hpp>

namespace tusk::http {

/// One server-sent event. Source: WHATWG HTML, server-sent events.
class server_event {
public:
    explicit server_event(std::string data) : data_{std::move(data)} {}

    /// The name that a page listens to; without it, "message".
    server_event& event(std::string name) {
        event_ = std::move(name);
        return *this;
    }
    /// Comes back as Last-Event-ID when the client connects again.
    server_event& id(std::string text) {
        id_ = std::move(text);
        return *this;
    }
    /// How long the client waits before it connects again.
    server_event& retry(std::chrono::milliseconds time) {
        retry_ = time;
        return *this;
    }

    const std::string& data() const noexcept { return data_; }
    const std::string& event() const noexcept { return event_; }
    const std::string& id() const noexcept { return id_; }
    std::optional<std::chrono::milliseconds> retry() const noexcept { return retry_; }

private:
    std::string data_;
    std::string event_;
    std::string id_;
    std::optional<std::chrono::milliseconds> retry_;
};

/// The event as it travels; data of several lines becomes several fields. Throws `tusk::error`
/// (`errc::invalid_argument`) when the name or the identifier holds an end of line or NUL.
std::string format_event(const server_event& what);

/// What the client saw last, when it connects again: Last-Event-ID.
std::optional<std::string_view> last_event_id(const request& of) noexcept;

/// Events, on a streaming response. All return false when the client has left.
class event_stream {
public:
    explicit event_stream(response_stream& to) noexcept : to_{&to} {}

    boost::asio::awaitable<bool> send(const server_event& what);
    /// `text` comes from `format_event` and lives until this returns.
    boost::asio::awaitable<bool> send_formatted(std::string_view text);
    /// A comment, which clients ignore.
    boost::asio::awaitable<bool> ping();
    bool is_open() const noexcept { return to_->is_open(); }

private:
    response_stream* to_;
};

using event_writer = std::function<boost::asio::awaitable<void>(event_stream&)>;

/// 200 with `text/event-stream`, told to caches and proxies to pass on at once.
response event_response(event_writer writer);

} // namespace tusk::http
