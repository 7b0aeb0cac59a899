#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

#include <tusk/embedded/server.hpp>

#include "both.hpp"

using namespace client_test;

namespace {

/// A server with passwords and TLS on TCP, made once for the process.
class secured_server {
public:
    static secured_server& instance() {
        static secured_server s;
        return s;
    }
    std::string url(const std::string& user, const std::string& password, const std::string& parameters = "",
                    const std::string& host = "127.0.0.1") const {
        return "postgres://" + user + ":" + password + "@" + host + ":" + std::to_string(server_->port()) +
               "/postgres?" + parameters;
    }
    int major() const { return server_->binaries().major; }
    std::string ca() const { return (directory_ / "ca.crt").string(); }
    std::string other_ca() const { return (directory_ / "other.crt").string(); }

private:
    secured_server() {
        directory_ = std::filesystem::temp_directory_path() / ("tusk-tls-" + std::to_string(::getpid()));
        std::filesystem::create_directories(directory_);
        const auto path = [&](const char* name) { return (directory_ / name).string(); };
        const auto make_ca = [&](const std::string& name) {
            shell("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=tusk test CA' -keyout " +
                  path((name + ".key").c_str()) + " -out " + path((name + ".crt").c_str()));
        };
        make_ca("ca");
        make_ca("other");
        std::ofstream{path("san.cnf")} << "subjectAltName=DNS:localhost\n";
        shell("openssl req -newkey rsa:2048 -nodes -subj '/CN=localhost' -keyout " + path("server.key") +
              " -out " + path("server.csr"));
        shell("openssl x509 -req -in " + path("server.csr") + " -CA " + path("ca.crt") + " -CAkey " +
              path("ca.key") + " -CAcreateserial -days 2 -extfile " + path("san.cnf") + " -out " +
              path("server.crt"));
        auto started = tusk::embedded::server::start(tusk::embedded::server_options{}.listen_tcp());
        server_ = std::make_unique<tusk::embedded::server>(std::move(started.value()));
        const auto data = server_->data_dir();
        for (const char* name : {"server.key", "server.crt"}) {
            std::filesystem::copy_file(path(name), data / name);
            struct stat owner{};
            ASSERT_OR_THROW(::stat(data.c_str(), &owner) == 0);
            ASSERT_OR_THROW(::chown((data / name).c_str(), owner.st_uid, owner.st_gid) == 0);
            ::chmod((data / name).c_str(), 0600);
        }
        auto admin = tusk::blocking::connection::open(server_->url());
        admin.script(
            "set password_encryption = 'scram-sha-256'; create role scram_user login password 'pässword "
            "ünicode'; set password_encryption = 'md5'; "
            "create role md5_user login password 'md5 secret'; create role plain_user login password 'plain "
            "secret'");
        std::ofstream{data / "pg_hba.conf"} << "local all all trust\n"
                                               "host all plain_user 127.0.0.1/32 password\n"
                                               "host all md5_user 127.0.0.1/32 md5\n"
                                               "host all scram_user 127.0.0.1/32 scram-sha-256\n"
                                               "host all trusted 127.0.0.1/32 trust\n";
        admin.script("create role trusted login");
        admin.exec("alter system set ssl = on");
        admin.one<bool>("select pg_reload_conf()");
        admin.close();
        server_->restart().value();
    }
    ~secured_server() { std::filesystem::remove_all(directory_); }
    static void ASSERT_OR_THROW(bool ok) {
        if (!ok) throw std::runtime_error{"setting up the server failed"};
    }
    static void shell(const std::string& command) {
        ASSERT_OR_THROW(std::system((command + " >/dev/null 2>&1").c_str()) == 0);
    }

    std::filesystem::path directory_;
    std::unique_ptr<tusk::embedded::server> server_;
};

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

} // namespace
