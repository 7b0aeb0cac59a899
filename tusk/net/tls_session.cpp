#include <tusk/net/detail/tls_bio.hpp>
#include <tusk/net/detail/tls_internal.hpp>

#include <algorithm>
#include <array>
#include <new>
#include <optional>

#include <arpa/inet.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace tusk::net {

namespace {

/// The bytes of a literal IPv4 or IPv6 address, without its zone; empty for a name.
std::string address_bytes(std::string_view host) {
    const std::string text{host.substr(0, host.find('%'))};
    std::array<char, 16> bytes{};
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return {bytes.data(), 4};
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return {bytes.data(), 16};
    return {};
}

/// As libpq sees it: "127.1" is no address for `inet_pton` and no name for SNI.
bool is_name(std::string_view host) {
    const bool numeric = host.find_first_not_of("0123456789.") == std::string_view::npos;
    return !host.empty() && !numeric && host.find(':') == std::string_view::npos;
}

/// A name may end with the dot of the root, certificates and SNI leave it out.
std::string without_root_dot(std::string host) {
    if (host.size() > 1 && host.back() == '.') host.pop_back();
    return host;
}

} // namespace

struct tls_session::state {
    state(std::shared_ptr<const tls_context> c, std::string h)
        : context{std::move(c)}, host{without_root_dot(std::move(h))} {
        if (!start()) fail(detail::handshake_failure(host));
    }

    const tls_context::state& settings() const noexcept { return *context->state_; }

    bool start() {
        ERR_clear_error();
        ssl.reset(SSL_new(settings().ctx.get()));
        BIO* bio = ssl ? detail::new_wire_bio(wire) : nullptr;
        if (bio == nullptr) return false;
        SSL_set_bio(ssl.get(), bio, bio);
        SSL_set_app_data(ssl.get(), this);
        SSL_set_connect_state(ssl.get());
        if (settings().sni && is_name(host) && SSL_set_tlsext_host_name(ssl.get(), host.c_str()) != 1)
            return false;
        return set_verification();
    }

    bool set_verification() {
        const tls_verify level = settings().verify;
        SSL_set_verify(ssl.get(), level == tls_verify::none ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, &on_verify);
        if (level != tls_verify::full) return true;
        if (host.empty()) {
            fail(failure{errc::invalid_configuration,
                         "sslmode=verify-full needs the name of the host; set host, not only hostaddr"});
            return true;
        }
        X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl.get());
        X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        const std::string address = address_bytes(host);
        if (address.empty()) return X509_VERIFY_PARAM_set1_host(wanted, host.data(), host.size()) == 1;
        return X509_VERIFY_PARAM_set1_ip(wanted, reinterpret_cast<const unsigned char*>(address.data()),
                                         address.size()) == 1;
    }

    /// Keeps what the verification stumbled over; OpenSSL itself keeps a number only.
    static int on_verify(int accepted, X509_STORE_CTX* verification) noexcept {
        if (accepted == 1) return 1;
        auto* ssl =
            static_cast<SSL*>(X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
        auto* self = static_cast<state*>(SSL_get_app_data(ssl));
        if (SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE) return 1;
        try {
            if (!self->rejected) self->rejected = detail::describe_rejected(verification);
        } catch (const std::bad_alloc&) {
            return 0; // an exception must not pass through C; the reason is lost
        }
        return 0;
    }

    status fail(failure f) {
        broken = true;
        error = std::move(f);
        return status::failed;
    }

    status fail_handshake(int why) {
        if (why == SSL_ERROR_ZERO_RETURN)
            return fail(failure{errc::tls_failed, "TLS with \"" + host +
                                                      "\" failed: the server gave up the handshake; "
                                                      "its log says why"});
        if (!rejected) return fail(detail::handshake_failure(host));
        ERR_clear_error();
        return fail(detail::certificate_failure(*rejected, host, settings().root_cert));
    }

    /// What `SSL_get_error()` means after the handshake.
    status after_error(int result) {
        switch (SSL_get_error(ssl.get(), result)) {
        case SSL_ERROR_WANT_READ: return status::want_input;
        case SSL_ERROR_ZERO_RETURN: closed = true; return status::closed;
        default: break;
        }
        const unsigned long code = ERR_peek_last_error();
        if (detail::is_late_handshake_alert(code)) return fail(detail::handshake_failure(host));
        const bool cut =
            ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
        const std::string reason = detail::take_openssl_reason("OpenSSL gives no reason");
        return fail(
            failure{errc::connection_lost, cut ? "the connection ended without the goodbye of TLS "
                                                 "(close_notify): the server died, or somebody cut the stream"
                                               : "TLS broke down: " + reason});
    }

    /// With direct negotiation an unconfirmed protocol may be an attack by another service (ALPACA).
    bool alpn_is_settled() const {
        if (!settings().alpn) return true;
        const unsigned char* name = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(ssl.get(), &name, &size);
        return std::string_view{reinterpret_cast<const char*>(name), size} == "postgresql";
    }

    /// Whether data may flow; `error` is set when not.
    bool usable() {
        if (broken) return false;
        if (!established) fail(failure{errc::tls_failed, "TLS was used before its handshake was over"});
        return established;
    }

    std::shared_ptr<const tls_context> context;
    std::string host;
    detail::tls_wire wire;
    ssl_ptr ssl; // after `wire`, which its BIO points to
    std::optional<detail::rejected_certificate> rejected;
    failure error;
    bool broken = false;
    bool established = false;
    bool closed = false;
    bool shut_down = false;
};

