#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bench_services {

/// A socket to 127.0.0.1; closed with the object. Reads end after thirty seconds.
class link {
public:
    /// Throws `std::runtime_error` when nobody listens.
    explicit link(std::uint16_t port);
    ~link();
    link(link&& from) noexcept : socket_{from.socket_} { from.socket_ = -1; }
    link& operator=(link&&) = delete;

    int socket() const noexcept { return socket_; }
    /// Throws `std::runtime_error` when the connection breaks.
    void send(std::string_view bytes) const;

private:
    int socket_;
};

/// What was answered.
struct answer {
    int status = 0;
    std::string body;
};

/// HTTP/1.1 on one connection that is kept: as little work as possible, for it shares the processors with
/// what it measures.
class client {
public:
    explicit client(std::uint16_t port) : link_{port} {}

    /// Throws `std::runtime_error` when the connection breaks or what comes is no HTTP.
    answer get(std::string_view target);
    answer post(std::string_view target, std::string_view body);

private:
    answer receive();

    link link_;
    std::string buffer_;
};

/// Opens a WebSocket at `target`; throws when it is refused. What came behind the answer is in `rest`.
link open_websocket(std::uint16_t port, std::string_view target, std::string& rest);

} // namespace bench_services
