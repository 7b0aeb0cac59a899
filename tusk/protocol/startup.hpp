#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/protocol/action.hpp>
#include <tusk/protocol/scram.hpp>
#include <tusk/protocol/session.hpp>

namespace tusk::protocol {

/// Whether this attempt speaks TLS. The four `sslmode`s that have two ways make two attempts.
enum class tls_policy : std::uint8_t {
    off,
    optional, ///< Ask; go on in plain text when the server says no.
    required,
    direct, ///< Handshake at once, without SSLRequest.
};

enum class binding_policy : std::uint8_t { disable, prefer, require };

/// What a connection attempt needs to know. Built once per configuration and shared by its connections.
class startup_options {
public:
    std::string user;
    std::string password;
    /// Passwords and tokens are asked for when the server asks (`ask_secret`); `password` is not used then.
    bool asks_for_secrets = false;
    /// user, database, application_name and further settings, as sent in StartupMessage.
    std::vector<std::pair<std::string, std::string>> parameters;
    int minor_version = 0;     ///< Of protocol 3 that is asked for.
    int min_minor_version = 0; ///< The lowest that is accepted.
    binding_policy binding = binding_policy::prefer;
    /// Whether the server may authenticate by this method ("password", "md5", "scram-sha-256", "none");
    /// empty: any.
    std::function<bool(std::string_view)> allows_method;
    /// The channel keeps secrets even without TLS (a Unix socket): cleartext and MD5 passwords may pass.
    bool secure_channel = false;
    std::shared_ptr<scram_key_cache> keys;
};

/// One connection attempt from the first byte to ReadyForQuery: SSLRequest, StartupMessage, authentication,
/// server parameters. Source: PostgreSQL documentation, section 55.2.1; libpq's fe-auth.c for what is
/// refused; RFC 7628 for OAUTHBEARER.
class startup final : public machine {
public:
    startup(session& s, const startup_options& options, tls_policy tls)
        : machine{s}, options_{options}, tls_{tls} {}

    action resume(event e) override;
    void compute() override;
    void stop_computing() override { stop_ = true; }
    secret_kind wanted_secret() const noexcept override { return wanted_; }
    void take_secret(tusk::result<std::string> secret) override { secret_ = std::move(secret); }

private:
    enum class stage : std::uint8_t {
        ssl_answer,
        handshake,
        authenticating,
        asking, ///< For a secret; what to do with it is in `pending_`.
        sasl,
        deriving,
        parameters
    };
    /// What the server asked for, while the secret is fetched.
    class pending_request {
    public:
        enum class method : std::uint8_t { cleartext, md5, scram, oauth };
        method how = method::cleartext;
        std::array<std::byte, 4> salt{};
        scram_binding binding = scram_binding::unsupported();
    };
    action begin();
    action on_input();
    action on_ssl_answer();
    action on_frame(const wire::frame& f);
    action on_end(failure why);
    bool is_plain_error() const noexcept;
    action refuse_plain_error(bool over);
    action on_authentication(const wire::frame& f);
    action on_password_request(std::string_view method, std::span<const std::byte> salt);
    action on_sasl(wire::body_reader in);
    action begin_scram(bool plain, bool plus);
    action begin_oauth();
    action on_oauth_refusal(std::string_view data);
    action ask(pending_request what);
    action on_secret();
    action answer_with(const std::string& secret);
    action on_sasl_continue(std::string_view data);
    action on_sasl_final(std::string_view data);
    action on_sasl_ok();
    action on_negotiate(const wire::frame& f);
    action on_key_data(const wire::frame& f);
    action on_error(const wire::frame& f);
    action send_startup();
    action send_final();
    action send(failure f);
    action refuse(failure f);
    bool allowed(std::string_view method) const {
        return !options_.allows_method || options_.allows_method(method);
    }

    const startup_options& options_;
    tls_policy tls_;
    stage stage_ = stage::authenticating;
    pending_request pending_;
    secret_kind wanted_ = secret_kind::password;
    tusk::result<std::string> secret_ = failure{};
    std::string oauth_refusal_; ///< What the server says about a token that it does not take.
    bool oauth_ = false;
    std::unique_ptr<scram_client> scram_;
    bool challenged_ = false; ///< The server asked for a proof of the password, and got it.
    bool authenticated_ = false;
    int minor_version_ = 0;
    std::atomic<bool> stop_{false};
    failure derivation_;
};

/// A CancelRequest on a connection of its own: (TLS,) 16 bytes, then the server hangs up.
class cancel_request final : public machine {
public:
    /// `target` is the session whose query is to be cancelled; `tls` as that session has it.
    cancel_request(session& own, std::int32_t pid, std::vector<std::byte> key, tls_policy tls)
        : machine{own}, pid_{pid}, key_{std::move(key)}, tls_{tls} {}
    action resume(event e) override;

private:
    action send_request();

    std::int32_t pid_;
    std::vector<std::byte> key_;
    tls_policy tls_;
    bool sent_ = false;
    bool asked_tls_ = false;
};

} // namespace tusk::protocol