tls_session::tls_session(std::shared_ptr<const tls_context> context, std::string host)
    : state_{std::make_unique<state>(std::move(context), std::move(host))} {}

tls_session::tls_session(tls_session&&) noexcept = default;
tls_session& tls_session::operator=(tls_session&&) noexcept = default;
tls_session::~tls_session() = default;

tls_session::status tls_session::handshake() {
    state& s = *state_;
    if (s.broken) return status::failed;
    if (s.established) return status::ok;
    ERR_clear_error();
    const int result = SSL_do_handshake(s.ssl.get());
    if (result != 1) {
        const int why = SSL_get_error(s.ssl.get(), result);
        return why == SSL_ERROR_WANT_READ ? status::want_input : s.fail_handshake(why);
    }
    if (!s.alpn_is_settled())
        return s.fail(
            failure{errc::tls_failed,
                    "the server does not confirm the protocol \"postgresql\" (ALPN); sslnegotiation=direct "
                    "needs PostgreSQL 17 or later"});
    s.established = true;
    return status::ok;
}

tls_session::status tls_session::read(std::span<std::byte> into, std::size_t& n) {
    state& s = *state_;
    n = 0;
    if (!s.usable()) return status::failed;
    if (s.closed) return status::closed;
    ERR_clear_error();
    while (n < into.size()) {
        std::size_t got = 0;
        const int result = SSL_read_ex(s.ssl.get(), into.data() + n, into.size() - n, &got);
        if (result != 1) {
            // What came before an end is delivered first; the end is met again by the next call.
            const status end = s.after_error(result);
            return n > 0 ? status::ok : end;
        }
        n += got;
    }
    return status::ok;
}

tls_session::status tls_session::write(std::span<const std::byte> plain, std::size_t& consumed) {
    constexpr std::size_t record = SSL3_RT_MAX_PLAIN_LENGTH;
    state& s = *state_;
    consumed = 0;
    if (!s.usable()) return status::failed;
    if (s.shut_down) {
        s.error = failure{errc::connection_closed, "TLS was closed by this side"};
        return status::failed;
    }
    ERR_clear_error();
    while (consumed < plain.size() && s.wire.output.size() < max_output) {
        std::size_t written = 0;
        const std::size_t size = std::min(record, plain.size() - consumed);
        const int result = SSL_write_ex(s.ssl.get(), plain.data() + consumed, size, &written);
        if (result != 1) return s.after_error(result);
        consumed += written;
    }
    return status::ok;
}

tls_session::status tls_session::shutdown() {
    state& s = *state_;
    if (s.broken) return status::failed;
    if (!s.established || s.shut_down) return status::ok;
    ERR_clear_error();
    s.shut_down = true;
    const int result = SSL_shutdown(s.ssl.get()); // 0: sent, the peer's is not here yet
    return result >= 0 ? status::ok : s.after_error(result);
}

std::span<std::byte> tls_session::prepare_input(std::size_t n) { return state_->wire.input.prepare(n); }
void tls_session::commit_input(std::size_t n) { state_->wire.input.commit(n); }
void tls_session::feed(std::span<const std::byte> bytes) { state_->wire.input.append(bytes); }
void tls_session::end_of_input() { state_->wire.input_ended = true; }
std::span<const std::byte> tls_session::output() const { return state_->wire.output.readable(); }
void tls_session::consume_output(std::size_t n) { state_->wire.output.consume(n); }
failure tls_session::error() const { return state_->error; }

std::vector<std::byte> tls_session::server_end_point() const {
    if (!state_->established) return {};
    const x509_ptr certificate{SSL_get1_peer_certificate(state_->ssl.get())};
    int digest = NID_undef;
    if (!certificate || X509_get_signature_info(certificate.get(), &digest, nullptr, nullptr, nullptr) != 1 ||
        digest == NID_undef) {
        ERR_clear_error();
        return {};
    }
    if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;
    const EVP_MD* algorithm = EVP_get_digestbynid(digest);
    std::vector<std::byte> hash(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    if (algorithm == nullptr ||
        X509_digest(certificate.get(), algorithm, reinterpret_cast<unsigned char*>(hash.data()), &size) != 1)
        size = 0;
    ERR_clear_error();
    hash.resize(size);
    return hash;
}

std::string tls_session::protocol() const {
    return state_->established ? SSL_get_version(state_->ssl.get()) : std::string{};
}

std::string tls_session::cipher() const {
    return state_->established ? SSL_get_cipher_name(state_->ssl.get()) : std::string{};
}

} // namespace tusk::net
