#include <tusk/net/hosts.hpp>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <random>
#include <system_error>
#include <thread>

#include <tusk/net/tls.hpp>

namespace tusk::net {

namespace {

result<endpoint> unix_endpoint(const host_address& host) {
    endpoint e;
    const std::string path = host.socket_path();
    auto* un = reinterpret_cast<sockaddr_un*>(&e.address);
    if (path.size() >= sizeof un->sun_path)
        return failure{errc::invalid_connection_string,
                       "the socket path " + path + " has " + std::to_string(path.size()) +
                           " bytes; the system allows " + std::to_string(sizeof un->sun_path - 1)};
    un->sun_family = AF_UNIX;
    std::memcpy(un->sun_path, path.data(), path.size());
    if (path.front() == '@') un->sun_path[0] = '\0';
    e.length =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (path.front() == '@' ? 0 : 1));
    e.display = path;
    return e;
}

std::string display_of(const sockaddr* address, socklen_t length, std::uint16_t port) {
    char text[NI_MAXHOST] = "";
    if (::getnameinfo(address, length, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) return "?";
    return address->sa_family == AF_INET6 ? "[" + std::string{text} + "]:" + std::to_string(port)
                                          : std::string{text} + ":" + std::to_string(port);
}

tls_options tls_options_of(const connect_config& c) {
    tls_options o;
    const bool root_given = !c.ssl_root_cert().empty();
    switch (c.ssl_mode()) {
    case ssl_mode::verify_full: o.verify(tls_verify::full); break;
    case ssl_mode::verify_ca: o.verify(tls_verify::ca); break;
    // As libpq: `require` with a root certificate at hand checks the chain.
    case ssl_mode::require: o.verify(root_given ? tls_verify::ca : tls_verify::none); break;
    default: o.verify(tls_verify::none); break;
    }
    o.root_cert(c.ssl_root_cert());
    o.crl(c.ssl_crl());
    o.cert(c.ssl_cert());
    o.key(c.ssl_key());
    o.key_password(c.ssl_password());
    o.sni(c.ssl_sni());
    o.min_version(c.ssl_min_protocol_version());
    o.max_version(c.ssl_max_protocol_version());
    o.alpn(c.ssl_negotiation() == ssl_negotiation::direct);
    return o;
}

} // namespace

result<std::vector<endpoint>> resolve(const host_address& host) {
    std::vector<endpoint> out;
    if (host.is_unix_socket()) {
        auto e = unix_endpoint(host);
        if (!e) return e.error();
        out.push_back(std::move(*e));
        return out;
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | (host.hostaddr.empty() ? AI_ADDRCONFIG : AI_NUMERICHOST);
    const std::string& name = host.hostaddr.empty() ? host.host : host.hostaddr;
    addrinfo* list = nullptr;
    const int rc = ::getaddrinfo(name.c_str(), std::to_string(host.port).c_str(), &hints, &list);
    if (rc != 0)
        return failure{errc::host_not_found,
                       "host name \"" + name + "\" does not resolve: " + ::gai_strerror(rc)};
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{list, &::freeaddrinfo};
    for (const auto* a = list; a != nullptr; a = a->ai_next) {
        endpoint e;
        if (a->ai_addrlen > sizeof e.address) continue;
        std::memcpy(&e.address, a->ai_addr, a->ai_addrlen);
        e.length = a->ai_addrlen;
        e.display = display_of(a->ai_addr, a->ai_addrlen, host.port);
        out.push_back(std::move(e));
    }
    if (out.empty()) return failure{errc::host_not_found, "host name \"" + name + "\" has no usable address"};
    return out;
}

namespace {

bool needs_no_resolver(const host_address& host) {
    unsigned char address[sizeof(in6_addr)];
    return host.is_unix_socket() || !host.hostaddr.empty() || host.host.find(':') != std::string::npos ||
           ::inet_pton(AF_INET, host.host.c_str(), address) == 1;
}

} // namespace

result<std::vector<endpoint>> resolve_until(const host_address& host, deadline until) {
    if (until.is_never() || needs_no_resolver(host)) return resolve(host);
    struct search {
        std::mutex mutex;
        std::condition_variable over;
        std::optional<result<std::vector<endpoint>>> answer;
    };
    const auto shared = std::make_shared<search>();
    const auto work = [shared, host] {
        auto found = resolve(host);
        const std::lock_guard lock{shared->mutex};
        shared->answer.emplace(std::move(found));
        shared->over.notify_one();
    };
    try {
        std::thread{work}.detach();
    } catch (const std::system_error&) { // no more threads: without a limit of time, then
        return resolve(host);
    }
    std::unique_lock lock{shared->mutex};
    if (!shared->over.wait_until(lock, until.at(), [&] { return shared->answer.has_value(); }))
        return failure{errc::timeout,
                       "host name \"" + host.host + "\" was not resolved within the connect timeout"};
    return std::move(*shared->answer);
}

result<std::shared_ptr<const connect_target>> connect_target::make(connect_config config) {
    if (auto f = validate(config)) return f;
    auto target = std::make_shared<connect_target>();
    const bool may_use_tls = config.ssl_mode() != ssl_mode::disable &&
                             std::any_of(config.hosts().begin(), config.hosts().end(),
                                         [](const host_address& h) { return !h.is_unix_socket(); });
    if (may_use_tls) {
        auto tls = tls_context::make(tls_options_of(config));
        if (!tls) return tls.error();
        target->tls_ = std::move(*tls);
    }
    target->config_ = std::move(config);
    target->keys_ = std::make_shared<protocol::scram_key_cache>();
    return std::shared_ptr<const connect_target>{std::move(target)};
}

protocol::startup_options connect_target::options_for(const host_address& host) const {
    protocol::startup_options o;
    o.user = config_.user();
    o.password = config_.password_for(host);
    o.parameters.emplace_back("user", config_.user());
    o.parameters.emplace_back("database", config_.database());
    o.parameters.emplace_back("client_encoding", "UTF8");
    if (!config_.application_name().empty())
        o.parameters.emplace_back("application_name", config_.application_name());
    if (!config_.options().empty()) o.parameters.emplace_back("options", config_.options());
    for (const auto& parameter : config_.runtime_parameters()) o.parameters.push_back(parameter);
    o.minor_version = static_cast<int>(config_.max_protocol_version());
    o.min_minor_version = static_cast<int>(config_.min_protocol_version());
    o.binding = config_.channel_binding() == channel_binding::disable   ? protocol::binding_policy::disable
                : config_.channel_binding() == channel_binding::require ? protocol::binding_policy::require
                                                                        : protocol::binding_policy::prefer;
    const auto& required = config_.require_auth();
    if (!required.empty())
        o.allows_method = [required](std::string_view method) { return required.allows(method); };
    const auto listed = [&](const char* m) {
        return !required.negated &&
               std::find(required.methods.begin(), required.methods.end(), m) != required.methods.end();
    };
    o.secure_channel = host.is_unix_socket() || listed("password") || listed("md5");
    o.keys = keys_;
    o.asks_for_secrets = config_.credentials() != nullptr;
    return o;
}

void connect_target::ask(const host_address& host, secret_kind kind, credential_source::answer done) const {
    try {
        config_.credentials()->get(request_for(host, kind), done);
    } catch (const std::exception& e) {
        done(failure{errc::auth_failed, std::string{"the credential source failed: "} + e.what()});
    }
}

bool connect_target::other_secret_may_help(const host_address& host, const failure& f) const {
    if (!config_.credentials() || f.server() == nullptr) return false;
    const auto state = to_sqlstate(f.code());
    if (!state || state->error_class() != "28000"_sqlstate.error_class()) return false;
    const bool password = config_.credentials()->rejected(request_for(host, secret_kind::password));
    const bool token = config_.credentials()->rejected(request_for(host, secret_kind::oauth_token));
    return password || token;
}

credential_request connect_target::request_for(const host_address& host, secret_kind kind) const {
    credential_request r;
    r.host = host.host;
    r.port = host.port;
    r.database = config_.database();
    r.user = config_.user();
    r.kind = kind;
    return r;
}

connect_plan::connect_plan(const connect_config& config)
    : mode_{config.ssl_mode()}, negotiation_{config.ssl_negotiation()},
      shuffles_{config.load_balance_hosts() == load_balance_hosts::random},
      settles_{config.target_session_attrs() == target_session_attrs::prefer_standby},
      wanted_{settles_ ? target_session_attrs::standby : config.target_session_attrs()},
      hosts_{config.hosts()} {
    shuffle(hosts_);
}

bool connect_plan::next_pass() {
    if (!settles_ || stop_ || put_aside_.empty()) return false;
    settles_ = false;
    wanted_ = target_session_attrs::any;
    hosts_ = std::exchange(put_aside_, {});
    return true;
}

template <class T>
void connect_plan::shuffle(std::vector<T>& list) const {
    if (!shuffles_) return;
    std::minstd_rand random{std::random_device{}()};
    std::shuffle(list.begin(), list.end(), random);
}

void connect_plan::arrange(std::vector<endpoint>& addresses) const { shuffle(addresses); }

std::vector<protocol::tls_policy> connect_plan::ways(const endpoint& at) const {
    using protocol::tls_policy;
    if (at.is_unix() || mode_ == ssl_mode::disable) return std::vector{tls_policy::off};
    if (negotiation_ == ssl_negotiation::direct) return std::vector{tls_policy::direct};
    if (mode_ == ssl_mode::allow) return std::vector{tls_policy::off, tls_policy::required};
    if (mode_ == ssl_mode::prefer) return std::vector{tls_policy::optional, tls_policy::off};
    return std::vector{tls_policy::required};
}

bool connect_plan::next_way_helps(const failure& f) {
    if (f == condition::tls) return true;
    // 28000 is what pg_hba.conf answers when it has a line for the other way only.
    return f.server() != nullptr && f.code() == make_error_code("28000"_sqlstate);
}

void connect_plan::failed(const host_address& host, const endpoint* at, failure f) {
    const auto is_host = [&](const host_address& other) {
        return other.host == host.host && other.hostaddr == host.hostaddr && other.port == host.port;
    };
    if (f.code() == errc::no_suitable_host && std::none_of(put_aside_.begin(), put_aside_.end(), is_host))
        put_aside_.push_back(host);
    const auto state = to_sqlstate(f.code());
    if (state && (*state == "28P01"_sqlstate || *state == "3D000"_sqlstate || *state == "42501"_sqlstate))
        stop_ = true;
    failures_.emplace_back(at != nullptr && at->is_unix() ? at->display : host.display(), std::move(f));
}

failure connect_plan::summary() const {
    if (failures_.empty()) return failure{errc::connect_failed, "no host to connect to"};
    const auto& [where, last] = failures_.back();
    failure out = last;
    if (failures_.size() == 1) {
        out.add_context("connecting to " + where + " failed");
    } else {
        std::string all = "connecting failed at each of " + std::to_string(failures_.size()) + " attempts";
        for (const auto& [place, f] : failures_) all += "; " + place + ": " + f.message();
        if (last.server() == nullptr || !stop_) {
            const bool same = std::all_of(failures_.begin(), failures_.end(), [&](const auto& entry) {
                return entry.second.code() == last.code();
            });
            out = failure{same ? last.code() : make_error_code(errc::connect_failed), std::move(all)};
        } else {
            out.add_context("connecting to " + where + " failed");
        }
    }
    out.set_sent(sent_state::none,
                 out == condition::authentication ? retry_advice::never : retry_advice::safe);
    return out;
}

void prepare_session(protocol::session& s, const connect_config& config) {
    s.reset();
    s.statements.set_capacity(config.statement_cache_capacity());
    s.mode = config.statement_cache_capacity() == 0 ? protocol::exec_mode::cache_describe
                                                    : protocol::exec_mode::cache_statement;
    for (const auto& [name, value] : config.driver_settings()) {
        if (name != "default_query_exec_mode") continue;
        if (value == "cache_describe") s.mode = protocol::exec_mode::cache_describe;
        if (value == "describe_exec") s.mode = protocol::exec_mode::describe_exec;
        if (value == "exec") s.mode = protocol::exec_mode::exec;
        if (value == "simple_protocol") s.mode = protocol::exec_mode::simple_protocol;
    }
}

bool fits(const protocol::server_role& role, target_session_attrs wanted) noexcept {
    switch (wanted) {
    case target_session_attrs::any:
    case target_session_attrs::prefer_standby: break;
    case target_session_attrs::primary: return !role.standby;
    case target_session_attrs::standby: return role.standby;
    case target_session_attrs::read_write: return !role.read_only;
    case target_session_attrs::read_only: return role.read_only;
    }
    return true;
}

failure check_role(const protocol::server_role& role, target_session_attrs wanted) {
    if (fits(role, wanted)) return {};
    return failure{errc::no_suitable_host,
                   std::string{"the server is "} + (role.standby ? "a standby" : "a primary") +
                       (role.read_only ? ", read-only" : ", read-write") +
                       "; target_session_attrs asks for " + std::string{to_string(wanted)}};
}

} // namespace tusk::net
