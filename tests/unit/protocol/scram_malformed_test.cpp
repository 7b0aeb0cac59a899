#include <tusk/protocol/scram.hpp>

#include "scram_server.hpp"

#include <gtest/gtest.h>

namespace scram_malformed_test {

using namespace tusk::protocol;

struct bad_message {
    const char* name;
    std::string text;
    const char* complaint;
};

void PrintTo(const bad_message& m, std::ostream* out) { *out << m.name; }

std::string named(const testing::TestParamInfo<bad_message>& info) { return info.param.name; }

scram_client started() {
    scram_client client{"S3CR3T-canary", scram_binding::unsupported(), scram_options{}.nonce("abc")};
    client.client_first();
    return client;
}

void expect_refused(scram_client& client, const tusk::failure& f, std::string_view complaint) {
    ASSERT_TRUE(f);
    EXPECT_EQ(f.code(), tusk::errc::auth_failed);
    EXPECT_NE(f.message().find(complaint), std::string::npos) << f.message();
    EXPECT_EQ(f.message().find("S3CR3T"), std::string::npos);
    EXPECT_FALSE(client.authenticated());
    EXPECT_FALSE(client.needs_key());
    EXPECT_EQ(client.client_final(), "");
}

class bad_server_first : public testing::TestWithParam<bad_message> {};

TEST_P(bad_server_first, is_refused_for_good) {
    scram_client client = started();
    expect_refused(client, client.server_first(GetParam().text), GetParam().complaint);
    const auto again = client.server_first("r=abcdef,s=c2FsdA==,i=10");
    expect_refused(client, again, "out of turn");
}

INSTANTIATE_TEST_SUITE_P(
    nonce, bad_server_first,
    testing::Values(bad_message{"another", "r=xbcdef,s=c2FsdA==,i=10", "nonce does not extend"},
                    bad_message{"ours_alone", "r=abc,s=c2FsdA==,i=10", "nonce does not extend"},
                    bad_message{"shorter", "r=ab,s=c2FsdA==,i=10", "nonce does not extend"},
                    bad_message{"ours_at_the_end", "r=xyzabc,s=c2FsdA==,i=10", "nonce does not extend"},
                    bad_message{"empty", "r=,s=c2FsdA==,i=10", "nonce"},
                    bad_message{"with_a_space", "r=abc def,s=c2FsdA==,i=10", "nonce"},
                    bad_message{"with_a_control", "r=abc\x01,s=c2FsdA==,i=10", "nonce"},
                    bad_message{"not_ascii", "r=abc\xC3\xA9,s=c2FsdA==,i=10", "nonce"},
                    bad_message{"missing", "s=c2FsdA==,i=10", "nonce"},
                    bad_message{"too_large", "r=abc" + std::string(64 * 1024, 'x') + ",s=c2FsdA==,i=10",
                                "longer than 64 KiB"}),
    named);

INSTANTIATE_TEST_SUITE_P(salt, bad_server_first,
                         testing::Values(bad_message{"empty", "r=abcdef,s=,i=10", "salt"},
                                         bad_message{"missing", "r=abcdef,i=10", "salt"},
                                         bad_message{"padding_alone", "r=abcdef,s====,i=10", "salt"},
                                         bad_message{"not_base64", "r=abcdef,s=c2F*dA==,i=10", "salt"},
                                         bad_message{"padding_missing", "r=abcdef,s=c2FsdA,i=10", "salt"},
                                         bad_message{"padding_inside", "r=abcdef,s=c2==dA==,i=10", "salt"},
                                         bad_message{"padding_too_long", "r=abcdef,s=c2FsdA======,i=10",
                                                     "salt"},
                                         bad_message{"stray_bits", "r=abcdef,s=c2FsdB==,i=10", "salt"},
                                         bad_message{"with_a_line_end", "r=abcdef,s=c2Fs\r\n==,i=10", "salt"},
                                         bad_message{"url_alphabet", "r=abcdef,s=c2F-dA==,i=10", "salt"}),
                         named);

INSTANTIATE_TEST_SUITE_P(
    iterations, bad_server_first,
    testing::Values(bad_message{"zero", "r=abcdef,s=c2FsdA==,i=0", "outside 1 to 1000000"},
                    bad_message{"one_too_many", "r=abcdef,s=c2FsdA==,i=1000001", "outside 1 to 1000000"},
                    bad_message{"thousand_million", "r=abcdef,s=c2FsdA==,i=1000000000",
                                "outside 1 to 1000000"},
                    bad_message{"largest_int", "r=abcdef,s=c2FsdA==,i=2147483647", "outside 1 to 1000000"},
                    bad_message{"past_32_bits", "r=abcdef,s=c2FsdA==,i=4294967297", "outside 1 to 1000000"},
                    bad_message{"many_digits", "r=abcdef,s=c2FsdA==,i=1" + std::string(1000, '0'),
                                "outside 1 to 1000000"},
                    bad_message{"negative", "r=abcdef,s=c2FsdA==,i=-1", "not a number"},
                    bad_message{"signed", "r=abcdef,s=c2FsdA==,i=+10", "not a number"},
                    bad_message{"leading_zero", "r=abcdef,s=c2FsdA==,i=010", "not a number"},
                    bad_message{"leading_space", "r=abcdef,s=c2FsdA==,i= 10", "not a number"},
                    bad_message{"trailing_letter", "r=abcdef,s=c2FsdA==,i=10x", "not a number"},
                    bad_message{"hexadecimal", "r=abcdef,s=c2FsdA==,i=0x10", "not a number"},
                    bad_message{"empty", "r=abcdef,s=c2FsdA==,i=", "iteration count"},
                    bad_message{"missing", "r=abcdef,s=c2FsdA==", "iteration count"}),
    named);

INSTANTIATE_TEST_SUITE_P(
    form, bad_server_first,
    testing::Values(bad_message{"nothing", "", "malformed"}, bad_message{"one_letter", "r", "malformed"},
                    bad_message{"no_equals", "r:abcdef,s=c2FsdA==,i=10", "malformed"},
                    bad_message{"leading_comma", ",r=abcdef,s=c2FsdA==,i=10", "malformed"},
                    bad_message{"trailing_comma", "r=abcdef,s=c2FsdA==,i=10,", "malformed"},
                    bad_message{"double_comma", "r=abcdef,,s=c2FsdA==,i=10", "malformed"},
                    bad_message{"wrong_order", "s=c2FsdA==,r=abcdef,i=10", "malformed"},
                    bad_message{"wrong_case", "R=abcdef,s=c2FsdA==,i=10", "malformed"},
                    bad_message{"nul_inside", std::string{"r=abcdef,s=c2FsdA==,i=10,x=a\0b", 31},
                                "malformed"},
                    bad_message{"nul_behind", std::string{"r=abcdef,s=c2FsdA==,i=10\0", 26}, "malformed"},
                    bad_message{"extension_without_value", "r=abcdef,s=c2FsdA==,i=10,x", "malformed"},
                    bad_message{"extension_is_a_digit", "r=abcdef,s=c2FsdA==,i=10,1=x", "malformed"},
                    bad_message{"second_salt", "r=abcdef,s=c2FsdA==,i=10,s=c2FsdA==", "malformed"},
                    bad_message{"second_count", "r=abcdef,s=c2FsdA==,i=10,i=20", "malformed"},
                    bad_message{"mandatory_extension_first", "m=x,r=abcdef,s=c2FsdA==,i=10", "\"m=\""},
                    bad_message{"mandatory_extension_last", "r=abcdef,s=c2FsdA==,i=10,m=x", "\"m=\""},
                    bad_message{"error_of_the_server", "e=unknown-user", "unknown-user"}),
    named);

class bad_server_final : public testing::TestWithParam<bad_message> {};

TEST_P(bad_server_final, is_refused_for_good) {
    scram_server server{"S3CR3T-canary", "salt", 10};
    scram_client client = started();
    ASSERT_FALSE(client.server_first(server.first("n,,n=,r=abc", "n,,")));
    const std::string right = server.final(client.client_final(), "biws");
    ASSERT_NE(right, "");
    expect_refused(client, client.server_final(GetParam().text), GetParam().complaint);
    const auto again = client.server_final(right);
    expect_refused(client, again, "out of turn");
}

INSTANTIATE_TEST_SUITE_P(
    any, bad_server_final,
    testing::Values(
        bad_message{"another_signature",
                    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "signature is wrong"},
        bad_message{"zeros", "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "signature is wrong"},
        bad_message{"signature_too_short", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl9", "not 32 bytes"},
        bad_message{"signature_too_long", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4A", "not 32 bytes"},
        bad_message{"signature_empty", "v=", "missing or empty"},
        bad_message{"not_base64", "v=****", "not 32 bytes"}, bad_message{"nothing", "", "missing or empty"},
        bad_message{"another_attribute", "r=abcdef", "missing or empty"},
        bad_message{"garbage_behind", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,", "malformed"},
        bad_message{"mandatory_extension", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,m=1", "\"m=\""},
        bad_message{"error_of_the_server", "e=invalid-proof", "invalid-proof"},
        bad_message{"error_with_controls", "e=a\x1B[31m\xC3\xA9", "\"a?[31m??\""},
        bad_message{"error_empty", "e=", "missing or empty"},
        bad_message{"too_large", "v=" + std::string(64 * 1024, 'A'), "longer than 64 KiB"}),
    named);

TEST(scram_order, refuses_the_final_message_before_the_first) {
    scram_client client = started();
    const auto f = client.server_final("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    expect_refused(client, f, "out of turn");
}

TEST(scram_order, refuses_a_server_that_speaks_before_the_client) {
    scram_client client{"secret", scram_binding::unsupported(), scram_options{}.nonce("abc")};
    const auto f = client.server_first("r=abcdef,s=c2FsdA==,i=10");
    expect_refused(client, f, "out of turn");
}

TEST(scram_order, refuses_the_final_message_before_the_proof) {
    scram_client client = started();
    ASSERT_FALSE(client.server_first("r=abcdef,s=c2FsdA==,i=10"));
    const auto f = client.server_final("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    expect_refused(client, f, "out of turn");
}

TEST(scram_order, refuses_a_second_first_message) {
    scram_client client = started();
    ASSERT_FALSE(client.server_first("r=abcdef,s=c2FsdA==,i=10"));
    const auto f = client.server_first("r=abcdef,s=c2FsdA==,i=20");
    expect_refused(client, f, "out of turn");
}

TEST(scram_order, stays_authenticated_only_until_the_server_speaks_again) {
    scram_server server{"S3CR3T-canary", "salt", 10};
    scram_client client = started();
    ASSERT_FALSE(client.server_first(server.first("n,,n=,r=abc", "n,,")));
    const std::string right = server.final(client.client_final(), "biws");
    ASSERT_FALSE(client.server_final(right));
    ASSERT_TRUE(client.authenticated());
    const auto f = client.server_final(right);
    expect_refused(client, f, "out of turn");
}

} // namespace scram_malformed_test
