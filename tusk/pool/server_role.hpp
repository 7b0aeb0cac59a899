#pragma once

#include <optional>
#include <string_view>

#include <tusk/net/hosts.hpp>
#include <tusk/protocol/role.hpp>

/// What a pool that wants servers of one role (target_session_attrs) makes of what they say. Private to the
/// part.
namespace tusk::detail {

/// What the server of a connection (of either client) reports; nothing before PostgreSQL 14 and behind some
/// poolers.
template <class Connection>
std::optional<protocol::server_role> role_of(const Connection& c) noexcept {
    return protocol::reported_role(c.parameter("in_hot_standby"),
                                   c.parameter("default_transaction_read_only"));
}

/// The server has told that it is no more what was asked for: a standby was promoted, or a primary became
/// read-only.
template <class Connection>
bool has_lost_role(const Connection& c, target_session_attrs wanted) noexcept {
    if (wanted == target_session_attrs::any || wanted == target_session_attrs::prefer_standby) return false;
    const auto role = role_of(c);
    return role && !net::fits(*role, wanted);
}

/// What to ask a server that does not report its role: a statement that is true where the wanted role is.
/// Empty when there is nothing to ask.
inline std::string_view question_for_role(target_session_attrs wanted) noexcept {
    switch (wanted) {
    case target_session_attrs::any:
    case target_session_attrs::prefer_standby: break;
    case target_session_attrs::primary: return "select not pg_catalog.pg_is_in_recovery()";
    case target_session_attrs::standby: return "select pg_catalog.pg_is_in_recovery()";
    case target_session_attrs::read_write:
        return "select pg_catalog.current_setting('transaction_read_only') = 'off'";
    case target_session_attrs::read_only:
        return "select pg_catalog.current_setting('transaction_read_only') = 'on'";
    }
    return {};
}

inline failure lost_role_failure() {
    return failure{errc::no_suitable_host, "the server does not have the wanted role any more"};
}

} // namespace tusk::detail
