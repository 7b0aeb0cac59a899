#include <atomic>
#include <thread>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <services/http/hub.hpp>
#include <services/http/sse.hpp>
#include <services/http/stream.hpp>

#include "client.hpp"
#include "running_server.hpp"

namespace stream_test {

using namespace std::chrono_literals;
using namespace tusk::http;
namespace asio = boost::asio;

/// What the writers of a test did.
class ledger {
public:
    std::atomic<int> started = 0;
    std::atomic<int> ended = 0;
    std::atomic<std::uint64_t> bytes = 0;

    bool wait_for_ends(int count) const {
        const auto until = std::chrono::steady_clock::now() + 10s;
        while (ended < count && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
        return ended >= count;
    }
};

/// Counts the end of a coroutine, however it ends.
class visit {
public:
    explicit visit(ledger& in) : in_{in} { ++in_.started; }
    ~visit() { ++in_.ended; }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;

private:
    ledger& in_;
};

asio::awaitable<void> write_three(response_stream& to) {
    for (const auto* piece : {"one", "", "twenty-six letters and more"}) {
        const bool open = co_await to.write(piece);
        EXPECT_TRUE(open);
    }
}

asio::awaitable<void> write_for_ever(ledger& log, response_stream& to, std::size_t size) {
    const visit here{log};
    const std::string piece(size, 'x');
    bool open = true;
    while (open) {
        open = co_await to.write(piece);
        if (open) log.bytes += piece.size();
    }
}

asio::awaitable<void> write_and_wait(ledger& log, response_stream& to) {
    const visit here{log};
    co_await to.write("begin");
    asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> write_and_throw(response_stream& to) {
    co_await to.write("part");
    throw std::runtime_error{"broken"};
}

response streamed(body_writer writer) { return response{200}.stream(std::move(writer)); }

router streams(ledger& log) {
    router routes = usual_routes();
    routes.get("/three", [](request&) -> asio::awaitable<response> {
        co_return streamed([](response_stream& to) { return write_three(to); });
    });
    routes.get("/ever", [&log](request&) -> asio::awaitable<response> {
        co_return streamed([&log](response_stream& to) { return write_for_ever(log, to, 64 * 1024); });
    });
    routes.get("/wait", [&log](request&) -> asio::awaitable<response> {
        co_return streamed([&log](response_stream& to) { return write_and_wait(log, to); });
    });
    routes.get("/throw-late", [](request&) -> asio::awaitable<response> {
        co_return streamed([](response_stream& to) { return write_and_throw(to); });
    });
    return routes;
}

constexpr std::string_view three_chunks = "3\r\none\r\n1b\r\ntwenty-six letters and more\r\n0\r\n\r\n";

TEST(stream, is_chunked_and_keeps_the_connection) {
    ledger log;
    recorder seen;
    server_options options;
    running_server server{streams(log), seen.attach(options)};
    raw_client client{server.port()};
    for (int i = 0; i < 2; ++i) {
        const auto head = client.ask(make_request("GET", "/three"));
        EXPECT_EQ(head.status, 200);
        EXPECT_EQ(head.header("transfer-encoding"), "chunked");
        EXPECT_EQ(head.header("content-length"), "");
        EXPECT_EQ(client.receive_bytes(three_chunks.size()), three_chunks);
    }
    EXPECT_EQ(client.ask(make_request("GET", "/hello")).body, "hello you");
    const auto done = seen.wait_for_completions(3);
    ASSERT_EQ(done.size(), 3u);
    EXPECT_GT(done[0].bytes, three_chunks.size());
    client.send(make_request("HEAD", "/three"));
    EXPECT_EQ(client.receive(true).header("transfer-encoding"), "chunked");
    EXPECT_EQ(client.ask(make_request("GET", "/hello")).status, 200) << "HEAD has no body";
}

TEST(stream, ends_by_closing_for_http_1_0) {
    ledger log;
    running_server server{streams(log)};
    raw_client client{server.port()};
    client.send("GET /three HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const auto all = client.receive_to_end();
    EXPECT_NE(all.find("\r\n\r\nonetwenty-six letters and more"), std::string::npos);
    EXPECT_EQ(all.find("chunked"), std::string::npos);
}

TEST(stream, serves_a_pipelined_request_behind_it) {
    ledger log;
    running_server server{streams(log)};
    raw_client client{server.port()};
    client.send(make_request("GET", "/three") + make_request("GET", "/hello"));
    client.receive();
    client.receive_bytes(three_chunks.size());
    EXPECT_EQ(client.receive().body, "hello you");
}

TEST(stream, holds_the_writer_back_while_the_client_does_not_read) {
    ledger log;
    running_server server{streams(log), server_options{}.write_timeout(400ms)};
    raw_client slow;
    slow.set_receive_buffer(4096);
    slow.connect(server.port());
    slow.send(make_request("GET", "/ever"));
    EXPECT_TRUE(log.wait_for_ends(1)) << "the write timeout ends it";
    EXPECT_LT(log.bytes, 16u * 1024 * 1024) << "what the system buffers, not more";
    raw_client other{server.port()};
    EXPECT_EQ(other.ask(make_request("GET", "/hello")).status, 200);
}

TEST(stream, ends_when_the_client_leaves) {
    ledger log;
    running_server server{streams(log)};
    for (int i = 1; i <= 2; ++i) {
        raw_client client{server.port()};
        client.ask(make_request("GET", "/wait"));
        EXPECT_EQ(client.receive_until("begin\r\n"), "5\r\nbegin\r\n");
        if (i == 1)
            client.end_sending();
        else
            client.abort();
        EXPECT_TRUE(log.wait_for_ends(i)) << i;
    }
}

TEST(stream, ends_properly_when_the_server_drains) {
    ledger log;
    running_server server{streams(log)};
    raw_client client{server.port()};
    client.ask(make_request("GET", "/wait"));
    client.receive_until("begin\r\n");
    auto drained = server.drain(5s);
    EXPECT_EQ(client.receive_to_end(), "0\r\n\r\n");
    EXPECT_TRUE(drained.get());
    EXPECT_EQ(log.ended, 1);
}

TEST(stream, is_cut_when_its_writer_throws) {
    ledger log;
    recorder seen;
    server_options options;
    running_server server{streams(log), seen.attach(options)};
    raw_client client{server.port()};
    client.ask(make_request("GET", "/throw-late"));
    EXPECT_EQ(client.receive_to_end(), "4\r\npart\r\n") << "without the last chunk";
    EXPECT_TRUE(seen.wait_for_error_count(1));
    EXPECT_EQ(seen.errors().front(), "/throw-late: broken");
}

TEST(stream, does_not_keep_a_destroyed_server) {
    ledger log;
    raw_client client;
    {
        running_server server{streams(log)};
        client.connect(server.port());
        client.ask(make_request("GET", "/wait"));
        client.receive_until("begin\r\n");
    }
    EXPECT_EQ(log.ended, 1);
}

asio::awaitable<void> follow(std::shared_ptr<hub> all, event_stream& to) {
    const asio::any_io_executor strand = co_await asio::this_coro::executor;
    co_await to.send(server_event{"hello"}.event("welcome").id("1"));
    auto box = std::make_shared<outbox>(strand, 100, 64 * 1024);
    co_await all->serve(to, box, 20ms);
}

TEST(events, reach_all_who_listen_with_pings_between) {
    const auto all = std::make_shared<hub>();
    router routes;
    routes.get("/events", [all](request& of) -> asio::awaitable<response> {
        EXPECT_EQ(last_event_id(of).value_or(""), "41");
        co_return event_response([all](event_stream& to) { return follow(all, to); });
    });
    running_server server{std::move(routes)};
    raw_client one{server.port()}, two{server.port()};
    for (auto* client : {&one, &two}) {
        client->send(make_request("GET", "/events", "Last-Event-ID: 41\r\n"));
        EXPECT_EQ(client->receive().header("content-type"), "text/event-stream");
        client->receive_until("event: welcome\nid: 1\ndata: hello\n\n");
        client->receive_until(": ping\n\n");
    }
    while (all->size() < 2) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(
        all->broadcast(std::make_shared<const std::string>(format_event(server_event{"news"}.id("42")))), 2u);
    one.receive_until("id: 42\ndata: news\n\n");
    two.receive_until("id: 42\ndata: news\n\n");
    one.abort();
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (all->size() > 1 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(all->size(), 1u);
}

TEST(connections, are_limited_for_each_address) {
    running_server server{usual_routes(), server_options{}.max_connections_per_address(2)};
    raw_client one{server.port()}, two{server.port()};
    EXPECT_EQ(one.ask(make_request("GET", "/hello")).status, 200);
    EXPECT_EQ(two.ask(make_request("GET", "/hello")).status, 200);
    raw_client three{server.port()};
    EXPECT_EQ(three.receive().status, 503);
    one.abort();
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (server.server().connections() > 1 && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(1ms);
    raw_client four{server.port()};
    EXPECT_EQ(four.ask(make_request("GET", "/hello")).status, 200);
}

} // namespace stream_test
