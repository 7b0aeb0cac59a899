#include <tusk/embedded/detail/admin_session.hpp>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <tusk/embedded/detail/process.hpp>

namespace tusk::embedded::detail {

namespace {

constexpr std::uint32_t protocol_3_0 = 196608;
constexpr std::uint32_t longest_message = 1u << 20;

void put_u32(std::string& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 255u);
}

std::uint32_t get_u32(std::string_view in) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(in[i]);
    return value;
}

failure violation(std::string what) { return failure{errc::protocol_violation, std::move(what)}; }

/// The fields of an ErrorResponse that a message needs.
failure parse_error(std::string_view body) {
    server_error error;
    while (!body.empty() && body.front() != '\0') {
        const char field = body.front();
        const auto end = body.find('\0', 1);
        if (end == std::string_view::npos) break;
        const std::string value{body.substr(1, end - 1)};
        if (field == 'V' || (field == 'S' && error.severity.empty())) error.severity = value;
        if (field == 'C') error.sqlstate = value;
        if (field == 'M') error.message = value;
        if (field == 'D') error.detail = value;
        if (field == 'H') error.hint = value;
        body.remove_prefix(end + 1);
    }
    return failure{std::move(error)};
}

/// The first column of a DataRow.
result<std::string> first_column(std::string_view body) {
    if (body.size() < 2) return violation("a row without a column count");
    if (body[0] == 0 && body[1] == 0) return std::string{};
    if (body.size() < 6) return violation("a row without its first column");
    const auto length = static_cast<std::int32_t>(get_u32(body.substr(2)));
    if (length < 0) return std::string{};
    if (static_cast<std::size_t>(length) > body.size() - 6) return violation("a column longer than its row");
    return std::string{body.substr(6, static_cast<std::size_t>(length))};
}

failure wait_for(int fd, short events, deadline until) {
    for (;;) {
        pollfd wait{fd, events, 0};
        const int ready = ::poll(&wait, 1, poll_timeout(until));
        if (ready > 0) return {};
        if (ready == 0) return failure{errc::timeout, "the server did not answer in time"};
        if (errno != EINTR) return system_failure("poll", errno);
    }
}

/// The credentials of the peer are those of the process that called listen(): the postmaster's.
bool is_listener(int fd, pid_t postmaster) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return true;
    return peer.pid == postmaster || peer.pid == 0; // 0: it lives in another pid namespace
}

} // namespace

bool is_not_ready(const failure& problem) {
    constexpr auto cannot_connect_now = *sqlstate::parse("57P03");
    return problem.code() == errc::connect_failed || problem.code() == errc::connection_lost ||
           problem.code() == cannot_connect_now;
}

result<admin_session> admin_session::open(const std::filesystem::path& socket, pid_t postmaster,
                                          std::string_view user, std::string_view database, deadline until) {
    unique_fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd) return system_failure("cannot make a socket", errno);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = socket.string();
    if (path.size() >= sizeof address.sun_path)
        return system_failure("cannot connect to " + path, ENAMETOOLONG);
    path.copy(address.sun_path, path.size());
    // A unix socket connects at once or not at all; EAGAIN is a full backlog.
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return failure{errc::connect_failed,
                       "cannot connect to " + path + ": " + std::generic_category().message(errno)};
    if (postmaster != 0 && !is_listener(fd.get(), postmaster))
        return failure{errc::connect_failed, "another server listens on " + path};
    admin_session session{std::move(fd)};
    if (auto problem = session.start(user, database, until)) return problem;
    return session;
}

failure admin_session::start(std::string_view user, std::string_view database, deadline until) {
    std::string body;
    put_u32(body, protocol_3_0);
    for (const std::string_view text :
         {std::string_view{"user"}, user, std::string_view{"database"}, database,
          std::string_view{"standard_conforming_strings"}, std::string_view{"on"}}) {
        body += text;
        body += '\0';
    }
    body += '\0';
    std::string packet;
    put_u32(packet, static_cast<std::uint32_t>(body.size() + 4));
    if (auto problem = send(packet + body, until)) return problem;
    for (;;) {
        const auto next = receive(until);
        if (!next) return next.error();
        if (next->type == 'E') return parse_error(next->body);
        if (next->type == 'R' && (next->body.size() < 4 || get_u32(next->body) != 0))
            return failure{errc::auth_unsupported,
                           "the server asks for a password over its unix socket; pg_hba.conf must have "
                           "`local all postgres trust`"};
        if (next->type == 'Z') return {};
    }
}

result<std::vector<std::string>> admin_session::query(std::string_view sql, deadline until) {
    std::string packet = "Q";
    put_u32(packet, static_cast<std::uint32_t>(sql.size() + 5));
    packet += sql;
    packet += '\0';
    if (auto problem = send(packet, until)) return problem;
    std::vector<std::string> values;
    failure problem;
    for (;;) {
        const auto next = receive(until);
        if (!next) return next.error();
        if (next->type == 'E') problem = parse_error(next->body);
        if (next->type == 'D') {
            auto value = first_column(next->body);
            if (!value) return value.error();
            values.push_back(*std::move(value));
        }
        if (next->type != 'Z') continue;
        if (problem) return problem;
        return values;
    }
}

failure admin_session::send(std::string_view bytes, deadline until) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n >= 0)
            bytes.remove_prefix(static_cast<std::size_t>(n));
        else if (errno == EAGAIN) {
            if (auto problem = wait_for(fd_.get(), POLLOUT, until)) return problem;
        } else if (errno != EINTR) {
            return failure{errc::connection_lost, "the server closed the connection"};
        }
    }
    return {};
}

failure admin_session::receive_exactly(char* into, std::size_t size, deadline until) {
    while (size > 0) {
        const ssize_t n = ::recv(fd_.get(), into, size, 0);
        if (n > 0) {
            into += n;
            size -= static_cast<std::size_t>(n);
        } else if (n < 0 && errno == EAGAIN) {
            if (auto problem = wait_for(fd_.get(), POLLIN, until)) return problem;
        } else if (n == 0 || errno != EINTR) {
            return failure{errc::connection_lost, "the server closed the connection"};
        }
    }
    return {};
}

result<admin_session::message> admin_session::receive(deadline until) {
    char head[5];
    if (auto problem = receive_exactly(head, sizeof head, until)) return problem;
    const auto length = get_u32(std::string_view{head + 1, 4});
    if (length < 4 || length > longest_message) return violation("a message of an impossible length");
    message next{head[0], std::string(length - 4, '\0')};
    if (auto problem = receive_exactly(next.body.data(), next.body.size(), until)) return problem;
    return next;
}

} // namespace tusk::embedded::detail
