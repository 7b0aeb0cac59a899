#include <tusk/net/detail/tls_internal.hpp>

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509v3.h>

namespace tusk::net::detail {

namespace {

using memory_bio = bio_ptr;

std::string text_of(const memory_bio& bio) {
    char* data = nullptr;
    const long size = bio ? BIO_get_mem_data(bio.get(), &data) : 0;
    return size > 0 ? std::string{data, static_cast<std::size_t>(size)} : std::string{};
}

std::string text_of(const ASN1_TIME* time) {
    const memory_bio bio{BIO_new(BIO_s_mem())};
    if (bio) ASN1_TIME_print(bio.get(), time);
    return text_of(bio);
}

/// Control characters and the like come out escaped: the text is the peer's.
std::string text_of(const X509_NAME* name) {
    const memory_bio bio{BIO_new(BIO_s_mem())};
    if (bio) X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_ONELINE);
    return text_of(bio);
}

std::string printable(const ASN1_STRING* text) {
    constexpr std::size_t longest_name = 255; // of DNS
    const unsigned char* data = ASN1_STRING_get0_data(text);
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(text));
    std::string out;
    for (std::size_t i = 0; i < std::min(size, longest_name); ++i)
        out.push_back(data[i] >= ' ' && data[i] <= '~' ? static_cast<char>(data[i]) : '?');
    return out;
}

std::string printable_address(const ASN1_STRING* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int size = ASN1_STRING_length(address);
    if (size != 4 && size != 16) return "?";
    inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text.data(), text.size());
    return text.data();
}

void add_name(std::string& list, const std::string& name) {
    list.append(list.empty() ? "\"" : ", \"").append(name).append("\"");
}

void add_common_name(std::string& list, const X509* certificate) {
    const X509_NAME* subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0) add_name(list, printable(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
}

/// What the certificate is for: the alternative names, or the common name when there are none.
std::string names_of(const X509* certificate) {
    constexpr int most = 8;
    std::string list;
    const std::unique_ptr<GENERAL_NAMES, openssl_deleter<GENERAL_NAMES_free>> names{
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
    const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
    for (int i = 0; i < std::min(count, most); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_DNS) add_name(list, printable(name->d.dNSName));
        if (name->type == GEN_IPADD) add_name(list, printable_address(name->d.iPAddress));
    }
    if (count > most) list.append(", …");
    if (list.empty()) add_common_name(list, certificate);
    return list;
}

bool is_untrusted(int code) noexcept {
    return code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT || code == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
           code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
           code == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

std::string remedy_for(const rejected_certificate& rejected, const std::string& root_cert) {
    if (is_untrusted(rejected.code))
        return "sslrootcert (\"" + root_cert +
               "\") has to hold the CA that signed it, and the server has to send the certificates in "
               "between";
    switch (rejected.code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "it was valid until " + rejected.not_after + "; renew it, or set this machine's clock";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "it is valid from " + rejected.not_before + "; set this machine's clock, or the server's";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "it is for " + (rejected.names.empty() ? std::string{"no name"} : rejected.names) +
               "; connect by that name, have a certificate made for this one, or set sslmode=verify-ca";
    case X509_V_ERR_CERT_REVOKED: return "its CA has revoked it (sslcrl); the server needs another one";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
        return "sslcrl has to hold the revocation list of every CA up to the root";
    case X509_V_ERR_CRL_HAS_EXPIRED: return "fetch the CA's current revocation list into sslcrl";
    default: return "the server needs another certificate";
    }
}

/// What was wrong and what to do, for the reasons that users meet.
std::string explain(int reason, const std::string& text) {
    switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_BAD_RECORD_TYPE:
        return "the answer is not TLS (" + text +
               "); check that host and port are those of a PostgreSQL server";
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        return "the server closed the connection during the TLS handshake; its log says why";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return "no common TLS version (" + text +
               "); check ssl_min_protocol_version and ssl_max_protocol_version on both sides";
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
        return "the server does not offer the protocol \"postgresql\" (" + text + "); check host and port";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return "the server found nothing in common, or misses a client certificate (" + text +
               "); check sslcert and the server's ssl_ciphers";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return "the server wants a client certificate (" + text + "); set sslcert and sslkey";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
        return "the server did not accept the client's certificate (" + text + "); check sslcert and sslkey";
    default: return text;
    }
}

} // namespace

std::string take_openssl_reason(std::string_view otherwise) {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    // Errors of the system have their number in place of a reason.
    const char* reason = ERR_SYSTEM_ERROR(code) ? nullptr : ERR_reason_error_string(code);
    return reason != nullptr ? reason : std::string{otherwise};
}

rejected_certificate describe_rejected(X509_STORE_CTX* verification) {
    rejected_certificate out;
    out.code = X509_STORE_CTX_get_error(verification);
    out.depth = X509_STORE_CTX_get_error_depth(verification);
    const X509* certificate = X509_STORE_CTX_get_current_cert(verification);
    if (certificate == nullptr) return out;
    out.subject = text_of(X509_get_subject_name(certificate));
    out.not_before = text_of(X509_get0_notBefore(certificate));
    out.not_after = text_of(X509_get0_notAfter(certificate));
    out.names = names_of(certificate);
    return out;
}

failure certificate_failure(const rejected_certificate& rejected, std::string_view host,
                            const std::string& root_cert) {
    std::string text = rejected.depth == 0 ? "the server's certificate" : "a CA certificate of the server";
    if (!rejected.subject.empty()) text.append(" (").append(rejected.subject).append(")");
    text.append(" was not accepted for \"").append(host).append("\": ");
    text.append(X509_verify_cert_error_string(rejected.code))
        .append("; ")
        .append(remedy_for(rejected, root_cert));
    return failure{errc::tls_certificate, std::move(text)};
}

failure handshake_failure(std::string_view host) {
    const unsigned long code = ERR_peek_last_error();
    const int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
    const std::string text = take_openssl_reason("OpenSSL gives no reason");
    return failure{errc::tls_failed,
                   "TLS with \"" + std::string{host} + "\" failed: " + explain(reason, text)};
}

bool is_late_handshake_alert(unsigned long openssl_error) noexcept {
    if (ERR_GET_LIB(openssl_error) != ERR_LIB_SSL) return false;
    switch (ERR_GET_REASON(openssl_error)) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR: return true;
    default: return false;
    }
}

} // namespace tusk::net::detail
