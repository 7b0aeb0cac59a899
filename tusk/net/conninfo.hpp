#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/net/conninfo_environment.hpp>
#include <tusk/net/conninfo_types.hpp>

namespace tusk {

class credential_source;

/// Everything that is needed to make a connection. `parse_connect_config` makes one of a connection string;
/// the setters make or change one in code (they do not check; `validate` does). The keys are those of libpq;
/// see docs/connection-strings.md.
class connect_config {
public:
    using setting_list = std::vector<std::pair<std::string, std::string>>;
    using seconds = std::chrono::seconds;
    using milliseconds = std::chrono::milliseconds;

    /// localhost:5432, TLS preferred, no user.
    connect_config() : hosts_{host_address{"localhost"}} {}

    /// Servers in the order they were written; never empty after parsing.
    const std::vector<host_address>& hosts() const noexcept { return hosts_; }
    connect_config& hosts(std::vector<host_address> v) {
        hosts_ = std::move(v);
        return *this;
    }
    /// One host instead of the list.
    connect_config& host(std::string name, std::uint16_t port = 5432);

    /// The user's name when no database was named, as the server does.
    const std::string& database() const noexcept { return database_.empty() ? user_ : database_; }
    connect_config& database(std::string v) {
        database_ = std::move(v);
        return *this;
    }
    const std::string& user() const noexcept { return user_; }
    connect_config& user(std::string v) {
        user_ = std::move(v);
        return *this;
    }
    /// As given in the string or by PGPASSWORD; the password file's entries are in `password_for`.
    const std::string& password() const noexcept { return password_; }
    connect_config& password(std::string v) {
        password_ = std::move(v);
        return *this;
    }
    /// The password to use with one of `hosts()`: the given one, else the password file's; empty when none.
    const std::string& password_for(const host_address& host) const noexcept {
        return password_.empty() ? host.password : password_;
    }
    /// Where passwords and tokens come from instead, when they change: asked for each connection whose server
    /// asks. Not part of a connection string.
    const std::shared_ptr<credential_source>& credentials() const noexcept { return credentials_; }
    connect_config& credentials(std::shared_ptr<credential_source> v) {
        credentials_ = std::move(v);
        return *this;
    }
    /// The password file that was looked at; empty when a password was given or no home directory is known.
    const std::string& passfile() const noexcept { return passfile_; }
    connect_config& passfile(std::string v) {
        passfile_ = std::move(v);
        return *this;
    }

    /// Sent to the server; empty means not sent.
    const std::string& application_name() const noexcept { return application_name_; }
    connect_config& application_name(std::string v) {
        application_name_ = std::move(v);
        return *this;
    }
    /// Command-line options for the server process ("-c geqo=off"); empty means not sent.
    const std::string& options() const noexcept { return options_; }
    connect_config& options(std::string v) {
        options_ = std::move(v);
        return *this;
    }
    /// Settings sent at startup besides user, database, application_name, options and client_encoding, in
    /// order.
    const setting_list& runtime_parameters() const noexcept { return runtime_parameters_; }
    connect_config& runtime_parameters(setting_list v) {
        runtime_parameters_ = std::move(v);
        return *this;
    }
    /// Appends, or replaces the value of the same name; names are compared without regard to case, as the
    /// server does.
    connect_config& runtime_parameter(std::string_view name, std::string value);

    /// Limit of one host's connection, from name resolution to ready; zero means never. Default 5 s.
    milliseconds connect_timeout() const noexcept { return connect_timeout_; }
    connect_config& connect_timeout(milliseconds v) {
        connect_timeout_ = v;
        return *this;
    }

