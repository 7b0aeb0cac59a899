#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include <gtest/gtest.h>

#include <services/http/client.hpp>
#include <tusk/core/error.hpp>

#include "../../unit/net/tls_fixture.hpp"
#include "running_server.hpp"

namespace client_test {

using namespace std::chrono_literals;
using namespace tusk::http;
namespace asio = boost::asio;
using asio::ip::tcp;

/// A client with a thread of its own.
class running_client {
public:
    explicit running_client(client_options options = {})
        : client_{context_.get_executor(), std::move(options)} {
        thread_ = std::thread{[this] { context_.run(); }};
    }
    ~running_client() {
        work_.reset();
        thread_.join();
    }
    client_response send(const client_request& what) {
        return asio::co_spawn(context_, client_.send(what), asio::use_future).get();
    }
    client_response get(const std::string& url) { return send(client_request{"GET", url}); }
    tusk::errc fails(const client_request& what) {
        try {
            send(what);
        } catch (const tusk::error& e) {
            text = e.what();
            return static_cast<tusk::errc>(e.code().value());
        }
        ADD_FAILURE() << "no error";
        return {};
    }
    std::size_t idle() const { return client_.idle(); }
    std::string text; ///< Of the last error.

private:
    asio::io_context context_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    client client_;
    std::thread thread_;
};

std::string url_of(const running_server& server, std::string_view path) {
    return "http://127.0.0.1:" + std::to_string(server.port()) + std::string{path};
}

/// Answers each connection with the next of these bytes, whatever it asks, and closes it.
class canned_server {
public:
    explicit canned_server(std::vector<std::string> answers, asio::ssl::context* tls = nullptr,
                           bool listens = true)
        : acceptor_{context_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}} {
        thread_ = std::thread{[this, tls, listens, answers = std::move(answers)] {
            for (const auto& answer : answers) {
                tcp::socket socket{context_};
                boost::system::error_code ec;
                acceptor_.accept(socket, ec);
                if (ec) return;
                if (!tls) {
                    talk(socket, answer, listens);
                    continue;
                }
                asio::ssl::stream<tcp::socket&> secure{socket, *tls};
                secure.handshake(asio::ssl::stream_base::server, ec);
                if (!ec) talk(secure, answer, listens);
            }
        }};
    }
    ~canned_server() { thread_.join(); }
    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    std::string url(std::string_view host = "127.0.0.1", std::string_view scheme = "http") const {
        return std::string{scheme} + "://" + std::string{host} + ":" + std::to_string(port()) + "/";
    }

private:
    template <class Stream>
    void talk(Stream& over, const std::string& answer, bool listens) {
        std::string asked;
        boost::system::error_code ec;
        if (listens) asio::read_until(over, asio::dynamic_buffer(asked), "\r\n\r\n", ec);
        asio::write(over, asio::buffer(answer), ec);
    }
    asio::io_context context_;
    tcp::acceptor acceptor_;
    std::thread thread_;
};

