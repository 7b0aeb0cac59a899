// How connections end, seen from the server.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "support.hpp"

#include <tusk/testing/scripted_server.hpp>

namespace faults_test {

namespace closing_test {

namespace be = tusk::testing::backend;

/// Lets one client in, tells it more than it asked for, and notes how it goes.
class talkative_server {
public:
    talkative_server() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
            ::listen(listener_, 1) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
            throw std::runtime_error{"no socket to listen on"};
        port_ = ntohs(address.sin_port);
        thread_ = std::thread{[this] { serve(); }};
    }
    ~talkative_server() {
        finish();
        ::close(listener_);
    }
    talkative_server(const talkative_server&) = delete;
    talkative_server& operator=(const talkative_server&) = delete;

    std::string conninfo() const {
        return "host=127.0.0.1 user=u dbname=d sslmode=disable port=" + std::to_string(port_);
    }
    bool has_spoken() const { return spoken_; }
    void finish() {
        if (thread_.joinable()) thread_.join();
    }
    std::string heard;  ///< Of the client, after its StartupMessage.
    int end_of_it = -1; ///< 0 is the end of the stream, else the number of the error.

private:
    void serve() {
        const int client = ::accept(listener_, nullptr, nullptr);
        char bytes[1024];
        static_cast<void>(::recv(client, bytes, sizeof bytes, 0));
        const auto welcome = be::welcome();
        static_cast<void>(::send(client, welcome.data(), welcome.size(), MSG_NOSIGNAL));
        // The answer to what the client asks, and then notices that nobody reads.
        static_cast<void>(::recv(client, bytes, sizeof bytes, 0));
        std::string more;
        for (int i = 0; i < 200; ++i) more += be::notice_response(std::string(200, 'x'));
        more = be::empty_query_response() + be::ready_for_query() + more;
        static_cast<void>(::send(client, more.data(), more.size(), MSG_NOSIGNAL));
        spoken_ = true;
        for (;;) {
            const auto n = ::recv(client, bytes, sizeof bytes, 0);
            if (n <= 0) {
                end_of_it = n == 0 ? 0 : errno;
                break;
            }
            heard.append(bytes, static_cast<std::size_t>(n));
        }
        ::close(client);
    }

    int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::uint16_t port_ = 0;
    std::atomic<bool> spoken_{false};
    std::thread thread_;
};

class closing : public ::testing::TestWithParam<std::string> {};

TEST_P(closing, says_goodbye_even_if_something_was_not_read) {
    talkative_server server;
    {
        auto made = open_subject(GetParam(), tusk::parse_connect_config(server.conninfo()).value());
        ASSERT_TRUE(made) << made.error().message();
        // By the simple protocol, whose answer is complete before the notices that follow it.
        EXPECT_FALSE((*made)->exec("", tusk::options{}.mode(tusk::exec_mode::simple_protocol).timeout(5s)));
        while (!server.has_spoken()) std::this_thread::yield();
    }
    server.finish();
    EXPECT_EQ(server.heard, be::message('X', ""));
    EXPECT_EQ(server.end_of_it, 0) << "a reset, which may overtake the goodbye";
}

INSTANTIATE_TEST_SUITE_P(drivers, closing, ::testing::Values("blocking", "asio"),
                         [](const auto& of) { return of.param; });

} // namespace closing_test

} // namespace faults_test