    tusk::ssl_mode ssl_mode() const noexcept { return ssl_mode_; }
    connect_config& ssl_mode(tusk::ssl_mode v) {
        ssl_mode_ = v;
        return *this;
    }
    tusk::ssl_negotiation ssl_negotiation() const noexcept { return ssl_negotiation_; }
    connect_config& ssl_negotiation(tusk::ssl_negotiation v) {
        ssl_negotiation_ = v;
        return *this;
    }
    /// Path of the PEM file with trusted roots, or "system" for the system's; empty means none.
    const std::string& ssl_root_cert() const noexcept { return ssl_root_cert_; }
    connect_config& ssl_root_cert(std::string v) {
        ssl_root_cert_ = std::move(v);
        return *this;
    }
    /// Path of the client's certificate chain (PEM); empty means none.
    const std::string& ssl_cert() const noexcept { return ssl_cert_; }
    connect_config& ssl_cert(std::string v) {
        ssl_cert_ = std::move(v);
        return *this;
    }
    /// Path of the client's private key (PEM); empty means none.
    const std::string& ssl_key() const noexcept { return ssl_key_; }
    connect_config& ssl_key(std::string v) {
        ssl_key_ = std::move(v);
        return *this;
    }
    /// Passphrase of `ssl_key`; a secret.
    const std::string& ssl_password() const noexcept { return ssl_password_; }
    connect_config& ssl_password(std::string v) {
        ssl_password_ = std::move(v);
        return *this;
    }
    /// Path of a certificate revocation list (PEM); empty means none.
    const std::string& ssl_crl() const noexcept { return ssl_crl_; }
    connect_config& ssl_crl(std::string v) {
        ssl_crl_ = std::move(v);
        return *this;
    }
    /// Directory of revocation lists, named by hash as OpenSSL wants them; empty means none.
    const std::string& ssl_crl_dir() const noexcept { return ssl_crl_dir_; }
    connect_config& ssl_crl_dir(std::string v) {
        ssl_crl_dir_ = std::move(v);
        return *this;
    }
    /// Send the host name in the handshake (never a numeric address).
    bool ssl_sni() const noexcept { return ssl_sni_; }
    connect_config& ssl_sni(bool v) {
        ssl_sni_ = v;
        return *this;
    }
    /// Default TLSv1.2; `any` leaves it to the TLS library.
    ssl_protocol_version ssl_min_protocol_version() const noexcept { return ssl_min_protocol_version_; }
    connect_config& ssl_min_protocol_version(ssl_protocol_version v) {
        ssl_min_protocol_version_ = v;
        return *this;
    }
    /// Default `any`.
    ssl_protocol_version ssl_max_protocol_version() const noexcept { return ssl_max_protocol_version_; }
    connect_config& ssl_max_protocol_version(ssl_protocol_version v) {
        ssl_max_protocol_version_ = v;
        return *this;
    }

    tusk::channel_binding channel_binding() const noexcept { return channel_binding_; }
    connect_config& channel_binding(tusk::channel_binding v) {
        channel_binding_ = v;
        return *this;
    }
    const auth_requirement& require_auth() const noexcept { return require_auth_; }
    connect_config& require_auth(auth_requirement v) {
        require_auth_ = std::move(v);
        return *this;
    }
    tusk::target_session_attrs target_session_attrs() const noexcept { return target_session_attrs_; }
    connect_config& target_session_attrs(tusk::target_session_attrs v) {
        target_session_attrs_ = v;
        return *this;
    }
    tusk::load_balance_hosts load_balance_hosts() const noexcept { return load_balance_hosts_; }
    connect_config& load_balance_hosts(tusk::load_balance_hosts v) {
        load_balance_hosts_ = v;
        return *this;
    }

    /// TCP keepalives; a zero in the three settings means the system's default. Ignored on Unix sockets.
    bool keepalives() const noexcept { return keepalives_; }
    connect_config& keepalives(bool v) {
        keepalives_ = v;
        return *this;
    }
    seconds keepalives_idle() const noexcept { return keepalives_idle_; }
    connect_config& keepalives_idle(seconds v) {
        keepalives_idle_ = v;
        return *this;
    }
    seconds keepalives_interval() const noexcept { return keepalives_interval_; }
    connect_config& keepalives_interval(seconds v) {
        keepalives_interval_ = v;
        return *this;
    }
    int keepalives_count() const noexcept { return keepalives_count_; }
    connect_config& keepalives_count(int v) {
        keepalives_count_ = v;
        return *this;
    }
    /// How long sent data may stay unacknowledged; zero means the system's default.
    milliseconds tcp_user_timeout() const noexcept { return tcp_user_timeout_; }
    connect_config& tcp_user_timeout(milliseconds v) {
        tcp_user_timeout_ = v;
        return *this;
    }

    /// Default 3.0.
    protocol_minor min_protocol_version() const noexcept { return min_protocol_version_; }
    connect_config& min_protocol_version(protocol_minor v) {
        min_protocol_version_ = v;
        return *this;
    }
    /// The version that is asked for. Default 3.0 (some poolers close the connection on anything newer).
    protocol_minor max_protocol_version() const noexcept { return max_protocol_version_; }
    connect_config& max_protocol_version(protocol_minor v) {
        max_protocol_version_ = v;
        return *this;
    }

