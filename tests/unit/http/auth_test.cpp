#include <gtest/gtest.h>

#include <services/http/auth.hpp>
#include <tusk/core/error.hpp>

#include "support.hpp"

namespace auth_test {

using namespace tusk::http;

std::string hash_of(std::string_view key) { return to_hex(sha256(key)); }

router routes_with(const std::shared_ptr<const api_keys>& keys) {
    router routes;
    routes.use(authenticate(keys));
    for (const auto least : {role::viewer, role::operator_, role::admin})
        routes.get("/" + std::string{to_string(least)},
                   require_role(least, [](request& of) -> boost::asio::awaitable<response> {
                       co_return response::text(200, of.identity()->name());
                   }));
    return routes;
}

unsigned status_for(const router& routes, const char* path, std::string_view header, std::string_view value) {
    request of{"GET", path};
    if (!header.empty()) of.set_header(header, value);
    return answer_of(routes, of).status();
}

TEST(auth, digests_agree_with_published_vectors) {
    EXPECT_EQ(hash_of("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); // FIPS 180-2
    EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),         // RFC 4231, 2
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_FALSE(parse_sha256("abc"));
    EXPECT_FALSE(parse_sha256(std::string(64, 'g')));
    EXPECT_EQ(to_hex(*parse_sha256(std::string(64, 'A'))), std::string(64, 'a'));
}

TEST(auth, takes_a_key_from_each_header) {
    auto keys = std::make_shared<api_keys>();
    keys->add("deploy", role::operator_, hash_of("s3cret"));
    const auto routes = routes_with(keys);
    EXPECT_EQ(status_for(routes, "/viewer", "Authorization", "Bearer s3cret"), 200u);
    EXPECT_EQ(status_for(routes, "/viewer", "Authorization", "bearer   s3cret"), 200u);
    EXPECT_EQ(status_for(routes, "/viewer", "Authorization", "ApiKey s3cret"), 200u);
    EXPECT_EQ(status_for(routes, "/viewer", "X-API-Key", "s3cret"), 200u);
    EXPECT_EQ(status_for(routes, "/viewer", "X-API-Key", "s3cre"), 401u);
    EXPECT_EQ(status_for(routes, "/viewer", "X-API-Key", hash_of("s3cret")), 401u);
    EXPECT_EQ(status_for(routes, "/viewer", "Authorization", "Basic s3cret"), 401u);
    EXPECT_EQ(status_for(routes, "/viewer", "Authorization", "Bearer"), 401u);
}

TEST(auth, orders_roles) {
    auto keys = std::make_shared<api_keys>();
    keys->add("v", role::viewer, hash_of("v")).add("o", role::operator_, hash_of("o"));
    keys->add("a", role::admin, hash_of("a"));
    const auto routes = routes_with(keys);
    const char* const paths[] = {"/viewer", "/operator", "/admin"};
    const char* const names[] = {"v", "o", "a"};
    for (std::size_t who = 0; who < 3; ++who)
        for (std::size_t what = 0; what < 3; ++what)
            EXPECT_EQ(status_for(routes, paths[what], "X-API-Key", names[who]), who >= what ? 200u : 403u)
                << names[who] << paths[what];
    EXPECT_EQ(status_for(routes, "/viewer", "", ""), 401u);
}

TEST(auth, is_off_without_keys) {
    EXPECT_EQ(status_for(routes_with(std::make_shared<api_keys>()), "/admin", "", ""), 200u);
}

TEST(auth, refuses_a_key_that_is_no_hash) {
    api_keys keys;
    EXPECT_THROW(keys.add("x", role::admin, "s3cret"), tusk::error);
    EXPECT_THROW(keys.add("", role::admin, hash_of("x")), tusk::error);
    EXPECT_TRUE(keys.empty());
}

class signed_request {
public:
    explicit signed_request(std::string timestamp) : of{"POST", "/webhook"} {
        of.set_body("{}").set_header("X-Webhook-Timestamp", timestamp);
        of.set_header("X-Webhook-Signature", sign_webhook("key", timestamp, "{}"));
    }
    request of;
};

TEST(signature, is_right_only_for_its_body_key_and_time) {
    const auto now = std::chrono::system_clock::from_time_t(1'700'000'000);
    const signature_options with{"key"};
    signed_request good{"1700000000"};
    EXPECT_EQ(signature_problem(good.of, with, now), std::nullopt);
    EXPECT_NE(signature_problem(good.of, signature_options{"other"}, now), std::nullopt);
    good.of.set_body("{ }");
    EXPECT_NE(signature_problem(good.of, with, now), std::nullopt);
    signed_request moved{"1700000000"};
    moved.of.set_header("X-Webhook-Timestamp", "1700000001");
    EXPECT_NE(signature_problem(moved.of, with, now), std::nullopt);
}

TEST(signature, expires) {
    const auto now = std::chrono::system_clock::from_time_t(1'700'000'000);
    const signature_options with{"key"};
    for (const auto* in_time : {"1699999700", "1700000300"}) {
        signed_request one{in_time};
        EXPECT_EQ(signature_problem(one.of, with, now), std::nullopt) << in_time;
    }
    for (const auto* out_of_time : {"1699999699", "1700000301", "", "x", "1700000000.5",
                                    "-9223372036854775808", "9223372036854775807", "99999999999999999999"}) {
        signed_request one{out_of_time};
        EXPECT_NE(signature_problem(one.of, with, now), std::nullopt) << out_of_time;
    }
}

TEST(signature, needs_no_timestamp_when_told_so) {
    const auto now = std::chrono::system_clock::now();
    request of{"POST", "/webhook"};
    of.set_body("{}").set_header("X-Webhook-Signature", sign_webhook("key", std::nullopt, "{}"));
    EXPECT_NE(signature_problem(of, signature_options{"key"}, now), std::nullopt);
    EXPECT_EQ(signature_problem(of, signature_options{"key"}.require_timestamp(false), now), std::nullopt);
    for (const auto* wrong : {"", "sha256=", "sha1=00", "sha256=zz"}) {
        of.set_header("X-Webhook-Signature", wrong);
        EXPECT_NE(signature_problem(of, signature_options{"key"}.require_timestamp(false), now),
                  std::nullopt);
    }
}

TEST(signature, guards_a_handler) {
    router routes;
    routes.post("/webhook", require_signature(signature_options{"key"}, always(response::empty())));
    request bare{"POST", "/webhook"};
    EXPECT_EQ(answer_of(routes, bare).status(), 401u);
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    signed_request good{std::to_string(now)};
    EXPECT_EQ(answer_of(routes, good.of).status(), 204u);
}

} // namespace auth_test
