#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/net/conninfo_types.hpp>

namespace tusk::net {

/// How much of the server's certificate is checked.
enum class tls_verify : std::uint8_t {
    none, ///< Nothing: protects from listeners only.
    ca,   ///< It is signed by a trusted CA.
    full, ///< And made for the host that was asked for.
};

/// What a `tls_context` is made from. File names are paths; an empty one means "not given".
class tls_options {
public:
    tls_options& verify(tls_verify level) {
        verify_ = level;
        return *this;
    }
    /// PEM file with the trusted CAs, or "system" for those of the operating system.
    tls_options& root_cert(std::string path) {
        root_cert_ = std::move(path);
        return *this;
    }
    /// PEM file, or directory made by `openssl rehash`, with revocation lists for every CA of the chain. Like
    /// `root_cert`, not looked at without verification.
    tls_options& crl(std::string path) {
        crl_ = std::move(path);
        return *this;
    }
    /// PEM file with the client's certificate and, behind it, those that lead to its CA.
    tls_options& cert(std::string path) {
        cert_ = std::move(path);
        return *this;
    }
    /// PEM or DER file with the key of `cert`. It must not be readable by others (libpq's rule).
    tls_options& key(std::string path) {
        key_ = std::move(path);
        return *this;
    }
    tls_options& key_password(std::string password) {
        key_password_ = std::move(password);
        return *this;
    }
    /// Whether the handshake names the host, in clear text, for servers that have several certificates.
    tls_options& sni(bool on) {
        sni_ = on;
        return *this;
    }
    /// Versions below 1.2 are never spoken, whatever is set here.
    tls_options& min_version(ssl_protocol_version v) {
        min_version_ = v;
        return *this;
    }
    tls_options& max_version(ssl_protocol_version v) {
        max_version_ = v;
        return *this;
    }
    /// Offer the ALPN protocol "postgresql" and insist on it: for `sslnegotiation=direct`.
    tls_options& alpn(bool on) {
        alpn_ = on;
        return *this;
    }

    tls_verify verify() const noexcept { return verify_; }
    const std::string& root_cert() const noexcept { return root_cert_; }
    const std::string& crl() const noexcept { return crl_; }
    const std::string& cert() const noexcept { return cert_; }
    const std::string& key() const noexcept { return key_; }
    const std::string& key_password() const noexcept { return key_password_; }
    bool sni() const noexcept { return sni_; }
    ssl_protocol_version min_version() const noexcept { return min_version_; }
    ssl_protocol_version max_version() const noexcept { return max_version_; }
    bool alpn() const noexcept { return alpn_; }

private:
    tls_verify verify_ = tls_verify::full;
    ssl_protocol_version min_version_ = ssl_protocol_version::tls1_2;
    ssl_protocol_version max_version_ = ssl_protocol_version::any;
    bool sni_ = true;
    bool alpn_ = false;
    std::string root_cert_;
    std::string crl_;
    std::string cert_;
    std::string key_;
    std::string key_password_;
};

/// Certificates, key and settings, read once and shared by all connections; safe from several threads.
class tls_context {
public:
    /// Reads the files. Fails with `errc::environment` (a file that is missing, unreadable, not what it
    /// should be, or a key that others may read) or `errc::invalid_configuration` (settings that contradict
    /// each other); the message names the file and the remedy.
    static result<std::shared_ptr<const tls_context>> make(const tls_options& options);

    ~tls_context();
    tls_context(const tls_context&) = delete;
    tls_context& operator=(const tls_context&) = delete;

private:
    friend class tls_session;
    struct state;
    explicit tls_context(std::unique_ptr<state> s);
    static result<std::shared_ptr<const tls_context>> make_anew(const tls_options& options);

    std::unique_ptr<state> state_;
};

/// One TLS connection's client side, without input or output of its own: bytes from the peer go in by
/// `prepare_input()`/`commit_input()`, bytes for the peer come out of `output()`. After every call, whatever
/// its status, `output()` is to be sent (an alert tells the peer why a handshake failed).
class tls_session {
public:
    /// What a step came to.
    enum class status : std::uint8_t {
        ok,         ///< Done, or as much of it as was asked for.
        want_input, ///< More bytes of the peer are needed.
        closed,     ///< The peer closed the TLS session in good order.
        failed,     ///< `error()` says why; the session is over.
    };

    /// `host` is the name or IP address that was asked for, not what it resolved to.
    tls_session(std::shared_ptr<const tls_context> context, std::string host);
    tls_session(tls_session&&) noexcept;
    tls_session& operator=(tls_session&&) noexcept;
    ~tls_session();

    /// Goes on with the handshake until it is done (`ok`).
    status handshake();
    /// Decrypts into `into`; `ok` when `n` > 0 bytes are there. What is left comes with the next call.
    status read(std::span<std::byte> into, std::size_t& n);
    /// Encrypts from the front of `plain`; `consumed` says how much. Takes less than everything, perhaps
    /// nothing, while `max_output` bytes or more wait in `output()`.
    status write(std::span<const std::byte> plain, std::size_t& consumed);
    /// Tells the peer that nothing more will come. The peer's answer is not waited for.
    status shutdown();

    /// Room for at least `n` bytes from the peer, valid until the next call.
    std::span<std::byte> prepare_input(std::size_t n);
    /// The first `n` bytes of that room were filled.
    void commit_input(std::size_t n);
    /// Both, by copying.
    void feed(std::span<const std::byte> bytes);
    /// The transport has ended; what was fed before is still read. Without a goodbye of the peer before it
    /// that is an error, as an attacker may have cut the stream.
    void end_of_input();

    /// Bytes for the peer, valid until the next call.
    std::span<const std::byte> output() const;
    void consume_output(std::size_t n);

    /// After `failed`: `errc::tls_certificate` (which certificate, why, and what to do), `errc::tls_failed`
    /// (the handshake), `errc::connection_lost` (later), `errc::connection_closed` (used after `shutdown()`).
    failure error() const;

    /// The hash of the server's certificate for channel binding (RFC 5929, tls-server-end-point). Empty
    /// before the handshake's end and when the certificate's signature algorithm defines no hash (Ed25519).
    std::vector<std::byte> server_end_point() const;
    /// "TLSv1.3"; empty before the handshake's end.
    std::string protocol() const;
    /// Name of the cipher suite as OpenSSL spells it; empty before the handshake's end.
    std::string cipher() const;

    /// More ciphertext than this is not produced before some of it is consumed, in bytes.
    static constexpr std::size_t max_output = 256 * 1024;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace tusk::net
