#include "client.hpp"

#include <cstdlib>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <fmt/format.h>

namespace bench_services {

namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";

/// False at the end or when the connection breaks.
bool read_more(int socket, std::string& into) {
    char bytes[65536];
    const auto size = ::recv(socket, bytes, sizeof bytes, 0);
    if (size > 0) into.append(bytes, static_cast<std::size_t>(size));
    return size > 0;
}

int status_of(std::string_view head) {
    if (head.size() < 12 || head.substr(0, 5) != "HTTP/") throw std::runtime_error{"the answer is no HTTP"};
    return std::atoi(head.data() + 9);
}

} // namespace

link::link(std::uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{30, 0};
    const int on = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
        ::close(socket_);
        throw std::runtime_error{fmt::format("nobody listens on port {}", port)};
    }
}

link::~link() {
    if (socket_ >= 0) ::close(socket_);
}

void link::send(std::string_view bytes) const {
    while (!bytes.empty()) {
        const auto size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (size <= 0) throw std::runtime_error{"the connection broke while sending"};
        bytes.remove_prefix(static_cast<std::size_t>(size));
    }
}

answer client::get(std::string_view target) {
    link_.send(fmt::format("GET {} HTTP/1.1\r\nHost: bench\r\n\r\n", target));
    return receive();
}

answer client::post(std::string_view target, std::string_view body) {
    auto text = fmt::format("POST {} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
                            "Content-Length: {}\r\n\r\n",
                            target, body.size());
    text += body;
    link_.send(text);
    return receive();
}

answer client::receive() {
    buffer_.clear();
    std::size_t head = std::string::npos;
    while ((head = buffer_.find(end_of_head)) == std::string::npos)
        if (!read_more(link_.socket(), buffer_)) throw std::runtime_error{"the connection ended"};
    answer out;
    out.status = status_of(buffer_);
    constexpr std::string_view name = "Content-Length: ";
    const auto length = buffer_.find(name);
    if (length == std::string::npos || length > head) throw std::runtime_error{"no Content-Length"};
    const auto size = std::strtoull(buffer_.c_str() + length + name.size(), nullptr, 10);
    const auto begin = head + end_of_head.size();
    while (buffer_.size() < begin + size)
        if (!read_more(link_.socket(), buffer_)) throw std::runtime_error{"the body ended early"};
    out.body = buffer_.substr(begin, size);
    return out;
}

link open_websocket(std::uint16_t port, std::string_view target, std::string& rest) {
    link out{port};
    out.send(fmt::format("GET {} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                         target));
    std::string head;
    std::size_t end = std::string::npos;
    while ((end = head.find(end_of_head)) == std::string::npos)
        if (!read_more(out.socket(), head)) throw std::runtime_error{"a WebSocket was refused"};
    if (status_of(head) != 101) throw std::runtime_error{"a WebSocket was refused: " + head};
    rest = head.substr(end + end_of_head.size());
    return out;
}

} // namespace bench_services
