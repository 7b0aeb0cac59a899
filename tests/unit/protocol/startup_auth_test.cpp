// Authentication: which methods are used, which are refused before a password could leak, and what a server
// must prove.
#include <tusk/protocol/startup.hpp>

#include <gtest/gtest.h>

#include <algorithm>

#include "algo_test.hpp"
#include "scram_server.hpp"

using namespace algo;
using tusk::errc;
using tusk::make_error_code;
using tusk::protocol::binding_policy;
using tusk::protocol::startup;
using tusk::protocol::startup_options;
using tusk::protocol::tls_policy;

namespace startup_auth_test {

class startup_fixture final : public holding<startup> {
public:
    startup_options options;
};

/// Over a Unix socket, where cleartext may pass, unless `prepare` says otherwise.
make_fixture connecting(std::function<void(startup_fixture&)> prepare = {},
                        tls_policy tls = tls_policy::off) {
    return [prepare = std::move(prepare), tls] {
        auto f = std::make_unique<startup_fixture>();
        f->options.user = "tester";
        f->options.password = "secret";
        f->options.parameters = {{"user", "tester"}};
        f->options.secure_channel = true;
        if (prepare) prepare(*f);
        f->held = std::make_unique<startup>(f->session, f->options, tls);
        return f;
    };
}

make_fixture allowing_only(std::string method) {
    return connecting([method](startup_fixture& f) {
        f.options.allows_method = [method](std::string_view m) { return m == method; };
    });
}

std::string enter() { return be::authentication_ok() + be::backend_key_data(1) + be::ready_for_query(); }

void expect_no_password(fixture& f, const char* word) {
    EXPECT_EQ(f.session.output.size(), 0U) << "nothing may leave";
    EXPECT_NE(f.machine().result().message().find(word), std::string::npos) << f.machine().result().message();
    EXPECT_EQ(f.machine().result().message().find("secret"), std::string::npos);
}

std::string md5_challenge() { return be::authentication(5, "salt"); }

TEST(startup_auth, answers_cleartext_and_md5_on_a_secure_channel) {
    script{}
        .sends("StartupMessage")
        .receives(be::authentication(3))
        .sends_bytes(be::message('p', be::text("secret")))
        .receives(enter())
        .done()
        .run_however_cut(connecting());
    // md5(md5("secret" + "tester") + "salt")
    const auto held = script{}
                          .sends("StartupMessage")
                          .receives(md5_challenge())
                          .sends("Password")
                          .receives(enter())
                          .done()
                          .run(connecting());
    EXPECT_FALSE(held->session.broken);
}

TEST(startup_auth, over_tls_cleartext_may_pass) {
    script{}
        .sends("SSLRequest")
        .receives("S")
        .starts_tls()
        .sends("StartupMessage")
        .receives(be::authentication(3))
        .sends_bytes(be::message('p', be::text("secret")))
        .receives(enter())
        .done()
        .run(connecting([](startup_fixture& f) { f.options.secure_channel = false; }, tls_policy::required));
}

TEST(startup_auth, sends_no_password_over_plain_tcp) {
    for (const auto& challenge : {be::authentication(3), md5_challenge()}) {
        const auto held = script{}
                              .sends("StartupMessage")
                              .receives(challenge)
                              .fails(errc::auth_unsupported, true)
                              .run(connecting([](startup_fixture& f) { f.options.secure_channel = false; }));
        expect_no_password(*held, "unencrypted");
    }
}

TEST(startup_auth, sends_no_password_by_a_method_that_is_not_allowed) {
    for (const auto& challenge : {be::authentication(3), md5_challenge()}) {
        const auto held = script{}
                              .sends("StartupMessage")
                              .receives(challenge)
                              .fails(errc::auth_unsupported, true)
                              .run(allowing_only("scram-sha-256"));
        expect_no_password(*held, "require_auth");
    }
    const auto held = script{}
                          .sends("StartupMessage")
                          .receives(be::authentication_sasl({"SCRAM-SHA-256"}))
                          .fails(errc::auth_unsupported, true)
                          .run(allowing_only("password"));
    expect_no_password(*held, "require_auth");
}

TEST(startup_auth, insists_on_authentication_when_it_is_required) {
    const auto held = script{}
                          .sends("StartupMessage")
                          .receives(be::authentication_ok())
                          .fails(errc::auth_failed, true)
                          .run(allowing_only("scram-sha-256"));
    expect_no_password(*held, "require_auth");
    script{}.sends("StartupMessage").receives(enter()).done().run(allowing_only("none"));
}

TEST(startup_auth, without_a_password_says_so) {
    for (const auto& challenge :
         {be::authentication(3), md5_challenge(), be::authentication_sasl({"SCRAM-SHA-256"})}) {
        const auto held = script{}
                              .sends("StartupMessage")
                              .receives(challenge)
                              .fails(errc::auth_failed, true)
                              .run(connecting([](startup_fixture& f) { f.options.password.clear(); }));
        expect_no_password(*held, "none was given");
    }
}

TEST(startup_auth, a_password_with_nul_cannot_be_sent) {
    script{}
        .sends("StartupMessage")
        .receives(be::authentication(3))
        .fails(errc::invalid_argument, true)
        .run(connecting([](startup_fixture& f) { f.options.password = std::string{"se\0cret", 7}; }));
}

TEST(startup_auth, names_methods_that_it_does_not_speak) {
    const std::pair<std::int32_t, const char*> methods[] = {{2, "Kerberos"}, {6, "SCM"},  {7, "GSSAPI"},
                                                            {8, "GSSAPI"},   {9, "SSPI"}, {13, "unknown"},
                                                            {-1, "unknown"}};
    for (const auto& [code, name] : methods) {
        const auto held = script{}
                              .sends("StartupMessage")
                              .receives(be::authentication(code))
                              .fails(errc::auth_unsupported, true)
                              .run(connecting());
        expect_no_password(*held, name);
    }
}

TEST(startup_auth, refuses_malformed_challenges) {
    for (const auto& challenge : {be::message('R', ""), be::message('R', "abc"), be::authentication(5, "sal"),
                                  be::authentication(5, "saltier"), be::authentication(10, "SCRAM-SHA-256")})
        script{}
            .sends("StartupMessage")
            .receives(challenge)
            .fails(errc::protocol_violation, true)
            .run(connecting());
}

TEST(startup_auth, a_server_may_not_change_its_mind_or_ask_twice) {
    for (const auto& first : {be::authentication(3), md5_challenge()})
        for (const auto& second :
             {be::authentication(3), md5_challenge(), be::authentication_sasl({"SCRAM-SHA-256"})}) {
            const auto held = script{}
                                  .sends("StartupMessage")
                                  .receives(first)
                                  .sends("Password")
                                  .receives(second)
                                  .fails(errc::protocol_violation, true)
                                  .run(connecting());
            expect_no_password(*held, "changed");
        }
}

// ---- SCRAM
// ----------------------------------------------------------------------------------------------------

/// Plays SCRAM by hand, because the server's answers depend on the client's nonce.
class scram_play {
public:
    explicit scram_play(std::function<void(startup_fixture&)> prepare = {},
                        std::string mechanism = "SCRAM-SHA-256") {
        auto made = connecting(std::move(prepare))();
        fixture_.reset(dynamic_cast<startup_fixture*>(made.release()));
        last = fixture_->held->resume({});
        take_output();
        receive(be::authentication_sasl({std::move(mechanism)}));
    }

