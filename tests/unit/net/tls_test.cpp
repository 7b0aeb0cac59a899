// Whom a TLS session believes, and what it says about those it does not.
#include <tusk/net/tls.hpp>

#include "tls_fixture.hpp"

#include <gtest/gtest.h>

namespace tls_test {

using namespace tls_fixture;
using tusk::errc;
using tusk::net::tls_options;
using tusk::net::tls_session;
using tusk::net::tls_verify;
using status = tls_session::status;

class tls : public testing::Test {
protected:
    tls() {
        ca.write_certificate(root);
        stranger.write_certificate(other_root);
    }

    tls_options trusting(tls_verify level) const { return tls_options{}.verify(level).root_cert(root); }

    certificate_request server_request(const std::string& names = "DNS:db.example.com") const {
        return certificate_request{"db.example.com"}.names(names).signed_by(ca);
    }

    static void expect_accepted(const tls_options& options, const std::string& host, memory_server& server) {
        tls_session client{context_of(options), host};
        EXPECT_EQ(shake_hands(client, server), status::ok) << client.error().message();
    }
    static void expect_accepted(const tls_options& options, const std::string& host, const identity& self) {
        memory_server server{self};
        expect_accepted(options, host, server);
    }

    /// Every word has to be in the message.
    static void expect_refused(const tls_options& options, const std::string& host, memory_server& server,
                               const std::vector<std::string>& words, errc code = errc::tls_certificate) {
        tls_session client{context_of(options), host};
        ASSERT_EQ(shake_hands(client, server), status::failed);
        EXPECT_EQ(client.error().code(), code);
        for (const auto& word : words)
            EXPECT_NE(client.error().message().find(word), std::string::npos)
                << word << " in: " << client.error().message();
        EXPECT_EQ(client.handshake(), status::failed) << "for good";
        EXPECT_EQ(client.protocol(), "");
        EXPECT_TRUE(client.server_end_point().empty());
    }
    static void expect_refused(const tls_options& options, const std::string& host, const identity& self,
                               const std::vector<std::string>& words) {
        memory_server server{self};
        expect_refused(options, host, server, words);
    }

