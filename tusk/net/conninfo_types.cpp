#include <tusk/net/conninfo_types.hpp>

#include <algorithm>

#include <tusk/net/conninfo_names.hpp>

namespace tusk {
namespace {

template <class E>
std::string_view name_of(E value) noexcept {
    for (const auto& entry : conninfo::names_of(value)) {
        if (entry.value == value) return entry.name;
    }
    return {};
}

} // namespace

std::string_view to_string(ssl_mode value) noexcept { return name_of(value); }
std::string_view to_string(ssl_negotiation value) noexcept { return name_of(value); }
std::string_view to_string(channel_binding value) noexcept { return name_of(value); }
std::string_view to_string(target_session_attrs value) noexcept { return name_of(value); }
std::string_view to_string(load_balance_hosts value) noexcept { return name_of(value); }
std::string_view to_string(ssl_protocol_version value) noexcept { return name_of(value); }
std::string_view to_string(protocol_minor value) noexcept { return name_of(value); }

bool host_address::is_unix_socket() const noexcept {
    return hostaddr.empty() && (host.starts_with('/') || host.starts_with('@'));
}

std::string host_address::socket_path() const {
    return is_unix_socket() ? host + "/.s.PGSQL." + std::to_string(port) : std::string{};
}

std::string host_address::display() const {
    const std::string& name = host.empty() ? hostaddr : host;
    const bool is_ipv6 = !is_unix_socket() && name.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + name + "]" : name) + ":" + std::to_string(port);
}

bool auth_requirement::allows(std::string_view method) const noexcept {
    if (methods.empty()) return true;
    const bool listed = std::find(methods.begin(), methods.end(), method) != methods.end();
    return listed != negated;
}

std::string to_string(const auth_requirement& value) {
    std::string out;
    for (const auto& method : value.methods) {
        if (!out.empty()) out += ',';
        if (value.negated) out += '!';
        out += method;
    }
    return out;
}

} // namespace tusk