    void receive(std::string_view bytes) {
        const auto space = fixture_->session.input.prepare();
        std::copy_n(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), space.data());
        fixture_->session.input.commit(bytes.size());
        last = fixture_->held->resume({tusk::protocol::event_kind::transferred, {}});
    }
    std::string take_output() {
        auto out = as_string(fixture_->session.pending_output());
        fixture_->session.sent(out.size());
        return out;
    }
    /// The client's first message, without the SASL framing.
    std::string client_first() {
        const auto bytes = take_output();
        return bytes.substr(5 + sizeof "SCRAM-SHA-256" + 4);
    }
    std::string client_final() {
        if (last.kind == tusk::protocol::action_kind::compute) {
            fixture_->held->compute();
            last = fixture_->held->resume({tusk::protocol::event_kind::computed, {}});
        }
        return take_output().substr(5);
    }
    startup_fixture& held() { return *fixture_; }
    const tusk::failure& result() { return fixture_->held->result(); }
    tusk::protocol::action last;

private:
    std::unique_ptr<startup_fixture> fixture_;
};

TEST(startup_scram, proves_the_password_and_checks_the_servers_proof) {
    scram_play play;
    scram_server server{"secret", "0123456789abcdef", 4096};
    play.receive(be::authentication(11, server.first(play.client_first(), "n,,")));
    EXPECT_EQ(play.last.kind, tusk::protocol::action_kind::compute)
        << "PBKDF2 does not belong on the event loop";
    const auto final = server.final(play.client_final(), "biws");
    ASSERT_FALSE(final.empty()) << "the client's proof is wrong";
    play.receive(be::authentication(12, final) + enter());
    EXPECT_EQ(play.last.kind, tusk::protocol::action_kind::done);
    EXPECT_FALSE(play.result()) << play.result().message();
}

