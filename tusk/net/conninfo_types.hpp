#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tusk {

/// How TLS is used (`sslmode`). Unix sockets never use TLS.
enum class ssl_mode : std::uint8_t {
    disable,     ///< Never.
    allow,       ///< Plain first, TLS when the server refuses.
    prefer,      ///< TLS first, plain when the server has none. No protection against a man in the middle.
    require,     ///< TLS or nothing; the certificate is checked only when a root certificate is given.
    verify_ca,   ///< TLS, and the certificate's chain is checked.
    verify_full, ///< TLS, and chain and host name are checked.
};

/// How TLS starts (`sslnegotiation`).
enum class ssl_negotiation : std::uint8_t {
    postgres, ///< SSLRequest first, then the handshake.
    direct,   ///< The handshake at once, with ALPN; PostgreSQL 17 and newer.
};

/// SCRAM channel binding (`channel_binding`).
enum class channel_binding : std::uint8_t { disable, prefer, require };

/// Which servers of a host list are acceptable (`target_session_attrs`).
enum class target_session_attrs : std::uint8_t {
    any,
    read_write,     ///< Transactions are read-write by default.
    read_only,      ///< Transactions are read-only by default.
    primary,        ///< Not in recovery.
    standby,        ///< In recovery.
    prefer_standby, ///< A standby if one is there, else any.
};

/// In which order hosts and their addresses are tried (`load_balance_hosts`).
enum class load_balance_hosts : std::uint8_t {
    disable, ///< As written.
    random,
};

/// Bounds of the TLS version (`ssl_min_protocol_version`, `ssl_max_protocol_version`).
enum class ssl_protocol_version : std::uint8_t { any, tls1_0, tls1_1, tls1_2, tls1_3 };

/// Minor version of protocol 3 (`min_protocol_version`, `max_protocol_version`); the value is the wire's.
enum class protocol_minor : std::uint16_t {
    v3_0 = 0,
    v3_2 = 2, ///< PostgreSQL 18 and newer; also what `latest` means.
};

/// The words of the connection string: "verify-full", "read-write", "TLSv1.2", "3.0", …
std::string_view to_string(ssl_mode value) noexcept;
std::string_view to_string(ssl_negotiation value) noexcept;
std::string_view to_string(channel_binding value) noexcept;
std::string_view to_string(target_session_attrs value) noexcept;
std::string_view to_string(load_balance_hosts value) noexcept;
std::string_view to_string(ssl_protocol_version value) noexcept; ///< Empty for `any`.
std::string_view to_string(protocol_minor value) noexcept;

/// One server to try: a name to resolve, an address that needs no resolving, or a directory with a Unix
/// socket.
class host_address {
public:
    host_address() = default;
    explicit host_address(std::string name, std::uint16_t port_number = 5432)
        : host{std::move(name)}, port{port_number} {}

    /// Host name, numeric address, or socket directory ("/run/postgresql", or "@name" in the abstract
    /// namespace). With `hostaddr` it is only the name that TLS checks and the password file knows; then it
    /// may be empty.
    std::string host;
    /// Numeric address to connect to instead of resolving `host`; empty when not given.
    std::string hostaddr;
    std::uint16_t port = 5432;
    /// From the password file; empty when it has no entry for this host. Use `connect_config::password_for`.
    std::string password;

    /// `host` is a directory (or an abstract name) and no `hostaddr` overrides it.
    bool is_unix_socket() const noexcept;
    /// "<directory>/.s.PGSQL.<port>"; empty when this is no Unix socket. A leading '@' stands for the NUL
    /// byte of the abstract namespace.
    std::string socket_path() const;
    /// For messages: "db1:5432", "[::1]:5432", "/run/postgresql:5432".
    std::string display() const;

    friend bool operator==(const host_address&, const host_address&) = default;
};

/// `require_auth`: the authentication methods that the server may ask for, or (negated) may not ask for.
/// Words: password, md5, gss, sspi, scram-sha-256, oauth, none ("none" is the server asking for nothing).
class auth_requirement {
public:
    auth_requirement() = default;

    std::vector<std::string> methods;
    bool negated = false;

    /// No restriction was asked for.
    bool empty() const noexcept { return methods.empty(); }
    /// Whether `method` (one of the words above) is acceptable.
    bool allows(std::string_view method) const noexcept;

    friend bool operator==(const auth_requirement&, const auth_requirement&) = default;
};

/// "scram-sha-256,none" or "!password,!md5".
std::string to_string(const auth_requirement& value);

} // namespace tusk
