#include <tusk/protocol/scram.hpp>

#include "scram_server.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace scram_test {

using namespace tusk::protocol;

constexpr std::string_view plain_binding = "biws"; // base64 of "n,,"

/// The whole exchange; the message of the failure when there was one.
std::string run(scram_client& client, scram_server& server, std::string_view gs2_header = "n,,",
                std::string_view binding = plain_binding) {
    if (auto f = client.server_first(server.first(client.client_first(), gs2_header))) return f.message();
    client.derive_key();
    const std::string answer = server.final(client.client_final(), binding);
    if (answer.empty()) return "the server refuses the proof";
    if (auto f = client.server_final(answer)) return f.message();
    return "";
}

// RFC 7677, section 3.
TEST(scram_client, speaks_the_example_of_rfc_7677) {
    scram_client client{"pencil", scram_binding::unsupported(),
                        scram_options{}.user("user").nonce("rOprNGfwEbeRWgbNEkqO")};
    EXPECT_EQ(client.mechanism(), "SCRAM-SHA-256");
    EXPECT_EQ(client.client_first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");

    ASSERT_FALSE(client.server_first("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                     "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
    EXPECT_TRUE(client.needs_key());
    client.derive_key();
    EXPECT_FALSE(client.needs_key());
    EXPECT_EQ(client.client_final(), "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    EXPECT_FALSE(client.authenticated());

    ASSERT_FALSE(client.server_final("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    EXPECT_TRUE(client.authenticated());
}

struct verifier {
    const char* name;
    std::string password;
    const char* text;
};

void PrintTo(const verifier& v, std::ostream* out) { *out << v.name; }

std::string named(const testing::TestParamInfo<verifier>& info) { return info.param.name; }

class scram_with_postgresql_verifier : public testing::TestWithParam<verifier> {};

TEST_P(scram_with_postgresql_verifier, proves_the_password) {
    scram_server server{GetParam().text};
    scram_client client{GetParam().password};
    EXPECT_EQ(run(client, server), "");
    EXPECT_TRUE(client.authenticated());
}

TEST_P(scram_with_postgresql_verifier, does_not_prove_another_password) {
    scram_server server{GetParam().text};
    scram_client client{GetParam().password + "x"};
    EXPECT_EQ(run(client, server), "the server refuses the proof");
    EXPECT_FALSE(client.authenticated());
}

// Made by PQencryptPasswordConn of libpq 15 out of these bytes.
INSTANTIATE_TEST_SUITE_P(
    made_by_libpq, scram_with_postgresql_verifier,
    testing::Values(
        verifier{"ascii", "pencil",
                 "SCRAM-SHA-256$4096:AlB1PIBYRPYBbrBykQ4GEw==$WllZtLvGgHkI17U5EVNtOJGBarMZBx+LfxN2vTmNT7I=:"
                 "zahT8sNMU0diS244iw7Y0M4DpZTT6QuSD/XHl0tpT1M="},
        verifier{"prepared", "tr\u00E9s \u2168 s\u00ADecret",
                 "SCRAM-SHA-256$4096:YsYMqk4TLBkI5w2J77KoBQ==$K4bec3oT956ax1Y4S6HZaS4F7NNJEvh+VscVzZBdl6o=:"
                 "nTEJYQ1Mij+GOOHhA6Rjku7AKcNPX5VI/Zo1DpbbP0o="},
        verifier{"not_utf8_taken_as_it_is", "caf\xE9",
                 "SCRAM-SHA-256$4096:smOG3+EzByQ/LP1HfgpZ4w==$i5Q2qgGzeE7jsFadxJKvYDtXqDSoYNTITL18myIcffc=:"
                 "NrO1yfebve2y3d1f/ZWbfs47iB8xklesA/DNIPhRsdk="},
        verifier{"prohibited_taken_as_it_is", "\u0627\u0031",
                 "SCRAM-SHA-256$4096:2r8HvBe4gXTBcJu4Qrws8Q==$7hBV0xDKh7UDP1q4VbphI0ncAU2bMjZHSy/w2Ky1kUI=:"
                 "7hCiidxJgaHkQLLDcLjlu7G8RjJBPqSFttAbwfxsX/Q="}),
    named);

TEST(scram_client, takes_any_iteration_count_up_to_the_limit) {
    for (int iterations : {1, 2, 999, 1000, 1001, 20'000}) {
        scram_server server{"secret", "0123456789abcdef", iterations};
        scram_client client{"secret", scram_binding::unsupported(), scram_options{}.max_iterations(20'000)};
        EXPECT_EQ(run(client, server), "") << iterations;
    }
}

TEST(scram_client, takes_salts_and_passwords_of_any_length) {
    for (std::size_t size : {1U, 55U, 56U, 63U, 64U, 65U, 128U, 1000U}) {
        const std::string password(size, 'p');
        const std::string salt(size, 's');
        scram_server server{password, salt, 10};
        scram_client client{password};
        EXPECT_EQ(run(client, server), "") << size;
    }
}

TEST(scram_client, takes_an_empty_password) {
    scram_server server{"", "salt", 10};
    scram_client client{""};
    EXPECT_EQ(run(client, server), "");
}

TEST(scram_client, binds_to_the_tls_channel) {
    // base64 of "p=tls-server-end-point,," and the bytes 01 02 03
    constexpr std::string_view binding = "cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAQID";
    scram_server server{"secret", "salt", 10};
    scram_client client{"secret",
                        scram_binding::tls_server_end_point({std::byte{1}, std::byte{2}, std::byte{3}})};
    EXPECT_EQ(client.mechanism(), "SCRAM-SHA-256-PLUS");
    EXPECT_EQ(run(client, server, "p=tls-server-end-point,,", binding), "");
    EXPECT_TRUE(client.authenticated());
}

TEST(scram_client, says_that_it_could_have_bound) {
    scram_server server{"secret", "salt", 10};
    scram_client client{"secret", scram_binding::not_offered()};
    EXPECT_EQ(client.mechanism(), "SCRAM-SHA-256");
    EXPECT_EQ(run(client, server, "y,,", "eSws"), ""); // base64 of "y,,"
}

TEST(scram_client, refuses_to_bind_to_nothing) {
    EXPECT_THROW(scram_binding::tls_server_end_point({}), tusk::error);
}

TEST(scram_client, escapes_the_name_of_the_user) {
    scram_client client{"secret", scram_binding::unsupported(), scram_options{}.user("a,b=c").nonce("x")};
    EXPECT_EQ(client.client_first(), "n,,n=a=2Cb=3Dc,r=x");
}

TEST(scram_client, makes_a_new_nonce_for_every_exchange) {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        scram_client client{"secret"};
        const std::string first = client.client_first();
        ASSERT_TRUE(first.starts_with("n,,n=,r="));
        EXPECT_EQ(first.size(), std::string_view{"n,,n=,r="}.size() + 24) << "18 bytes in base64";
        seen.insert(first);
    }
    EXPECT_EQ(seen.size(), 100U);
}

TEST(scram_client, refuses_a_given_nonce_that_would_break_the_message) {
    for (const char* nonce : {"a,b", "a b", "\x7F", "\xC3\xA9"})
        EXPECT_THROW((scram_client{"secret", scram_binding::unsupported(), scram_options{}.nonce(nonce)}),
                     tusk::error)
            << nonce;
}

TEST(scram_client, ignores_extensions_that_may_be_ignored) {
    scram_server server{"secret", "salt", 10};
    server.first_suffix = ",x=1,Y=some=thing";
    server.final_suffix = ",z=2";
    scram_client client{"secret"};
    EXPECT_EQ(run(client, server), "");
}

TEST(scram_client, derives_the_key_by_itself_when_nobody_did) {
    scram_server server{"secret", "salt", 10};
    scram_client client{"secret"};
    ASSERT_FALSE(client.server_first(server.first(client.client_first(), "n,,")));
    EXPECT_NE(server.final(client.client_final(), plain_binding), "");
}

TEST(scram_client, needs_no_key_before_the_server_spoke) {
    scram_client client{"secret"};
    EXPECT_FALSE(client.needs_key());
    client.client_first();
    EXPECT_FALSE(client.needs_key());
    client.derive_key();
    EXPECT_EQ(client.client_final(), "");
}

TEST(scram_client, works_after_a_move) {
    scram_server server{"secret", "salt", 10};
    scram_client first{"secret"};
    const std::string message = first.client_first();
    scram_client second{std::move(first)};
    ASSERT_FALSE(second.server_first(server.first(message, "n,,")));
    EXPECT_FALSE(second.server_final(server.final(second.client_final(), plain_binding)));
    EXPECT_TRUE(second.authenticated());
}

} // namespace scram_test
