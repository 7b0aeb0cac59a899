#include <bench/floor/raw_connection.hpp>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <tusk/net/conninfo.hpp>
#include <tusk/wire/frontend.hpp>

namespace bench::raw {

namespace {

[[noreturn]] void give_up(const char* what) {
    throw std::runtime_error{std::string{what} + ": " + std::strerror(errno)};
}

int open_socket(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        throw std::runtime_error{"the floor needs a unix socket: give the directory as host"};
    std::memcpy(address.sun_path, path.data(), path.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) give_up("socket");
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        give_up(path.c_str());
    }
    return fd;
}

} // namespace

connection::connection(const std::string& url) {
    const auto config = tusk::parse_connect_config(url).value();
    fd_ = open_socket(config.hosts().at(0).socket_path());
    start(config.user(), config.database(), config.options());
}

connection::~connection() { ::close(fd_); }

void connection::start(const std::string& user, const std::string& database, const std::string& options) {
    std::vector<std::pair<std::string, std::string>> parameters{{"user", user}, {"database", database}};
    if (!options.empty()) parameters.emplace_back("options", options);
    tusk::wire::write_buffer out;
    tusk::throw_if(tusk::wire::write_startup(out, 0, parameters));
    send(out.bytes());
    std::vector<std::byte> all;
    std::size_t at = 0;
    for (;;) {
        while (all.size() - at < 5 ||
               all.size() - at < 1 + tusk::wire::load_big_endian<std::uint32_t>(&all[at + 1])) {
            const auto more = receive();
            all.insert(all.end(), more.begin(), more.end());
        }
        const auto type = static_cast<char>(all[at]);
        const auto* body = all.data() + at + 5;
        if (type == 'E') throw std::runtime_error{"the server does not let the floor in"};
        if (type == 'R' && tusk::wire::load_big_endian<std::int32_t>(body) != 0)
            throw std::runtime_error{"the floor knows no passwords: it needs trust"};
        if (type == 'K') backend_ = tusk::wire::load_big_endian<std::int32_t>(body);
        at += 1 + tusk::wire::load_big_endian<std::uint32_t>(&all[at + 1]);
        if (type == 'Z') return;
    }
}

void connection::send(std::span<const std::byte> message) {
    while (!message.empty()) {
        const auto sent = ::send(fd_, message.data(), message.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) give_up("send");
        if (sent > 0) message = message.subspan(static_cast<std::size_t>(sent));
    }
}

std::span<const std::byte> connection::receive() {
    for (;;) {
        const auto got = ::recv(fd_, buffer_.data(), buffer_.size(), 0);
        if (got > 0) return {buffer_.data(), static_cast<std::size_t>(got)};
        if (got == 0) throw std::runtime_error{"the server hung up"};
        if (errno != EINTR) give_up("recv");
    }
}

void connection::skip_answer() {
    auto got = receive();
    if (got.front() == std::byte{'E'}) throw std::runtime_error{"the server reports an error"};
    while (got.size() < 6 || std::memcmp(got.last(6).data(), "Z\0\0\0\5I", 6) != 0) got = receive();
}

} // namespace bench::raw
