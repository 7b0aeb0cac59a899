#include <tusk/net/detail/tls_internal.hpp>

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

namespace tusk::net {

namespace {

failure bad_file(std::string_view what, const std::string& path, std::string_view why,
                 std::string_view remedy) {
    std::string text{what};
    text.append(" \"").append(path).append("\" ").append(why).append("; ").append(remedy);
    return failure{errc::environment, std::move(text)};
}

std::string system_reason() { return std::string{"cannot be read: "} + std::strerror(errno); }

std::string openssl_reason() { return "cannot be used: " + detail::take_openssl_reason("no reason given"); }

/// Whether it can be opened, so that the message can say why not better than OpenSSL does.
failure check_readable(std::string_view what, const std::string& path, std::string_view remedy) {
    if (::access(path.c_str(), R_OK) == 0) return {};
    return bad_file(what, path, system_reason(), remedy);
}

/// A file descriptor that closes itself.
class descriptor {
public:
    explicit descriptor(int fd) noexcept : fd_{fd} {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const noexcept { return fd_; }

private:
    int fd_;
};

/// Older versions than 1.2 are broken; no configuration brings them back.
int min_version(const tls_options& options) noexcept {
    return options.min_version() == ssl_protocol_version::tls1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

int max_version(const tls_options& options) noexcept {
    switch (options.max_version()) {
    case ssl_protocol_version::tls1_0: return TLS1_VERSION;
    case ssl_protocol_version::tls1_1: return TLS1_1_VERSION;
    case ssl_protocol_version::tls1_2: return TLS1_2_VERSION;
    case ssl_protocol_version::tls1_3:
    case ssl_protocol_version::any: break;
    }
    return TLS1_3_VERSION;
}

failure check_options(const tls_options& options) {
    if (options.verify() != tls_verify::none && options.root_cert().empty())
        return failure{
            errc::invalid_configuration,
            "verifying the server needs trusted certificates: set sslrootcert to a PEM file, or to "
            "\"system\" for those of the operating system"};
    if (options.cert().empty() != options.key().empty())
        return failure{errc::invalid_configuration, options.key().empty()
                                                        ? "sslcert is set without sslkey; set both"
                                                        : "sslkey is set without sslcert; set both"};
    if (max_version(options) < min_version(options))
        return failure{errc::invalid_configuration,
                       "ssl_max_protocol_version is below ssl_min_protocol_version, or below TLSv1.2"};
    return {};
}

failure apply_settings(SSL_CTX* ctx, const tls_options& options) {
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // OpenSSL would ask on the terminal for the password of anything encrypted.
    SSL_CTX_set_default_passwd_cb(ctx, [](char*, int, int, void*) { return -1; });
    // A resumed session would have the old certificate's fate; PostgreSQL resumes none anyway.
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_min_proto_version(ctx, min_version(options)) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, max_version(options)) != 1)
        return failure{errc::invalid_configuration, "OpenSSL does not allow these TLS versions: " +
                                                        detail::take_openssl_reason("no reason given")};
    static constexpr unsigned char alpn[] = "\x0apostgresql";
    if (options.alpn() && SSL_CTX_set_alpn_protos(ctx, alpn, sizeof alpn - 1) != 0)
        return failure{errc::environment, "OpenSSL cannot offer the ALPN protocol \"postgresql\""};
    return {};
}

failure load_roots(SSL_CTX* ctx, const std::string& path) {
    constexpr std::string_view what = "root certificate file";
    constexpr std::string_view remedy = "set sslrootcert to a PEM file with the CA that signed the server's "
                                        "certificate, or to \"system\"";
    if (path == "system") {
        if (SSL_CTX_set_default_verify_paths(ctx) == 1) return {};
        return failure{errc::environment, "the certificates of the operating system cannot be used: " +
                                              detail::take_openssl_reason("no reason given")};
    }
    if (failure f = check_readable(what, path, remedy)) return f;
    if (SSL_CTX_load_verify_file(ctx, path.c_str()) == 1) return {};
    return bad_file(what, path, openssl_reason(), remedy);
}

failure load_crl(SSL_CTX* ctx, const std::string& path) {
    constexpr std::string_view what = "revocation list";
    constexpr std::string_view remedy =
        "set sslcrl to a PEM file or to a directory made by \"openssl rehash\"";
    if (path.empty()) return {};
    if (failure f = check_readable(what, path, remedy)) return f;
    struct stat info{};
    const bool is_directory = ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    X509_STORE* store = SSL_CTX_get_cert_store(ctx);
    const int loaded =
        is_directory ? X509_STORE_load_path(store, path.c_str()) : X509_STORE_load_file(store, path.c_str());
    if (loaded != 1) return bad_file(what, path, openssl_reason(), remedy);
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return {};
}

/// libpq's rule: nothing for group and others, except that root may let a group read.
failure check_key_file(int fd, const std::string& path) {
    constexpr std::string_view what = "private key file";
    struct stat info{};
    if (::fstat(fd, &info) != 0)
        return bad_file(what, path, system_reason(), "set sslkey to a readable file");
    if (!S_ISREG(info.st_mode)) return bad_file(what, path, "is not a regular file", "set sslkey to a file");
    const mode_t forbidden = info.st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    if ((info.st_mode & forbidden) != 0)
        return bad_file(what, path, "has group or world access",
                        "chmod it to 0600, or to 0640 when root owns it");
    return {};
}

/// Gives the password to OpenSSL, which would ask for it on the terminal otherwise, and remembers that it was
/// needed.
class password_prompt {
public:
    explicit password_prompt(const std::string& password) noexcept : password_{password} {}

