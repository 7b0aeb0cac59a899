#include <gtest/gtest.h>

#include <zlib.h>

#include <services/http/accept.hpp>
#include <services/http/access_log.hpp>
#include <services/http/compress.hpp>
#include <services/http/cors.hpp>
#include <services/http/rate_limit.hpp>

#include "support.hpp"

namespace middleware_test {

using namespace tusk::http;
using namespace std::chrono_literals;

std::string gunzip(const std::string& packed) {
    z_stream stream{};
    EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
    std::string out(1'000'000, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return out;
}

response compressed(response from, std::string_view accept) {
    router routes;
    routes.use(compress(100));
    routes.get("/", always(std::move(from)));
    request of{"GET", "/"};
    if (!accept.empty()) of.set_header("Accept-Encoding", accept);
    return answer_of(routes, of);
}

TEST(accept, reads_qualities) {
    for (const auto* yes :
         {"gzip", "GZIP", "br, gzip;q=0.5", "*", "deflate , gzip", "gzip; q=1.0", "*;q=0.1"})
        EXPECT_TRUE(accepts_encoding(yes, "gzip")) << yes;
    for (const auto* no : {"", "br", "gzip;q=0", "gzip;q=0.000, *", "*;q=0", "xgzip", "identity", ",,;"})
        EXPECT_FALSE(accepts_encoding(no, "gzip")) << no;
}

TEST(accept, compares_entity_tags_weakly) {
    for (const auto* yes : {"\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"})
        EXPECT_TRUE(matches_etag(yes, "\"a\"")) << yes;
    for (const auto* no : {"", "\"b\"", "a", "\"a", ", ,"}) EXPECT_FALSE(matches_etag(no, "\"a\"")) << no;
    EXPECT_TRUE(matches_etag("\"a\"", "W/\"a\""));
}

TEST(compress, packs_large_text_for_those_who_accept_it) {
    const std::string text(5000, 'x');
    const auto answer = compressed(response::json(200, text), "gzip");
    EXPECT_EQ(header_of(answer, "Content-Encoding"), "gzip");
    EXPECT_EQ(header_of(answer, "Vary"), "Accept-Encoding");
    EXPECT_LT(answer.body().size(), 100u);
    EXPECT_EQ(gunzip(answer.body()), text);
    const auto plain = compressed(response::json(200, text), "br");
    EXPECT_EQ(plain.body(), text);
    EXPECT_EQ(header_of(plain, "Vary"), "Accept-Encoding");
}

TEST(compress, leaves_alone_what_gains_nothing) {
    const std::string text(5000, 'x');
    EXPECT_EQ(compressed(response::json(200, std::string(99, 'x')), "gzip").body().size(), 99u);
    auto picture = response::json(200, text).set_header("Content-Type", "image/png");
    EXPECT_EQ(compressed(picture, "gzip").body(), text);
    auto done = response::json(200, text).set_header("Content-Encoding", "br");
    EXPECT_EQ(compressed(done, "gzip").body(), text);
    auto kept = response::json(200, text).set_header("Cache-Control", "no-store, no-transform");
    EXPECT_EQ(compressed(kept, "gzip").body(), text);
    std::string noise;
    for (unsigned i = 0, x = 1; i < 500; ++i)
        noise += static_cast<char>((x = x * 1664525u + 1013904223u) >> 24);
    EXPECT_EQ(compressed(response::text(200, noise), "gzip").body(), noise);
}

TEST(compress, weakens_the_entity_tag) {
    auto tagged = response::json(200, std::string(5000, 'x')).set_header("ETag", "\"v1\"");
    EXPECT_EQ(header_of(compressed(tagged, "gzip"), "ETag"), "W/\"v1\"");
    EXPECT_EQ(header_of(compressed(tagged, ""), "ETag"), "\"v1\"");
}

response shared(const cors_options& options, request of) {
    router routes;
    routes.use(cors(options));
    routes.get("/", always(response::text(200, "x")));
    return answer_of(routes, of);
}

TEST(cors, marks_answers_to_allowed_origins_only) {
    const auto options = cors_options{}.origin("https://a.example");
    const auto mine = shared(options, request{"GET", "/"}.set_header("Origin", "https://a.example"));
    EXPECT_EQ(header_of(mine, "Access-Control-Allow-Origin"), "https://a.example");
    EXPECT_EQ(header_of(mine, "Vary"), "Origin");
    const auto other = shared(options, request{"GET", "/"}.set_header("Origin", "https://a.example.evil"));
    EXPECT_EQ(other.status(), 200u);
    EXPECT_FALSE(other.headers().contains("Access-Control-Allow-Origin"));
    EXPECT_EQ(header_of(other, "Vary"), "Origin");
    EXPECT_FALSE(shared(options, request{"GET", "/"}).headers().contains("Vary"));
    const auto any = shared(cors_options{}.origin("*"), request{"GET", "/"}.set_header("Origin", "null"));
    EXPECT_EQ(header_of(any, "Access-Control-Allow-Origin"), "*");
}

TEST(cors, answers_preflights) {
    const auto ask = request{"OPTIONS", "/"}
                         .set_header("Origin", "https://a.example")
                         .set_header("Access-Control-Request-Method", "PUT");
    const auto yes = shared(cors_options{}.origin("https://a.example").max_age(5s), ask);
    EXPECT_EQ(yes.status(), 204u);
    EXPECT_EQ(header_of(yes, "Access-Control-Max-Age"), "5");
    EXPECT_NE(header_of(yes, "Access-Control-Allow-Headers").find("X-API-Key"), std::string::npos);
    const auto no = shared(cors_options{}.origin("https://b.example"), ask);
    EXPECT_EQ(no.status(), 204u);
    EXPECT_FALSE(no.headers().contains("Access-Control-Allow-Methods"));
    const auto plain = shared(cors_options{}.origin("*"), request{"OPTIONS", "/"});
    EXPECT_EQ(header_of(plain, "Allow"), "GET, HEAD, OPTIONS");
}

TEST(rate_limit, refills_with_time) {
    rate_limiter limiter{rate_limit_options{}.per_client(60, 3)};
    const auto start = rate_limiter::time_point{} + 1h;
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(limiter.take("a", start));
    const auto wait = limiter.take("a", start);
    ASSERT_TRUE(wait);
    EXPECT_EQ(std::chrono::round<std::chrono::milliseconds>(*wait), 1000ms);
    EXPECT_FALSE(limiter.take("b", start)) << "each client has its own";
    EXPECT_TRUE(limiter.take("a", start + 900ms));
    EXPECT_FALSE(limiter.take("a", start + 1001ms));
    EXPECT_TRUE(limiter.take("a", start + 1002ms));
    for (int i = 0; i < 3; ++i)
        EXPECT_FALSE(limiter.take("a", start + 1h)) << "no more than the burst is saved";
    EXPECT_TRUE(limiter.take("a", start + 1h));
    EXPECT_TRUE(limiter.take("a", start)) << "a clock that goes back gives nothing";
}

TEST(rate_limit, counts_all_together) {
    rate_limiter limiter{rate_limit_options{}.per_client(60, 3).global(60, 2)};
    const auto now = rate_limiter::time_point{} + 1h;
    EXPECT_FALSE(limiter.take("a", now));
    EXPECT_FALSE(limiter.take("b", now));
    EXPECT_TRUE(limiter.take("c", now));
}

TEST(rate_limit, remembers_a_bounded_number_of_clients) {
    rate_limiter limiter{rate_limit_options{}.per_client(60, 1).max_clients(100)};
    auto now = rate_limiter::time_point{} + 1h;
    for (int i = 0; i < 1000; ++i) EXPECT_FALSE(limiter.take(std::to_string(i), now += 1us));
    EXPECT_LE(limiter.clients(), 100u);
    EXPECT_TRUE(limiter.take("999", now)) << "the latest is remembered";
}

TEST(rate_limit, answers_429_but_for_exempt_paths) {
    router routes;
    routes.use(
        rate_limit(std::make_shared<rate_limiter>(rate_limit_options{}.per_client(1, 1).exempt("/livez"))));
    routes.get("/", always(response::empty()));
    routes.get("/livez", always(response::empty()));
    request first{"GET", "/"};
    EXPECT_EQ(answer_of(routes, first).status(), 204u);
    const auto refused = answer_of(routes, first);
    EXPECT_EQ(refused.status(), 429u);
    EXPECT_EQ(header_of(refused, "Retry-After"), "60");
    request probe{"GET", "/livez"};
    for (int i = 0; i < 5; ++i) EXPECT_EQ(answer_of(routes, probe).status(), 204u);
}

TEST(access_log, cannot_be_forged) {
    request of{"GET", "/a?b=1"};
    of.set_remote_address("192.0.2.1").set_header("User-Agent", "x\" 200 \x1b[2J\\");
    of.set_header("X-Request-Id", "id-1")
        .set_received_at(std::chrono::system_clock::from_time_t(1'700'000'000));
    of.set_identity(identity{"deploy", role::viewer});
    EXPECT_EQ(access_log_line(of, 404, 1500us, 77),
              "192.0.2.1 - deploy [14/Nov/2023:22:13:20 +0000] \"GET /a?b=1\" 404 77 \"-\" "
              "\"x\\\" 200 \\x1b[2J\\\\\" 1500 id-1");
}

} // namespace middleware_test
