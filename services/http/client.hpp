#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <services/http/headers.hpp>

namespace tusk::http {

/// Settings of a `client`.
class client_options {
public:
    using duration = std::chrono::steady_clock::duration;

    /// For a request that has none of its own: from the name's look-up to the last byte of the answer.
    /// Default 10 s.
    client_options& timeout(duration time) {
        timeout_ = time;
        return *this;
    }
    /// How long a connection is kept for the next request. Default 30 s; 0: not at all.
    client_options& idle_timeout(duration time) {
        idle_timeout_ = time;
        return *this;
    }
    /// How many are kept for one host. Default 8.
    client_options& max_idle_per_host(std::size_t count) {
        max_idle_ = count;
        return *this;
    }
    /// The largest body of an answer, in bytes. Default 1 MiB.
    client_options& max_response(std::size_t bytes) {
        max_response_ = bytes;
        return *this;
    }
    /// PEM with the authorities that servers' certificates are checked against, in place of the system's.
    client_options& certificate_authorities(std::string path) {
        authorities_ = std::move(path);
        return *this;
    }
    /// Default "tusk".
    client_options& user_agent(std::string text) {
        user_agent_ = std::move(text);
        return *this;
    }

    duration timeout() const noexcept { return timeout_; }
    duration idle_timeout() const noexcept { return idle_timeout_; }
    std::size_t max_idle_per_host() const noexcept { return max_idle_; }
    std::size_t max_response() const noexcept { return max_response_; }
    const std::string& certificate_authorities() const noexcept { return authorities_; }
    const std::string& user_agent() const noexcept { return user_agent_; }

private:
    duration timeout_ = std::chrono::seconds{10};
    duration idle_timeout_ = std::chrono::seconds{30};
    std::size_t max_idle_ = 8;
    std::size_t max_response_ = 1024 * 1024;
    std::string authorities_;
    std::string user_agent_ = "tusk";
};

/// What a client asks.
class client_request {
public:
    /// `url` is absolute: `http://host[:port]/path?query` or `https://…`.
    client_request(std::string method, std::string url) : method_{std::move(method)}, url_{std::move(url)} {}

    /// Replaces a header; errors as `header_list::set`. Host, Content-Length and Connection are the client's.
    client_request& header(std::string_view name, std::string_view value) {
        headers_.set(name, value);
        return *this;
    }
    client_request& body(std::string text, std::string_view content_type) {
        body_ = std::move(text);
        return header("Content-Type", content_type);
    }
    client_request& timeout(client_options::duration time) {
        timeout_ = time;
        return *this;
    }

    const std::string& method() const noexcept { return method_; }
    const std::string& url() const noexcept { return url_; }
    const header_list& headers() const noexcept { return headers_; }
    const std::string& body() const noexcept { return body_; }
    std::optional<client_options::duration> timeout() const noexcept { return timeout_; }

private:
    std::string method_;
    std::string url_;
    header_list headers_;
    std::string body_;
    std::optional<client_options::duration> timeout_;
};

/// What a server answered, whatever its status.
class client_response {
public:
    client_response() = default;
    client_response(unsigned status, header_list headers, std::string body)
        : status_{status}, headers_{std::move(headers)}, body_{std::move(body)} {}
    unsigned status() const noexcept { return status_; }
    const header_list& headers() const noexcept { return headers_; }
    const std::string& body() const noexcept { return body_; }

private:
    unsigned status_ = 0;
    header_list headers_;
    std::string body_;
};

/// Sends HTTP/1.1 requests, such as webhooks: connections are kept and used again, certificates are checked,
/// redirects are answers like others, and neither proxies nor cookies are known. May be used from several
/// threads and copied; the copies share the connections.
class client {
public:
    /// Throws `tusk::error` (`errc::environment`) when the authorities cannot be read.
    explicit client(boost::asio::any_io_executor executor, client_options options = client_options{});

    /// `what` has to live until the answer is there: name it before the `co_await`. Throws `tusk::error`:
    /// `errc::invalid_argument` (a URL that makes no sense), `host_not_found`, `connect_failed`,
    /// `tls_certificate`, `tls_failed`, `timeout`, `connection_lost`, `protocol_violation` (no HTTP),
    /// `message_too_large`. When a kept connection turns out to be gone, a request of a method that may be
    /// repeated (GET, HEAD, PUT, DELETE, OPTIONS) is sent again, once.
    boost::asio::awaitable<client_response> send(const client_request& what) const;

    /// Connections that are kept now.
    std::size_t idle() const;

private:
    class impl;
    std::shared_ptr<impl> impl_;
};

} // namespace tusk::http
