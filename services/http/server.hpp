#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <services/http/router.hpp>
#include <services/http/server_options.hpp>

namespace tusk::http {

/// An HTTP/1.1 (and 1.0) server: keep-alive, pipelining, chunked and expected (100-continue) request bodies.
/// Each connection runs on its own strand, so the executor's context may be run by any number of threads. The
/// server must be destroyed before that context; destroying it cuts what is left.
class server {
public:
    /// The router is final from here on.
    server(router routes, server_options options);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// Binds and begins to accept. Throws `tusk::error`: `errc::invalid_configuration` for options that make
    /// no sense or a second start, else the system's or resolver's code (`std::errc::address_in_use`), with
    /// the address in the message.
    void start(boost::asio::any_io_executor executor);

    /// The port bound; 0 before `start`.
    std::uint16_t port() const noexcept;

    /// Connections open now.
    std::size_t connections() const noexcept;

    /// Stops accepting and closes the connections without a request at once. Requests under way are finished
    /// and answered with "Connection: close". Whatever is left after `timeout` is cut: its socket closed, its
    /// handler cancelled. Returns true when nothing had to be cut; may be called again, and from several
    /// coroutines.
    boost::asio::awaitable<bool> drain(std::chrono::steady_clock::duration timeout);

private:
    class impl;
    std::shared_ptr<impl> impl_;
};

} // namespace tusk::http
