#pragma once

// The words of the connection string for each choice; private to the parser and to `to_string`.

#include <span>
#include <string_view>

#include <tusk/net/conninfo_types.hpp>

namespace tusk::conninfo {

template <class E>
struct named {
    std::string_view name;
    E value;
};

inline constexpr named<ssl_mode> ssl_modes[] = {
    {"disable", ssl_mode::disable},     {"allow", ssl_mode::allow},
    {"prefer", ssl_mode::prefer},       {"require", ssl_mode::require},
    {"verify-ca", ssl_mode::verify_ca}, {"verify-full", ssl_mode::verify_full}};

inline constexpr named<ssl_negotiation> ssl_negotiations[] = {{"postgres", ssl_negotiation::postgres},
                                                              {"direct", ssl_negotiation::direct}};

inline constexpr named<channel_binding> channel_bindings[] = {{"disable", channel_binding::disable},
                                                              {"prefer", channel_binding::prefer},
                                                              {"require", channel_binding::require}};

inline constexpr named<target_session_attrs> target_sessions[] = {
    {"any", target_session_attrs::any},
    {"read-write", target_session_attrs::read_write},
    {"read-only", target_session_attrs::read_only},
    {"primary", target_session_attrs::primary},
    {"standby", target_session_attrs::standby},
    {"prefer-standby", target_session_attrs::prefer_standby}};

inline constexpr named<load_balance_hosts> load_balances[] = {{"disable", load_balance_hosts::disable},
                                                              {"random", load_balance_hosts::random}};

inline constexpr named<ssl_protocol_version> ssl_versions[] = {{"TLSv1", ssl_protocol_version::tls1_0},
                                                               {"TLSv1.1", ssl_protocol_version::tls1_1},
                                                               {"TLSv1.2", ssl_protocol_version::tls1_2},
                                                               {"TLSv1.3", ssl_protocol_version::tls1_3}};

inline constexpr named<protocol_minor> protocol_minors[] = {
    {"3.0", protocol_minor::v3_0}, {"3.2", protocol_minor::v3_2}, {"latest", protocol_minor::v3_2}};

constexpr std::span<const named<ssl_mode>> names_of(ssl_mode) { return ssl_modes; }
constexpr std::span<const named<ssl_negotiation>> names_of(ssl_negotiation) { return ssl_negotiations; }
constexpr std::span<const named<channel_binding>> names_of(channel_binding) { return channel_bindings; }
constexpr std::span<const named<target_session_attrs>> names_of(target_session_attrs) {
    return target_sessions;
}
constexpr std::span<const named<load_balance_hosts>> names_of(load_balance_hosts) { return load_balances; }
constexpr std::span<const named<ssl_protocol_version>> names_of(ssl_protocol_version) { return ssl_versions; }
constexpr std::span<const named<protocol_minor>> names_of(protocol_minor) { return protocol_minors; }

/// Words of `require_auth`.
inline constexpr std::string_view auth_methods[] = {"password",      "md5",   "gss", "sspi",
                                                    "scram-sha-256", "oauth", "none"};

} // namespace tusk::conninfo
