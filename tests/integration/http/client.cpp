#include "client.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

constexpr int patience_ms = 10'000;

} // namespace

raw_client::raw_client() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    if (socket_ < 0) fail("socket");
}

raw_client::~raw_client() { ::close(socket_); }

bool raw_client::try_connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

void raw_client::connect(std::uint16_t port) {
    if (!try_connect(port)) fail("connect");
}

void raw_client::set_receive_buffer(int bytes) {
    if (::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) != 0) fail("setsockopt");
}

void raw_client::send(std::string_view bytes) {
    if (!try_send(bytes)) fail("send");
}

bool raw_client::try_send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void raw_client::end_sending() { ::shutdown(socket_, SHUT_WR); }

bool raw_client::readable(std::chrono::milliseconds within) const {
    if (!buffer_.empty()) return true;
    pollfd entry{socket_, POLLIN, 0};
    return ::poll(&entry, 1, static_cast<int>(within.count())) == 1;
}

/// False at the end.
bool raw_client::read_more() {
    pollfd entry{socket_, POLLIN, 0};
    if (::poll(&entry, 1, patience_ms) != 1)
        throw std::runtime_error{"the server neither answers nor closes"};
    std::array<char, 16 * 1024> piece{};
    const auto size = ::recv(socket_, piece.data(), piece.size(), 0);
    if (size < 0) fail("recv");
    buffer_.append(piece.data(), static_cast<std::size_t>(size));
    return size > 0;
}

raw_client::answer raw_client::receive(bool head_only) {
    const auto more = [this] {
        if (!read_more()) throw std::runtime_error{"the server closed; it had sent: " + buffer_};
    };
    while (buffer_.find("\r\n\r\n") == std::string::npos) more();

    answer parsed;
    const auto head_size = buffer_.find("\r\n\r\n") + 4;
    std::string_view head{buffer_.data(), head_size - 2};
    parsed.status_line = head.substr(0, head.find("\r\n"));
    parsed.status = std::stoi(parsed.status_line.substr(9, 3));
    head.remove_prefix(parsed.status_line.size() + 2);
    while (!head.empty()) {
        const auto line = head.substr(0, head.find("\r\n"));
        std::string name{line.substr(0, line.find(": "))};
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        parsed.headers.emplace(std::move(name), line.substr(line.find(": ") + 2));
        head.remove_prefix(line.size() + 2);
    }
    buffer_.erase(0, head_size);

    const auto length = parsed.header("content-length");
    if (head_only || length.empty()) return parsed;
    const auto size = std::stoul(length);
    while (buffer_.size() < size) more();
    parsed.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return parsed;
}

std::string raw_client::receive_bytes(std::size_t count) {
    while (buffer_.size() < count)
        if (!read_more()) throw std::runtime_error{"the server closed; it had sent: " + buffer_};
    auto bytes = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return bytes;
}

std::string raw_client::receive_until(std::string_view end) {
    while (buffer_.find(end) == std::string::npos)
        if (!read_more()) throw std::runtime_error{"the server closed; it had sent: " + buffer_};
    return receive_bytes(buffer_.find(end) + end.size());
}

void raw_client::abort() {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(socket_);
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

std::string raw_client::receive_to_end() {
    while (read_more()) {
    }
    return std::exchange(buffer_, {});
}

std::string make_request(std::string_view method, std::string_view target, std::string_view headers,
                         std::string_view body) {
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(headers);
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return text.append("\r\n").append(body);
}
