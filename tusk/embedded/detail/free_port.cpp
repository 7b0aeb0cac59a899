#include <tusk/embedded/detail/free_port.hpp>

#include <cerrno>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <tusk/embedded/detail/posix.hpp>

namespace tusk::embedded::detail {

namespace {

/// Binds to port 0; the system puts the port it chose into `address`.
bool take_port(int family, sockaddr* address, socklen_t size) {
    const unique_fd fd{::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    return fd && ::bind(fd.get(), address, size) == 0 && ::getsockname(fd.get(), address, &size) == 0;
}

} // namespace

result<std::uint16_t> free_port(const std::string& host) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    if (::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) == 1) {
        if (take_port(AF_INET6, reinterpret_cast<sockaddr*>(&six), sizeof six)) return ntohs(six.sin6_port);
        return system_failure("no free port on " + host, errno);
    }
    sockaddr_in four{};
    four.sin_family = AF_INET;
    if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) != 1) four.sin_addr.s_addr = htonl(INADDR_ANY);
    if (take_port(AF_INET, reinterpret_cast<sockaddr*>(&four), sizeof four)) return ntohs(four.sin_port);
    return system_failure("no free port on " + host, errno);
}

} // namespace tusk::embedded::detail
