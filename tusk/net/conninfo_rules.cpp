// What each key of the connection string means.
#include <algorithm>
#include <iterator>

#include <tusk/net/conninfo_names.hpp>
#include <tusk/net/conninfo_values.hpp>

namespace tusk::conninfo {
namespace {

using text_setter = connect_config& (connect_config::*)(std::string);

template <text_setter Set>
failure text(connect_config& config, const setting& s) {
    (config.*Set)(s.value);
    return {};
}

template <class E>
failure unknown_word(const setting& s) {
    std::string accepted;
    for (const auto& entry : names_of(E{})) {
        if (!accepted.empty()) accepted += ", ";
        accepted += entry.name;
    }
    return invalid_setting(s, "accepted values are " + accepted);
}

template <class E, connect_config& (connect_config::*Set)(E)>
failure word(connect_config& config, const setting& s) {
    for (const auto& entry : names_of(E{})) {
        if (entry.name != s.value) continue;
        (config.*Set)(entry.value);
        return {};
    }
    return unknown_word<E>(s);
}

/// TLS versions are compared without regard to case; an empty one takes the bound away.
template <connect_config& (connect_config::*Set)(ssl_protocol_version)>
failure tls_version(connect_config& config, const setting& s) {
    if (s.value.empty()) {
        (config.*Set)(ssl_protocol_version::any);
        return {};
    }
    for (const auto& entry : ssl_versions) {
        if (!equals_ignoring_case(entry.name, s.value)) continue;
        (config.*Set)(entry.value);
        return {};
    }
    return unknown_word<ssl_protocol_version>(s);
}

failure flag(const setting& s, bool& out) {
    if (s.value != "0" && s.value != "1") return invalid_setting(s, "accepted values are 0 and 1");
    out = s.value == "1";
    return {};
}

failure integer(const setting& s, int& out) {
    const auto value = parse_integer(s.value);
    if (!value) return invalid_setting(s, "expected a whole number");
    out = *value;
    return {};
}

/// A whole number; below zero counts as zero, as in libpq.
template <class Unit, connect_config& (connect_config::*Set)(Unit)>
failure amount(connect_config& config, const setting& s) {
    int value = 0;
    if (failure f = integer(s, value)) return f;
    (config.*Set)(Unit{std::max(value, 0)});
    return {};
}

failure connect_timeout(connect_config& config, const setting& s) {
    int value = 0;
    if (failure f = integer(s, value)) return invalid_setting(s, "expected whole seconds; 0 means no limit");
    config.connect_timeout(std::chrono::seconds{std::max(value, 0)});
    return {};
}

failure keepalives(connect_config& config, const setting& s) {
    int value = 0;
    if (failure f = integer(s, value)) return f;
    config.keepalives(value != 0);
    return {};
}

failure ssl_sni(connect_config& config, const setting& s) {
    bool value = true;
    if (failure f = flag(s, value)) return f;
    config.ssl_sni(value);
    return {};
}

failure require_auth(connect_config& config, const setting& s) {
    auto parsed = parse_require_auth(s);
    if (!parsed) return parsed.error();
    config.require_auth(std::move(*parsed));
    return {};
}

failure client_encoding(connect_config&, const setting& s) {
    for (const std::string_view name : {"", "utf8", "utf-8", "unicode"}) {
        if (equals_ignoring_case(s.value, name)) return {};
    }
    return invalid_setting(s, "the client encoding is always UTF8; remove the key");
}

failure gss_encryption(connect_config&, const setting& s) {
    if (s.value == "disable" || s.value == "prefer") return {};
    return invalid_setting(s, "GSSAPI encryption is not supported; accepted values are disable and prefer");
}

/// Takes effect when all keys are known.
failure certificate_mode(connect_config&, const setting& s) {
    if (s.value == "disable" || s.value == "allow") return {};
    return invalid_setting(s, "accepted values are disable and allow");
}

failure statement_cache_capacity(connect_config& config, const setting& s) {
    int value = 0;
    if (failure f = integer(s, value)) return f;
    if (value < 0) return invalid_setting(s, "expected zero or more statements");
    config.statement_cache_capacity(static_cast<std::size_t>(value));
    return {};
}

failure driver_setting(connect_config& config, const setting& s) {
    config.driver_setting(s.key, s.value);
    return {};
}

failure description_cache_capacity(connect_config& config, const setting& s) {
    int value = 0;
    if (failure f = integer(s, value)) return f;
    if (value < 0) return invalid_setting(s, "expected zero or more statements");
    return driver_setting(config, s);
}

failure query_exec_mode(connect_config& config, const setting& s) {
    for (const std::string_view mode :
         {"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"}) {
        if (s.value == mode) return driver_setting(config, s);
    }
    return invalid_setting(
        s, "accepted values are cache_statement, cache_describe, describe_exec, exec, simple_protocol");
}

/// Keys of libpq that say something about features that are not there, and that are harmless.
failure ignored(connect_config&, const setting&) { return {}; }

/// Keys whose effect a user counts on: better an error than a silent nothing.
failure unsupported(connect_config&, const setting& s) {
    if (s.value.empty()) return {};
    return invalid_setting(s, "not supported; remove it");
}

/// Sent to the server; listed here because it has a fixed place in libpq too.
failure server_setting(connect_config& config, const setting& s) {
    config.runtime_parameter(s.key, s.value);
    return {};
}

using config = connect_config;
using seconds = std::chrono::seconds;
using milliseconds = std::chrono::milliseconds;

constexpr rule rules[] = {
    {"host", "PGHOST", nullptr},
    {"hostaddr", "PGHOSTADDR", nullptr},
    {"port", "PGPORT", nullptr},
    {"service", "PGSERVICE", nullptr},
    {"servicefile", "PGSERVICEFILE", nullptr},
    {"fallback_application_name", {}, nullptr},
    {"dbname", "PGDATABASE", text<&config::database>},
    {"user", "PGUSER", text<&config::user>},
    {"password", "PGPASSWORD", text<&config::password>},
    {"passfile", "PGPASSFILE", text<&config::passfile>},
    {"application_name", "PGAPPNAME", text<&config::application_name>},
    {"options", "PGOPTIONS", text<&config::options>},
    {"connect_timeout", "PGCONNECT_TIMEOUT", connect_timeout},
    {"client_encoding", "PGCLIENTENCODING", client_encoding},
    {"replication", {}, server_setting},
    {"sslmode", "PGSSLMODE", word<ssl_mode, &config::ssl_mode>},
    {"sslnegotiation", "PGSSLNEGOTIATION", word<ssl_negotiation, &config::ssl_negotiation>},
    {"sslrootcert", "PGSSLROOTCERT", text<&config::ssl_root_cert>},
    {"sslcert", "PGSSLCERT", text<&config::ssl_cert>},
    {"sslkey", "PGSSLKEY", text<&config::ssl_key>},
    {"sslpassword", "PGSSLPASSWORD", text<&config::ssl_password>},
    {"sslcrl", "PGSSLCRL", text<&config::ssl_crl>},
    {"sslcrldir", "PGSSLCRLDIR", text<&config::ssl_crl_dir>},
    {"sslsni", "PGSSLSNI", ssl_sni},
    {"sslcertmode", "PGSSLCERTMODE", certificate_mode},
    {"ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", tls_version<&config::ssl_min_protocol_version>},
    {"ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", tls_version<&config::ssl_max_protocol_version>},
    {"channel_binding", "PGCHANNELBINDING", word<channel_binding, &config::channel_binding>},
    {"require_auth", "PGREQUIREAUTH", require_auth},
    {"target_session_attrs", "PGTARGETSESSIONATTRS",
     word<target_session_attrs, &config::target_session_attrs>},
    {"load_balance_hosts", "PGLOADBALANCEHOSTS", word<load_balance_hosts, &config::load_balance_hosts>},
    {"keepalives", {}, keepalives},
    {"keepalives_idle", {}, amount<seconds, &config::keepalives_idle>},
    {"keepalives_interval", {}, amount<seconds, &config::keepalives_interval>},
    {"keepalives_count", {}, amount<int, &config::keepalives_count>},
    {"tcp_user_timeout", {}, amount<milliseconds, &config::tcp_user_timeout>},
    {"min_protocol_version", "PGMINPROTOCOLVERSION", word<protocol_minor, &config::min_protocol_version>},
    {"max_protocol_version", "PGMAXPROTOCOLVERSION", word<protocol_minor, &config::max_protocol_version>},
    {"statement_cache_capacity", {}, statement_cache_capacity},
    {"description_cache_capacity", {}, description_cache_capacity},
    {"default_query_exec_mode", {}, query_exec_mode},
    {"gssencmode", "PGGSSENCMODE", gss_encryption},
    {"sslcompression", "PGSSLCOMPRESSION", ignored},
    {"krbsrvname", "PGKRBSRVNAME", ignored},
    {"krbspn", {}, ignored},
    {"gsslib", "PGGSSLIB", ignored},
    {"gssdelegation", "PGGSSDELEGATION", ignored},
    {"requirepeer", "PGREQUIREPEER", unsupported},
    {"oauth_issuer", {}, unsupported},
    {"oauth_client_id", {}, unsupported},
    {"oauth_client_secret", {}, unsupported},
    {"oauth_scope", {}, unsupported},
    {"scram_client_key", {}, unsupported},
    {"scram_server_key", {}, unsupported},
    {"sslkeylogfile", {}, unsupported},
};

/// Variables that libpq turns into server settings; the word "default" means not to.
constexpr std::pair<std::string_view, std::string_view> server_variables[] = {
    {"datestyle", "PGDATESTYLE"}, {"timezone", "PGTZ"}, {"geqo", "PGGEQO"}};

bool is_setting_name(std::string_view key) noexcept {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    return !key.empty() && is_letter(key.front()) && std::all_of(key.begin(), key.end(), [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '$' || c == '-';
    });
}

} // namespace

const rule* find_rule(std::string_view key) noexcept {
    const auto at =
        std::find_if(std::begin(rules), std::end(rules), [&](const rule& r) { return r.key == key; });
    return at == std::end(rules) ? nullptr : at;
}

failure canonicalise(setting& s) {
    if (s.key == "database") s.key = "dbname";
    if (find_rule(s.key) != nullptr) return {};
    std::string name = ascii_lower(s.key);
    if (const rule* known = find_rule(name))
        return malformed("the key " + std::string{known->key} + " must be written in lower case");
    if (!is_setting_name(name))
        return malformed(
            "a key has characters that no key has; write key=value, quote values that hold blanks, and "
            "percent-encode them in a URL");
    if (name.starts_with("ssl")) return malformed("unknown key " + name + "; see the list of ssl… keys");
    if (name.starts_with("_pq_.")) return malformed("protocol options (_pq_.…) cannot be set");
    s.key = std::move(name);
    return {};
}

std::vector<setting> environment_settings(const environment& env) {
    std::vector<setting> found;
    const auto add = [&](std::string_view key, std::string_view variable, std::string value) {
        found.emplace_back(std::string{key}, std::move(value), std::string{variable});
    };
    for (const rule& r : rules) {
        if (r.variable.empty()) continue;
        if (auto value = env.variable(std::string{r.variable})) add(r.key, r.variable, std::move(*value));
    }
    if (!env.variable("PGSSLMODE") && env.variable("PGREQUIRESSL").value_or("").starts_with('1'))
        add("sslmode", "PGREQUIRESSL", "require");
    for (const auto& [key, variable] : server_variables) {
        auto value = env.variable(std::string{variable});
        if (value && !equals_ignoring_case(*value, "default")) add(key, variable, std::move(*value));
    }
    return found;
}

failure apply(connect_config& config, const setting& s) {
    if (const rule* known = find_rule(s.key))
        return known->apply == nullptr ? failure{} : known->apply(config, s);
    if (s.key.starts_with("pool_")) {
        config.pool_setting(s.key, s.value);
        return {};
    }
    return server_setting(config, s);
}

} // namespace tusk::conninfo
