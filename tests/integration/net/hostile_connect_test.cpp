// Servers that are none, are busy, silent or hostile while a connection is made. Each ends in an error of its
// own, in time.
#include "both_drivers.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include <tests/temporary_directory.hpp>

using namespace net_test;
using tusk::errc;
using tusk::make_error_code;
using namespace tusk::literals;

namespace hostile_connect_test {

class hostile_connect : public driver_test {};
INSTANTIATE_TEST_SUITE_P(drivers, hostile_connect, both_drivers,
                         [](const auto& tested) { return tested.param.name; });

/// For a Unix socket.
class socket_directory : public tests::temporary_directory {
public:
    const std::string path = tests::temporary_directory::path().string();
};

/// A port that nobody listens on, and that stays so.
class closed_port {
public:
    closed_port() : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
        socklen_t length = sizeof at;
        EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &length), 0);
        number = std::to_string(ntohs(at.sin_port));
    }
    ~closed_port() { ::close(fd_); }
    std::string number;

private:
    int fd_;
};

server_script greets_with(std::string bytes) {
    return server_script{}.expect(received_message::startup).send(std::move(bytes));
}

TEST_P(hostile_connect, a_friendly_server_lets_us_in_byte_by_byte_too) {
    for (const auto& script :
         {server_script{}.let_in(),
          server_script{}.expect(received_message::startup).send_in_pieces(be::welcome(), 1)}) {
        scripted_server server{{server_script{script}.wait_for_hang_up()}};
        const auto c = connected(server);
        ASSERT_NE(c, nullptr);
        EXPECT_TRUE(c->is_open());
    }
    socket_directory directory;
    scripted_server server{{server_script{}.let_in().wait_for_hang_up()}, directory.path};
    EXPECT_NE(connected(server), nullptr) << "by a Unix socket";
}

// ---- TLS
// ------------------------------------------------------------------------------------------------------

TEST_P(hostile_connect, any_other_answer_to_ssl_request) {
    for (const char* mode : {"require", "prefer"}) {
        scripted_server server{{server_script{}.answer_ssl_request("X").wait_for_hang_up()}};
        expect_refused(server.conninfo(mode), errc::protocol_violation, "not PostgreSQL");
        EXPECT_EQ(server.problems(), "");
    }
}

TEST_P(hostile_connect, tls_refused_although_required) {
    scripted_server server{{server_script{}.answer_ssl_request("N").wait_for_hang_up()}};
    expect_refused(server.conninfo("require"), errc::tls_refused, "sslmode");
    EXPECT_EQ(server.problems(), "");
    EXPECT_EQ(server.received_types(0), "8") << "no StartupMessage may leave";
}

TEST_P(hostile_connect, tls_refused_and_only_preferred_goes_on_in_plain_text) {
    scripted_server server{{server_script{}.answer_ssl_request("N").let_in().wait_for_hang_up()}};
    EXPECT_TRUE(open(server.conninfo("prefer")));
    EXPECT_EQ(server.problems(), "");
}

TEST_P(hostile_connect, plain_text_behind_the_answer_to_ssl_request) {
    scripted_server server{{server_script{}.answer_ssl_request("S" + be::welcome()).wait_for_hang_up()}};
    expect_refused(server.conninfo("require"), errc::protocol_violation, "unencrypted");
}

TEST_P(hostile_connect, an_error_in_answer_to_ssl_request_is_not_shown) {
    scripted_server server{
        {server_script{}
             .answer_ssl_request(be::error_response("53300", "visit evil.example", "FATAL"))
             .wait_for_hang_up()}};
    const auto c = open(server.conninfo("require"));
    ASSERT_FALSE(c);
    EXPECT_EQ(c.error().code(), make_error_code(errc::tls_refused));
    EXPECT_EQ(c.error().message().find("evil"), std::string::npos);
}

TEST_P(hostile_connect, a_hang_up_during_the_tls_handshake) {
    scripted_server server{{server_script{}.answer_ssl_request("S").close()}};
    const auto c = open(server.conninfo("require"));
    expect_in_time();
    ASSERT_FALSE(c);
    EXPECT_EQ(c.error(), tusk::condition::tls) << c.error().message();
}

TEST_P(hostile_connect, a_silent_tls_handshake) {
    scripted_server server{{server_script{}.answer_ssl_request("S").wait_for_hang_up()}};
    expect_refused(config_of(server.conninfo("require")).connect_timeout(200ms),
                   make_error_code(errc::timeout), "time");
}

// ---- strangers and nonsense
// -----------------------------------------------------------------------------------

TEST_P(hostile_connect, a_port_that_speaks_http) {
    const std::string answer = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    {
        scripted_server server{{greets_with(answer).close()}};
        expect_refused(server.conninfo(), errc::protocol_violation, "PostgreSQL");
    }
    scripted_server server{{server_script{}.answer_ssl_request(answer).close()}};
    expect_refused(server.conninfo("prefer"), errc::protocol_violation, "PostgreSQL");
}

TEST_P(hostile_connect, impossible_lengths) {
    for (const std::int32_t length : {INT32_MAX, -1, INT32_MIN, 0, 3}) {
        scripted_server server{{greets_with(be::message('R', {}, length)).wait_for_hang_up()}};
        expect_refused(server.conninfo(), errc::protocol_violation, length > 3 ? "1 GiB" : "length");
        EXPECT_EQ(server.problems(), "");
    }
}

TEST_P(hostile_connect, an_unknown_message) {
    scripted_server server{{greets_with(be::authentication_ok() + be::message('?', "x")).wait_for_hang_up()}};
    expect_refused(server.conninfo(), errc::protocol_violation, "63");
}