TEST(startup_scram, is_not_over_before_the_server_has_proved_itself) {
    // At any stage: after the list of mechanisms, after the challenge, after the proof.
    {
        scram_play play;
        play.receive(be::authentication_ok());
        EXPECT_EQ(play.result().code(), make_error_code(errc::auth_failed));
    }
    for (const bool answered : {false, true}) {
        scram_play play;
        scram_server server{"secret", "0123456789abcdef", 4096};
        play.receive(be::authentication(11, server.first(play.client_first(), "n,,")));
        ASSERT_FALSE(play.client_final().empty());
        play.receive(answered ? be::authentication(12, "v=AAAA") + enter() : enter());
        EXPECT_EQ(play.last.kind, tusk::protocol::action_kind::done);
        EXPECT_EQ(play.result().code(), make_error_code(errc::auth_failed)) << play.result().message();
        EXPECT_TRUE(play.held().session.broken);
    }
}

TEST(startup_scram, refuses_a_switch_to_cleartext) {
    scram_play play;
    play.take_output();
    play.receive(be::authentication(3));
    EXPECT_EQ(play.result().code(), make_error_code(errc::protocol_violation));
    EXPECT_EQ(play.held().session.output.size(), 0U);
}

TEST(startup_scram, takes_its_messages_in_order_only) {
    for (const std::int32_t code : {11, 12}) { // before any AuthenticationSASL
        script{}
            .sends("StartupMessage")
            .receives(be::authentication(code, "r=x"))
            .fails(errc::protocol_violation, true)
            .run(connecting());
    }
    scram_play final_first;
    final_first.take_output();
    final_first.receive(be::authentication(12, "v=AAAA"));
    EXPECT_EQ(final_first.result().code(), make_error_code(errc::protocol_violation));
    scram_play twice;
    scram_server server{"secret", "0123456789abcdef", 4096};
    const auto challenge = server.first(twice.client_first(), "n,,");
    twice.receive(be::authentication(11, challenge));
    ASSERT_FALSE(twice.client_final().empty());
    twice.receive(be::authentication(11, challenge));
    EXPECT_EQ(twice.result().code(), make_error_code(errc::protocol_violation));
    scram_play again;
    again.take_output();
    again.receive(be::authentication_sasl({"SCRAM-SHA-256"}));
    EXPECT_EQ(again.result().code(), make_error_code(errc::protocol_violation));
}

TEST(startup_scram, needs_a_mechanism_that_it_speaks) {
    for (const auto& mechanisms : {std::vector<std::string>{}, std::vector<std::string>{"GS2-KRB5"},
                                   std::vector<std::string>{"SCRAM-SHA-256-PLUS"}}) {
        const auto held = script{}
                              .sends("StartupMessage")
                              .receives(be::authentication_sasl(mechanisms))
                              .fails(errc::auth_unsupported, true)
                              .run(connecting());
        expect_no_password(*held, "SCRAM-SHA-256");
    }
}

