#include <future>
#include <set>

#include <gtest/gtest.h>

#include "client.hpp"
#include "running_server.hpp"

namespace serving_test {

using namespace std::chrono_literals;
using namespace tusk::http;
namespace asio = boost::asio;

TEST(serving, answers_two_requests_on_one_connection) {
    running_server server{usual_routes()};
    raw_client client{server.port()};
    EXPECT_EQ(client.ask(make_request("GET", "/hello?name=a%26b")).body, "hello a&b");
    const auto second = client.ask(make_request("POST", "/echo", "", "again"));
    EXPECT_EQ(second.body, "again");
    EXPECT_EQ(second.status_line, "HTTP/1.1 200 OK");
    EXPECT_EQ(second.header("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(second.header("connection"), "");
    EXPECT_EQ(server.server().connections(), 1u);
}

TEST(serving, answers_pipelined_requests_in_order) {
    running_server server{usual_routes()};
    raw_client client{server.port()};
    std::string all;
    for (int i = 0; i < 20; ++i) all += make_request("POST", "/echo", "", std::to_string(i));
    client.send(all);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(client.receive().body, std::to_string(i));
}

TEST(serving, puts_split_requests_together) {
    running_server server{usual_routes()};
    raw_client client{server.port()};
    for (const char byte : make_request("POST", "/echo", "X: y\r\n", "piecemeal")) client.send({&byte, 1});
    EXPECT_EQ(client.receive().body, "piecemeal");
}

TEST(serving, takes_chunked_bodies) {
    running_server server{usual_routes()};
    raw_client client{server.port()};
    client.send(make_request("POST", "/echo", "Transfer-Encoding: chunked\r\n"));
    client.send("5\r\nhello\r\n");
    client.send("6;ext=1\r\n, you!\r\n0\r\nTrailer: x\r\n\r\n");
    EXPECT_EQ(client.receive().body, "hello, you!");
    EXPECT_EQ(client.ask(make_request("GET", "/hello")).status, 200)
        << "the next request begins where the body ended";
}

TEST(serving, takes_large_bodies_and_gives_large_answers) {
    running_server server{usual_routes()};
    raw_client client{server.port()};
    const std::string body(5'000'000, 'x');
    auto sending =
        std::async(std::launch::async, [&] { client.send(make_request("POST", "/echo", "", body)); });
    EXPECT_EQ(client.receive().body, body);
    sending.get();
}

TEST(serving, closes_after_http_1_0_unless_asked_not_to) {
    running_server server{usual_routes()};
    raw_client plain{server.port()};
    plain.send("GET /hello HTTP/1.0\r\n\r\n");
    const auto text = plain.receive_to_end();
    EXPECT_EQ(text.substr(0, 15), "HTTP/1.0 200 OK");
    EXPECT_EQ(text.substr(text.size() - 9), "hello you");

    raw_client keeping{server.port()};
    EXPECT_EQ(keeping.ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").header("connection"),
              "keep-alive");
    EXPECT_EQ(keeping.ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").status, 200);
}

TEST(serving, closes_when_either_side_asks_for_it) {
    auto routes = usual_routes();
    routes.get("/last", [](request&) -> asio::awaitable<response> {
        auto answer = response::text(200, "bye");
        answer.set_header("Connection", "close");
        co_return answer;
    });
    running_server server{std::move(routes)};
    raw_client asking{server.port()};
    EXPECT_EQ(asking.ask(make_request("GET", "/hello", "Connection: close\r\n")).header("connection"),
              "close");
    EXPECT_EQ(asking.receive_to_end(), "");
    raw_client told{server.port()};
    EXPECT_EQ(told.ask(make_request("GET", "/last")).header("connection"), "close");
    EXPECT_EQ(told.receive_to_end(), "");
}

TEST(serving, answers_a_client_that_has_ended_its_direction) {
    running_server server{usual_routes()};
    raw_client client{server.port()};
    client.send(make_request("POST", "/echo", "", "last words"));
    client.end_sending();
    EXPECT_EQ(client.receive().body, "last words");
    EXPECT_EQ(client.receive_to_end(), "");
}

TEST(serving, continues_when_the_client_expects_it) {
    running_server server{usual_routes()};
    raw_client client{server.port()};
    EXPECT_EQ(
        client.ask(make_request("POST", "/echo", "Expect: 100-continue\r\nContent-Length: 4\r\n")).status,
        100);
    EXPECT_EQ(client.ask("body").body, "body");
    EXPECT_EQ(client.ask(make_request("GET", "/hello", "Expect: 100-continue\r\n")).status, 200)
        << "no body, no wait";
}

TEST(serving, refuses_expectations_before_the_body_is_sent) {
    running_server server{usual_routes(), server_options{}.max_body(1000)};
    for (const auto& [target, headers, status] :
         {std::tuple{"/nowhere", "Expect: 100-continue\r\nContent-Length: 4\r\n", 404},
          std::tuple{"/json", "Expect: 100-continue\r\nContent-Length: 4\r\n", 415},
          std::tuple{"/echo", "Expect: 100-continue\r\nContent-Length: 1001\r\n", 413},
          std::tuple{"/echo", "Expect: the-unexpected\r\nContent-Length: 4\r\n", 417}}) {
        raw_client client{server.port()};
        const auto answer = client.ask(make_request("POST", target, headers));
        EXPECT_EQ(answer.status, status) << target;
        EXPECT_EQ(answer.header("connection"), "close");
        EXPECT_EQ(client.receive_to_end(), "");
    }
}

TEST(serving, answers_head_without_a_body) {
    running_server server{usual_routes()};
    raw_client client{server.port()};
    client.send(make_request("HEAD", "/hello") + make_request("GET", "/hello?name=next"));
    const auto head = client.receive(true);
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.header("content-length"), "9");
    EXPECT_EQ(client.receive().body, "hello next");
}

TEST(serving, keeps_the_connection_after_404_405_415_and_options) {
    running_server server{usual_routes()};
    raw_client client{server.port()};
    EXPECT_EQ(client.ask(make_request("POST", "/nowhere", "", "ignored body")).status, 404);
    const auto method = client.ask(make_request("DELETE", "/echo", "", "ignored body"));
    EXPECT_EQ(method.status, 405);
    EXPECT_EQ(method.header("allow"), "OPTIONS, POST");
    EXPECT_EQ(client.ask(make_request("POST", "/json", "Content-Type: text/xml\r\n", "<a/>")).status, 415);
    EXPECT_EQ(client.ask(make_request("POST", "/json", "Content-Type: application/json\r\n", "{}")).body,
              "{}");
    EXPECT_EQ(client.ask(make_request("OPTIONS", "/hello")).header("allow"), "GET, HEAD, OPTIONS");
    EXPECT_EQ(client.ask(make_request("OPTIONS", "*")).status, 204);
    EXPECT_EQ(client.ask(make_request("GET", "http://elsewhere/hello?name=x")).body, "hello x");
}

TEST(serving, does_not_read_a_large_body_that_nobody_wants) {
    running_server server{usual_routes()};
    raw_client client{server.port()};
    const auto answer = client.ask(make_request("POST", "/nowhere", "Content-Length: 9000000\r\n"));
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_EQ(client.receive_to_end(), "");
}

TEST(serving, hides_what_a_handler_threw_and_goes_on) {
    recorder seen;
    server_options options;
    running_server server{usual_routes(), seen.attach(options)};
    raw_client client{server.port()};
    const auto answer = client.ask(make_request("GET", "/throw", "X-Request-Id: r-1\r\n"));
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
    EXPECT_NE(answer.body.find("\"request_id\":\"r-1\""), std::string::npos);
    ASSERT_TRUE(seen.wait_for_error_count(1));
    EXPECT_EQ(seen.errors(), std::vector<std::string>{"/throw: a secret"});
    EXPECT_EQ(client.ask(make_request("GET", "/hello")).status, 200);
}

TEST(serving, turns_a_response_that_cannot_be_sent_into_a_500) {
    auto routes = usual_routes();
    routes.get("/huge-header", [](request&) -> asio::awaitable<response> {
        auto answer = response::text(200, "x");
        answer.set_header("X-Huge", std::string(100'000, 'x'));
        co_return answer;
    });
    running_server server{std::move(routes)};
    raw_client client{server.port()};
    EXPECT_EQ(client.ask(make_request("GET", "/huge-header")).status, 500);
    EXPECT_EQ(client.ask(make_request("GET", "/hello")).status, 200);
}

TEST(serving, survives_hooks_that_throw) {
    server_options options;
    options.on_complete([](const request&, unsigned, auto, std::uint64_t) { throw 1; });
    options.on_error([](std::exception_ptr, const request*) { throw 2; });
    running_server server{usual_routes(), options};
    raw_client client{server.port()};
    EXPECT_EQ(client.ask(make_request("GET", "/throw")).status, 500);
    EXPECT_EQ(client.ask(make_request("GET", "/hello")).status, 200);
}

TEST(serving, reports_completed_requests_by_their_route) {
    auto routes = usual_routes();
    routes.get("/alerts/{id}", [](request& r) -> asio::awaitable<response> {
        co_return response::text(200, std::string{r.param("id")});
    });
    recorder seen;
    server_options options;
    running_server server{std::move(routes), seen.attach(options)};
    raw_client client{server.port()};
    EXPECT_EQ(client.ask(make_request("GET", "/alerts/4%2F2")).body, "4/2");
    EXPECT_EQ(client.ask(make_request("GET", "/nowhere")).status, 404);
    const auto entries = seen.wait_for_completions(2);
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_EQ(entries[0].method, "GET");
    EXPECT_EQ(entries[0].route, "/alerts/{id}");
    EXPECT_EQ(entries[0].status, 200u);
    EXPECT_EQ(entries[0].remote_address, "127.0.0.1");
    EXPECT_GT(entries[0].bytes, 3u);
    EXPECT_GT(entries[0].duration.count(), 0);
    EXPECT_EQ(entries[1].route, "");
    EXPECT_EQ(entries[1].status, 404u);
}

TEST(serving, returns_the_request_id_it_was_given_or_made) {
    running_server server{usual_routes()};
    raw_client client{server.port()};
    EXPECT_EQ(client.ask(make_request("GET", "/hello", "X-Request-Id: mine\r\n")).header("x-request-id"),
              "mine");
    const auto replaced =
        client.ask(make_request("GET", "/hello", "X-Request-Id: <script>\r\n")).header("x-request-id");
    EXPECT_EQ(replaced.size(), 32u);
    EXPECT_EQ(replaced.find('<'), std::string::npos);
}

/// Fifty connections at once, each held in its handler until all have arrived, then twenty requests each.
void serve_fifty_connections(int threads) {
    gate held;
    running_server server{usual_routes(&held), server_options{}, threads};
    std::vector<std::future<int>> clients;
    for (int c = 0; c < 50; ++c) {
        clients.push_back(std::async(std::launch::async, [&server, c] {
            raw_client client{server.port()};
            int right = client.ask(make_request("GET", "/held")).body == "let go";
            for (int i = 0; i < 20; ++i) {
                const auto text = std::to_string(c) + "/" + std::to_string(i);
                right += client.ask(make_request("POST", "/echo", "", text)).body == text;
            }
            return right;
        }));
    }
    EXPECT_TRUE(held.wait_for_arrivals(50));
    EXPECT_EQ(server.server().connections(), 50u);
    held.open();
    for (auto& client : clients) EXPECT_EQ(client.get(), 21);
}

TEST(serving, serves_fifty_connections_on_one_thread) { serve_fifty_connections(1); }

TEST(serving, serves_fifty_connections_on_two_threads) { serve_fifty_connections(2); }

} // namespace serving_test
