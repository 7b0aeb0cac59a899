#include <tusk/testing/fault_proxy.hpp>

#include "secured_server.hpp"

using namespace client_test;

namespace connect_test {

/// Opens with both drivers; both must agree.
tusk::failure connect_both(const std::string& url, bool* tls = nullptr) {
    const auto blocking = failure_of([&] {
        auto db = tusk::blocking::connection::open(url);
        EXPECT_EQ(db.one<int>("select 1"), 1);
        if (tls != nullptr) *tls = db.tls();
    });
    const auto asynchronous =
        tusk::testing::run_async([](std::string address, bool* with_tls) -> asio::awaitable<tusk::failure> {
            try {
                auto db = co_await tusk::connection::open(address);
                EXPECT_EQ(co_await db.one<int>("select 1"), 1);
                if (with_tls != nullptr) {
                    EXPECT_EQ(db.tls(), *with_tls);
                }
            } catch (const tusk::error& e) {
                co_return e.as_failure();
            }
            co_return tusk::failure{};
        }(url, tls));
    EXPECT_EQ(blocking.code(), asynchronous.code()) << blocking.message() << " / " << asynchronous.message();
    return blocking;
}

TEST(connecting, scram_over_plain_tcp) {
    auto& s = secured_server::instance();
    EXPECT_FALSE(connect_both(s.url("scram_user", "p%C3%A4ssword%20%C3%BCnicode", "sslmode=disable")));
}

TEST(connecting, scram_with_channel_binding_over_tls) {
    auto& s = secured_server::instance();
    bool tls = false;
    const auto f = connect_both(
        s.url("scram_user", "p%C3%A4ssword%20%C3%BCnicode", "sslmode=require&channel_binding=require"), &tls);
    EXPECT_FALSE(f) << f.message();
    EXPECT_TRUE(tls);
}

TEST(connecting, the_default_prefers_tls) {
    auto& s = secured_server::instance();
    bool tls = false;
    EXPECT_FALSE(connect_both(s.url("trusted", "", ""), &tls));
    EXPECT_TRUE(tls);
}

TEST(connecting, allow_takes_tls_only_when_the_server_insists) {
    auto& s = secured_server::instance();
    bool tls = true;
    EXPECT_FALSE(connect_both(s.url("trusted", "", "sslmode=allow"), &tls));
    EXPECT_FALSE(tls);
    EXPECT_FALSE(connect_both(s.url("tls_only", "", "sslmode=allow"), &tls));
    EXPECT_TRUE(tls);
    EXPECT_EQ(connect_both(s.url("tls_only", "", "sslmode=disable")).code(), tusk::condition::authentication);
}

TEST(connecting, require_verifies_the_chain_when_a_root_is_given) {
    auto& s = secured_server::instance();
    EXPECT_FALSE(connect_both(s.url("trusted", "", "sslmode=require&sslrootcert=" + s.ca())));
    const auto f = connect_both(s.url("trusted", "", "sslmode=require&sslrootcert=" + s.other_ca()));
    EXPECT_EQ(f.code(), tusk::errc::tls_certificate) << f.message();
}

TEST(connecting, passwords_go_over_tls_only) {
    auto& s = secured_server::instance();
    for (const char* user : {"plain_user", "md5_user"}) {
        const std::string password = std::string{user} == "plain_user" ? "plain%20secret" : "md5%20secret";
        EXPECT_FALSE(connect_both(s.url(user, password, "sslmode=require"))) << user;
        const auto f = connect_both(s.url(user, password, "sslmode=disable"));
        EXPECT_EQ(f.code(), tusk::errc::auth_unsupported) << f.message();
        EXPECT_EQ(f.message().find("secret"), std::string::npos);
    }
    EXPECT_FALSE(
        connect_both(s.url("plain_user", "plain%20secret", "sslmode=disable&require_auth=password")));
}

TEST(connecting, certificates_are_verified) {
    auto& s = secured_server::instance();
    EXPECT_FALSE(
        connect_both(s.url("trusted", "", "sslmode=verify-full&sslrootcert=" + s.ca(), "localhost")));
    EXPECT_FALSE(connect_both(s.url("trusted", "", "sslmode=verify-ca&sslrootcert=" + s.ca())));
    // The certificate is for localhost, not for 127.0.0.1.
    auto f = connect_both(s.url("trusted", "", "sslmode=verify-full&sslrootcert=" + s.ca()));
    EXPECT_EQ(f.code(), tusk::errc::tls_certificate) << f.message();
    f = connect_both(s.url("trusted", "", "sslmode=verify-ca&sslrootcert=" + s.other_ca()));
    EXPECT_EQ(f.code(), tusk::errc::tls_certificate) << f.message();
    f = connect_both(s.url("trusted", "", "sslmode=verify-full&sslrootcert=/nowhere/ca.crt"));
    EXPECT_TRUE(f);
    EXPECT_NE(f.message().find("/nowhere/ca.crt"), std::string::npos) << f.message();
}

TEST(connecting, tls_without_asking_first) {
    auto& s = secured_server::instance();
    const auto url = s.url("scram_user", "p%C3%A4ssword%20%C3%BCnicode",
                           "sslnegotiation=direct&sslmode=verify-full&sslrootcert=" + s.ca(), "localhost");
    if (s.major() < 17) {
        EXPECT_TRUE(
            connect_both(url)); // and no hang: such a server takes the handshake for a bad startup packet
        GTEST_SKIP() << "sslnegotiation=direct needs PostgreSQL 17, this is " << s.major();
    }
    bool tls = false;
    const auto f = connect_both(url, &tls);
    EXPECT_FALSE(f) << f.message();
    EXPECT_TRUE(tls);
    auto db = tusk::blocking::connection::open(url);
    const auto limit = tusk::options{}.timeout(100ms);
    EXPECT_EQ(failure_of([&] { db.exec(limit, "select pg_sleep(30)"); }).code(), tusk::errc::timeout);
    EXPECT_TRUE(db.is_open()); // the CancelRequest went the same way
}

TEST(connecting, deadlines_and_large_results_work_over_tls) {
    auto& s = secured_server::instance();
    const auto url = s.url("trusted", "", "sslmode=require");
    auto db = tusk::blocking::connection::open(url);
    const auto limit = tusk::options{}.timeout(100ms);
    EXPECT_EQ(failure_of([&] { db.exec(limit, "select pg_sleep(30)"); }).code(), tusk::errc::timeout);
    EXPECT_EQ(db.one<std::string>("select repeat('x', 5000000)").size(), 5'000'000U);
    const std::string big(3'000'000, 'y');
    EXPECT_EQ(db.one<int>("select length($1::text)", big), 3'000'000);
    tusk::testing::run_async([](std::string address) -> asio::awaitable<void> {
        auto c = co_await tusk::connection::open(address);
        const auto o = tusk::options{}.timeout(100ms);
        const auto late = co_await failure_of(c.exec(o, "select pg_sleep(30)"));
        EXPECT_EQ(late.code(), tusk::errc::timeout);
        const auto text = co_await c.one<std::string>("select repeat('x', 5000000)");
        EXPECT_EQ(text.size(), 5'000'000U);
    }(url));
}

TEST(connecting, over_tls_through_a_proxy_that_sees_only_bytes) {
    const auto url = secured_server::instance().url("trusted", "", "sslmode=require");
    tusk::testing::fault_proxy proxy{url};
    auto db = tusk::blocking::connection::open(proxy.url());
    EXPECT_TRUE(db.tls());
    EXPECT_EQ(db.one<int>("select 1"), 1);
    EXPECT_EQ(proxy.counts().to_server.of('8'), 1U);
    EXPECT_EQ(proxy.counts().to_server.of('0'), 0U) << "the StartupMessage is encrypted";
    proxy.to_client().at_byte(20).flip(1); // behind the header of a record
    EXPECT_EQ(failure_of([&] { db.exec("select 1"); }).code(), tusk::condition::connection_lost);
    EXPECT_FALSE(db.is_open());
    // The server still has something to say to the one that left.
    ASSERT_TRUE(proxy.wait_for([](const auto& seen) { return seen.open == 0; }));
    for (const std::uint64_t n : {1U, 2U, 100U, 1000U}) {
        proxy.to_client().at_byte(n).reset();
        const auto f = failure_of([&] { tusk::blocking::connection::open(proxy.url()); });
        EXPECT_EQ(f.code(), tusk::condition::unavailable) << n << ": " << f.message();
    }
}

TEST(connecting, wrong_password_wrong_database_wrong_user) {
    auto& s = secured_server::instance();
    auto f = connect_both(s.url("scram_user", "S3CR3T-canary"));
    EXPECT_EQ(f.code(), tusk::make_error_code(*tusk::sqlstate::parse("28P01"))) << f.message();
    EXPECT_EQ(f.code(), tusk::condition::authentication);
    EXPECT_EQ(f.message().find("canary"), std::string::npos);
    auto url = s.url("trusted", "");
    url.replace(url.find("/postgres?"), 10, "/nonesuch?");
    f = connect_both(url);
    EXPECT_EQ(f.code(), tusk::make_error_code(*tusk::sqlstate::parse("3D000"))) << f.message();
    f = connect_both(s.url("scram_user", "", "sslmode=disable"));
    EXPECT_EQ(f.code(), tusk::errc::auth_failed) << f.message();
}

TEST(connecting, require_auth_is_kept) {
    auto& s = secured_server::instance();
    EXPECT_EQ(connect_both(s.url("trusted", "", "require_auth=scram-sha-256")).code(),
              tusk::errc::auth_failed);
    EXPECT_EQ(
        connect_both(s.url("md5_user", "md5%20secret", "sslmode=require&require_auth=scram-sha-256")).code(),
        tusk::errc::auth_unsupported);
}

TEST(connecting, the_first_host_that_lets_us_in) {
    auto& s = secured_server::instance();
    auto url = s.url("trusted", "");
    url.replace(url.find("127.0.0.1"), 9, "127.0.0.1:1,127.0.0.1");
    EXPECT_FALSE(connect_both(url));
    url.replace(url.find("/postgres?"), 10, "/postgres?target_session_attrs=standby&");
    const auto f = connect_both(url);
    EXPECT_TRUE(f);
    EXPECT_NE(f.message().find("standby"), std::string::npos) << f.message();
}

} // namespace connect_test
