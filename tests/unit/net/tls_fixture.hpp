#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <tests/temporary_directory.hpp>
#include <tusk/net/tls.hpp>

namespace tls_fixture {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

using tests::temporary_directory;

/// A certificate and its key.
class identity {
public:
    X509* certificate() const noexcept { return certificate_.get(); }
    EVP_PKEY* key() const noexcept { return key_.get(); }
    void write_certificate(const std::string& path, bool append = false) const;
    /// Mode 0600; encrypted when there is a password.
    void write_key(const std::string& path, const std::string& password = {}) const;
    void write_key_der(const std::string& path) const;
    /// A revocation list of this CA.
    void write_crl(const std::string& path, const std::vector<const identity*>& revoked) const;

private:
    friend class certificate_request;
    std::unique_ptr<X509, freed_by<X509_free>> certificate_;
    std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>> key_;
};

/// What to make an identity of.
class certificate_request {
public:
    explicit certificate_request(std::string common_name) : common_name_{std::move(common_name)} {}
    /// As in openssl.cnf: "DNS:a.example,IP:127.0.0.1".
    certificate_request& names(std::string list) {
        names_ = std::move(list);
        return *this;
    }
    certificate_request& signed_by(const identity& ca) {
        issuer_ = &ca;
        return *this;
    }
    certificate_request& ca() {
        ca_ = true;
        return *this;
    }
    /// Seconds from now.
    certificate_request& valid(long from, long until) {
        from_ = from;
        until_ = until;
        return *this;
    }
    /// "EC", "RSA" or "ED25519".
    certificate_request& key_type(std::string type) {
        key_type_ = std::move(type);
        return *this;
    }
    /// Name of the digest of the signature.
    certificate_request& digest(std::string name) {
        digest_ = std::move(name);
        return *this;
    }

    identity make() const;

private:
    std::string common_name_;
    std::string names_;
    const identity* issuer_ = nullptr;
    bool ca_ = false;
    long from_ = -3600;
    long until_ = 3600;
    std::string key_type_ = "EC";
    std::string digest_ = "SHA256";
};

/// OpenSSL as a server, in memory.
class memory_server {
public:
    explicit memory_server(const identity& self, const std::vector<const identity*>& chain = {});

    SSL_CTX* context() const noexcept { return context_.get(); }
    /// Made at the first call, so that the context can be changed before.
    SSL* session();
    /// Asks for a certificate of the client that `ca` signed.
    void require_client_certificate(const identity& ca);
    void support_alpn(std::string_view protocol);

    void feed(std::span<const std::byte> bytes);
    std::vector<std::byte> take_output();
    /// True once the handshake is over.
    bool handshake();

private:
    std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>> context_;
    std::unique_ptr<SSL, freed_by<SSL_free>> session_;
    std::string alpn_;
};

/// Moves everything that waits, in pieces of at most `fragment` bytes; true when there was something.
bool to_server(tusk::net::tls_session& client, memory_server& server, std::size_t fragment = 1 << 20);
bool to_client(memory_server& server, tusk::net::tls_session& client, std::size_t fragment = 1 << 20);

/// Shakes hands until the client is done or has failed; `want_input` when it hangs.
tusk::net::tls_session::status shake_hands(tusk::net::tls_session& client, memory_server& server,
                                           std::size_t fragment = 1 << 20);

/// The context, or a test failure with its message.
std::shared_ptr<const tusk::net::tls_context> context_of(const tusk::net::tls_options& options);

} // namespace tls_fixture
