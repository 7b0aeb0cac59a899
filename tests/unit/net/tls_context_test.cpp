// What `tls_context::make()` accepts as files and settings, and how it says no.
#include <tusk/net/tls.hpp>

#include "tls_fixture.hpp"

#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace tls_context_test {

using namespace tls_fixture;
using tusk::errc;
using tusk::ssl_protocol_version;
using tusk::net::tls_context;
using tusk::net::tls_options;
using tusk::net::tls_verify;

class tls_context_files : public testing::Test {
protected:
    tls_context_files() {
        self.write_certificate(root);
        self.write_certificate(cert);
        self.write_key(key);
    }

    static tls_options unverified() { return tls_options{}.verify(tls_verify::none); }
    tls_options with_identity() const { return unverified().cert(cert).key(key); }

    static void expect_made(const tls_options& options) {
        const auto made = tls_context::make(options);
        EXPECT_TRUE(made.has_value()) << made.error().message();
    }

    /// Every word has to be in the message.
    static void expect_error(const tls_options& options, errc code, const std::vector<std::string>& words) {
        const auto made = tls_context::make(options);
        ASSERT_TRUE(made.has_error());
        EXPECT_EQ(made.error().code(), code);
        for (const auto& word : words)
            EXPECT_NE(made.error().message().find(word), std::string::npos)
                << word << " in: " << made.error().message();
    }

    std::string write(const std::string& name, std::string_view text) const {
        const std::string path = directory / name;
        std::ofstream{path} << text;
        return path;
    }

    temporary_directory directory;
    std::string root = directory / "root.crt";
    std::string cert = directory / "client.crt";
    std::string key = directory / "client.key";
    std::string missing = directory / "missing.pem";
    identity self = certificate_request{"alice"}.ca().make();
};

TEST_F(tls_context_files, are_read_anew_each_time_and_without_them_there_is_one_context_for_all) {
    const auto first = tls_context::make(unverified()).value();
    EXPECT_EQ(tls_context::make(unverified()).value(), first);
    EXPECT_NE(tls_context::make(unverified().sni(false)).value(), first);
    EXPECT_NE(tls_context::make(unverified().alpn(true)).value(), first);
    EXPECT_NE(tls_context::make(unverified().max_version(ssl_protocol_version::tls1_2)).value(), first);
    EXPECT_NE(tls_context::make(with_identity()).value(), tls_context::make(with_identity()).value());
    const auto verifying = tls_options{}.verify(tls_verify::ca).root_cert(root);
    EXPECT_NE(tls_context::make(verifying).value(), tls_context::make(verifying).value());
}

TEST_F(tls_context_files, needs_no_file_without_verification) {
    expect_made(unverified());
    expect_made(unverified().root_cert(missing).crl(missing));
}

TEST_F(tls_context_files, needs_a_root_for_verification) {
    expect_error(tls_options{}.verify(tls_verify::ca), errc::invalid_configuration,
                 {"sslrootcert", "system"});
    expect_error(tls_options{}, errc::invalid_configuration, {"sslrootcert"});
}

TEST_F(tls_context_files, takes_a_root_file_and_the_roots_of_the_system) {
    expect_made(tls_options{}.root_cert(root));
    expect_made(tls_options{}.root_cert("system"));
}

