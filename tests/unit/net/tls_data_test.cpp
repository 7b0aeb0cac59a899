// How bytes pass through a TLS session, and how it ends.
#include <tusk/net/tls.hpp>

#include "tls_fixture.hpp"

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>
#include <openssl/err.h>

namespace tls_data_test {

using namespace tls_fixture;
using tusk::errc;
using tusk::net::tls_options;
using tusk::net::tls_session;
using tusk::net::tls_verify;
using status = tls_session::status;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

/// Bytes that repeat with no period of a power of two.
std::vector<std::byte> pattern(std::size_t size) {
    std::vector<std::byte> out(size);
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>(i * 31 % 251);
    return out;
}

class tls_data : public testing::Test {
protected:
    void connect(std::size_t fragment = 1 << 20) {
        ASSERT_EQ(shake_hands(client, server, fragment), status::ok) << client.error().message();
        to_client(server, client); // session tickets
    }

    void serve(std::span<const std::byte> plain) {
        std::size_t written = 0;
        while (!plain.empty()) {
            ASSERT_EQ(SSL_write_ex(server.session(), plain.data(), plain.size(), &written), 1);
            plain = plain.subspan(written);
        }
    }

    /// What the server has received.
    std::vector<std::byte> received() {
        std::vector<std::byte> out;
        std::array<std::byte, 16 * 1024> buffer;
        std::size_t n = 0;
        while (SSL_read_ex(server.session(), buffer.data(), buffer.size(), &n) == 1)
            out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(n));
        ERR_clear_error();
        return out;
    }

    /// All that the client can read now; `end` is what stopped it.
    std::string read_all(status& end) {
        std::string out;
        std::array<std::byte, 100> buffer;
        std::size_t n = 0;
        while ((end = client.read(buffer, n)) == status::ok)
            out.append(reinterpret_cast<const char*>(buffer.data()), n);
        return out;
    }

    identity self = certificate_request{"db"}.make();
    memory_server server{self};
    tls_session client{context_of(tls_options{}.verify(tls_verify::none)), "db"};
};

class tls_fragments : public tls_data, public testing::WithParamInterface<std::size_t> {};

TEST_P(tls_fragments, carry_a_mebibyte_from_the_server) {
    connect(GetParam());
    const auto sent = pattern(1 << 20);
    serve(sent);
    const auto wire = server.take_output();

    std::vector<std::byte> got;
    std::array<std::byte, 5000> buffer;
    for (std::size_t at = 0; at < wire.size(); at += GetParam()) {
        client.feed(std::span{wire}.subspan(at, std::min(GetParam(), wire.size() - at)));
        std::size_t n = 0;
        while (client.read(buffer, n) == status::ok)
            got.insert(got.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(n));
        ASSERT_FALSE(client.error()) << client.error().message();
    }
    EXPECT_TRUE(got == sent) << "got " << got.size() << " bytes";
}

TEST_P(tls_fragments, carry_a_mebibyte_to_the_server) {
    connect(GetParam());
    const auto sent = pattern(1 << 20);
    std::vector<std::byte> got;
    std::size_t at = 0;
    while (at < sent.size()) {
        std::size_t consumed = 0;
        ASSERT_EQ(client.write(std::span{sent}.subspan(at), consumed), status::ok);
        ASSERT_GT(consumed, 0U) << "the output was taken before";
        at += consumed;
        to_server(client, server, GetParam());
        const auto part = received();
        got.insert(got.end(), part.begin(), part.end());
    }
    EXPECT_TRUE(got == sent) << "got " << got.size() << " bytes";
}

