#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <services/http/hub.hpp>
#include <tusk/core/error.hpp>

#include "support.hpp"

namespace push_test {

using namespace tusk::http;
using namespace std::chrono_literals;
namespace asio = boost::asio;

shared_message message(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

TEST(sse, formats_every_field) {
    const auto event = server_event{"a\nb\r\nc\rd"}.event("alert").id("7").retry(1500ms);
    EXPECT_EQ(format_event(event),
              "event: alert\nid: 7\nretry: 1500\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
    EXPECT_EQ(format_event(server_event{""}), "data: \n\n");
    EXPECT_EQ(format_event(server_event{"a\n"}), "data: a\ndata: \n\n");
}

TEST(sse, refuses_fields_that_would_end_their_line) {
    EXPECT_THROW(format_event(server_event{"x"}.event("a\nb")), tusk::error);
    EXPECT_THROW(format_event(server_event{"x"}.id("a\rb")), tusk::error);
    EXPECT_THROW(format_event(server_event{"x"}.id(std::string("a\0b", 3))), tusk::error);
}

TEST(outbox, keeps_order_and_counts_what_waits) {
    asio::io_context context;
    auto box = std::make_shared<outbox>(context.get_executor(), 3, 100);
    for (const auto* text : {"1", "2", "3"}) EXPECT_TRUE(box->push(message(text)));
    EXPECT_EQ(box->size(), 3u);
    std::string seen;
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            for (int i = 0; i < 3; ++i) {
                const auto one = co_await box->pop(1s);
                seen += *one;
            }
            const auto none = co_await box->pop(1ms);
            EXPECT_FALSE(none);
            EXPECT_FALSE(box->is_closed());
        },
        asio::detached);
    context.run();
    EXPECT_EQ(seen, "123");
}

TEST(outbox, closes_when_it_is_full) {
    asio::io_context context;
    auto box = std::make_shared<outbox>(context.get_executor(), 2, 100);
    int overflows = 0;
    box->on_overflow([&] { ++overflows; });
    EXPECT_TRUE(box->push(message("1")));
    EXPECT_TRUE(box->push(message("2")));
    EXPECT_FALSE(box->push(message("3")));
    EXPECT_TRUE(box->overflowed());
    EXPECT_EQ(box->size(), 0u);
    EXPECT_FALSE(box->push(message("4")));
    EXPECT_EQ(overflows, 1);
    auto by_size = std::make_shared<outbox>(context.get_executor(), 10, 10);
    EXPECT_TRUE(by_size->push(message(std::string(50, 'x')))) << "a single one may be larger";
    EXPECT_FALSE(by_size->push(message("y")));
    EXPECT_TRUE(by_size->overflowed());
}

TEST(outbox, wakes_a_reader_from_another_thread) {
    asio::io_context context;
    auto box = std::make_shared<outbox>(context.get_executor(), 1000, 100000);
    int seen = 0;
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            while (true) {
                const auto one = co_await box->pop(10s);
                if (!one) break;
                ++seen;
            }
        },
        asio::detached);
    std::thread writer{[&] {
        for (int i = 0; i < 500; ++i) EXPECT_TRUE(box->push(message("x")));
        while (box->size() > 0) std::this_thread::yield();
        box->close();
    }};
    context.run();
    writer.join();
    EXPECT_EQ(seen, 500);
    EXPECT_FALSE(box->overflowed());
}

TEST(hub, shares_one_message_and_drops_the_slow) {
    asio::io_context context;
    hub all;
    auto quick = std::make_shared<outbox>(context.get_executor(), 10, 1000);
    auto slow = std::make_shared<outbox>(context.get_executor(), 1, 1000);
    all.join(quick);
    all.join(slow);
    const auto text = message("x");
    EXPECT_EQ(all.broadcast(text), 2u);
    EXPECT_EQ(text.use_count(), 3);
    EXPECT_EQ(all.broadcast(text), 1u);
    EXPECT_EQ(all.dropped(), 1u);
    EXPECT_EQ(all.size(), 1u);
    EXPECT_EQ(all.broadcast(text), 1u);
    EXPECT_EQ(all.dropped(), 1u);
    EXPECT_EQ(quick->size(), 3u);
    all.leave(quick);
    EXPECT_EQ(all.broadcast(text), 0u);
}

request handshake() {
    request of{"GET", "/ws"};
    of.set_header("Upgrade", "websocket").set_header("Connection", "keep-alive, Upgrade");
    of.set_header("Sec-WebSocket-Version", "13").set_header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    return of;
}

response ask(const request& of, const websocket_options& with = {}) {
    return upgrade_to_websocket(of, with, [](websocket&) -> asio::awaitable<void> { co_return; });
}

TEST(websocket, upgrades_handshakes_only) {
    EXPECT_TRUE(ask(handshake()).upgrade());
    const auto plain = ask(request{"GET", "/ws"});
    EXPECT_EQ(plain.status(), 426u);
    EXPECT_EQ(header_of(plain, "Upgrade"), "websocket");
    EXPECT_EQ(ask(handshake().set_method("POST")).status(), 426u);
    EXPECT_EQ(ask(handshake().set_header("Sec-WebSocket-Version", "8")).status(), 426u);
    EXPECT_EQ(ask(handshake().set_header("Sec-WebSocket-Key", "short")).status(), 400u);
    EXPECT_EQ(ask(handshake().set_header("Connection", "close")).status(), 426u);
}

TEST(websocket, knows_its_pages) {
    const auto only = websocket_options{}.origin("https://a.example");
    EXPECT_TRUE(ask(handshake(), only).upgrade());
    EXPECT_TRUE(ask(handshake().set_header("Origin", "https://a.example"), only).upgrade());
    EXPECT_EQ(ask(handshake().set_header("Origin", "https://b.example"), only).status(), 403u);
}

} // namespace push_test
