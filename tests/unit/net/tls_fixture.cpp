#include "tls_fixture.hpp"

#include <atomic>
#include <cstdio>
#include <stdexcept>

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

namespace tls_fixture {

using tusk::net::tls_session;

namespace {

void require(bool done, const char* what) {
    if (done) return;
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    throw std::runtime_error{std::string{what} + ": " + (reason != nullptr ? reason : "no reason")};
}

using file_ptr = std::unique_ptr<std::FILE, freed_by<std::fclose>>;

file_ptr open_file(const std::string& path, const char* mode) {
    file_ptr file{std::fopen(path.c_str(), mode)};
    require(file != nullptr, path.c_str());
    return file;
}

EVP_PKEY* make_key(const std::string& type) {
    if (type == "EC") return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    if (type == "RSA") return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(2048));
    return EVP_PKEY_Q_keygen(nullptr, nullptr, type.c_str());
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>> extension{
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str())};
    require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, value.c_str());
}

long next_serial() {
    static std::atomic<long> last = 1000;
    return ++last;
}

const EVP_MD* digest_for(const EVP_PKEY* key, const std::string& name) {
    return EVP_PKEY_is_a(key, "ED25519") == 1 ? nullptr : EVP_get_digestbyname(name.c_str());
}

} // namespace

void identity::write_certificate(const std::string& path, bool append) const {
    const auto file = open_file(path, append ? "a" : "w");
    require(PEM_write_X509(file.get(), certificate()) == 1, path.c_str());
}

void identity::write_key(const std::string& path, const std::string& password) const {
    const auto file = open_file(path, "w");
    const EVP_CIPHER* cipher = password.empty() ? nullptr : EVP_aes_128_cbc();
    require(PEM_write_PKCS8PrivateKey(file.get(), key(), cipher, password.data(),
                                      static_cast<int>(password.size()), nullptr, nullptr) == 1,
            path.c_str());
    require(::chmod(path.c_str(), 0600) == 0, "chmod");
}

void identity::write_key_der(const std::string& path) const {
    const auto file = open_file(path, "w");
    require(i2d_PrivateKey_fp(file.get(), key()) == 1, path.c_str());
    require(::chmod(path.c_str(), 0600) == 0, "chmod");
}

void identity::write_crl(const std::string& path, const std::vector<const identity*>& revoked) const {
    const std::unique_ptr<X509_CRL, freed_by<X509_CRL_free>> list{X509_CRL_new()};
    const std::unique_ptr<ASN1_TIME, freed_by<ASN1_TIME_free>> now{X509_gmtime_adj(nullptr, -60)};
    const std::unique_ptr<ASN1_TIME, freed_by<ASN1_TIME_free>> later{X509_gmtime_adj(nullptr, 3600)};
    X509_CRL_set_version(list.get(), 1);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate()));
    X509_CRL_set1_lastUpdate(list.get(), now.get());
    X509_CRL_set1_nextUpdate(list.get(), later.get());
    for (const identity* one : revoked) {
        X509_REVOKED* entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(one->certificate()));
        X509_REVOKED_set_revocationDate(entry, now.get());
        require(X509_CRL_add0_revoked(list.get(), entry) == 1, "revoke");
    }
    require(X509_CRL_sign(list.get(), key(), EVP_sha256()) > 0, "sign the list");
    const auto file = open_file(path, "w");
    require(PEM_write_X509_CRL(file.get(), list.get()) == 1, path.c_str());
}

identity certificate_request::make() const {
    identity made;
    made.key_.reset(make_key(key_type_));
    made.certificate_.reset(X509_new());
    require(made.key_ && made.certificate_, "make a key");
    X509* certificate = made.certificate();
    X509* issuer = issuer_ != nullptr ? issuer_->certificate() : certificate;
    EVP_PKEY* signer = issuer_ != nullptr ? issuer_->key() : made.key();

    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), next_serial());
    X509_gmtime_adj(X509_getm_notBefore(certificate), from_);
    X509_gmtime_adj(X509_getm_notAfter(certificate), until_);
    X509_set_pubkey(certificate, made.key());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name_.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    add_extension(certificate, issuer, NID_basic_constraints, ca_ ? "critical,CA:TRUE" : "CA:FALSE");
    if (ca_) add_extension(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    if (!names_.empty()) add_extension(certificate, issuer, NID_subject_alt_name, names_);
    require(X509_sign(certificate, signer, digest_for(signer, digest_)) > 0, "sign");
    return made;
}

