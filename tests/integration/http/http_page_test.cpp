// The C++ of docs/http.md, and what it does.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <gtest/gtest.h>

#include <services/http/auth.hpp>
#include <services/http/client.hpp>
#include <services/http/compress.hpp>
#include <services/http/hub.hpp>
#include <services/http/server.hpp>

#include "client.hpp"
#include "running_server.hpp"

namespace http_page_test {

using namespace std::chrono_literals;
using namespace tusk::http;
namespace asio = boost::asio;

std::string row(int number) { return std::to_string(number) + "\n"; }

asio::awaitable<void> write_rows(response_stream& to) {
    for (int i = 0; i < 1000; ++i) {
        const bool open = co_await to.write(row(i));
        if (!open) co_return;
    }
}

router make_routes(const std::shared_ptr<const api_keys>& keys) {
    router routes;
    routes.use(compress()).use(authenticate(keys));
    routes.get("/hello/{name}", [](request& r) -> asio::awaitable<response> {
        co_return response::text(200, "hello " + std::string{r.param("name")});
    });
    routes.get("/rows", [](request&) -> asio::awaitable<response> {
        co_return response{200}.stream([](response_stream& to) { return write_rows(to); });
    });
    return routes;
}

TEST(http_page, server_and_streams) {
    const auto keys = std::make_shared<api_keys>();
    asio::io_context context;
    router routes = make_routes(keys);
    server http{std::move(routes), server_options{}.listen("127.0.0.1:0").max_body(1 << 20)};
    http.start(context.get_executor());
    std::thread runner{[&] { context.run(); }};
    {
        raw_client one{http.port()};
        EXPECT_EQ(one.ask(make_request("GET", "/hello/Ann")).body, "hello Ann");
        one.ask(make_request("GET", "/rows"));
        EXPECT_EQ(one.receive_until("0\r\n\r\n").substr(0, 7), "2\r\n0\n\r\n");
    }
    const auto end = [](server& running) -> asio::awaitable<bool> { co_return co_await running.drain(30s); };
    auto drained = asio::co_spawn(context, end(http), asio::use_future);
    EXPECT_TRUE(drained.get());
    runner.join();
}

router news_routes(const std::shared_ptr<hub>& all, const websocket_options& options) {
    router routes;
    routes.get("/ws", [all, options](request& r) -> asio::awaitable<response> {
        co_return upgrade_to_websocket(r, options, [all](websocket& peer) { return all->serve(peer); });
    });
    return routes;
}

TEST(http_page, websockets) {
    const auto all = std::make_shared<hub>();
    running_server server{news_routes(all, websocket_options{})};
    raw_client client{server.port()};
    client.ask(make_request("GET", "/ws",
                            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    while (all->size() == 0) std::this_thread::sleep_for(1ms);
    const std::string text = "news";
    all->broadcast(std::make_shared<const std::string>(text)); // from any thread
    EXPECT_EQ(client.receive_bytes(6), "\x81\x04news");
}

asio::awaitable<unsigned> post(const client& web, std::string url, std::string text) {
    client_request ask{"POST", url};
    ask.body(text, "application/json").timeout(5s);
    const auto answer = co_await web.send(ask); // web: a client, which keeps connections
    co_return answer.status();
}

TEST(http_page, requests) {
    running_server server{usual_routes()};
    asio::io_context context;
    const client web{context.get_executor()};
    const auto url = "http://127.0.0.1:" + std::to_string(server.port()) + "/json";
    auto status = asio::co_spawn(context, post(web, url, "{}"), asio::use_future);
    context.run();
    EXPECT_EQ(status.get(), 200u);
}

} // namespace http_page_test