    /// Prepared statements kept per connection; 0 turns the cache off. Default 512.
    std::size_t statement_cache_capacity() const noexcept { return statement_cache_capacity_; }
    connect_config& statement_cache_capacity(std::size_t v) {
        statement_cache_capacity_ = v;
        return *this;
    }
    /// Keys for the driver, not sent: `default_query_exec_mode`, `description_cache_capacity`.
    const setting_list& driver_settings() const noexcept { return driver_settings_; }
    connect_config& driver_setting(std::string_view name, std::string value);
    connect_config& driver_settings(setting_list v) {
        driver_settings_ = std::move(v);
        return *this;
    }
    /// Keys that begin with `pool_`, for the pool to read, not sent.
    const setting_list& pool_settings() const noexcept { return pool_settings_; }
    connect_config& pool_setting(std::string_view name, std::string value);
    connect_config& pool_settings(setting_list v) {
        pool_settings_ = std::move(v);
        return *this;
    }

    /// What was ignored while parsing and why ("password file … has group or world access"); for a log.
    const std::vector<std::string>& warnings() const noexcept { return warnings_; }
    connect_config& warnings(std::vector<std::string> v) {
        warnings_ = std::move(v);
        return *this;
    }

    friend bool operator==(const connect_config&, const connect_config&) = default;

private:
    std::vector<host_address> hosts_;
    std::string database_, user_, password_, passfile_, application_name_, options_;
    setting_list runtime_parameters_;
    milliseconds connect_timeout_{5000};
    tusk::ssl_mode ssl_mode_ = tusk::ssl_mode::prefer;
    tusk::ssl_negotiation ssl_negotiation_ = tusk::ssl_negotiation::postgres;
    std::string ssl_root_cert_, ssl_cert_, ssl_key_, ssl_password_, ssl_crl_, ssl_crl_dir_;
    bool ssl_sni_ = true;
    ssl_protocol_version ssl_min_protocol_version_ = ssl_protocol_version::tls1_2;
    ssl_protocol_version ssl_max_protocol_version_ = ssl_protocol_version::any;
    tusk::channel_binding channel_binding_ = tusk::channel_binding::prefer;
    auth_requirement require_auth_;
    tusk::target_session_attrs target_session_attrs_ = tusk::target_session_attrs::any;
    tusk::load_balance_hosts load_balance_hosts_ = tusk::load_balance_hosts::disable;
    bool keepalives_ = true;
    seconds keepalives_idle_{0}, keepalives_interval_{0};
    int keepalives_count_ = 0;
    milliseconds tcp_user_timeout_{0};
    protocol_minor min_protocol_version_ = protocol_minor::v3_0;
    protocol_minor max_protocol_version_ = protocol_minor::v3_0;
    std::size_t statement_cache_capacity_ = 512;
    setting_list driver_settings_, pool_settings_;
    std::vector<std::string> warnings_;
    std::shared_ptr<credential_source> credentials_;
};

/// Reads a connection string: `postgres://…` or `postgresql://…`, else `key=value …`; empty means all
/// defaults. What it leaves open comes from the service file, then from PG… variables, then from defaults;
/// then the password file is asked for each host. Errors are `errc::invalid_connection_string`; they name the
/// key or the byte position (from 1) and the remedy, never a value. Source: libpq, "Database Connection
/// Control Functions".
result<connect_config> parse_connect_config(std::string_view text, const environment& env);
/// The same with this process's environment.
result<connect_config> parse_connect_config(std::string_view text);

/// The same of a string that comes from a stranger, who may use these keys only (as documented, in lower
/// case; a URL's host, port, user, password and path are the keys host, port, user, password and dbname).
/// `service`, `passfile`, `sslkey` and others name files that this process can read. Any other key is an
/// error; the environment and the service that it names are the process's own and may say anything.
result<connect_config> parse_connect_config(std::string_view text,
                                            const std::vector<std::string_view>& allowed_keys,
                                            const environment& env);
result<connect_config> parse_connect_config(std::string_view text,
                                            const std::vector<std::string_view>& allowed_keys);

/// Checks what the settings demand of each other (a host at all; no weak `ssl_mode` with `ssl_root_cert`
/// "system" or with direct negotiation; minimum not above maximum; no NUL bytes). Parsing has done it
/// already.
failure validate(const connect_config& config);

/// The configuration as a URL for logs: every password and the values of server settings that are not known
/// to be harmless are shown as "***". Parsing it again gives the same configuration but for those.
std::string redacted(const connect_config& config);

} // namespace tusk
