// Secrets that are asked for when the server asks, and OAUTHBEARER.
#include "algo_test.hpp"

#include <cstring>

#include <gtest/gtest.h>

#include <tusk/protocol/startup.hpp>

using namespace algo;
using tusk::errc;
using tusk::protocol::action_kind;
using tusk::protocol::event;
using tusk::protocol::event_kind;
using tusk::protocol::secret_kind;

namespace startup_secrets_test {

/// Startup over a Unix socket, by hand.
class startup_with_secrets : public ::testing::Test {
protected:
    startup_with_secrets() {
        options.user = "u";
        options.parameters = {{"user", "u"}};
        options.asks_for_secrets = true;
        options.secure_channel = true;
    }
    void start() {
        held.emplace(session, options, tusk::protocol::tls_policy::off);
        last = held->resume({event_kind::start, {}});
        session.discard_output();
    }
    void receive(const std::string& bytes) {
        const auto room = session.input.prepare();
        ASSERT_LE(bytes.size(), room.size());
        std::memcpy(room.data(), bytes.data(), bytes.size());
        session.input.commit(bytes.size());
        last = held->resume({event_kind::transferred, {}});
    }
    void give(tusk::result<std::string> secret) {
        held->take_secret(std::move(secret));
        last = held->resume({event_kind::secret_given, {}});
    }
    std::string output() {
        auto out = as_string(session.pending_output());
        session.discard_output();
        return out;
    }
    void finish() {
        receive(be::authentication_ok() + be::backend_key_data(1) + be::ready_for_query());
        EXPECT_EQ(last.kind, action_kind::done);
        EXPECT_FALSE(held->result()) << held->result().message();
    }

    tusk::protocol::session session;
    tusk::protocol::startup_options options;
    std::optional<tusk::protocol::startup> held;
    tusk::protocol::action last;
};

const std::string oauth_offer = be::authentication_sasl({"OAUTHBEARER"});

TEST_F(startup_with_secrets, a_password_is_asked_for_when_the_server_asks) {
    start();
    receive(be::authentication(3));
    ASSERT_EQ(last.kind, action_kind::ask_secret);
    EXPECT_EQ(held->wanted_secret(), secret_kind::password);
    give(std::string{"of today"});
    EXPECT_EQ(output(), be::message('p', be::text("of today")));
    finish();
}

TEST_F(startup_with_secrets, without_a_question_nothing_is_asked) {
    start();
    finish();
}

TEST_F(startup_with_secrets, scram_begins_when_the_password_is_there) {
    start();
    receive(be::authentication_sasl({"SCRAM-SHA-256"}));
    ASSERT_EQ(last.kind, action_kind::ask_secret);
    give(std::string{"pencil"});
    EXPECT_EQ(last.kind, action_kind::transfer);
    EXPECT_NE(output().find("SCRAM-SHA-256"), std::string::npos);
}

TEST_F(startup_with_secrets, a_source_that_fails_ends_the_attempt) {
    start();
    receive(be::authentication(3));
    give(tusk::failure{errc::auth_failed, "the vault is closed"});
    EXPECT_EQ(last.kind, action_kind::done);
    EXPECT_EQ(held->result().code(), errc::auth_failed);
    EXPECT_NE(held->result().message().find("the vault is closed"), std::string::npos);
    EXPECT_TRUE(session.broken);
}

TEST_F(startup_with_secrets, a_deadline_while_asking) {
    start();
    receive(be::authentication(3));
    last = held->resume({event_kind::timed_out, {}});
    EXPECT_EQ(held->result().code(), errc::timeout);
}

TEST_F(startup_with_secrets, a_token_is_sent_as_oauthbearer) {
    start();
    receive(oauth_offer);
    ASSERT_EQ(last.kind, action_kind::ask_secret);
    EXPECT_EQ(held->wanted_secret(), secret_kind::oauth_token);
    give(std::string{"abc.DEF-123="});
    const std::string data = std::string{"n,,\x01"} + "auth=Bearer abc.DEF-123=\x01\x01";
    EXPECT_EQ(output(), be::message('p', be::text("OAUTHBEARER") +
                                             be::number(static_cast<std::int32_t>(data.size())) + data));
    finish();
}

TEST_F(startup_with_secrets, a_refused_token_is_answered_and_the_reason_is_told) {
    start();
    receive(oauth_offer);
    give(std::string{"expired"});
    output();
    receive(be::authentication(11, R"({"status":"invalid_token","scope":"openid"})"));
    EXPECT_EQ(output(), be::message('p', "\x01"));
    receive(
        be::error_response({{'S', "FATAL"}, {'C', "28000"}, {'M', "OAuth bearer authentication failed"}}));
    EXPECT_EQ(last.kind, action_kind::done);
    const auto text = held->result().message();
    EXPECT_NE(text.find("invalid_token"), std::string::npos) << text;
    EXPECT_EQ(text.find("expired"), std::string::npos) << text;
}

TEST_F(startup_with_secrets, a_server_that_refuses_a_token_and_lets_us_in_is_not_believed) {
    start();
    receive(oauth_offer);
    give(std::string{"token"});
    receive(be::authentication(11, "{}"));
    receive(be::authentication_ok());
    EXPECT_EQ(held->result().code(), errc::protocol_violation);
}

TEST_F(startup_with_secrets, what_is_no_token_is_not_sent) {
    for (const std::string token : {"", "two words",
                                    "a\x01"
                                    "b",
                                    "line\nbreak"}) {
        session.reset();
        start();
        receive(oauth_offer);
        give(token);
        EXPECT_EQ(held->result().code(), errc::auth_failed);
        EXPECT_EQ(output(), "");
    }
}

TEST_F(startup_with_secrets, a_token_does_not_travel_in_the_clear) {
    options.secure_channel = false;
    start();
    receive(oauth_offer);
    EXPECT_EQ(last.kind, action_kind::done);
    EXPECT_EQ(held->result().code(), errc::auth_unsupported);
    EXPECT_EQ(output(), "");
}

TEST_F(startup_with_secrets, require_auth_and_channel_binding_hold_for_tokens_too) {
    options.allows_method = [](std::string_view method) { return method == "scram-sha-256"; };
    start();
    receive(oauth_offer);
    EXPECT_EQ(held->result().code(), errc::auth_unsupported);
    options.allows_method = nullptr;
    options.binding = tusk::protocol::binding_policy::require;
    session.reset();
    start();
    receive(oauth_offer);
    EXPECT_EQ(held->result().code(), errc::auth_failed);
}

TEST_F(startup_with_secrets, a_second_method_is_a_violation) {
    start();
    receive(oauth_offer);
    give(std::string{"token"});
    receive(be::authentication(3));
    EXPECT_EQ(held->result().code(), errc::protocol_violation);
}

} // namespace startup_secrets_test
