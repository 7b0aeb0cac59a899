#include <vector>

#include <gtest/gtest.h>

#include "client.hpp"
#include "running_server.hpp"

namespace limits_test {

using namespace std::chrono_literals;
using namespace tusk::http;
using std::string_literals::operator""s;
namespace asio = boost::asio;

/// The answer is the last: the server closes after it.
void expect_final(raw_client& client, int status) {
    const auto answer = client.receive();
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_NE(answer.body.find("\"error\":{\"code\":"), std::string::npos);
    EXPECT_EQ(client.receive_to_end(), "");
}

TEST(limits, refuses_a_declared_body_without_waiting_for_it) {
    running_server server{usual_routes(), server_options{}.max_body(100)};
    raw_client client{server.port()};
    client.send(make_request("POST", "/echo", "Content-Length: 101\r\n"));
    expect_final(client, 413);
    raw_client fitting{server.port()};
    EXPECT_EQ(fitting.ask(make_request("POST", "/echo", "", std::string(100, 'x'))).status, 200);
}

TEST(limits, refuses_a_chunked_body_as_soon_as_it_is_too_large) {
    running_server server{usual_routes(), server_options{}.max_body(100)};
    raw_client client{server.port()};
    client.send(make_request("POST", "/echo", "Transfer-Encoding: chunked\r\n"));
    client.send("32\r\n" + std::string(50, 'a') + "\r\n");
    client.send("33\r\n"); // 51 more
    expect_final(client, 413);
}

TEST(limits, lets_the_client_see_413_while_it_is_still_sending) {
    running_server server{usual_routes(), server_options{}.max_body(1000)};
    raw_client client{server.port()};
    client.send(make_request("POST", "/echo", "Content-Length: 3000000\r\n"));
    client.send(std::string(3'000'000, 'x'));
    EXPECT_EQ(client.receive().status, 413);
}

TEST(limits, lets_routes_have_their_own_body_limit) {
    auto routes = usual_routes();
    const auto size = [](request& r) -> asio::awaitable<response> {
        co_return response::text(200, std::to_string(r.body().size()));
    };
    routes.post("/large", size).max_body(10'000);
    routes.post("/small", size).max_body(10);
    running_server server{std::move(routes), server_options{}.max_body(100)};
    raw_client client{server.port()};
    EXPECT_EQ(client.ask(make_request("POST", "/large", "", std::string(10'000, 'x'))).body, "10000");
    client.send(make_request("POST", "/small", "", std::string(11, 'x')));
    expect_final(client, 413);
}

TEST(limits, refuses_large_headers) {
    running_server server{usual_routes(), server_options{}.max_header(1000)};
    raw_client one_field{server.port()};
    one_field.send(make_request("GET", "/hello", "X: " + std::string(1000, 'x') + "\r\n"));
    expect_final(one_field, 431);

    raw_client endless{server.port()};
    endless.send("GET /" + std::string(1000, 'x'));
    expect_final(endless, 431);

    raw_client many{server.port()};
    std::string fields;
    for (int i = 0; i < 200; ++i) fields += "X: y\r\n";
    many.send(make_request("GET", "/hello", fields));
    expect_final(many, 431);

    raw_client fitting{server.port()};
    EXPECT_EQ(fitting.ask(make_request("GET", "/hello", "X: " + std::string(900, 'x') + "\r\n")).status, 200);
}

TEST(malformed, is_answered_with_400_and_closed) {
    running_server server{usual_routes()};
    for (const auto& bytes :
         {"\x16\x03\x01\x02\x01\x01\xfc\x03\x03 a TLS hello\r\n\r\n"s, "\0\0\0\0\r\n\r\n"s,
          "complete nonsense\r\n\r\n"s, "GET /hello HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"s,
          "GET /hello HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"s,
          "GET /hello HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n"s, "GET /hello HTTP/1.1\r\n\r\n"s,
          make_request("GET", "/%zz"), make_request("GET", "/hello?name=%"),
          make_request("GET", "/hello?name=%00"), make_request("GET", "no-slash"),
          make_request("POST", "/echo", "Content-Length: many\r\n"),
          make_request("POST", "/echo", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
          make_request("POST", "/echo", "Transfer-Encoding: chunked\r\n") + "not hex\r\n"}) {
        SCOPED_TRACE(bytes);
        raw_client client{server.port()};
        client.send(bytes);
        expect_final(client, 400);
    }
    raw_client other{server.port()};
    EXPECT_EQ(other.ask(make_request("GET", "/hello")).status, 200) << "the server is none the worse";
}

TEST(malformed, transfer_codings_are_not_implemented) {
    running_server server{usual_routes()};
    raw_client client{server.port()};
    client.send(make_request("POST", "/echo", "Transfer-Encoding: gzip, chunked\r\n"));
    expect_final(client, 501);
}

TEST(malformed, requests_are_reported_too) {
    recorder seen;
    server_options options;
    running_server server{usual_routes(), seen.attach(options)};
    raw_client client{server.port()};
    client.send("complete nonsense\r\n\r\n");
    expect_final(client, 400);
    const auto entries = seen.wait_for_completions(1);
    ASSERT_EQ(entries.size(), 1u);
    EXPECT_EQ(entries[0].status, 400u);
    EXPECT_EQ(entries[0].method, "");
    EXPECT_EQ(entries[0].route, "");
}

TEST(timeouts, a_header_that_does_not_end_gets_408) {
    running_server server{usual_routes(), server_options{}.read_timeout(100ms)};
    raw_client client{server.port()};
    client.send("GET /hello HTTP/1.1\r\nHost:");
    expect_final(client, 408);
}

TEST(timeouts, a_body_that_does_not_end_gets_408) {
    running_server server{usual_routes(), server_options{}.read_timeout(100ms)};
    raw_client client{server.port()};
    client.send(make_request("POST", "/echo", "Content-Length: 10\r\n") + "half");
    expect_final(client, 408);
}

TEST(timeouts, dripping_bytes_does_not_help) {
    running_server server{usual_routes(), server_options{}.read_timeout(200ms)};
    raw_client client{server.port()};
    client.send("GET /hello HTTP/1.1\r\nHost: h\r\nX: ");
    int dripped = 0;
    while (!client.readable(20ms) && client.try_send("x")) ++dripped;
    EXPECT_GT(dripped, 1);
    EXPECT_LT(dripped, 200);
    expect_final(client, 408);
}

TEST(timeouts, a_connection_that_never_asks_is_closed_without_a_word) {
    running_server server{usual_routes(), server_options{}.read_timeout(100ms)};
    raw_client client{server.port()};
    EXPECT_EQ(client.receive_to_end(), "");
    raw_client empty_lines{server.port()};
    empty_lines.send("\r\n\r\n");
    EXPECT_EQ(empty_lines.receive_to_end(), "");
}

TEST(timeouts, an_idle_connection_is_closed_without_a_word) {
    running_server server{usual_routes(), server_options{}.idle_timeout(100ms)};
    raw_client client{server.port()};
    EXPECT_EQ(client.ask(make_request("GET", "/hello")).status, 200);
    EXPECT_EQ(client.receive_to_end(), "");
}

TEST(timeouts, do_not_run_while_the_handler_does) {
    gate held;
    running_server server{usual_routes(&held),
                          server_options{}.read_timeout(50ms).write_timeout(50ms).idle_timeout(50ms)};
    raw_client client{server.port()};
    client.send(make_request("GET", "/held"));
    ASSERT_TRUE(held.wait_for_arrivals(1));
    EXPECT_FALSE(client.readable(300ms));
    held.open();
    EXPECT_EQ(client.receive().body, "let go");
}

TEST(timeouts, a_client_that_does_not_read_is_cut) {
    constexpr std::size_t size = 100'000'000;
    auto routes = usual_routes();
    routes.get("/huge", [](request&) -> asio::awaitable<response> {
        co_return response::text(200, std::string(size, 'x'));
    });
    recorder seen;
    server_options options;
    running_server server{std::move(routes), seen.attach(options).write_timeout(100ms)};
    raw_client client;
    client.set_receive_buffer(4096);
    client.connect(server.port());
    client.send(make_request("GET", "/huge"));
    const auto entries = seen.wait_for_completions(1);
    ASSERT_EQ(entries.size(), 1u);
    EXPECT_EQ(entries[0].route, "/huge");
    EXPECT_LT(entries[0].bytes, size);
}

TEST(connection_limit, answers_503_beyond_it_and_frees_the_place_afterwards) {
    recorder seen;
    server_options options;
    running_server server{usual_routes(), seen.attach(options).max_connections(2)};
    auto first = std::make_unique<raw_client>(server.port());
    raw_client second{server.port()};
    EXPECT_EQ(first->ask(make_request("GET", "/hello")).status, 200);
    EXPECT_EQ(second.ask(make_request("GET", "/hello")).status, 200);
    EXPECT_EQ(server.server().connections(), 2u);

    raw_client third{server.port()};
    third.send(make_request("GET", "/hello"));
    expect_final(third, 503);
    EXPECT_EQ(seen.wait_for_completions(3).size(), 3u);
    EXPECT_EQ(second.ask(make_request("GET", "/hello")).status, 200);

    first.reset();
    int status = 0; // the place is free as soon as the server has seen the end
    for (int attempt = 0; attempt < 1000 && status != 200; ++attempt) {
        raw_client next{server.port()};
        status = next.ask(make_request("GET", "/hello")).status;
    }
    EXPECT_EQ(status, 200);
}

TEST(connection_limit, cannot_be_exceeded_by_much_even_by_those_refused) {
    running_server server{usual_routes(), server_options{}.max_connections(1)};
    raw_client holder{server.port()};
    EXPECT_EQ(holder.ask(make_request("GET", "/hello")).status, 200);
    std::vector<std::unique_ptr<raw_client>> flood;
    for (int i = 0; i < 100; ++i) flood.push_back(std::make_unique<raw_client>(server.port()));
    int refused = 0;
    int dropped = 0;
    for (auto& client : flood) {
        const auto text = client->receive_to_end();
        refused += text.starts_with("HTTP/1.1 503 ");
        dropped += text.empty();
    }
    EXPECT_GE(refused, 64);
    EXPECT_EQ(refused + dropped, 100);
    EXPECT_EQ(holder.ask(make_request("GET", "/hello")).status, 200);
}

} // namespace limits_test