    temporary_directory directory;
    std::string root = directory / "root.crt";
    std::string other_root = directory / "other_root.crt";
    identity ca = certificate_request{"Tusk test CA"}.ca().make();
    identity stranger = certificate_request{"Unknown CA"}.ca().make();
};

TEST_F(tls, accepts_a_certificate_that_fits_at_every_level) {
    const identity server = server_request().make();
    expect_accepted(tls_options{}.verify(tls_verify::none), "db.example.com", server);
    expect_accepted(trusting(tls_verify::ca), "db.example.com", server);
    expect_accepted(trusting(tls_verify::full), "db.example.com", server);
}

TEST_F(tls, reports_version_and_cipher_after_the_handshake) {
    memory_server server{server_request().make()};
    tls_session client{context_of(trusting(tls_verify::full)), "db.example.com"};
    EXPECT_EQ(client.protocol(), "");
    ASSERT_EQ(shake_hands(client, server), status::ok);
    EXPECT_EQ(client.protocol(), "TLSv1.3");
    EXPECT_EQ(client.cipher(), SSL_get_cipher_name(server.session()));
}

TEST_F(tls, refuses_another_host_under_full_only) {
    const identity server = server_request("DNS:one.example.com,DNS:two.example.com").make();
    expect_accepted(tls_options{}.verify(tls_verify::none), "db.example.com", server);
    expect_accepted(trusting(tls_verify::ca), "db.example.com", server);
    expect_refused(trusting(tls_verify::full), "db.example.com", server,
                   {"hostname mismatch", "for \"db.example.com\"", "\"one.example.com\", \"two.example.com\"",
                    "verify-ca"});
}

TEST_F(tls, refuses_a_host_that_only_begins_or_ends_alike) {
    const identity server = server_request().make();
    for (const char* host : {"db.example.com.evil.org", "xdb.example.com", "example.com", "db.example.co"})
        expect_refused(trusting(tls_verify::full), host, server, {"hostname mismatch"});
}

TEST_F(tls, takes_host_names_in_any_case_and_with_the_root_dot) {
    const identity server = server_request().make();
    expect_accepted(trusting(tls_verify::full), "DB.Example.COM", server);
    expect_accepted(trusting(tls_verify::full), "db.example.com.", server);
}

TEST_F(tls, lets_a_wildcard_stand_for_one_whole_label) {
    const identity server = server_request("DNS:*.example.com").make();
    expect_accepted(trusting(tls_verify::full), "db.example.com", server);
    expect_refused(trusting(tls_verify::full), "a.db.example.com", server, {"hostname mismatch"});
    expect_refused(trusting(tls_verify::full), "example.com", server, {"hostname mismatch"});
    expect_refused(trusting(tls_verify::full), "db.example.com", server_request("DNS:d*.example.com").make(),
                   {"hostname mismatch"});
}

TEST_F(tls, ignores_the_common_name_when_there_are_alternative_names) {
    expect_refused(trusting(tls_verify::full), "db.example.com",
                   server_request("DNS:other.example.com").make(),
                   {"hostname mismatch", "\"other.example.com\""});
}

TEST_F(tls, takes_the_common_name_when_there_are_no_alternative_names) {
    const identity server = server_request("").make();
    expect_accepted(trusting(tls_verify::full), "db.example.com", server);
    expect_refused(trusting(tls_verify::full), "other.example.com", server, {"\"db.example.com\""});
}

TEST_F(tls, matches_addresses_with_addresses_only) {
    const identity server = server_request("IP:127.0.0.1,IP:::1").make();
    expect_accepted(trusting(tls_verify::full), "127.0.0.1", server);
    expect_accepted(trusting(tls_verify::full), "::1", server);
    expect_accepted(trusting(tls_verify::full), "0:0:0:0:0:0:0:1%lo", server);
    expect_refused(trusting(tls_verify::full), "127.0.0.2", server, {"IP address mismatch", "\"127.0.0.1\""});
    expect_refused(trusting(tls_verify::full), "127.0.0.1", server_request("DNS:127.0.0.1").make(),
                   {"IP address mismatch"});
}

TEST_F(tls, needs_a_host_for_full) {
    tls_session client{context_of(trusting(tls_verify::full)), ""};
    EXPECT_EQ(client.handshake(), status::failed);
    EXPECT_EQ(client.error().code(), errc::invalid_configuration);
    EXPECT_TRUE(client.output().empty());
}

TEST_F(tls, refuses_an_unknown_ca) {
    const identity server = certificate_request{"db.example.com"}.signed_by(stranger).make();
    expect_accepted(tls_options{}.verify(tls_verify::none), "db.example.com", server);
    expect_refused(trusting(tls_verify::ca), "db.example.com", server,
                   {"unable to get local issuer certificate", "CN = db.example.com", root});
}

TEST_F(tls, refuses_a_certificate_that_signed_itself) {
    const identity server = certificate_request{"db.example.com"}.make();
    expect_refused(trusting(tls_verify::ca), "db.example.com", server,
                   {"self-signed certificate", "sslrootcert"});
}

TEST_F(tls, trusts_a_certificate_that_signed_itself_when_it_is_the_root) {
    const identity server = certificate_request{"db.example.com"}.make();
    const std::string path = directory / "self.crt";
    server.write_certificate(path);
    expect_accepted(tls_options{}.verify(tls_verify::full).root_cert(path), "db.example.com", server);
}

TEST_F(tls, refuses_an_expired_certificate) {
    expect_refused(trusting(tls_verify::ca), "db.example.com", server_request().valid(-7200, -3600).make(),
                   {"certificate has expired", "valid until", "renew it"});
}

TEST_F(tls, refuses_a_certificate_from_the_future) {
    expect_refused(trusting(tls_verify::ca), "db.example.com", server_request().valid(3600, 7200).make(),
                   {"certificate is not yet valid", "valid from", "clock"});
}

TEST_F(tls, names_an_expired_ca_as_such) {
    const identity old_ca = certificate_request{"Old CA"}.ca().valid(-7200, -3600).make();
    const std::string path = directory / "old.crt";
    old_ca.write_certificate(path);
    const identity server = certificate_request{"db.example.com"}.signed_by(old_ca).make();
    expect_refused(tls_options{}.verify(tls_verify::ca).root_cert(path), "db.example.com", server,
                   {"a CA certificate of the server (CN = Old CA)", "certificate has expired"});
}

TEST_F(tls, needs_the_certificates_in_between) {
    const identity between = certificate_request{"Intermediate"}.ca().signed_by(ca).make();
    const identity self = certificate_request{"db.example.com"}.signed_by(between).make();
    memory_server complete{self, {&between}};
    expect_accepted(trusting(tls_verify::full), "db.example.com", complete);
    expect_refused(trusting(tls_verify::full), "db.example.com", self,
                   {"unable to get local issuer certificate", "in between"});
}

TEST_F(tls, refuses_a_certificate_signed_by_one_that_is_no_ca) {
    const identity leaf = server_request().make();
    memory_server server{certificate_request{"bank.example.com"}.signed_by(leaf).make(), {&leaf}};
    expect_refused(trusting(tls_verify::ca), "bank.example.com", server, {"CA certificate"});
}

TEST_F(tls, refuses_a_revoked_certificate) {
    const std::string list = directory / "root.crl";
    const identity good = server_request().make();
    const identity bad = server_request().make();
    ca.write_crl(list, {&bad});
    expect_accepted(trusting(tls_verify::full).crl(list), "db.example.com", good);
    expect_refused(trusting(tls_verify::full).crl(list), "db.example.com", bad,
                   {"certificate revoked", "sslcrl"});
}

TEST_F(tls, needs_the_list_of_the_right_ca_when_lists_are_asked_for) {
    const std::string list = directory / "other.crl";
    stranger.write_crl(list, {});
    expect_refused(trusting(tls_verify::ca).crl(list), "db.example.com", server_request().make(),
                   {"unable to get certificate CRL", "every CA"});
}

TEST_F(tls, escapes_what_a_certificate_says) {
    const identity server = certificate_request{"evil\x1B[31m\n"}.make();
    memory_server listening{server};
    tls_session client{context_of(trusting(tls_verify::ca)), "db.example.com"};
    ASSERT_EQ(shake_hands(client, listening), status::failed);
    EXPECT_EQ(client.error().message().find('\x1B'), std::string::npos);
    EXPECT_EQ(client.error().message().find('\n'), std::string::npos);
}

TEST_F(tls, tells_the_server_why_it_was_refused) {
    memory_server server{server_request().valid(-7200, -3600).make()};
    tls_session client{context_of(trusting(tls_verify::ca)), "db.example.com"};
    ASSERT_EQ(client.handshake(), status::want_input);
    to_server(client, server);
    server.handshake();
    to_client(server, client);
    ASSERT_EQ(client.handshake(), status::failed);
    EXPECT_FALSE(client.output().empty()) << "an alert";
}

TEST_F(tls, names_the_host_for_servers_with_several_certificates) {
    for (const bool on : {true, false}) {
        memory_server server{server_request().make()};
        tls_session client{context_of(trusting(tls_verify::full).sni(on)), "db.example.com."};
        ASSERT_EQ(shake_hands(client, server), status::ok);
        const char* seen = SSL_get_servername(server.session(), TLSEXT_NAMETYPE_host_name);
        EXPECT_STREQ(seen, on ? "db.example.com" : nullptr);
    }
}

TEST_F(tls, never_names_an_address) {
    for (const char* host : {"127.0.0.1", "::1", "127.1"}) {
        memory_server server{server_request().make()};
        tls_session client{context_of(trusting(tls_verify::ca)), host};
        ASSERT_EQ(shake_hands(client, server), status::ok);
        EXPECT_EQ(SSL_get_servername(server.session(), TLSEXT_NAMETYPE_host_name), nullptr) << host;
    }
}

TEST_F(tls, shows_the_client_certificate_when_asked) {
    const identity user = certificate_request{"alice"}.signed_by(ca).make();
    const std::string cert = directory / "alice.crt";
    const std::string key = directory / "alice.key";
    user.write_certificate(cert);
    user.write_key(key, "hush");
    memory_server server{server_request().make()};
    server.require_client_certificate(ca);
    expect_accepted(trusting(tls_verify::full).cert(cert).key(key).key_password("hush"), "db.example.com",
                    server);
    const std::unique_ptr<X509, freed_by<X509_free>> seen{SSL_get1_peer_certificate(server.session())};
    ASSERT_NE(seen, nullptr);
    EXPECT_EQ(X509_cmp(seen.get(), user.certificate()), 0);
}

TEST_F(tls, reports_a_missing_client_certificate) {
    memory_server old{server_request().make()};
    old.require_client_certificate(ca);
    SSL_CTX_set_max_proto_version(old.context(), TLS1_2_VERSION);
    expect_refused(trusting(tls_verify::full), "db.example.com", old, {"sslcert"}, errc::tls_failed);

    // In TLS 1.3 the client is done before the server looks.
    memory_server recent{server_request().make()};
    recent.require_client_certificate(ca);
    tls_session client{context_of(trusting(tls_verify::full)), "db.example.com"};
    ASSERT_EQ(shake_hands(client, recent), status::ok);
    to_client(recent, client);
    std::byte buffer[10];
    std::size_t n = 0;
    ASSERT_EQ(client.read(buffer, n), status::failed);
    EXPECT_EQ(client.error().code(), errc::tls_failed);
    EXPECT_NE(client.error().message().find("set sslcert and sslkey"), std::string::npos)
        << client.error().message();
}

TEST_F(tls, reports_a_client_certificate_that_the_server_does_not_know) {
    const identity user = certificate_request{"mallory"}.signed_by(stranger).make();
    user.write_certificate(directory / "m.crt");
    user.write_key(directory / "m.key");
    memory_server server{server_request().make()};
    server.require_client_certificate(ca);
    SSL_CTX_set_max_proto_version(server.context(), TLS1_2_VERSION);
    expect_refused(trusting(tls_verify::full).cert(directory / "m.crt").key(directory / "m.key"),
                   "db.example.com", server, {"did not accept the client's certificate", "unknown ca"},
                   errc::tls_failed);
}

TEST_F(tls, insists_on_the_protocol_when_negotiation_is_direct) {
    const auto options = trusting(tls_verify::full).alpn(true);
    memory_server postgresql{server_request().make()};
    postgresql.support_alpn("postgresql");
    expect_accepted(options, "db.example.com", postgresql);

    memory_server silent{server_request().make()};
    expect_refused(options, "db.example.com", silent, {"ALPN", "PostgreSQL 17"}, errc::tls_failed);

    memory_server web{server_request().make()};
    web.support_alpn("h2");
    expect_refused(options, "db.example.com", web, {"\"postgresql\""}, errc::tls_failed);
}

TEST_F(tls, keeps_to_the_versions_allowed) {
    using tusk::ssl_protocol_version;
    memory_server old{server_request().make()};
    SSL_CTX_set_max_proto_version(old.context(), TLS1_2_VERSION);
    expect_refused(trusting(tls_verify::full).min_version(ssl_protocol_version::tls1_3), "db.example.com",
                   old, {"no common TLS version", "ssl_min_protocol_version"}, errc::tls_failed);

    memory_server any{server_request().make()};
    tls_session client{context_of(trusting(tls_verify::full).max_version(ssl_protocol_version::tls1_2)),
                       "db.example.com"};
    ASSERT_EQ(shake_hands(client, any), status::ok);
    EXPECT_EQ(client.protocol(), "TLSv1.2");

    memory_server ancient{server_request().make()};
    SSL_CTX_set_min_proto_version(ancient.context(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(ancient.context(), TLS1_1_VERSION);
    expect_refused(trusting(tls_verify::full).min_version(ssl_protocol_version::tls1_0), "db.example.com",
                   ancient, {"no common TLS version"}, errc::tls_failed);
}

struct bound_digest {
    const char* name;
    const char* key_type;
    const char* signature;
    const char* expected; ///< Null: none.
};

void PrintTo(const bound_digest& d, std::ostream* out) { *out << d.name; }

std::string named(const testing::TestParamInfo<bound_digest>& tested) { return tested.param.name; }

class tls_server_end_point : public testing::TestWithParam<bound_digest> {};

// RFC 5929, section 4.1.
TEST_P(tls_server_end_point, is_the_hash_that_the_signature_uses) {
    const identity self =
        certificate_request{"db"}.key_type(GetParam().key_type).digest(GetParam().signature).make();
    memory_server server{self};
    tls_session client{context_of(tls_options{}.verify(tls_verify::none)), "db"};
    ASSERT_EQ(shake_hands(client, server), status::ok) << client.error().message();

    std::vector<std::byte> expected;
    if (GetParam().expected != nullptr) {
        expected.resize(EVP_MAX_MD_SIZE);
        unsigned size = 0;
        ASSERT_EQ(X509_digest(self.certificate(), EVP_get_digestbyname(GetParam().expected),
                              reinterpret_cast<unsigned char*>(expected.data()), &size),
                  1);
        expected.resize(size);
    }
    EXPECT_EQ(client.server_end_point(), expected);
}

INSTANTIATE_TEST_SUITE_P(signatures, tls_server_end_point,
                         testing::Values(bound_digest{"ecdsa_sha256", "EC", "SHA256", "SHA256"},
                                         bound_digest{"ecdsa_sha384", "EC", "SHA384", "SHA384"},
                                         bound_digest{"rsa_sha512", "RSA", "SHA512", "SHA512"},
                                         bound_digest{"sha1_is_raised", "EC", "SHA1", "SHA256"},
                                         bound_digest{"md5_is_raised", "RSA", "MD5", "SHA256"},
                                         bound_digest{"ed25519_has_none", "ED25519", "", nullptr}),
                         named);

} // namespace tls_test
