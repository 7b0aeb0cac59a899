#include <atomic>
#include <thread>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <services/http/hub.hpp>

#include "client.hpp"
#include "running_server.hpp"

namespace websocket_test {

using namespace std::chrono_literals;
using namespace tusk::http;
namespace asio = boost::asio;

constexpr std::string_view handshake_headers =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A frame as a client sends it, masked. `first` is FIN and the opcode.
std::string masked(unsigned char first, std::string_view payload) {
    std::string out{static_cast<char>(first)};
    if (payload.size() < 126) {
        out += static_cast<char>(0x80 | payload.size());
    } else {
        out += static_cast<char>(0x80 | 127);
        for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift & 0xff);
    }
    const std::string mask = "\x11\x22\x33\x44";
    out += mask;
    for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
    return out;
}

class frame {
public:
    unsigned opcode = 0;
    std::string payload;
    unsigned code() const {
        return payload.size() < 2
                   ? 0
                   : static_cast<unsigned char>(payload[0]) * 256u + static_cast<unsigned char>(payload[1]);
    }
};

/// A client that speaks frames by hand.
class frames {
public:
    explicit frames(std::uint16_t port, std::string_view path = "/ws") {
        client.connect(port);
        open(path);
    }
    frames() = default;
    void open(std::string_view path) {
        const auto answer = client.ask(make_request("GET", path, handshake_headers));
        EXPECT_EQ(answer.status, 101);
        EXPECT_EQ(answer.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); // RFC 6455 1.3
    }
    frame next() {
        const auto head = client.receive_bytes(2);
        std::size_t size = static_cast<unsigned char>(head[1]);
        if (size >= 126) {
            const auto more = client.receive_bytes(size == 126 ? 2 : 8);
            size = 0;
            for (const char c : more) size = size << 8 | static_cast<unsigned char>(c);
        }
        frame out;
        out.opcode = static_cast<unsigned char>(head[0]) & 15u;
        out.payload = client.receive_bytes(size);
        return out;
    }
    /// The next close frame; others are skipped.
    frame close() {
        while (true) {
            auto one = next();
            if (one.opcode == 8) return one;
        }
    }
    raw_client client;
};

class arena {
public:
    std::shared_ptr<hub> all = std::make_shared<hub>();
    std::atomic<int> ended = 0;
    std::atomic<int> peer_code = 0;