TEST_P(hostile_connect, a_hang_up_at_any_byte_of_the_welcome) {
    const auto welcome = be::welcome();
    for (const std::size_t n :
         {std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{5}, std::size_t{8}, std::size_t{9},
          std::size_t{30}, welcome.size() - 7, welcome.size() - 6, welcome.size() - 1}) {
        SCOPED_TRACE(n);
        scripted_server server{{greets_with(welcome.substr(0, n)).close()}};
        expect_refused(server.conninfo(), errc::connection_lost, "closed the connection");
    }
}

TEST_P(hostile_connect, a_reset) {
    scripted_server server{{greets_with(be::authentication_ok()).reset()}};
    const auto c = open(server.conninfo());
    expect_in_time();
    ASSERT_FALSE(c);
    EXPECT_EQ(c.error().code(), make_error_code(errc::connection_lost)) << c.error().message();
}

TEST_P(hostile_connect, an_endless_welcome_that_never_says_ready) {
    server_script script = greets_with(be::authentication_ok());
    for (int i = 0; i < 1000; ++i) script.send(be::parameter_status("p", std::to_string(i)));
    scripted_server server{{script.wait_for_hang_up()}};
    expect_refused(config_of(server.conninfo()).connect_timeout(300ms), make_error_code(errc::timeout),
                   "time");
}

// ---- silence and absence
// --------------------------------------------------------------------------------------

TEST_P(hostile_connect, a_port_that_accepts_and_is_silent) {
    for (const char* mode : {"disable", "require"}) {
        scripted_server server{{server_script{}.wait_for_hang_up()}};
        const auto begin = std::chrono::steady_clock::now();
        expect_refused(config_of(server.conninfo(mode)).connect_timeout(200ms),
                       make_error_code(errc::timeout), "time");
        EXPECT_GE(std::chrono::steady_clock::now() - begin, 190ms);
        EXPECT_EQ(server.problems(), "");
    }
}

TEST_P(hostile_connect, a_server_in_start_up) {
    scripted_server server{
        {greets_with(be::error_response("57P03", "the database system is starting up", "FATAL")).close()}};
    expect_refused(config_of(server.conninfo()), make_error_code("57P03"_sqlstate), "starting up");
}

TEST_P(hostile_connect, a_server_in_start_up_is_passed_over_for_the_next_host) {
    scripted_server busy{{greets_with(be::error_response("57P03", "starting up", "FATAL")).close()}};
    scripted_server ready{{server_script{}.let_in().wait_for_hang_up()}};
    EXPECT_TRUE(open("host=127.0.0.1,127.0.0.1 port=" + std::to_string(busy.port()) + "," +
                     std::to_string(ready.port()) + " user=tester sslmode=disable"));
    EXPECT_EQ(busy.problems() + ready.problems(), "");
}

TEST_P(hostile_connect, a_wrong_password_is_not_tried_on_the_next_host) {
    scripted_server first{
        {greets_with(be::error_response("28P01", "password authentication failed", "FATAL")).close()}};
    scripted_server second{{server_script{}.let_in()}};
    expect_refused(config_of("host=127.0.0.1,127.0.0.1 port=" + std::to_string(first.port()) + "," +
                             std::to_string(second.port()) + " user=tester sslmode=disable"),
                   make_error_code("28P01"_sqlstate), "password");
    EXPECT_EQ(second.received_types(0), "");
}

TEST_P(hostile_connect, nobody_there) {
    const closed_port port;
    expect_refused("host=127.0.0.1 user=tester sslmode=disable port=" + port.number, errc::connect_failed,
                   "refused");
    expect_refused("host=127.0.0.1,127.0.0.1 user=tester port=" + port.number, errc::connect_failed,
                   "each of 2");
}

TEST_P(hostile_connect, no_such_socket) {
    const socket_directory directory;
    expect_refused("host=" + directory.path + " user=tester", errc::connect_failed,
                   directory.path + "/.s.PGSQL.5432");
    expect_refused("host=/nonexistent user=tester", errc::connect_failed, "No such file");
}

TEST_P(hostile_connect, a_socket_whose_queue_is_full) {
    const socket_directory directory;
    const int listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    (directory.path + "/.s.PGSQL.5432").copy(at.sun_path, sizeof at.sun_path - 1);
    const auto* address = reinterpret_cast<const sockaddr*>(&at);
    ASSERT_EQ(::bind(listening, address, sizeof at), 0);
    ASSERT_EQ(::listen(listening, 0), 0);
    std::vector<int> waiting;
    for (int error = 0; error != EAGAIN && waiting.size() < 1000;) {
        waiting.push_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        error = ::connect(waiting.back(), address, sizeof at) == 0 ? 0 : errno;
    }
    expect_refused("host=" + directory.path + " user=tester", errc::connect_failed, "temporarily");
    for (const int fd : waiting) ::close(fd);
    ::close(listening);
}

TEST_P(hostile_connect, a_name_that_does_not_resolve) {
    expect_refused("host=no-such-host.invalid user=tester", errc::host_not_found, "no-such-host.invalid");
}

TEST_P(hostile_connect, a_password_asked_for_over_plain_tcp_is_not_sent) {
    scripted_server server{
        {server_script{}.expect(received_message::startup).send(be::authentication(3)).wait_for_hang_up()}};
    expect_refused(server.conninfo() + " password=secret", errc::auth_unsupported, "unencrypted");
    EXPECT_EQ(server.problems(), "");
    EXPECT_EQ(server.received_types(0), "0");
}

} // namespace hostile_connect_test
