#include <algorithm>

#include <tusk/net/conninfo.hpp>

namespace tusk {
namespace {

constexpr std::string_view hidden = "***";

/// Server settings whose values are shown. Any other may be an application's own and hold a secret.
constexpr std::string_view shown_parameters[] = {"datestyle",
                                                 "default_transaction_isolation",
                                                 "default_transaction_read_only",
                                                 "extra_float_digits",
                                                 "geqo",
                                                 "idle_in_transaction_session_timeout",
                                                 "idle_session_timeout",
                                                 "intervalstyle",
                                                 "jit",
                                                 "lock_timeout",
                                                 "replication",
                                                 "role",
                                                 "search_path",
                                                 "statement_timeout",
                                                 "synchronous_commit",
                                                 "timezone",
                                                 "transaction_timeout",
                                                 "work_mem"};

std::string encode(std::string_view text, std::string_view also_plain = {}) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           std::string_view{"-._~*"}.find(c) != std::string_view::npos ||
                           also_plain.find(c) != std::string_view::npos;
        if (plain) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

class url_writer {
public:
    explicit url_writer(const connect_config& config) : config_{config} {}

    std::string run() {
        out_ = "postgresql://" + encode(config_.user());
        const bool has_password =
            !config_.password().empty() || std::any_of(config_.hosts().begin(), config_.hosts().end(),
                                                       [](const auto& h) { return !h.password.empty(); });
        if (has_password) (out_ += ':') += hidden;
        out_ += '@';
        hosts();
        out_ += '/' + encode(config_.database());
        connection_parameters();
        tls_parameters();
        collected_parameters();
        return std::move(out_);
    }

private:
    void add(std::string_view key, std::string_view value) {
        out_ += separator_;
        separator_ = '&';
        (out_ += encode(key)) += '=';
        out_ += encode(value, "/:,");
    }
    /// Only what differs from a default-constructed configuration.
    template <class T, class Text>
    void add_changed(std::string_view key, const T& value, const T& standard, Text&& text) {
        if (value != standard) add(key, text(value));
    }

    void hosts() {
        bool first = true, any_address = false;
        std::string addresses;
        for (const auto& host : config_.hosts()) {
            if (!first) {
                out_ += ',';
                addresses += ',';
            }
            first = false;
            const bool bracketed = host.host.find(':') != std::string::npos && !host.is_unix_socket();
            out_ += bracketed ? "[" + encode(host.host, ":") + "]" : encode(host.host);
            out_ += ':' + std::to_string(host.port);
            addresses += host.hostaddr;
            any_address = any_address || !host.hostaddr.empty();
        }
        addresses_ = any_address ? addresses : std::string{};
    }

    void connection_parameters() {
        const connect_config standard;
        const auto number = [](auto n) { return std::to_string(n); };
        const auto count = [](auto duration) { return std::to_string(duration.count()); };
        const auto word = [](auto value) { return to_string(value); };
        const auto& c = config_;
        if (!addresses_.empty()) add("hostaddr", addresses_);
        if (!c.application_name().empty()) add("application_name", c.application_name());
        if (!c.options().empty()) add("options", hidden);
        if (!c.passfile().empty()) add("passfile", c.passfile());
        add_changed("connect_timeout", c.connect_timeout(), standard.connect_timeout(), [](auto timeout) {
            return std::to_string(std::chrono::ceil<std::chrono::seconds>(timeout).count());
        });
        add_changed("channel_binding", c.channel_binding(), standard.channel_binding(), word);
        if (!c.require_auth().empty()) add("require_auth", to_string(c.require_auth()));
        add_changed("target_session_attrs", c.target_session_attrs(), standard.target_session_attrs(), word);
        add_changed("load_balance_hosts", c.load_balance_hosts(), standard.load_balance_hosts(), word);
        add_changed("keepalives", c.keepalives(), standard.keepalives(),
                    [](bool on) { return on ? "1" : "0"; });
        add_changed("keepalives_idle", c.keepalives_idle(), standard.keepalives_idle(), count);
        add_changed("keepalives_interval", c.keepalives_interval(), standard.keepalives_interval(), count);
        add_changed("keepalives_count", c.keepalives_count(), standard.keepalives_count(), number);
        add_changed("tcp_user_timeout", c.tcp_user_timeout(), standard.tcp_user_timeout(), count);
        add_changed("min_protocol_version", c.min_protocol_version(), standard.min_protocol_version(), word);
        add_changed("max_protocol_version", c.max_protocol_version(), standard.max_protocol_version(), word);
        add_changed("statement_cache_capacity", c.statement_cache_capacity(),
                    standard.statement_cache_capacity(), number);
    }

    void tls_parameters() {
        const auto& c = config_;
        add("sslmode", to_string(c.ssl_mode()));
        if (c.ssl_negotiation() != ssl_negotiation::postgres)
            add("sslnegotiation", to_string(c.ssl_negotiation()));
        const std::pair<std::string_view, const std::string*> paths[] = {{"sslrootcert", &c.ssl_root_cert()},
                                                                         {"sslcert", &c.ssl_cert()},
                                                                         {"sslkey", &c.ssl_key()},
                                                                         {"sslcrl", &c.ssl_crl()},
                                                                         {"sslcrldir", &c.ssl_crl_dir()}};
        for (const auto& [key, path] : paths) {
            if (!path->empty()) add(key, *path);
        }
        if (!c.ssl_password().empty()) add("sslpassword", hidden);
        if (!c.ssl_sni()) add("sslsni", "0");
        if (c.ssl_min_protocol_version() != ssl_protocol_version::tls1_2)
            add("ssl_min_protocol_version", to_string(c.ssl_min_protocol_version()));
        if (c.ssl_max_protocol_version() != ssl_protocol_version::any)
            add("ssl_max_protocol_version", to_string(c.ssl_max_protocol_version()));
    }

    void collected_parameters() {
        for (const auto& [name, value] : config_.runtime_parameters()) {
            const bool shown = std::find(std::begin(shown_parameters), std::end(shown_parameters), name) !=
                               std::end(shown_parameters);
            add(name, shown ? std::string_view{value} : hidden);
        }
        for (const auto& [name, value] : config_.driver_settings()) add(name, value);
        for (const auto& [name, value] : config_.pool_settings()) add(name, value);
    }

    const connect_config& config_;
    std::string out_;
    std::string addresses_;
    char separator_ = '?';
};

} // namespace

std::string redacted(const connect_config& config) { return url_writer{config}.run(); }

} // namespace tusk
