#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <tusk/core/error.hpp>
#include <tusk/net/tls.hpp>

namespace tusk::net {

/// Deletes what OpenSSL made by the function that belongs to it.
template <auto Free>
struct openssl_deleter {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

using ssl_ctx_ptr = std::unique_ptr<SSL_CTX, openssl_deleter<SSL_CTX_free>>;
using ssl_ptr = std::unique_ptr<SSL, openssl_deleter<SSL_free>>;
using x509_ptr = std::unique_ptr<X509, openssl_deleter<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, openssl_deleter<BIO_free_all>>;
using key_ptr = std::unique_ptr<EVP_PKEY, openssl_deleter<EVP_PKEY_free>>;

struct tls_context::state {
    ssl_ctx_ptr ctx;
    tls_verify verify = tls_verify::full;
    std::string root_cert;
    bool sni = true;
    bool alpn = false;
};

namespace detail {

/// The reason of the newest error in OpenSSL's queue, which is emptied; `otherwise` when there is none.
std::string take_openssl_reason(std::string_view otherwise);

/// What the verification stumbled over.
struct rejected_certificate {
    int code = 0;        ///< X509_V_ERR_…
    int depth = 0;       ///< 0 is the server's own.
    std::string subject; ///< "" when there was none.
    std::string not_before;
    std::string not_after;
    std::string names; ///< Host names and addresses that it is for, as a list in quotes.
};

/// Reads off the failing certificate in the middle of a verification.
rejected_certificate describe_rejected(X509_STORE_CTX* verification);

/// The failure (`errc::tls_certificate`) with the reason, the certificate and the remedy.
failure certificate_failure(const rejected_certificate& rejected, std::string_view host,
                            const std::string& root_cert);

/// The failure of a handshake (`errc::tls_failed`) from OpenSSL's queue, which is emptied.
failure handshake_failure(std::string_view host);

/// A fatal alert that concerns the handshake although it may come after its end (TLS 1.3 client
/// certificates).
bool is_late_handshake_alert(unsigned long openssl_error) noexcept;

} // namespace detail

} // namespace tusk::net
