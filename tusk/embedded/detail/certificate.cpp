#include <tusk/embedded/detail/certificate.hpp>

#include <cstddef>
#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <tusk/embedded/detail/posix.hpp>

namespace tusk::embedded::detail {

namespace {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* owned) const noexcept {
        Free(owned);
    }
};
using key_pair = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using certificate = std::unique_ptr<X509, freed_by<X509_free>>;
using extension = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;
using memory = std::unique_ptr<BIO, freed_by<BIO_free_all>>;

constexpr long validity = 10L * 365 * 24 * 3600; // seconds
constexpr long clock_skew = 3600;
constexpr long version_3 = 2; // X.509 counts from 0

failure openssl_failure(const char* what) {
    char text[256] = {};
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    return failure{errc::environment,
                   std::string{"cannot make the server's certificate: "} + what + ": " + text};
}

key_pair new_key() { return key_pair{EVP_EC_gen("P-256")}; }

bool add(X509& to, X509& issuer, int what, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, &issuer, &to, nullptr, nullptr, 0);
    const extension made{X509V3_EXT_conf_nid(nullptr, &context, what, value)};
    return made && X509_add_ext(&to, made.get(), -1) == 1;
}

/// A certificate without extensions and signature.
certificate draft(EVP_PKEY& key, const char* name, X509* issuer) {
    certificate made{X509_new()};
    std::uint64_t serial = 0;
    if (!made || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return nullptr;
    X509_set_version(made.get(), version_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), serial >> 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -clock_skew);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), validity);
    X509_set_pubkey(made.get(), &key);
    auto* subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1,
                               -1, 0);
    X509_set_issuer_name(made.get(), issuer == nullptr ? subject : X509_get_subject_name(issuer));
    return made;
}

template <class Write>
std::string pem_of(Write write) {
    const memory into{BIO_new(BIO_s_mem())};
    if (!into || write(into.get()) != 1) return {};
    char* data = nullptr;
    const long size = BIO_get_mem_data(into.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509& of) {
    return pem_of([&](BIO* into) { return PEM_write_bio_X509(into, &of); });
}
std::string pem_of(EVP_PKEY& of) {
    return pem_of([&](BIO* into) {
        return PEM_write_bio_PrivateKey(into, &of, nullptr, nullptr, 0, nullptr, nullptr);
    });
}

failure put(const std::filesystem::path& file, const std::string& text, const identity& who) {
    if (auto problem = write_file(file, text)) return problem; // mode 0600
    return give_to(file, who);
}

} // namespace

failure make_certificates(const certificate_files& files, const identity& who) {
    std::error_code ignored;
    using std::filesystem::exists;
    if (exists(files.authority, ignored) && exists(files.certificate, ignored) && exists(files.key, ignored))
        return {};
    const auto authority_key = new_key();
    const auto server_key = new_key();
    if (!authority_key || !server_key) return openssl_failure("keys");
    const auto authority = draft(*authority_key, "Tusk test authority", nullptr);
    if (!authority || !add(*authority, *authority, NID_basic_constraints, "critical,CA:TRUE") ||
        !add(*authority, *authority, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add(*authority, *authority, NID_subject_key_identifier, "hash") ||
        X509_sign(authority.get(), authority_key.get(), EVP_sha256()) == 0)
        return openssl_failure("the authority");
    const auto server = draft(*server_key, "localhost", authority.get());
    if (!server || !add(*server, *authority, NID_basic_constraints, "critical,CA:FALSE") ||
        !add(*server, *authority, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1") ||
        !add(*server, *authority, NID_ext_key_usage, "serverAuth") ||
        X509_sign(server.get(), authority_key.get(), EVP_sha256()) == 0)
        return openssl_failure("the certificate");
    if (auto problem = put(files.authority, pem_of(*authority), who)) return problem;
    if (auto problem = put(files.certificate, pem_of(*server), who)) return problem;
    return put(files.key, pem_of(*server_key), who);
}

} // namespace tusk::embedded::detail
