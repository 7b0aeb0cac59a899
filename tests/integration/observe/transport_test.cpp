#include <tusk/observe/transport.hpp>

#include <filesystem>
#include <fstream>
#include <future>

#include <gtest/gtest.h>

#include <unistd.h>

#include "listener.hpp"
#include <tusk/core/deadline.hpp>

namespace transport_test {

using namespace std::chrono_literals;
using namespace tusk::observe;
using observe_test::listener;

const std::string fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

otlp_endpoint endpoint(std::uint16_t port, const std::string& scheme = "http",
                       const std::string& host = "127.0.0.1") {
    otlp_endpoint out;
    out.url = scheme + "://" + host + ":" + std::to_string(port) + "/v1/traces";
    out.timeout = 5s;
    return out;
}

TEST(http_transport, posts_over_one_connection) {
    listener server{[](std::size_t) { return listener::reply{fine}; }};
    const auto http = http_transport();
    auto to = endpoint(server.port());
    to.headers = {{"api-key", "secret"}};
    for (int i = 0; i < 3; ++i) {
        const auto got = http->post(to, "application/json", "{\"n\":" + std::to_string(i) + "}");
        ASSERT_TRUE(got) << got.error().message();
        EXPECT_EQ(got->status, 200);
        EXPECT_EQ(got->body, "{}");
    }
    EXPECT_EQ(server.connections(), 1);
    const auto all = server.requests();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_TRUE(all[2].ends_with("\r\n\r\n{\"n\":2}")) << all[2];
    EXPECT_NE(all[2].find("api-key: secret\r\n"), std::string::npos);
}

TEST(http_transport, opens_a_connection_anew_when_the_kept_one_has_gone) {
    listener server{[](std::size_t n) { return listener::reply{fine, n == 0}; }};
    const auto http = http_transport();
    ASSERT_TRUE(http->post(endpoint(server.port()), "application/json", "{}"));
    ASSERT_TRUE(server.wait_for_closed(1));
    const auto got = http->post(endpoint(server.port()), "application/json", "{}");
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(server.connections(), 2);
}

TEST(http_transport, tells_status_and_retry_after) {
    listener server{[](std::size_t) {
        return listener::reply{"HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n"};
    }};
    const auto got = http_transport()->post(endpoint(server.port()), "application/json", "{}");
    ASSERT_TRUE(got);
    EXPECT_EQ(got->status, 503);
    EXPECT_EQ(got->retry_after, 3s);
}

TEST(http_transport, reports_what_is_no_http) {
    listener server{[](std::size_t) { return listener::reply{"SSH-2.0-OpenSSH_9\r\n\r\n", true}; }};
    const auto got = http_transport()->post(endpoint(server.port()), "application/json", "{}");
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), tusk::errc::protocol_violation);
}

TEST(http_transport, reports_that_nobody_listens) {
    std::uint16_t port = 0;
    {
        listener gone{[](std::size_t) { return listener::reply{fine}; }};
        port = gone.port();
    }
    const auto got = http_transport()->post(endpoint(port), "application/json", "{}");
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), tusk::errc::connect_failed);
    EXPECT_NE(got.error().message().find(std::to_string(port)), std::string::npos);
}

TEST(http_transport, waits_no_longer_than_its_timeout) {
    listener server{[](std::size_t) { return listener::reply{"HTTP/1.1 200 OK\r\nContent-Le"}; }};
    auto to = endpoint(server.port());
    to.timeout = 100ms;
    const auto before = tusk::steady_clock::now();
    EXPECT_FALSE(http_transport()->post(to, "application/json", "{}"));
    EXPECT_GE(tusk::steady_clock::now() - before, 100ms);
    EXPECT_LT(tusk::steady_clock::now() - before, 4s);
}

TEST(http_transport, can_be_stopped_from_another_thread_for_good) {
    listener server{[](std::size_t) { return listener::reply{""}; }};
    const auto http = http_transport();
    auto to = endpoint(server.port());
    to.timeout = 60s;
    auto posted = std::async(std::launch::async, [&] { return http->post(to, "application/json", "{}"); });
    ASSERT_TRUE(server.wait_for_requests(1));
    http->stop();
    ASSERT_EQ(posted.wait_for(10s), std::future_status::ready);
    EXPECT_FALSE(posted.get());
    const auto before = tusk::steady_clock::now();
    EXPECT_FALSE(http->post(to, "application/json", "{}"));
    EXPECT_LT(tusk::steady_clock::now() - before, 10s);
}

/// Certificates made by OpenSSL's own tool.
class https : public ::testing::Test {
protected:
    void SetUp() override {
        std::filesystem::create_directories(folder_);
        for (const char* name : {"ca", "other"})
            run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=tusk test' -addext "
                "subjectAltName=DNS:localhost -keyout " +
                path(name) + ".key -out " + path(name) + ".crt");
        tls_.use_certificate_chain_file(path("ca") + ".crt");
        tls_.use_private_key_file(path("ca") + ".key", observe_test::asio::ssl::context::pem);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string path(const std::string& name) const { return (folder_ / name).string(); }
    static void run(const std::string& command) {
        ASSERT_EQ(std::system((command + " 2>/dev/null").c_str()), 0);
    }

    tusk::result<http_answer> post(const std::string& host, const std::string& trusted) {
        listener server{[](std::size_t) { return listener::reply{fine}; }, &tls_};
        auto to = endpoint(server.port(), "https", host);
        to.certificate = trusted.empty() ? "" : path(trusted) + ".crt";
        return http_transport()->post(to, "application/json", "{}");
    }

    std::filesystem::path folder_ =
        std::filesystem::path{::testing::TempDir()} / ("tusk-otlp-tls-" + std::to_string(::getpid()));
    observe_test::asio::ssl::context tls_{observe_test::asio::ssl::context::tls_server};
};

TEST_F(https, works_with_a_certificate_that_is_trusted) {
    const auto got = post("localhost", "ca");
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->body, "{}");
}

TEST_F(https, refuses_others) {
    EXPECT_FALSE(post("localhost", "other"));
    EXPECT_FALSE(post("localhost", "")) << "the system does not trust it";
    EXPECT_FALSE(post("127.0.0.1", "ca")) << "the certificate is for another name";
    const auto missing = post("localhost", "missing");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message().find("missing.crt"), std::string::npos);
}

} // namespace transport_test