TEST(startup_scram, with_channel_binding_required_takes_nothing_less) {
    // CVE-2025-49146 and the like: no downgrade, whatever the server says.
    const auto insisting =
        connecting([](startup_fixture& f) { f.options.binding = binding_policy::require; });
    for (const auto& answer : {be::authentication_sasl({"SCRAM-SHA-256"}), be::authentication_ok(),
                               be::authentication(3), md5_challenge()})
        script{}.sends("StartupMessage").receives(answer).fails(errc::auth_failed, true).run(insisting);
}

TEST(startup_scram, stops_computing_when_the_deadline_passes) {
    scram_play play;
    scram_server server{"secret", "0123456789abcdef", 100000};
    play.receive(be::authentication(11, server.first(play.client_first(), "n,,")));
    ASSERT_EQ(play.last.kind, tusk::protocol::action_kind::compute);
    play.held().held->stop_computing();
    play.held().held->compute(); // returns early, without the key
    play.last = play.held().held->resume({tusk::protocol::event_kind::timed_out, {}});
    EXPECT_EQ(play.last.kind, tusk::protocol::action_kind::done);
    EXPECT_EQ(play.result().code(), make_error_code(errc::timeout));
}

// ---- CancelRequest
// --------------------------------------------------------------------------------------------

class cancel_fixture final : public holding<tusk::protocol::cancel_request> {
public:
    explicit cancel_fixture(tls_policy tls) {
        held = std::make_unique<tusk::protocol::cancel_request>(
            session, 4711, std::vector<std::byte>(4, std::byte{'k'}), tls);
    }
};

make_fixture canceling(tls_policy tls) {
    return [tls] { return std::make_unique<cancel_fixture>(tls); };
}

std::string cancel_bytes() {
    return be::number(std::int32_t{16}) + be::number(std::int32_t{80877102}) +
           be::number(std::int32_t{4711}) + "kkkk";
}

TEST(cancel_request, is_over_when_the_server_hangs_up) {
    const auto held = script{}
                          .sends_bytes(cancel_bytes())
                          .event(tusk::protocol::event_kind::failed)
                          .run(canceling(tls_policy::off));
    EXPECT_FALSE(held->machine().result()) << held->machine().result().message();
}

TEST(cancel_request, speaks_tls_as_its_session_does) {
    const auto asked = script{}
                           .sends("SSLRequest")
                           .receives("S")
                           .starts_tls()
                           .sends_bytes(cancel_bytes())
                           .event(tusk::protocol::event_kind::failed)
                           .run(canceling(tls_policy::required));
    EXPECT_FALSE(asked->machine().result());
    const auto direct = script{}
                            .starts_tls()
                            .sends_bytes(cancel_bytes())
                            .event(tusk::protocol::event_kind::failed)
                            .run(canceling(tls_policy::direct));
    EXPECT_FALSE(direct->machine().result());
}

TEST(cancel_request, never_sends_the_key_in_plain_text_when_tls_was_asked_for) {
    for (const char* answer : {"N", "E", "X", "SX"}) {
        const auto held = script{}.sends("SSLRequest").receives(answer).run(canceling(tls_policy::required));
        EXPECT_EQ(held->machine().result().code(), make_error_code(errc::tls_refused));
        EXPECT_EQ(held->session.output.size(), 0U);
    }
}

TEST(cancel_request, that_is_lost_or_late_fails) {
    const auto lost = script{}
                          .sends("SSLRequest")
                          .event(tusk::protocol::event_kind::failed)
                          .run(canceling(tls_policy::required));
    EXPECT_TRUE(lost->machine().result());
    const auto late = script{}
                          .sends_bytes(cancel_bytes())
                          .event(tusk::protocol::event_kind::timed_out)
                          .run(canceling(tls_policy::off));
    EXPECT_EQ(late->machine().result().code(), make_error_code(errc::timeout));
}

} // namespace startup_auth_test
