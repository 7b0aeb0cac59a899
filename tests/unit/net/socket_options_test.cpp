// What the connection string says about a TCP socket reaches the socket.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <tusk/net/socket_options.hpp>

namespace socket_options_test {

class tcp_socket {
public:
    explicit tcp_socket(const char* conninfo) : fd_{tusk::net::open_socket(AF_INET)} {
        tusk::net::set_tcp_options(fd_, tusk::parse_connect_config(conninfo).value());
    }
    ~tcp_socket() { ::close(fd_); }
    tcp_socket(const tcp_socket&) = delete;
    tcp_socket& operator=(const tcp_socket&) = delete;

    int option(int level, int name) const {
        int value = -1;
        socklen_t size = sizeof value;
        EXPECT_EQ(::getsockopt(fd_, level, name, &value, &size), 0);
        return value;
    }

private:
    int fd_;
};

TEST(socket_options, of_the_connection_string_are_set) {
    const tcp_socket s{"host=h user=u keepalives_idle=11 keepalives_interval=12 keepalives_count=3 "
                       "tcp_user_timeout=4500"};
    EXPECT_NE(s.option(IPPROTO_TCP, TCP_NODELAY), 0);
    EXPECT_NE(s.option(SOL_SOCKET, SO_KEEPALIVE), 0);
    EXPECT_EQ(s.option(IPPROTO_TCP, TCP_KEEPIDLE), 11);
    EXPECT_EQ(s.option(IPPROTO_TCP, TCP_KEEPINTVL), 12);
    EXPECT_EQ(s.option(IPPROTO_TCP, TCP_KEEPCNT), 3);
    EXPECT_EQ(s.option(IPPROTO_TCP, TCP_USER_TIMEOUT), 4500);
}

TEST(socket_options, may_be_left_to_the_system) {
    const tcp_socket s{"host=h user=u keepalives=0"};
    const tcp_socket plain{"host=h user=u"};
    EXPECT_EQ(s.option(SOL_SOCKET, SO_KEEPALIVE), 0);
    EXPECT_NE(plain.option(SOL_SOCKET, SO_KEEPALIVE), 0);
    EXPECT_EQ(plain.option(IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
}

} // namespace socket_options_test