    bool was_asked() const noexcept { return asked_; }

    static int answer(char* buffer, int size, int, void* self) noexcept {
        auto& prompt = *static_cast<password_prompt*>(self);
        prompt.asked_ = true;
        if (prompt.password_.empty() || prompt.password_.size() > static_cast<std::size_t>(size)) return -1;
        std::memcpy(buffer, prompt.password_.data(), prompt.password_.size());
        return static_cast<int>(prompt.password_.size());
    }

private:
    const std::string& password_;
    bool asked_ = false;
};

/// PEM, or else DER.
key_ptr read_key(int fd, password_prompt& prompt) {
    const bio_ptr pem{BIO_new_fd(fd, BIO_NOCLOSE)};
    key_ptr key{pem ? PEM_read_bio_PrivateKey(pem.get(), nullptr, &password_prompt::answer, &prompt)
                    : nullptr};
    if (key || prompt.was_asked() || ::lseek(fd, 0, SEEK_SET) != 0) return key;
    const bio_ptr der{BIO_new_fd(fd, BIO_NOCLOSE)};
    key.reset(der ? d2i_PrivateKey_bio(der.get(), nullptr) : nullptr);
    return key;
}

failure load_key(SSL_CTX* ctx, const tls_options& options) {
    constexpr std::string_view what = "private key file";
    const std::string& path = options.key();
    const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.get() < 0) return bad_file(what, path, system_reason(), "set sslkey to the key of sslcert");
    // The rule is checked on what was opened, so that nobody can change it in between.
    if (failure f = check_key_file(file.get(), path)) return f;

    password_prompt prompt{options.key_password()};
    const key_ptr key = read_key(file.get(), prompt);
    if (!key && prompt.was_asked()) {
        ERR_clear_error();
        return options.key_password().empty()
                   ? bad_file(what, path, "is encrypted", "set sslpassword")
                   : bad_file(what, path, "cannot be decrypted", "sslpassword is wrong for it");
    }
    if (!key) return bad_file(what, path, openssl_reason(), "it has to be a private key in PEM or DER");
    if (SSL_CTX_use_PrivateKey(ctx, key.get()) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        return bad_file(what, path, openssl_reason(),
                        "it has to be the key of the certificate \"" + options.cert() + "\"");
    return {};
}

failure load_identity(SSL_CTX* ctx, const tls_options& options) {
    constexpr std::string_view what = "certificate file";
    constexpr std::string_view remedy = "set sslcert to a PEM file with the client's certificate";
    if (options.cert().empty()) return {};
    if (failure f = check_readable(what, options.cert(), remedy)) return f;
    if (SSL_CTX_use_certificate_chain_file(ctx, options.cert().c_str()) != 1)
        return bad_file(what, options.cert(), openssl_reason(), remedy);
    return load_key(ctx, options);
}

failure load_files(SSL_CTX* ctx, const tls_options& options) {
    if (options.verify() != tls_verify::none) {
        if (failure f = load_roots(ctx, options.root_cert())) return f;
        if (failure f = load_crl(ctx, options.crl())) return f;
    }
    return load_identity(ctx, options);
}

} // namespace

tls_context::tls_context(std::unique_ptr<state> s) : state_{std::move(s)} {}
tls_context::~tls_context() = default;

/// A context takes OpenSSL milliseconds to make. One that holds nothing of any file is the same for
/// everybody, and is made once; one of files is made anew, because they may have changed.
result<std::shared_ptr<const tls_context>> tls_context::make(const tls_options& options) {
    if (failure f = check_options(options)) return f;
    if (options.verify() != tls_verify::none || !options.cert().empty()) return make_anew(options);
    using key = std::tuple<bool, bool, ssl_protocol_version, ssl_protocol_version>;
    static std::mutex mutex;
    // Never destroyed: OpenSSL may be gone before it at the end of the process.
    static auto& known = *new std::map<key, std::shared_ptr<const tls_context>>;
    const std::lock_guard lock{mutex};
    auto& found = known[key{options.sni(), options.alpn(), options.min_version(), options.max_version()}];
    if (found) return found;
    auto made = make_anew(options);
    if (made) found = *made;
    return made;
}

result<std::shared_ptr<const tls_context>> tls_context::make_anew(const tls_options& options) {
    ERR_clear_error();
    auto made = std::make_unique<state>();
    made->ctx.reset(SSL_CTX_new(TLS_client_method()));
    if (!made->ctx)
        return failure{errc::environment,
                       "OpenSSL cannot be used: " + detail::take_openssl_reason("no reason given")};
    if (failure f = apply_settings(made->ctx.get(), options)) return f;
    if (failure f = load_files(made->ctx.get(), options)) return f;
    made->verify = options.verify();
    made->root_cert = options.root_cert();
    made->sni = options.sni();
    made->alpn = options.alpn();
    ERR_clear_error();
    return std::shared_ptr<const tls_context>{new tls_context{std::move(made)}};
}

} // namespace tusk::net
