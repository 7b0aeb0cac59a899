#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>

#include <services/http/request.hpp>

namespace tusk::http {

/// Called once for each request that got an answer, after it was written: for access logs and metrics.
/// `bytes` is what was written, header included; `duration` runs from the request's first byte to the last
/// byte of the answer. A request that could not be parsed has no method or route; one that was cut while its
/// handler ran has status 503 and 0 bytes.
using completion_hook = std::function<void(
    const request& of, unsigned status, std::chrono::steady_clock::duration duration, std::uint64_t bytes)>;

/// Called with what a handler threw, or with `of` null with what went wrong while accepting connections.
using error_hook = std::function<void(std::exception_ptr what, const request* of)>;

/// Settings of a `server`. Checked by `server::start`. The hooks run on the strands of the connections,
/// several at a time when several threads run the executor; what they throw is swallowed.
class server_options {
public:
    using duration = std::chrono::steady_clock::duration;

    server_options() = default;

    /// "host:port": an address, "[::1]:8080", a name, or nothing before the colon for every address of the
    /// machine; port 0 takes any free one. Default "127.0.0.1:8080".
    server_options& listen(std::string address) {
        listen_ = std::move(address);
        return *this;
    }
    /// The largest request body in bytes; beyond it 413, and the rest is not read. Routes may differ. Default
    /// 10 MiB.
    server_options& max_body(std::uint64_t bytes) {
        max_body_ = bytes;
        return *this;
    }
    /// The largest request line with header fields in bytes; beyond it 431. Default 64 KiB, at most 16 MiB.
    server_options& max_header(std::size_t bytes) {
        max_header_ = bytes;
        return *this;
    }
    /// How long a connection may stay open between two requests. Default 75 s.
    server_options& idle_timeout(duration time) {
        idle_timeout_ = time;
        return *this;
    }
    /// How long a request may take to arrive, header and body together; also how long a new connection may
    /// take to send its first byte. Default 30 s.
    server_options& read_timeout(duration time) {
        read_timeout_ = time;
        return *this;
    }
    /// How long an answer may take to leave. Default 30 s.
    server_options& write_timeout(duration time) {
        write_timeout_ = time;
        return *this;
    }
    /// Connections at a time; more are answered with 503 and closed. Default 1024.
    server_options& max_connections(std::size_t count) {
        max_connections_ = count;
        return *this;
    }
    /// Connections at a time from one address; more are answered with 503 and closed. Default 0: no limit but
    /// `max_connections`. Behind a proxy every client has the proxy's address.
    server_options& max_connections_per_address(std::size_t count) {
        max_per_address_ = count;
        return *this;
    }
    server_options& on_complete(completion_hook hook) {
        on_complete_ = std::move(hook);
        return *this;
    }
    server_options& on_error(error_hook hook) {
        on_error_ = std::move(hook);
        return *this;
    }

    const std::string& listen() const noexcept { return listen_; }
    std::uint64_t max_body() const noexcept { return max_body_; }
    std::size_t max_header() const noexcept { return max_header_; }
    duration idle_timeout() const noexcept { return idle_timeout_; }
    duration read_timeout() const noexcept { return read_timeout_; }
    duration write_timeout() const noexcept { return write_timeout_; }
    std::size_t max_connections() const noexcept { return max_connections_; }
    std::size_t max_connections_per_address() const noexcept { return max_per_address_; }
    const completion_hook& on_complete() const noexcept { return on_complete_; }
    const error_hook& on_error() const noexcept { return on_error_; }

private:
    std::string listen_ = "127.0.0.1:8080";
    std::uint64_t max_body_ = 10 * 1024 * 1024;
    std::size_t max_header_ = 64 * 1024;
    duration idle_timeout_ = std::chrono::seconds{75};
    duration read_timeout_ = std::chrono::seconds{30};
    duration write_timeout_ = std::chrono::seconds{30};
    std::size_t max_connections_ = 1024;
    std::size_t max_per_address_ = 0;
    completion_hook on_complete_;
    error_hook on_error_;
};

} // namespace tusk::http