INSTANTIATE_TEST_SUITE_P(of, tls_fragments, testing::Values(1, 7, 1000, 16 * 1024, 100'000));

TEST_F(tls_data, takes_pieces_of_any_size_to_encrypt) {
    connect();
    for (const std::size_t size : {0U, 1U, 2U, 16'383U, 16'384U, 16'385U, 50'000U}) {
        const auto sent = pattern(size);
        std::size_t consumed = 0;
        ASSERT_EQ(client.write(sent, consumed), status::ok);
        EXPECT_EQ(consumed, size);
        to_server(client, server);
        EXPECT_EQ(received(), sent) << size;
    }
}

TEST_F(tls_data, stops_encrypting_while_too_much_waits) {
    connect();
    const auto sent = pattern(2 << 20);
    std::size_t first = 0;
    ASSERT_EQ(client.write(sent, first), status::ok);
    EXPECT_LT(first, sent.size());
    EXPECT_GE(client.output().size(), tls_session::max_output);
    EXPECT_LT(client.output().size(), tls_session::max_output + 32 * 1024);

    std::size_t second = 1;
    ASSERT_EQ(client.write(std::span{sent}.subspan(first), second), status::ok);
    EXPECT_EQ(second, 0U);
    client.consume_output(64 * 1024);
    ASSERT_EQ(client.write(std::span{sent}.subspan(first), second), status::ok);
    EXPECT_GT(second, 0U);
}

TEST_F(tls_data, receives_into_room_that_it_gives_out) {
    connect();
    serve(bytes_of("hello"));
    const auto wire = server.take_output();
    const auto room = client.prepare_input(wire.size());
    ASSERT_GE(room.size(), wire.size());
    std::ranges::copy(wire, room.begin());
    client.commit_input(wire.size());
    status end{};
    EXPECT_EQ(read_all(end), "hello");
    EXPECT_EQ(end, status::want_input);
}

TEST_F(tls_data, keeps_what_was_not_read_for_the_next_call) {
    connect();
    serve(bytes_of("hello, world"));
    to_client(server, client);
    std::array<std::byte, 5> buffer;
    std::string got;
    for (std::size_t n = 0; client.read(buffer, n) == status::ok;)
        got.append(reinterpret_cast<const char*>(buffer.data()), n).append("|");
    EXPECT_EQ(got, "hello|, wor|ld|");
}

TEST_F(tls_data, wants_input_when_there_is_nothing_to_read) {
    connect();
    std::array<std::byte, 5> buffer;
    std::size_t n = 7;
    EXPECT_EQ(client.read(buffer, n), status::want_input);
    EXPECT_EQ(n, 0U);
}

TEST_F(tls_data, keeps_working_through_a_change_of_keys) {
    connect();
    ASSERT_EQ(SSL_key_update(server.session(), SSL_KEY_UPDATE_REQUESTED), 1);
    serve(bytes_of("after"));
    to_client(server, client);
    status end{};
    EXPECT_EQ(read_all(end), "after");
    std::size_t consumed = 0;
    ASSERT_EQ(client.write(bytes_of("answer"), consumed), status::ok);
    to_server(client, server);
    const auto got = received();
    EXPECT_TRUE(std::ranges::equal(got, bytes_of("answer")));
}

TEST_F(tls_data, ends_in_good_order_when_the_server_says_goodbye) {
    connect();
    serve(bytes_of("bye"));
    SSL_shutdown(server.session());
    to_client(server, client);
    client.end_of_input();
    status end{};
    EXPECT_EQ(read_all(end), "bye");
    EXPECT_EQ(end, status::closed);
    EXPECT_FALSE(client.error());
}

TEST_F(tls_data, reports_a_stream_that_was_cut_after_what_came_before) {
    connect();
    serve(bytes_of("half a "));
    to_client(server, client);
    client.end_of_input();
    status end{};
    EXPECT_EQ(read_all(end), "half a ");
    EXPECT_EQ(end, status::failed);
    EXPECT_EQ(client.error().code(), errc::connection_lost);
    EXPECT_NE(client.error().message().find("close_notify"), std::string::npos) << client.error().message();
}

TEST_F(tls_data, reports_a_stream_that_was_cut_inside_a_record) {
    connect();
    serve(bytes_of("never complete"));
    const auto wire = server.take_output();
    client.feed(std::span{wire}.first(wire.size() - 1));
    client.end_of_input();
    status end{};
    EXPECT_EQ(read_all(end), "");
    EXPECT_EQ(end, status::failed);
    EXPECT_EQ(client.error().code(), errc::connection_lost);
}

TEST_F(tls_data, reports_a_changed_byte) {
    connect();
    serve(bytes_of("good"));
    to_client(server, client);
    serve(bytes_of("evil"));
    auto wire = server.take_output();
    wire.back() ^= std::byte{1};
    client.feed(wire);
    status end{};
    EXPECT_EQ(read_all(end), "good");
    EXPECT_EQ(end, status::failed);
    EXPECT_EQ(client.error().code(), errc::connection_lost);
    EXPECT_NE(client.error().message().find("bad record mac"), std::string::npos) << client.error().message();
    std::size_t consumed = 0;
    EXPECT_EQ(client.write(bytes_of("x"), consumed), status::failed);
}

TEST_F(tls_data, reports_plain_bytes_in_the_middle) {
    connect();
    client.feed(bytes_of("ERROR: terminating connection due to administrator command"));
    status end{};
    EXPECT_EQ(read_all(end), "");
    EXPECT_EQ(end, status::failed);
    EXPECT_EQ(client.error().code(), errc::connection_lost);
}

TEST_F(tls_data, says_goodbye_and_sends_nothing_more) {
    connect();
    EXPECT_EQ(client.shutdown(), status::ok);
    EXPECT_FALSE(client.output().empty());
    EXPECT_EQ(client.shutdown(), status::ok) << "once is enough";
    to_server(client, server);
    received();
    EXPECT_EQ(SSL_get_shutdown(server.session()) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);

    std::size_t consumed = 0;
    EXPECT_EQ(client.write(bytes_of("x"), consumed), status::failed);
    EXPECT_EQ(client.error().code(), errc::connection_closed);
    EXPECT_EQ(consumed, 0U);
}

TEST_F(tls_data, still_reads_after_its_own_goodbye) {
    connect();
    ASSERT_EQ(client.shutdown(), status::ok);
    serve(bytes_of("late"));
    to_client(server, client);
    status end{};
    EXPECT_EQ(read_all(end), "late");
    EXPECT_EQ(end, status::want_input);
}

TEST_F(tls_data, carries_nothing_before_the_handshake) {
    std::size_t consumed = 0;
    EXPECT_EQ(client.write(bytes_of("password"), consumed), status::failed);
    EXPECT_EQ(client.error().code(), errc::tls_failed);
    EXPECT_TRUE(client.output().empty());
}

TEST_F(tls_data, has_nothing_to_say_goodbye_to_before_the_handshake) {
    EXPECT_EQ(client.shutdown(), status::ok);
    EXPECT_TRUE(client.output().empty());
}

TEST_F(tls_data, works_after_a_move) {
    connect();
    tls_session moved{std::move(client)};
    std::size_t consumed = 0;
    ASSERT_EQ(moved.write(bytes_of("moved"), consumed), status::ok);
    to_server(moved, server);
    const auto got = received();
    EXPECT_TRUE(std::ranges::equal(got, bytes_of("moved")));
}

class tls_handshake : public tls_data {
protected:
    void expect_failed(std::string_view word) {
        ASSERT_EQ(client.handshake(), status::failed);
        EXPECT_EQ(client.error().code(), errc::tls_failed);
        EXPECT_NE(client.error().message().find(word), std::string::npos) << client.error().message();
        EXPECT_NE(client.error().message().find("\"db\""), std::string::npos) << client.error().message();
    }
};

TEST_F(tls_handshake, knows_an_answer_that_is_not_tls) {
    for (const char* answer :
         {"HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "N", "zzzzzzzzzzzzzz"}) {
        client = tls_session{context_of(tls_options{}.verify(tls_verify::none)), "db"};
        ASSERT_EQ(client.handshake(), status::want_input);
        client.feed(bytes_of(answer));
        client.end_of_input();
        if (std::strlen(answer) > 5)
            expect_failed("the answer is not TLS");
        else
            expect_failed("closed the connection during the TLS handshake");
        EXPECT_EQ(client.error().message().find("HTTP/1.1"), std::string::npos) << "untrusted text";
    }
}

TEST_F(tls_handshake, reports_an_end_at_any_byte) {
    ASSERT_EQ(client.handshake(), status::want_input);
    to_server(client, server);
    server.handshake();
    const auto answer = server.take_output();
    for (std::size_t cut = 0; cut < answer.size(); cut += 37) {
        // The same bytes do for every client: none gets far enough to miss its own secrets but the last.
        tls_session other{context_of(tls_options{}.verify(tls_verify::none)), "db"};
        ASSERT_EQ(other.handshake(), status::want_input);
        other.feed(std::span{answer}.first(cut));
        other.end_of_input();
        ASSERT_EQ(other.handshake(), status::failed) << cut;
        EXPECT_EQ(other.error().code(), errc::tls_failed) << cut;
    }
}

TEST_F(tls_handshake, survives_a_byte_at_a_time) {
    ASSERT_EQ(shake_hands(client, server, 1), status::ok);
    EXPECT_EQ(client.handshake(), status::ok) << "again";
}

TEST_F(tls_handshake, gives_up_when_the_server_does) {
    ASSERT_EQ(client.handshake(), status::want_input);
    constexpr std::array goodbye{std::byte{21}, std::byte{3}, std::byte{3}, std::byte{0},
                                 std::byte{2},  std::byte{1}, std::byte{0}};
    client.feed(goodbye);
    expect_failed("gave up the handshake");
}

} // namespace tls_data_test
