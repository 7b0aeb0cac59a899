// The code of docs/connection-strings.md.
#include <fstream>

#include <tusk/client.hpp>
#include <tusk/embedded/server.hpp>
#include <tusk/net/credentials.hpp>

#include "page.hpp"

namespace connection_strings_page {

using namespace docs_test;

TEST(connection_strings_page, a_configuration_in_code) {
    std::string logged;
    const auto log = [&](std::string text) { logged = std::move(text); };

    auto config = tusk::parse_connect_config("postgres://shop@db1,db2/shop?sslmode=require").value();
    config.application_name("orders").connect_timeout(std::chrono::seconds{2});
    log(tusk::redacted(config)); // postgresql://shop@db1:5432,db2:5432/shop?…, every secret shown as ***

    EXPECT_EQ(logged.substr(0, 41), "postgresql://shop@db1:5432,db2:5432/shop?");
    EXPECT_NE(logged.find("application_name=orders"), std::string::npos) << logged;
}

/// A server whose user "app" needs the password "token for app".
class passwords : public testing::Test {
protected:
    void SetUp() override {
        auto admin = tusk::blocking::connection::open(server_.url());
        admin.script("create role app login password 'token for app'");
        std::ofstream{server_.data_dir() / "pg_hba.conf"}
            << "local all app scram-sha-256\nlocal all all trust\n";
        admin.one<bool>("select pg_reload_conf()");
    }
    tusk::embedded::server server_ = tusk::embedded::server::start().value();
};

std::string fetch_token(const std::string&, const std::string& user) { return "token for " + user; }

asio::awaitable<std::string> user_of(std::string url) {
    auto config = tusk::parse_connect_config(url).value();
    config.credentials(tusk::make_credential_source([](const tusk::credential_request& what) {
        return tusk::credential{fetch_token(what.host, what.user), std::chrono::system_clock::now() + 10min};
    }));
    auto db = co_await tusk::connection::open(config);

    co_return co_await db.one<std::string>("select session_user");
}

TEST_F(passwords, from_a_source) {
    auto url = server_.url();
    url.replace(url.find("postgres@"), 9, "app@");
    EXPECT_EQ(tusk::testing::run_async(user_of(url)), "app");
}

} // namespace connection_strings_page
