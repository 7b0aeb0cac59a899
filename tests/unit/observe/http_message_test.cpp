#include <tusk/observe/detail/http_message.hpp>

#include <gtest/gtest.h>

namespace http_message_test {

using namespace std::chrono_literals;
using namespace tusk::observe;
using detail::answer_reader;
using state = answer_reader::state;

/// Byte by byte: a network cuts wherever it likes.
state feed(answer_reader& to, std::string_view text) {
    state last = state::more;
    for (std::size_t i = 0; i < text.size() && last == state::more; ++i) last = to.add(text.substr(i, 1));
    return last;
}

TEST(request, says_all_that_a_collector_needs) {
    const auto where = detail::read_url("http://[::1]:4318/v1/traces?a=b");
    ASSERT_TRUE(where);
    EXPECT_EQ(where->host, "::1");
    otlp_endpoint to;
    to.headers = {{"api-key", "k"}};
    const auto text = detail::request_text(*where, to, "application/json", "{}");
    EXPECT_TRUE(text.starts_with("POST /v1/traces?a=b HTTP/1.1\r\nHost: [::1]:4318\r\n")) << text;
    EXPECT_NE(text.find("\r\nContent-Type: application/json\r\nContent-Length: 2\r\napi-key: k\r\n\r\n{}"),
              text.npos)
        << text;
}

TEST(url, has_defaults) {
    EXPECT_EQ(detail::read_url("https://c")->port, "443");
    EXPECT_EQ(detail::read_url("http://c")->port, "80");
    EXPECT_EQ(detail::read_url("http://c")->target, "/");
    EXPECT_FALSE(detail::read_url("http://u:p@c"));
}

TEST(answer, with_a_length) {
    answer_reader r;
    EXPECT_EQ(feed(r, "HTTP/1.1 200 OK\r\ncontent-LENGTH: 2\r\n\r\n{}"), state::complete);
    EXPECT_TRUE(r.keeps_open());
    const auto got = r.take();
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "{}");
}

TEST(answer, in_chunks_with_trailers) {
    answer_reader r;
    EXPECT_EQ(feed(r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"),
              state::complete);
    EXPECT_EQ(r.take().body, "abc0123456789");
}

TEST(answer, in_chunks_without_trailers) {
    answer_reader r;
    EXPECT_EQ(feed(r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), state::complete);
}

TEST(answer, until_the_connection_ends) {
    answer_reader r;
    EXPECT_EQ(feed(r, "HTTP/1.0 503 Busy\r\nRetry-After: 7\r\n\r\nlater"), state::more);
    EXPECT_EQ(r.end(), state::complete);
    EXPECT_FALSE(r.keeps_open());
    const auto got = r.take();
    EXPECT_EQ(got.body, "later");
    EXPECT_EQ(got.retry_after, 7s);
}

TEST(answer, after_an_interim_one) {
    answer_reader r;
    EXPECT_EQ(feed(r, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
              state::complete);
    EXPECT_EQ(r.take().status, 204);
    EXPECT_FALSE(r.keeps_open());
}

TEST(answer, that_is_none_is_refused) {
    for (const char* text :
         {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n"}) {
        answer_reader r;
        EXPECT_EQ(feed(r, text), state::malformed) << text;
    }
    answer_reader cut;
    EXPECT_EQ(feed(cut, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na"), state::more);
    EXPECT_EQ(cut.end(), state::malformed);
    answer_reader endless;
    EXPECT_EQ(endless.add(std::string(detail::longest_head + 1, 'x')), state::malformed);
}

TEST(retry_after, is_seconds_or_a_moment) {
    const std::chrono::system_clock::time_point now{784111777s - 10s}; // ten seconds before the RFC's example
    EXPECT_EQ(detail::read_retry_after("120", now), 120s);
    EXPECT_EQ(detail::read_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 10s);
    EXPECT_EQ(detail::read_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now + 1h), 0s);
    EXPECT_EQ(detail::read_retry_after("soon", now), std::nullopt);
    EXPECT_EQ(detail::read_retry_after("Sun, 06 Foo 1994 08:49:37 GMT", now), std::nullopt);
}

} // namespace http_message_test
