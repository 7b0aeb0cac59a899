#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <services/http/detail/listen_address.hpp>
#include <services/http/detail/message.hpp>

namespace message_test {

using namespace tusk::http;
using namespace tusk::http::detail;
using std::string_literals::operator""s;

constexpr std::size_t header_limit = 1024;

void put(message_reader& reader, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto space = reader.prepare();
        const auto size = std::min(space.size(), bytes.size());
        std::memcpy(space.data(), bytes.data(), size);
        reader.commit(size);
        bytes.remove_prefix(size);
    }
}

/// The first header step's outcome that is not `need_more`, feeding `piece` bytes at a time.
progress feed_header(message_reader& reader, std::string_view bytes, std::size_t piece) {
    auto step = progress::need_more;
    while (step == progress::need_more && !bytes.empty()) {
        const auto size = std::min(piece, bytes.size());
        put(reader, bytes.substr(0, size));
        bytes.remove_prefix(size);
        step = reader.read_header();
    }
    if (step == progress::done) put(reader, bytes);
    return step;
}

progress header_of(std::string_view bytes) {
    message_reader reader{header_limit};
    return feed_header(reader, bytes, bytes.size());
}

TEST(message_reader, reads_a_request_however_it_is_cut) {
    const std::string_view bytes =
        "POST /a?b=c HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhello";
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        message_reader reader{header_limit};
        ASSERT_EQ(feed_header(reader, bytes, piece), progress::done) << piece;
        request r;
        ASSERT_TRUE(reader.fill_header(r));
        EXPECT_EQ(r.method(), "POST");
        EXPECT_EQ(r.target(), "/a?b=c");
        EXPECT_EQ(r.header("x-one"), "1");
        EXPECT_TRUE(reader.limit_body(5));
        ASSERT_EQ(reader.read_body(), progress::done) << piece;
        EXPECT_EQ(reader.take_body(), "hello");
        EXPECT_TRUE(reader.buffer_empty());
    }
}

TEST(message_reader, reads_chunks_and_ignores_extensions_and_trailers) {
    const std::string_view head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string_view body = "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Role: admin\r\n\r\n";
    message_reader reader{header_limit};
    ASSERT_EQ(feed_header(reader, head, head.size()), progress::done);
    ASSERT_TRUE(reader.limit_body(5));
    request r;
    ASSERT_TRUE(reader.fill_header(r));
    for (std::size_t i = 0; i < body.size(); ++i) {
        ASSERT_EQ(reader.read_body(), progress::need_more) << i;
        put(reader, body.substr(i, 1));
    }
    EXPECT_EQ(reader.read_body(), progress::done);
    EXPECT_EQ(reader.take_body(), "abcde");
    EXPECT_FALSE(r.header("X-Role"));
}

TEST(message_reader, keeps_a_pipelined_request_for_later) {
    message_reader reader{header_limit};
    put(reader, "\r\nGET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    for (const auto* target : {"/1", "/2"}) {
        ASSERT_EQ(reader.read_header(), progress::done);
        ASSERT_EQ(reader.read_body(), progress::done);
        request r;
        ASSERT_TRUE(reader.fill_header(r));
        EXPECT_EQ(r.target(), target);
        reader.begin();
    }
    EXPECT_FALSE(reader.started());
}