memory_server::memory_server(const identity& self, const std::vector<const identity*>& chain)
    : context_{SSL_CTX_new(TLS_server_method())} {
    SSL_CTX_set_security_level(context(), 0); // some tests serve what nobody should
    require(SSL_CTX_use_certificate(context(), self.certificate()) == 1, "certificate");
    require(SSL_CTX_use_PrivateKey(context(), self.key()) == 1, "key");
    for (const identity* one : chain)
        require(SSL_CTX_add1_chain_cert(context(), one->certificate()) == 1, "chain");
}

SSL* memory_server::session() {
    if (session_) return session_.get();
    session_.reset(SSL_new(context()));
    SSL_set_bio(session_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(session_.get());
    return session_.get();
}

void memory_server::require_client_certificate(const identity& ca) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context()), ca.certificate());
    SSL_CTX_set_verify(context(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

void memory_server::support_alpn(std::string_view protocol) {
    alpn_ = static_cast<char>(protocol.size()) + std::string{protocol};
    const auto select = [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                           unsigned offered_size, void* self) {
        const std::string& known = static_cast<memory_server*>(self)->alpn_;
        unsigned char* chosen = nullptr;
        const int outcome =
            SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(known.data()),
                                  static_cast<unsigned>(known.size()), offered, offered_size);
        *out = chosen;
        return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
    };
    SSL_CTX_set_alpn_select_cb(context(), select, this);
}

void memory_server::feed(std::span<const std::byte> bytes) {
    const int size = static_cast<int>(bytes.size());
    require(BIO_write(SSL_get_rbio(session()), bytes.data(), size) == size, "feed");
}

std::vector<std::byte> memory_server::take_output() {
    BIO* bio = SSL_get_wbio(session());
    std::vector<std::byte> out(BIO_ctrl_pending(bio));
    if (!out.empty()) BIO_read(bio, out.data(), static_cast<int>(out.size()));
    return out;
}

bool memory_server::handshake() {
    const bool done = SSL_do_handshake(session()) == 1;
    ERR_clear_error(); // the queue is the client's, too
    return done;
}

bool to_server(tls_session& client, memory_server& server, std::size_t fragment) {
    bool moved = false;
    while (!client.output().empty()) {
        const auto piece = client.output().first(std::min(fragment, client.output().size()));
        server.feed(piece);
        client.consume_output(piece.size());
        moved = true;
    }
    return moved;
}

bool to_client(memory_server& server, tls_session& client, std::size_t fragment) {
    const auto bytes = server.take_output();
    for (std::size_t at = 0; at < bytes.size(); at += fragment)
        client.feed(std::span{bytes}.subspan(at, std::min(fragment, bytes.size() - at)));
    return !bytes.empty();
}

tls_session::status shake_hands(tls_session& client, memory_server& server, std::size_t fragment) {
    for (;;) {
        const auto status = client.handshake();
        const bool sent = to_server(client, server);
        server.handshake();
        if (status != tls_session::status::want_input) return status;
        const auto answer = server.take_output();
        if (!sent && answer.empty()) return status;
        for (std::size_t at = 0; at < answer.size(); at += fragment) {
            client.feed(std::span{answer}.subspan(at, std::min(fragment, answer.size() - at)));
            const auto next = client.handshake();
            to_server(client, server);
            if (next == tls_session::status::failed) return next;
        }
    }
}

std::shared_ptr<const tusk::net::tls_context> context_of(const tusk::net::tls_options& options) {
    auto made = tusk::net::tls_context::make(options);
    if (made) return *made;
    ADD_FAILURE() << made.error().message();
    throw std::runtime_error{"no context"};
}

} // namespace tls_fixture
