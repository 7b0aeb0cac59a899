#include <tusk/net/conninfo.hpp>

#include <algorithm>

#include <tusk/net/conninfo_hosts.hpp>
#include <tusk/net/conninfo_settings.hpp>
#include <tusk/net/conninfo_values.hpp>
#include <tusk/net/passfile.hpp>
#include <tusk/net/service_file.hpp>

namespace tusk {
namespace {

using conninfo::setting;
using conninfo::settings;

/// The string's settings, then the service's, then the environment's; what comes first wins.
result<settings> merge(const settings& text, const environment& env) {
    settings all;
    for (setting s : text) {
        if (failure f = conninfo::canonicalise(s)) return f;
        all.put(std::move(s));
    }
    const auto variables = conninfo::environment_settings(env);
    settings from_environment;
    for (const setting& s : variables) from_environment.put_missing(s);

    const auto named = [&](std::string_view key) {
        const setting* s = all.find(key);
        return s != nullptr ? s : from_environment.find(key);
    };
    if (const setting* service = named("service")) {
        auto found = conninfo::read_service(*service, named("servicefile"), env);
        if (!found) return found.error();
        for (setting s : *found) {
            if (failure f = conninfo::canonicalise(s)) return f.add_context(s.origin);
            all.put_missing(std::move(s));
        }
    }
    for (const setting& s : from_environment) all.put_missing(s);
    return all;
}

/// Defaults that depend on other settings.
void apply_dependent_defaults(connect_config& config, const settings& all) {
    if (all.find("sslmode") == nullptr) {
        if (config.ssl_negotiation() == ssl_negotiation::direct) config.ssl_mode(ssl_mode::require);
        if (config.ssl_root_cert() == "system") config.ssl_mode(ssl_mode::verify_full);
    }
    if (all.find("max_protocol_version") == nullptr)
        config.max_protocol_version(std::max(config.min_protocol_version(), config.max_protocol_version()));
    const setting* fallback = all.find("fallback_application_name");
    if (config.application_name().empty() && fallback != nullptr) config.application_name(fallback->value);
}

/// The certificates that libpq would take from ~/.postgresql, where they exist.
void apply_home_certificates(connect_config& config, const environment& env, bool with_client_certificate) {
    const auto home = env.home_directory();
    const bool all_local = std::all_of(config.hosts().begin(), config.hosts().end(),
                                       [](const host_address& h) { return h.is_unix_socket(); });
    if (!home || all_local || config.ssl_mode() == ssl_mode::disable) return;
    const auto existing = [&](const char* name) {
        auto path = *home + "/.postgresql/" + name;
        return env.exists(path) ? path : std::string{};
    };
    if (config.ssl_root_cert().empty()) config.ssl_root_cert(existing("root.crt"));
    if (config.ssl_crl().empty() && config.ssl_crl_dir().empty()) config.ssl_crl(existing("root.crl"));
    if (!with_client_certificate) return;
    const auto key = existing("postgresql.key");
    if (!config.ssl_cert().empty()) {
        if (config.ssl_key().empty()) config.ssl_key(key);
    } else if (config.ssl_key().empty() && !key.empty()) {
        const auto certificate = existing("postgresql.crt");
        if (!certificate.empty()) config.ssl_cert(certificate).ssl_key(key);
    }
}

void put(connect_config::setting_list& list, std::string_view name, std::string value) {
    for (auto& [known, current] : list) {
        if (!conninfo::equals_ignoring_case(known, name)) continue;
        current = std::move(value);
        return;
    }
    list.emplace_back(name, std::move(value));
}

failure apply_user(connect_config& config, const environment& env) {
    if (!config.user().empty()) return {};
    auto name = env.os_user();
    if (!name || name->empty())
        return conninfo::malformed(
            "no user is named, and the operating system does not know this one; set user or PGUSER");
    config.user(std::move(*name));
    return {};
}

} // namespace

connect_config& connect_config::host(std::string name, std::uint16_t port) {
    hosts_.assign(1, host_address{std::move(name), port});
    return *this;
}

connect_config& connect_config::runtime_parameter(std::string_view name, std::string value) {
    put(runtime_parameters_, name, std::move(value));
    return *this;
}

connect_config& connect_config::driver_setting(std::string_view name, std::string value) {
    put(driver_settings_, name, std::move(value));
    return *this;
}

connect_config& connect_config::pool_setting(std::string_view name, std::string value) {
    put(pool_settings_, name, std::move(value));
    return *this;
}

namespace {

failure refuse_other_keys(const settings& text, const std::vector<std::string_view>& allowed) {
    for (setting s : text) {
        if (failure f = conninfo::canonicalise(s)) return f;
        if (std::find(allowed.begin(), allowed.end(), s.key) == allowed.end())
            return conninfo::malformed("the key " + std::string{s.key} +
                                       " is not allowed here; leave it out of the connection string");
    }
    return {};
}

result<connect_config> make_config(const settings& text, const environment& env) {
    const auto all = merge(text, env);
    if (!all) return all.error();

    connect_config config;
    for (const setting& s : *all) {
        if (failure f = conninfo::apply(config, s)) return f;
    }
    const auto default_host = conninfo::default_host(env);
    auto hosts = conninfo::make_hosts(*all, default_host);
    if (!hosts) return hosts.error();
    config.hosts(std::move(*hosts));
    if (failure f = apply_user(config, env)) return f;
    config.database(config.database()); // written down, so that it stays when the user is changed
    apply_dependent_defaults(config, *all);
    if (failure f = validate(config)) return f;
    const setting* certificate_mode = all->find("sslcertmode");
    const bool with_client_certificate = certificate_mode == nullptr || certificate_mode->value != "disable";
    if (!with_client_certificate) config.ssl_cert({}).ssl_key({});
    apply_home_certificates(config, env, with_client_certificate);
    conninfo::apply_passfile(config, env, default_host);
    return config;
}

} // namespace

result<connect_config> parse_connect_config(std::string_view text, const environment& env) {
    const auto scanned = conninfo::scan_connection_string(text);
    if (!scanned) return scanned.error();
    return make_config(*scanned, env);
}

result<connect_config> parse_connect_config(std::string_view text,
                                            const std::vector<std::string_view>& allowed_keys,
                                            const environment& env) {
    const auto scanned = conninfo::scan_connection_string(text);
    if (!scanned) return scanned.error();
    if (failure f = refuse_other_keys(*scanned, allowed_keys)) return f;
    return make_config(*scanned, env);
}

result<connect_config> parse_connect_config(std::string_view text,
                                            const std::vector<std::string_view>& allowed_keys) {
    return parse_connect_config(text, allowed_keys, environment::process());
}

result<connect_config> parse_connect_config(std::string_view text) {
    return parse_connect_config(text, environment::process());
}

} // namespace tusk
