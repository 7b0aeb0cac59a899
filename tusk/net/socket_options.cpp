#include <tusk/net/socket_options.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace tusk::net {

namespace {

void set_option(int fd, int level, int name, int value) noexcept {
    ::setsockopt(fd, level, name, &value, sizeof value);
}

} // namespace

void set_tcp_options(int fd, const connect_config& config) noexcept {
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, config.keepalives() ? 1 : 0);
    if (config.keepalives()) {
        if (config.keepalives_idle().count() > 0)
            set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(config.keepalives_idle().count()));
        if (config.keepalives_interval().count() > 0)
            set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL,
                       static_cast<int>(config.keepalives_interval().count()));
        if (config.keepalives_count() > 0)
            set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, config.keepalives_count());
    }
    if (config.tcp_user_timeout().count() > 0)
        set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(config.tcp_user_timeout().count()));
}

int open_socket(int family) noexcept {
    return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

void discard_arrived(int fd) noexcept {
    char bytes[16 * 1024];
    for (int i = 0; i < 64; ++i)
        if (::recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) <= 0) return;
}

} // namespace tusk::net
