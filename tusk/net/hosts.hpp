#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <tusk/core/deadline.hpp>
#include <tusk/core/error.hpp>
#include <tusk/net/conninfo.hpp>
#include <tusk/net/credentials.hpp>
#include <tusk/protocol/role.hpp>
#include <tusk/protocol/startup.hpp>

namespace tusk::net {

class tls_context;

/// One socket address, resolved.
class endpoint {
public:
    sockaddr_storage address{};
    socklen_t length = 0;
    std::string display; ///< For messages: "127.0.0.1:5432", "/run/postgresql/.s.PGSQL.5432".
    bool is_unix() const noexcept { return address.ss_family == AF_UNIX; }
};

/// All addresses of a host, in the resolver's order. Blocks in getaddrinfo for names.
result<std::vector<endpoint>> resolve(const host_address& host);
/// The same, for no longer than until the deadline (`errc::timeout`). getaddrinfo cannot be interrupted, so a
/// name is resolved by a thread that goes on by itself when nobody waits any more.
result<std::vector<endpoint>> resolve_until(const host_address& host, deadline until);

/// What connections of one configuration share: the checked settings, the TLS context, the derived keys.
class connect_target {
public:
    /// Loads certificates; an error names the file.
    static result<std::shared_ptr<const connect_target>> make(connect_config config);

    const connect_config& config() const noexcept { return config_; }
    const std::shared_ptr<const tls_context>& tls() const noexcept { return tls_; }
    /// The startup options for one host (password file entries are per host).
    protocol::startup_options options_for(const host_address& host) const;
    /// Asks the credential source, which must be there.
    void ask(const host_address& host, secret_kind kind, credential_source::answer done) const;
    /// The server refused a secret that the source had kept: it will get another one.
    bool other_secret_may_help(const host_address& host, const failure& f) const;

private:
    credential_request request_for(const host_address& host, secret_kind kind) const;

    connect_config config_;
    std::shared_ptr<const tls_context> tls_;
    std::shared_ptr<protocol::scram_key_cache> keys_;
};

/// Which way to try next, decided apart from sockets: every host in order (or shuffled), every address of it,
/// and per address the TLS policies that its `sslmode` allows. Source: libpq's connection rules; pgx for the
/// SQLSTATEs that end the search (28P01, 3D000, 42501).
///
/// `prefer-standby` makes two passes: standbys only, then whatever let us in and was no standby.
class connect_plan {
public:
    explicit connect_plan(const connect_config& config);

    /// The hosts of this pass in the order to try.
    const std::vector<host_address>& hosts() const noexcept { return hosts_; }
    /// Puts the addresses of a host into the order to try.
    void arrange(std::vector<endpoint>& addresses) const;
    /// The role that a server must have in this pass; never `prefer_standby`.
    target_session_attrs wanted() const noexcept { return wanted_; }
    /// Begins another pass with other demands; false when there is none that could help.
    bool next_pass();
    /// The ways to speak to an address, first to last.
    std::vector<protocol::tls_policy> ways(const endpoint& at) const;
    /// Whether the next way is worth trying after the one before failed like this.
    static bool next_way_helps(const failure& f);
    /// Records a failed attempt; `at` is null when the host did not resolve.
    void failed(const host_address& host, const endpoint* at, failure f);
    /// No other host may be tried: the server knew us and said no.
    bool stop() const noexcept { return stop_; }
    /// The failure of the whole search: that of a single attempt, or all of them joined.
    failure summary() const;

private:
    template <class T>
    void shuffle(std::vector<T>& list) const;

    ssl_mode mode_;
    ssl_negotiation negotiation_;
    bool shuffles_;
    bool settles_; ///< For any server, when no standby is found.
    target_session_attrs wanted_;
    std::vector<host_address> hosts_;
    std::vector<host_address> put_aside_; ///< They let us in and have another role.
    std::vector<std::pair<std::string, failure>> failures_;
    bool stop_ = false;
};

/// Whether a server of this role fits `target_session_attrs`.
bool fits(const protocol::server_role& role, target_session_attrs wanted) noexcept;
/// The same; the failure says which role it has.
failure check_role(const protocol::server_role& role, target_session_attrs wanted);

/// Makes a session ready for another connection: how statements are executed and how many stay prepared.
void prepare_session(protocol::session& s, const connect_config& config);

} // namespace tusk::net