TEST_F(tls_context_files, names_a_root_file_that_cannot_be_used) {
    expect_error(tls_options{}.root_cert(missing), errc::environment,
                 {"root certificate file", missing, "No such file", "set sslrootcert"});
    const std::string empty = write("empty.pem", "");
    expect_error(tls_options{}.root_cert(empty), errc::environment, {empty, "set sslrootcert"});
    const std::string garbage = write("garbage.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
    expect_error(tls_options{}.root_cert(garbage), errc::environment, {garbage, "set sslrootcert"});
}

TEST_F(tls_context_files, names_a_revocation_list_that_cannot_be_used) {
    const auto verified = tls_options{}.root_cert(root);
    expect_error(tls_options{verified}.crl(missing), errc::environment,
                 {"revocation list", missing, "sslcrl"});
    expect_error(tls_options{verified}.crl(write("no.crl", "text")), errc::environment, {"no.crl", "sslcrl"});
    self.write_crl(directory / "good.crl", {});
    expect_made(tls_options{verified}.crl(directory / "good.crl"));
    ASSERT_EQ(::mkdir((directory / "hashed").c_str(), 0700), 0);
    expect_made(tls_options{verified}.crl(directory / "hashed"));
}

TEST_F(tls_context_files, takes_certificate_and_key_together_only) {
    expect_made(with_identity());
    expect_error(unverified().cert(cert), errc::invalid_configuration, {"without sslkey"});
    expect_error(unverified().key(key), errc::invalid_configuration, {"without sslcert"});
}

TEST_F(tls_context_files, names_an_identity_that_is_missing) {
    expect_error(with_identity().cert(missing), errc::environment,
                 {"certificate file", missing, "No such file"});
    expect_error(with_identity().key(missing), errc::environment,
                 {"private key file", missing, "No such file"});
    expect_error(with_identity().cert(write("no.crt", "text")), errc::environment, {"no.crt", "set sslcert"});
    const std::string no_key = write("no.key", "text");
    ASSERT_EQ(::chmod(no_key.c_str(), 0600), 0);
    expect_error(with_identity().key(no_key), errc::environment, {no_key, "PEM or DER"});
}

TEST_F(tls_context_files, refuses_the_key_of_another_certificate) {
    const std::string other = directory / "other.key";
    certificate_request{"bob"}.make().write_key(other);
    expect_error(with_identity().key(other), errc::environment, {other, "key of the certificate", cert});
}

TEST_F(tls_context_files, takes_a_key_in_der) {
    self.write_key_der(directory / "client.der");
    expect_made(with_identity().key(directory / "client.der"));
}

TEST_F(tls_context_files, opens_an_encrypted_key_with_its_password_only) {
    const std::string locked = directory / "locked.key";
    self.write_key(locked, "S3CR3T-canary");
    expect_made(with_identity().key(locked).key_password("S3CR3T-canary"));
    expect_error(with_identity().key(locked).key_password("wrong"), errc::environment,
                 {locked, "cannot be decrypted", "sslpassword is wrong"});
    expect_error(with_identity().key(locked), errc::environment, {locked, "is encrypted", "set sslpassword"});
    const auto made = tls_context::make(with_identity().key(locked).key_password("S3CR3T-canary2"));
    ASSERT_TRUE(made.has_error());
    EXPECT_EQ(made.error().message().find("S3CR3T"), std::string::npos);
}

TEST_F(tls_context_files, refuses_a_key_that_others_may_read) {
    for (const mode_t mode : {0644U, 0604U, 0620U, 0660U, 0601U}) {
        ASSERT_EQ(::chmod(key.c_str(), mode), 0);
        expect_error(with_identity(), errc::environment, {key, "group or world access", "0600"});
    }
    for (const mode_t mode : {0600U, 0400U}) {
        ASSERT_EQ(::chmod(key.c_str(), mode), 0);
        expect_made(with_identity());
    }
}

TEST_F(tls_context_files, lets_a_group_read_a_key_of_root_only) {
    ASSERT_EQ(::chmod(key.c_str(), 0640), 0);
    struct stat info{};
    ASSERT_EQ(::stat(key.c_str(), &info), 0);
    if (info.st_uid != 0) {
        expect_error(with_identity(), errc::environment, {"group or world access"});
        return;
    }
    expect_made(with_identity());
    ASSERT_EQ(::chown(key.c_str(), 1, static_cast<gid_t>(-1)), 0);
    expect_error(with_identity(), errc::environment, {"group or world access"});
}

TEST_F(tls_context_files, refuses_a_key_that_is_no_file) {
    expect_error(with_identity().key(directory / "."), errc::environment, {"not a regular file"});
    const std::string pipe = directory / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    expect_error(with_identity().key(pipe), errc::environment, {"not a regular file"});
}

TEST_F(tls_context_files, refuses_versions_that_leave_nothing) {
    using v = ssl_protocol_version;
    expect_error(unverified().min_version(v::tls1_3).max_version(v::tls1_2), errc::invalid_configuration,
                 {"ssl_max_protocol_version"});
    expect_error(unverified().min_version(v::any).max_version(v::tls1_1), errc::invalid_configuration,
                 {"below TLSv1.2"});
    expect_made(unverified().min_version(v::tls1_3).max_version(v::tls1_3));
    expect_made(unverified().min_version(v::tls1_0).max_version(v::tls1_2));
}

} // namespace tls_context_test
