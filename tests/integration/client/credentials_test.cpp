// Passwords that change, and tokens: the source is asked when the server asks.
#include <atomic>
#include <thread>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/net/credentials.hpp>
#include <tusk/pool.hpp>
#include <tusk/testing/scripted_server.hpp>

#include "secured_server.hpp"

using namespace client_test;
namespace be = tusk::testing::backend;
using std::chrono::system_clock;

namespace credentials_test {

const std::string right = "pässword ünicode";

/// Gives these secrets in turn, the last of them again and again.
class giving {
public:
    explicit giving(std::vector<tusk::credential> secrets) : secrets_{std::move(secrets)} {}
    tusk::credential operator()(const tusk::credential_request& what) {
        last = what;
        const std::size_t at = asked++;
        return secrets_.at(std::min(at, secrets_.size() - 1));
    }
    std::atomic<std::size_t> asked{0};
    tusk::credential_request last;

private:
    std::vector<tusk::credential> secrets_;
};

tusk::connect_config config_with(std::shared_ptr<tusk::credential_source> source,
                                 const char* user = "scram_user",
                                 const char* parameters = "sslmode=disable") {
    auto c = tusk::parse_connect_config(secured_server::instance().url(user, "", parameters)).value();
    c.credentials(std::move(source));
    return c;
}

tusk::failure open_blocking(const tusk::connect_config& c) {
    return failure_of([&] { EXPECT_EQ(tusk::blocking::connection::open(c).one<int>("select 1"), 1); });
}
tusk::failure open_asio(const tusk::connect_config& c) {
    return tusk::testing::run_async([](tusk::connect_config config) -> asio::awaitable<tusk::failure> {
        try {
            auto db = co_await tusk::connection::open(config);
            EXPECT_EQ(co_await db.one<int>("select 1"), 1);
        } catch (const tusk::error& e) {
            co_return e.as_failure();
        }
        co_return tusk::failure{};
    }(c));
}

class credentials : public ::testing::TestWithParam<tusk::failure (*)(const tusk::connect_config&)> {
protected:
    tusk::failure open(const tusk::connect_config& c) { return GetParam()(c); }
};
INSTANTIATE_TEST_SUITE_P(by, credentials, ::testing::Values(&open_blocking, &open_asio),
                         [](const auto& which) { return which.index == 0 ? "blocking" : "asio"; });

TEST_P(credentials, the_source_is_asked_for_every_connection_and_told_for_whom) {
    auto give = std::make_shared<giving>(std::vector{tusk::credential{right}});
    const auto c =
        config_with(tusk::make_credential_source([give](const auto& what) { return (*give)(what); }));
    EXPECT_FALSE(open(c));
    EXPECT_FALSE(open(c));
    EXPECT_EQ(give->asked, 2U);
    EXPECT_EQ(give->last.user, "scram_user");
    EXPECT_EQ(give->last.database, "postgres");
    EXPECT_EQ(give->last.host, "127.0.0.1");
    EXPECT_EQ(give->last.kind, tusk::secret_kind::password);
    // A server that asks nothing has nothing fetched for it.
    EXPECT_FALSE(open(config_with(c.credentials(), "trusted")));
    EXPECT_EQ(give->asked, 2U);
}

TEST_P(credentials, what_is_valid_is_remembered_until_the_server_refuses_it) {
    const auto later = system_clock::now() + 1h;
    auto give = std::make_shared<giving>(
        std::vector{tusk::credential{"yesterday's", later}, tusk::credential{right, later}});
    const auto c =
        config_with(tusk::make_credential_source([give](const auto& what) { return (*give)(what); }));
    EXPECT_FALSE(open(c)); // refused once, fetched again
    EXPECT_EQ(give->asked, 2U);
    EXPECT_FALSE(open(c));
    EXPECT_EQ(give->asked, 2U);
}

TEST_P(credentials, a_wrong_password_is_not_tried_for_ever) {
    const auto later = system_clock::now() + 1h;
    auto give = std::make_shared<giving>(std::vector{tusk::credential{"S3CR3T-canary", later}});
    const auto c =
        config_with(tusk::make_credential_source([give](const auto& what) { return (*give)(what); }));
    const auto f = open(c);
    EXPECT_EQ(f.code(), tusk::condition::authentication);
    EXPECT_EQ(f.message().find("canary"), std::string::npos) << f.message();
    EXPECT_EQ(give->asked, 2U);
}

TEST_P(credentials, a_source_that_throws_is_an_error_of_the_connection) {
    const auto c = config_with(tusk::make_credential_source(
        [](const auto&) -> tusk::credential { throw std::runtime_error{"the vault is closed"}; }));
    const auto f = open(c);
    EXPECT_EQ(f.code(), tusk::errc::auth_failed);
    EXPECT_NE(f.message().find("the vault is closed"), std::string::npos) << f.message();
}

TEST_P(credentials, a_coroutine_fetches_on_an_executor_of_its_own) {
    asio::thread_pool elsewhere{1};
    const auto c = config_with(tusk::make_credential_source(
        elsewhere.get_executor(), [](tusk::credential_request what) -> asio::awaitable<tusk::credential> {
            asio::steady_timer t{co_await asio::this_coro::executor, 20ms};
            co_await t.async_wait(asio::use_awaitable);
            EXPECT_EQ(what.user, "scram_user");
            co_return tusk::credential{right};
        }));
    EXPECT_FALSE(open(c));
    elsewhere.join();
}

TEST_P(credentials, a_source_that_never_answers_ends_with_the_connect_timeout) {
    class silent final : public tusk::credential_source {
        void get(const tusk::credential_request&, answer done) override { kept = std::move(done); }
        bool rejected(const tusk::credential_request&) override { return false; }

    public:
        answer kept;
    };
    const auto source = std::make_shared<silent>();
    auto c = config_with(source);
    c.connect_timeout(200ms);
    EXPECT_EQ(open(c).code(), tusk::errc::timeout);
    source->kept(std::string{"too late"}); // and nobody is there to hear it
}

TEST_P(credentials, a_token_goes_to_a_server_that_asks_for_one) {
    tusk::testing::server_script script;
    const std::string wanted = std::string{"n,,\x01"} + "auth=Bearer of-today\x01\x01";
    script.expect(tusk::testing::received_message::startup)
        .send(be::authentication_sasl({"OAUTHBEARER"}))
        .expect('p', "the token",
                [wanted](const auto& m) { return m.body.find(wanted) != std::string::npos; })
        .send(be::welcome())
        .expect_all("PDS")
        .send(be::parse_complete() + be::parameter_description() + be::row_description({{"a", 23}}) +
              be::ready_for_query())
        .expect_all("BES")
        .send(be::bind_complete() + be::data_row({std::string{"\0\0\0\1", 4}}) +
              be::command_complete("SELECT 1") + be::ready_for_query())
        .wait_for_hang_up();
    tusk::testing::scripted_server server{{script}};
    // Without TLS a token only goes where cleartext secrets are allowed in so many words.
    auto c = tusk::parse_connect_config(server.conninfo() + " require_auth=password,oauth").value();
    c.credentials(tusk::make_credential_source([](const tusk::credential_request& what) {
        EXPECT_EQ(what.kind, tusk::secret_kind::oauth_token);
        return tusk::credential{"of-today"};
    }));
    EXPECT_FALSE(open(c));
    EXPECT_EQ(server.problems(), "");
}

TEST(credentials_of_a_pool, rotate) {
    auto give = std::make_shared<giving>(std::vector{tusk::credential{right}});
    auto c = config_with(tusk::make_credential_source([give](const auto& what) { return (*give)(what); }));
    tusk::testing::run_async([](tusk::connect_config config) -> asio::awaitable<void> {
        auto settings = tusk::pool_config::from(config).value().max_connections(2).min_connections(0);
        auto p = co_await tusk::pool::open(settings);
        auto a = co_await p.acquire();
        auto b = co_await p.acquire();
        EXPECT_EQ(co_await b->one<int>("select 2"), 2);
        a.release();
        b.release();
        co_await p.close();
    }(c));
    EXPECT_EQ(give->asked, 2U);
}

} // namespace credentials_test
