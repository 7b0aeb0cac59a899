#include <tusk/net/conninfo_hosts.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <tusk/net/conninfo_values.hpp>

namespace tusk::conninfo {
namespace {

std::vector<std::string> list_of(const setting* s) {
    if (s == nullptr || s->value.empty()) return {};
    return split_list(s->value);
}

bool is_numeric_address(const std::string& text) {
    in_addr v4{};
    in6_addr v6{};
    if (::inet_aton(text.c_str(), &v4) != 0) return text.find_first_of(" \t\n\v\f\r") == std::string::npos;
    // The scope of a link-local address is resolved when connecting.
    const auto scope = text.find('%');
    if (scope != std::string::npos && scope + 1 == text.size()) return false;
    return ::inet_pton(AF_INET6, text.substr(0, scope).c_str(), &v6) == 1;
}

failure check_host(const setting& s, const host_address& host) {
    if (host.is_unix_socket() && host.socket_path().size() >= sizeof(sockaddr_un::sun_path))
        return invalid_setting(s, "the path of the Unix socket is longer than " +
                                      std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes");
    // Never a name; nearly always the tail of a password in a URL.
    if (!host.host.starts_with('/') && host.host.find('@', 1) != std::string::npos)
        return invalid_setting(
            s, "a host name holds \"@\"; write %40 for an \"@\" in a user name or password of a URL");
    return {};
}

failure put_ports(const setting* s, std::vector<host_address>& hosts) {
    const auto ports = list_of(s);
    if (ports.empty()) return {};
    if (ports.size() != 1 && ports.size() != hosts.size())
        return invalid_setting(*s, "could not match " + std::to_string(ports.size()) + " ports to " +
                                       std::to_string(hosts.size()) +
                                       " hosts; give one port, or one for each host");
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        const std::string& text = ports[ports.size() == 1 ? 0 : i];
        if (text.empty()) continue;
        const auto port = parse_integer(text);
        if (!port || *port < 1 || *port > 65535)
            return invalid_setting(*s, "a port is a number from 1 to 65535");
        hosts[i].port = static_cast<std::uint16_t>(*port);
    }
    return {};
}

} // namespace

std::string default_host(const environment& env) {
    for (const char* directory : {"/var/run/postgresql", "/run/postgresql", "/tmp"}) {
        if (env.exists(directory)) return directory;
    }
    return "localhost";
}

result<std::vector<host_address>> make_hosts(const settings& all, const std::string& fallback_host) {
    const setting* host_setting = all.find("host");
    const setting* address_setting = all.find("hostaddr");
    const auto names = list_of(host_setting);
    const auto addresses = list_of(address_setting);
    if (!names.empty() && !addresses.empty() && names.size() != addresses.size())
        return invalid_setting(*address_setting, "could not match " + std::to_string(names.size()) +
                                                     " host names to " + std::to_string(addresses.size()) +
                                                     " addresses; give one for each host");
    std::vector<host_address> hosts(std::max<std::size_t>({names.size(), addresses.size(), 1}));
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        if (i < names.size()) hosts[i].host = names[i];
        if (i < addresses.size()) hosts[i].hostaddr = addresses[i];
        if (hosts[i].host.empty() && hosts[i].hostaddr.empty()) hosts[i].host = fallback_host;
        if (!hosts[i].hostaddr.empty() && !is_numeric_address(hosts[i].hostaddr))
            return invalid_setting(*address_setting,
                                   "not a numeric IPv4 or IPv6 address; names belong into host");
        if (i >= names.size()) continue;
        if (failure f = check_host(*host_setting, hosts[i])) return f;
    }
    if (failure f = put_ports(all.find("port"), hosts)) return f;
    return hosts;
}

} // namespace tusk::conninfo