router echo_routes() {
    auto routes = usual_routes();
    routes.get("/large", [](request&) -> asio::awaitable<response> {
        co_return response::text(200, std::string(100'000, 'x'));
    });
    routes.get("/slow", [](request&) -> asio::awaitable<response> {
        asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
        co_await timer.async_wait(asio::use_awaitable);
        co_return response::empty();
    });
    routes.get("/headers", [](request& of) -> asio::awaitable<response> {
        co_return response::text(200, std::string{of.header("Host").value_or("")} + " " +
                                          std::string{of.header("User-Agent").value_or("")} + " " +
                                          std::string{of.header("X-One").value_or("")});
    });
    return routes;
}

TEST(client, posts_and_keeps_the_connection) {
    running_server server{echo_routes()};
    running_client client;
    for (int i = 0; i < 3; ++i) {
        auto ask = client_request{"POST", url_of(server, "/echo?x=1")}.body("{}", "application/json");
        const auto answer = client.send(ask);
        EXPECT_EQ(answer.status(), 200u);
        EXPECT_EQ(answer.body(), "{}");
        EXPECT_EQ(client.idle(), 1u);
    }
    EXPECT_EQ(server.server().connections(), 1u);
    EXPECT_EQ(client.get(url_of(server, "/nowhere")).status(), 404u) << "an answer like others";
    const auto head = client.send(client_request{"HEAD", url_of(server, "/hello")});
    EXPECT_EQ(head.status(), 200u);
    EXPECT_EQ(head.body(), "");
    EXPECT_EQ(client.get(url_of(server, "/hello")).body(), "hello you");
    EXPECT_EQ(server.server().connections(), 1u);
}

TEST(client, sends_its_headers_and_keeps_host_to_itself) {
    running_server server{echo_routes()};
    running_client client{client_options{}.user_agent("alerthist/1")};
    auto ask = client_request{"GET", url_of(server, "/headers")}.header("X-One", "1").header("Host", "evil");
    EXPECT_EQ(client.send(ask).body(), "127.0.0.1:" + std::to_string(server.port()) + " alerthist/1 1");
}

TEST(client, gives_up_in_time_and_does_not_use_that_connection_again) {
    running_server server{echo_routes()};
    running_client client;
    EXPECT_EQ(client.fails(client_request{"GET", url_of(server, "/slow")}.timeout(100ms)),
              tusk::errc::timeout);
    EXPECT_EQ(client.idle(), 0u);
    EXPECT_EQ(client.get(url_of(server, "/hello")).status(), 200u);
}

TEST(client, refuses_answers_past_its_limit) {
    running_server server{echo_routes()};
    running_client client{client_options{}.max_response(99'999)};
    EXPECT_EQ(client.fails(client_request{"GET", url_of(server, "/large")}), tusk::errc::message_too_large);
    running_client larger{client_options{}.max_response(100'000)};
    EXPECT_EQ(larger.get(url_of(server, "/large")).body().size(), 100'000u);
}

TEST(client, goes_on_after_the_server_has_closed_a_kept_connection) {
    running_server server{echo_routes(), server_options{}.idle_timeout(50ms)};
    running_client client;
    EXPECT_EQ(client.get(url_of(server, "/hello")).status(), 200u);
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (server.server().connections() > 0 && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(5ms);
    EXPECT_EQ(client.send(client_request{"POST", url_of(server, "/echo")}.body("x", "text/plain")).body(),
              "x");
}

TEST(client, drops_connections_after_their_idle_time) {
    running_server server{echo_routes()};
    running_client client{client_options{}.idle_timeout(0s)};
    EXPECT_EQ(client.get(url_of(server, "/hello")).status(), 200u);
    EXPECT_EQ(client.idle(), 0u);
}

TEST(client, tells_broken_answers_apart) {
    canned_server server{{"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "SSH-2.0-OpenSSH\r\n\r\n",
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                          "HTTP/1.1 200 OK\r\n\r\nto the end",
                          "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                          "HTTP/1.1 204 No Content\r\n\r\n"}};
    running_client client;
    const client_request ask{"GET", server.url()};
    EXPECT_EQ(client.fails(ask), tusk::errc::connection_lost);
    EXPECT_EQ(client.fails(ask), tusk::errc::connection_lost);
    EXPECT_EQ(client.fails(ask), tusk::errc::protocol_violation);
    EXPECT_EQ(client.fails(ask), tusk::errc::protocol_violation);
    EXPECT_EQ(client.get(server.url()).body(), "to the end");
    EXPECT_EQ(client.get(server.url()).status(), 204u);
}

TEST(client, names_what_it_cannot_reach) {
    running_client client;
    std::uint16_t closed = 0;
    {
        asio::io_context context;
        closed = tcp::acceptor{context, tcp::endpoint{asio::ip::address_v4::loopback(), 0}}
                     .local_endpoint()
                     .port();
    }
    EXPECT_EQ(client.fails(client_request{"GET", "http://127.0.0.1:" + std::to_string(closed)}),
              tusk::errc::connect_failed);
    EXPECT_NE(client.text.find("http://127.0.0.1:"), std::string::npos);
    for (const auto* url : {"", "/path", "ftp://host/", "http://", "http://user:secret@host/",
                            "http://host:0/", "http://host:99999/", "http://ho st/"}) {
        EXPECT_EQ(client.fails(client_request{"GET", url}), tusk::errc::invalid_argument) << url;
        EXPECT_EQ(client.text.find("secret"), std::string::npos);
    }
}

class authority {
public:
    authority() {
        ca_.write_certificate(folder_ / "ca.pem");
        good_.write_certificate(folder_ / "cert.pem");
        good_.write_key(folder_ / "key.pem");
        context.use_certificate_file(folder_ / "cert.pem", asio::ssl::context::pem);
        context.use_private_key_file(folder_ / "key.pem", asio::ssl::context::pem);
    }
    std::string ca_file() const { return folder_ / "ca.pem"; }
    asio::ssl::context context{asio::ssl::context::tls_server};

private:
    tls_fixture::temporary_directory folder_;
    tls_fixture::identity ca_ = tls_fixture::certificate_request{"test CA"}.ca().make();
    tls_fixture::identity good_ =
        tls_fixture::certificate_request{"localhost"}.names("DNS:localhost").signed_by(ca_).make();
};

constexpr auto short_answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST(client, speaks_https_with_servers_it_can_verify) {
    authority trusted;
    canned_server server{{short_answer, short_answer, short_answer}, &trusted.context};
    running_client client{client_options{}.certificate_authorities(trusted.ca_file())};
    EXPECT_EQ(client.get(server.url("localhost", "https")).body(), "ok");
    EXPECT_EQ(client.fails(client_request{"GET", server.url("127.0.0.1", "https")}),
              tusk::errc::tls_certificate)
        << "the certificate is for another name";
    running_client stranger;
    EXPECT_EQ(stranger.fails(client_request{"GET", server.url("localhost", "https")}),
              tusk::errc::tls_certificate);
    EXPECT_NE(stranger.text.find("certificate"), std::string::npos);
}

TEST(client, is_not_fooled_by_a_server_without_tls) {
    canned_server server{{"HTTP/1.1 400 Bad Request\r\n\r\n"}, nullptr, false};
    running_client client;
    EXPECT_EQ(client.fails(client_request{"GET", server.url("localhost", "https")}), tusk::errc::tls_failed);
}

} // namespace client_test