TEST(message_reader, stops_at_the_body_limit_declared_or_chunked) {
    message_reader declared{header_limit};
    put(declared, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n");
    ASSERT_EQ(declared.read_header(), progress::done);
    EXPECT_FALSE(declared.limit_body(5));
    EXPECT_TRUE(declared.limit_body(6));

    message_reader chunked{header_limit};
    put(chunked, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\n");
    ASSERT_EQ(chunked.read_header(), progress::done);
    EXPECT_TRUE(chunked.limit_body(5));
    EXPECT_EQ(chunked.read_body(), progress::too_large);
}

TEST(message_reader, stops_at_the_header_limit_however_it_is_cut) {
    const auto head = [](std::size_t total) {
        std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
        while (text.size() + 24 < total) text += "X-Field: value\r\n";
        text += "X: " + std::string(total - text.size() - 7, 'a') + "\r\n\r\n";
        return text;
    };
    ASSERT_EQ(head(header_limit).size(), header_limit);
    for (const std::size_t piece : {1u, 7u, 100u, 5000u}) {
        message_reader fits{header_limit};
        EXPECT_EQ(feed_header(fits, head(header_limit), piece), progress::done) << piece;
        message_reader exceeds{header_limit};
        EXPECT_EQ(feed_header(exceeds, head(header_limit + 1), piece), progress::too_large) << piece;
    }
    message_reader endless{header_limit};
    EXPECT_EQ(feed_header(endless, "GET /" + std::string(2 * header_limit, 'a'), 10), progress::too_large);
}

TEST(message_reader, does_not_count_a_body_against_the_header) {
    message_reader reader{header_limit};
    const auto body = std::string(10 * header_limit, 'b');
    put(reader,
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    ASSERT_EQ(reader.read_header(), progress::done);
    ASSERT_TRUE(reader.limit_body(body.size()));
    ASSERT_EQ(reader.read_body(), progress::done);
    EXPECT_EQ(reader.take_body(), body);
}

TEST(message_reader, bounds_what_surrounds_the_chunks) {
    for (const std::string start : {"5;", "0\r\nX: "}) {
        message_reader reader{header_limit};
        put(reader, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + start);
        ASSERT_EQ(reader.read_header(), progress::done);
        auto step = reader.read_body();
        for (std::size_t sent = 0; step == progress::need_more && sent < 3 * header_limit; sent += 100) {
            put(reader, std::string(100, 'x'));
            step = reader.read_body();
        }
        EXPECT_EQ(step, progress::malformed) << start;
    }
}

TEST(message_reader, refuses_what_is_not_http) {
    for (const auto& bytes :
         {"\x16\x03\x01\x02\x00 garbage\r\n\r\n"s, "GET\r\n\r\n"s, "GET / HTTP/2.0\r\nHost: h\r\n\r\n"s,
          "GET / HTTP/1.1\nHost: h\n\n"s, "GET / HTTP/1.1\r\nHost: h\r\nNo colon\r\n\r\n"s,
          "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"s, "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"s,
          "GET / HTTP/1.1\r\nHost: h\r\nX : a\r\n\r\n"s, "GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n"s,
          "G\0T / HTTP/1.1\r\nHost: h\r\n\r\n"s})
        EXPECT_EQ(header_of(bytes), progress::malformed) << bytes;
}

TEST(message_reader, refuses_ambiguous_framing) {
    const auto with = [](std::string fields) {
        return header_of("POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n");
    };
    EXPECT_EQ(with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), progress::malformed);
    EXPECT_EQ(with("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), progress::malformed);
    EXPECT_EQ(with("Content-Length: 1\r\nContent-Length: 2\r\n"), progress::malformed);
    EXPECT_EQ(with("Content-Length: -1\r\n"), progress::malformed);
    EXPECT_EQ(with("Content-Length: 1x\r\n"), progress::malformed);
    EXPECT_EQ(with("Content-Length: 99999999999999999999\r\n"), progress::malformed);
    EXPECT_EQ(with("Transfer-Encoding: gzip, chunked\r\n"), progress::unimplemented);
    EXPECT_EQ(with("Transfer-Encoding: identity\r\n"), progress::unimplemented);
    EXPECT_EQ(with("Host: second\r\n"), progress::malformed);
    EXPECT_EQ(header_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), progress::malformed);
    EXPECT_EQ(header_of("GET / HTTP/1.1\r\n\r\n"), progress::malformed) << "1.1 wants a Host";
    EXPECT_EQ(header_of("GET / HTTP/1.0\r\n\r\n"), progress::done);
}

TEST(message_reader, refuses_malformed_chunks) {
    for (const std::string body : {"x\r\n", "3\r\nabcd\r\n0\r\n\r\n", "-1\r\n", "11111111111111111\r\n"}) {
        message_reader reader{header_limit};
        put(reader, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body);
        ASSERT_EQ(reader.read_header(), progress::done);
        EXPECT_EQ(reader.read_body(), progress::malformed) << body;
    }
}

TEST(message_reader, reports_a_target_that_does_not_decode) {
    message_reader reader{header_limit};
    put(reader, "GET /%zz HTTP/1.1\r\nHost: h\r\nX-Request-Id: abc\r\n\r\n");
    ASSERT_EQ(reader.read_header(), progress::done);
    request r;
    EXPECT_FALSE(reader.fill_header(r));
    EXPECT_EQ(r.method(), "GET");
    EXPECT_EQ(r.id(), "abc");
}

TEST(response_head, frames_the_response) {
    auto answer = response::text(200, "four");
    answer.set_header("X-Own", "1")
        .set_header("Content-Length", "99")
        .set_header("Transfer-Encoding", "chunked");
    const auto head = response_head(answer, framing{}, "id-1");
    EXPECT_EQ(head.substr(0, 17), "HTTP/1.1 200 OK\r\n");
    EXPECT_EQ(head.substr(head.size() - 4), "\r\n\r\n");
    EXPECT_NE(head.find("\r\nX-Own: 1\r\n"), std::string::npos);
    EXPECT_NE(head.find("\r\nContent-Length: 4\r\n"), std::string::npos);
    EXPECT_NE(head.find("\r\nX-Request-Id: id-1\r\n"), std::string::npos);
    EXPECT_NE(head.find(" GMT\r\n"), std::string::npos);
    EXPECT_EQ(head.find("99"), std::string::npos);
    EXPECT_EQ(head.find("chunked"), std::string::npos);
    EXPECT_EQ(head.find("Connection"), std::string::npos);
}

TEST(response_head, says_what_becomes_of_the_connection) {
    const response answer{204};
    framing how;
    how.keep_alive = false;
    EXPECT_NE(response_head(answer, how, "i").find("Connection: close"), std::string::npos);
    how.version = 10;
    EXPECT_EQ(response_head(answer, how, "i").find("Connection: keep-alive"), std::string::npos);
    how.keep_alive = true;
    const auto head = response_head(answer, how, "i");
    EXPECT_NE(head.find("Connection: keep-alive"), std::string::npos);
    EXPECT_EQ(head.find("Content-Length"), std::string::npos) << "a 204 has no body";
}

TEST(listen_address, takes_hosts_and_ports_apart) {
    const auto v4 = parse_listen_address("127.0.0.1:80").value();
    EXPECT_EQ(v4.host(), "127.0.0.1");
    EXPECT_EQ(v4.port(), "80");
    EXPECT_EQ(parse_listen_address("[::1]:0").value().host(), "::1");
    EXPECT_EQ(parse_listen_address(":65535").value().host(), "");
    EXPECT_EQ(parse_listen_address("localhost:1").value().host(), "localhost");
}

TEST(listen_address, refuses_what_is_not_one) {
    for (const auto* text : {"", "80", "host", "host:", "host:x", "host:65536", "host:-1", "::1:80", "[::1]",
                             "[]:80", "[host]:80", "[::1:80", "a b:80", "host:80 "}) {
        const auto parsed = parse_listen_address(text);
        ASSERT_TRUE(parsed.has_error()) << text;
        EXPECT_EQ(parsed.error().code(), tusk::errc::invalid_configuration);
    }
}

} // namespace message_test