    bool wait_for_ends(int count) const {
        const auto until = std::chrono::steady_clock::now() + 10s;
        while (ended < count && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
        return ended >= count;
    }
};

class departure {
public:
    explicit departure(arena& of) : of_{of} {}
    ~departure() { ++of_.ended; }
    departure(const departure&) = delete;
    departure& operator=(const departure&) = delete;

private:
    arena& of_;
};

asio::awaitable<void> echo(arena& log, websocket& peer) {
    const departure gone{log};
    while (true) {
        const auto said = co_await peer.receive();
        if (!said) break;
        if (*said == "throw") throw std::runtime_error{"told to"};
        if (*said == "bye") co_return;
        if (*said == "sleep") {
            asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
            co_await timer.async_wait(asio::use_awaitable);
        }
        peer.send("echo " + *said);
    }
    log.peer_code = static_cast<int>(peer.peer_code());
}

asio::awaitable<void> listen(arena& log, websocket& peer) {
    const departure gone{log};
    co_await log.all->serve(peer);
}

router arena_routes(arena& log, const websocket_options& with = {}) {
    router routes = usual_routes();
    routes.get("/ws", [&log, with](request& of) -> asio::awaitable<response> {
        co_return upgrade_to_websocket(of, with, [&log](websocket& peer) { return echo(log, peer); });
    });
    routes.get("/news", [&log, with](request& of) -> asio::awaitable<response> {
        co_return upgrade_to_websocket(of, with, [&log](websocket& peer) { return listen(log, peer); });
    });
    return routes;
}

TEST(websocket, carries_text_both_ways) {
    arena log;
    recorder seen;
    server_options options;
    running_server server{arena_routes(log), seen.attach(options)};
    frames peer{server.port()};
    peer.client.send(masked(0x81, "hi"));
    EXPECT_EQ(peer.next().payload, "echo hi");
    peer.client.send(masked(0x01, "in ") + masked(0x89, "ping") + masked(0x80, "parts"));
    auto pong = peer.next();
    EXPECT_EQ(pong.opcode, 10u);
    EXPECT_EQ(pong.payload, "ping");
    EXPECT_EQ(peer.next().payload, "echo in parts");
    peer.client.send(masked(0x88, "\x0f\xa1")); // 4001
    EXPECT_EQ(peer.close().code(), 4001u);
    EXPECT_EQ(peer.client.receive_to_end(), "");
    EXPECT_TRUE(log.wait_for_ends(1));
    EXPECT_EQ(log.peer_code, 4001);
    const auto done = seen.wait_for_completions(1);
    ASSERT_EQ(done.size(), 1u);
    EXPECT_EQ(done[0].status, 101u);
}

TEST(websocket, answers_ordinary_requests_with_426_and_goes_on) {
    arena log;
    running_server server{arena_routes(log)};
    raw_client client{server.port()};
    const auto answer = client.ask(make_request("GET", "/ws"));
    EXPECT_EQ(answer.status, 426);
    EXPECT_EQ(answer.header("upgrade"), "websocket");
}

TEST(websocket, refuses_data_ahead_of_its_answer) {
    arena log;
    running_server server{arena_routes(log)};
    raw_client client{server.port()};
    client.send(make_request("GET", "/ws", handshake_headers) + masked(0x81, "early"));
    EXPECT_EQ(client.receive().status, 400);
}

TEST(websocket, closes_with_the_code_that_fits) {
    arena log;
    running_server server{arena_routes(log, websocket_options{}.max_message(100))};
    const auto code_for = [&](const std::string& bytes) {
        frames peer{server.port()};
        peer.client.send(bytes);
        return peer.close().code();
    };
    EXPECT_EQ(code_for(masked(0x81, std::string(101, 'x'))), 1009u);
    EXPECT_EQ(code_for(masked(0x81, "\xff\xfe")), 1007u);
    EXPECT_EQ(code_for(masked(0x82, "binary")), 1003u);
    EXPECT_EQ(code_for(masked(0x83, "reserved opcode")), 1002u);
    EXPECT_EQ(code_for(std::string("\x81\x02hi", 4)), 1002u) << "not masked";
    EXPECT_EQ(code_for(masked(0x80, "nothing to go on with")), 1002u);
    EXPECT_EQ(code_for(masked(0x81, "bye")), 1000u);
    EXPECT_EQ(code_for(masked(0x81, "throw")), 1011u);
    frames fitting{server.port()};
    fitting.client.send(masked(0x81, std::string(100, 'x')));
    EXPECT_EQ(fitting.next().payload.size(), 105u);
}

TEST(websocket, pings_the_silent_and_drops_those_who_do_not_answer) {
    arena log;
    running_server server{arena_routes(log, websocket_options{}.idle_timeout(400ms))};
    frames polite{server.port()}, mute{server.port()};
    for (int i = 0; i < 4; ++i) {
        const auto ping = polite.next();
        EXPECT_EQ(ping.opcode, 9u);
        polite.client.send(masked(0x8a, ping.payload));
    }
    polite.client.send(masked(0x81, "still here"));
    while (true) {
        const auto one = polite.next();
        if (one.opcode != 9) {
            EXPECT_EQ(one.payload, "echo still here");
            break;
        }
    }
    EXPECT_EQ(mute.next().opcode, 9u);
    EXPECT_TRUE(log.wait_for_ends(1));
    mute.client.receive_to_end();
}

TEST(websocket, ends_with_a_client_that_vanishes) {
    arena log;
    running_server server{arena_routes(log)};
    frames reset{server.port()}, half{server.port()};
    reset.client.abort();
    half.client.end_sending();
    EXPECT_TRUE(log.wait_for_ends(2));
}

TEST(websocket, says_1001_when_the_server_drains) {
    arena log;
    running_server server{arena_routes(log)};
    frames peer{server.port()}, listener{server.port(), "/news"};
    peer.client.send(masked(0x81, "hi"));
    EXPECT_EQ(peer.next().payload, "echo hi");
    auto drained = server.drain(5s);
    for (auto* one : {&peer, &listener}) {
        EXPECT_EQ(one->close().code(), 1001u);
        one->client.send(masked(0x88, "\x03\xe9"));
        one->client.receive_to_end();
    }
    EXPECT_TRUE(drained.get());
    EXPECT_TRUE(log.wait_for_ends(2));
}

TEST(websocket, a_client_that_answers_the_close_and_stays_holds_nothing_back) {
    arena log;
    const auto with = websocket_options{}.close_timeout(1h); // nothing but the close handshake may end it
    running_server server{arena_routes(log, with)};
    frames waiting{server.port()}, left{server.port()}, first{server.port()};
    left.client.send(masked(0x81, "bye"));
    EXPECT_EQ(left.close().code(), 1000u);
    left.client.send(masked(0x81, "one more thing") + masked(0x88, "\x03\xe8"));
    EXPECT_EQ(left.client.receive_to_end(), "") << "the server ends what its handler has left";
    first.client.send(masked(0x88, "\x03\xe8"));
    EXPECT_EQ(first.close().code(), 1000u);
    EXPECT_EQ(first.client.receive_to_end(), "") << "the server ends what the client closed first";
    auto drained = server.drain(30s);
    EXPECT_EQ(waiting.close().code(), 1001u);
    waiting.client.send(masked(0x88, "\x03\xe9"));
    EXPECT_EQ(waiting.client.receive_to_end(), "");
    ASSERT_EQ(drained.wait_for(10s), std::future_status::ready);
    EXPECT_TRUE(drained.get());
    EXPECT_TRUE(log.wait_for_ends(3));
}

TEST(websocket, is_cut_when_draining_takes_too_long) {
    arena log;
    running_server server{arena_routes(log)};
    frames peer{server.port()};
    peer.client.send(masked(0x81, "sleep"));
    std::this_thread::sleep_for(20ms);
    EXPECT_FALSE(server.drain(200ms).get());
    EXPECT_TRUE(log.wait_for_ends(1));
}

TEST(hub, broadcasts_to_all_and_drops_the_slow_with_1013) {
    arena log;
    const auto with = websocket_options{}.max_queue(50, 16 * 1024 * 1024).close_timeout(300ms);
    running_server server{arena_routes(log, with)};
    constexpr int quick_count = 8;
    std::vector<std::unique_ptr<frames>> quick;
    for (int i = 0; i < quick_count; ++i) quick.push_back(std::make_unique<frames>(server.port(), "/news"));
    frames slow;
    slow.client.set_receive_buffer(4096);
    slow.client.connect(server.port());
    slow.open("/news");
    while (log.all->size() < quick_count + 1) std::this_thread::sleep_for(1ms);

    // The quick read as they go; the slow one never does, until its socket and its queue are full.
    int sent = 0;
    while (log.all->dropped() == 0 && sent < 2000) {
        log.all->broadcast(
            std::make_shared<const std::string>(64 * 1024, static_cast<char>('a' + sent % 26)));
        for (auto& one : quick) {
            const auto got = one->next();
            ASSERT_EQ(got.payload.size(), 64u * 1024);
            ASSERT_EQ(got.payload[0], static_cast<char>('a' + sent % 26)) << "in order, none lost";
        }
        ++sent;
    }
    EXPECT_EQ(log.all->dropped(), 1u);
    EXPECT_LT(sent, 2000);
    EXPECT_TRUE(log.wait_for_ends(1));
    EXPECT_EQ(log.all->size(), quick_count);
    EXPECT_EQ(log.all->broadcast(std::make_shared<const std::string>("last")), quick_count);
    for (auto& one : quick) EXPECT_EQ(one->next().payload, "last");
}

TEST(hub, tells_1013_to_a_slow_client_that_reads_again) {
    arena log;
    const auto with = websocket_options{}.max_queue(4, 16 * 1024 * 1024).close_timeout(10s);
    running_server server{arena_routes(log, with)};
    frames slow;
    slow.client.set_receive_buffer(4096);
    slow.client.connect(server.port());
    slow.open("/news");
    while (log.all->size() < 1) std::this_thread::sleep_for(1ms);
    for (int i = 0; i < 2000 && log.all->dropped() == 0; ++i) {
        log.all->broadcast(std::make_shared<const std::string>(256 * 1024, 'x'));
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(log.all->dropped(), 1u);
    EXPECT_EQ(slow.close().code(), 1013u);
}

} // namespace websocket_test
