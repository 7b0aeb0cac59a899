#include <tusk/net/conninfo.hpp>

namespace tusk {
namespace {

failure contradiction(std::string text) {
    return failure{errc::invalid_connection_string, "invalid connection settings: " + std::move(text)};
}

failure check_hosts(const connect_config& config) {
    if (config.hosts().empty()) return contradiction("no host");
    for (const auto& host : config.hosts()) {
        if (host.host.empty() && host.hostaddr.empty())
            return contradiction("a host has neither name nor address");
        if (host.port == 0) return contradiction("port 0; a port is a number from 1 to 65535");
        for (const auto* text : {&host.host, &host.hostaddr, &host.password}) {
            if (text->find('\0') != std::string::npos)
                return contradiction("NUL byte in a host, its address or its password");
        }
    }
    return {};
}

failure check_tls(const connect_config& config) {
    const auto mode = config.ssl_mode();
    if (config.ssl_root_cert() == "system" && mode != ssl_mode::verify_full)
        return contradiction(
            "sslrootcert=system trusts every public authority and needs sslmode=verify-full");
    if (config.ssl_negotiation() == ssl_negotiation::direct && mode < ssl_mode::require)
        return contradiction("sslnegotiation=direct needs sslmode=require, verify-ca or verify-full");
    if (config.ssl_max_protocol_version() != ssl_protocol_version::any &&
        config.ssl_min_protocol_version() > config.ssl_max_protocol_version())
        return contradiction("ssl_min_protocol_version is above ssl_max_protocol_version");
    return {};
}

failure check_text(const connect_config& config) {
    const std::pair<const char*, const std::string*> texts[] = {
        {"user", &config.user()},
        {"database", &config.database()},
        {"password", &config.password()},
        {"passfile", &config.passfile()},
        {"application_name", &config.application_name()},
        {"options", &config.options()},
        {"sslrootcert", &config.ssl_root_cert()},
        {"sslcert", &config.ssl_cert()},
        {"sslkey", &config.ssl_key()},
        {"sslpassword", &config.ssl_password()},
        {"sslcrl", &config.ssl_crl()},
        {"sslcrldir", &config.ssl_crl_dir()},
    };
    for (const auto& [name, text] : texts) {
        if (text->find('\0') != std::string::npos) return contradiction("NUL byte in " + std::string{name});
    }
    for (const auto& [name, value] : config.runtime_parameters()) {
        if (name.empty() || name.find('\0') != std::string::npos || value.find('\0') != std::string::npos)
            return contradiction("a server setting has no name, or a NUL byte");
    }
    return {};
}

} // namespace

failure validate(const connect_config& config) {
    if (failure f = check_hosts(config)) return f;
    if (config.user().empty()) return contradiction("no user");
    if (failure f = check_tls(config)) return f;
    if (config.min_protocol_version() > config.max_protocol_version())
        return contradiction("min_protocol_version is above max_protocol_version");
    return check_text(config);
}

} // namespace tusk
