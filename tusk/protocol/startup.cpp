#include <tusk/protocol/startup.hpp>

#include <algorithm>

#include <tusk/protocol/md5.hpp>
#include <tusk/wire/frontend.hpp>

namespace tusk::protocol {

namespace {

enum authentication_code : std::int32_t {
    auth_ok = 0,
    auth_cleartext = 3,
    auth_md5 = 5,
    auth_sasl = 10,
    auth_sasl_continue = 11,
    auth_sasl_final = 12,
};

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const char* method_name(std::int32_t code) {
    switch (code) {
    case 2: return "Kerberos V5";
    case 6: return "SCM credentials";
    case 7:
    case 8: return "GSSAPI";
    case 9: return "SSPI";
    default: return "an unknown method";
    }
}

} // namespace

action startup::refuse(failure f) {
    io().broken = true;
    io().discard_output();
    return finish(std::move(f));
}

action startup::send(failure f) {
    if (f) return refuse(std::move(f));
    return {action_kind::transfer, true};
}

action startup::resume(event e) {
    switch (e.kind) {
    case event_kind::start: return begin();
    case event_kind::transferred:
    case event_kind::proceed: return on_input();
    case event_kind::tls_established: io().tls = true; return send_startup();
    case event_kind::computed:
        if (derivation_) return refuse(std::move(derivation_));
        return send_final();
    case event_kind::secret_given: return on_secret();
    case event_kind::timed_out:
        stop_ = true;
        return refuse(failure{errc::timeout, "the server did not complete the connection in time"});
    case event_kind::canceled:
        stop_ = true;
        return refuse(failure{errc::canceled, "connecting was cancelled"});
    case event_kind::failed: return on_end(std::move(e.why));
    case event_kind::poked:
    case event_kind::cancel_finished: break;
    }
    return refuse(failure{errc::protocol_violation, "unexpected event"});
}

void startup::compute() { derivation_ = scram_->derive_key(stop_); }

action startup::begin() {
    if (tls_ == tls_policy::off) return send_startup();
    if (tls_ == tls_policy::direct) {
        stage_ = stage::handshake;
        return {action_kind::start_tls, false};
    }
    stage_ = stage::ssl_answer;
    wire::write_ssl_request(io().output);
    return {action_kind::transfer, true};
}

action startup::send_startup() {
    stage_ = stage::authenticating;
    minor_version_ = options_.minor_version;
    return send(wire::write_startup(io().output, options_.minor_version, options_.parameters));
}

action startup::on_ssl_answer() {
    const auto bytes = io().input.unread();
    if (bytes.empty()) return {action_kind::transfer, true};
    const char answer = static_cast<char>(bytes[0]);
    // Exactly one byte: whatever follows in plain text could be believed as if TLS had protected it
    // (CVE-2021-23222).
    if (bytes.size() > 1 && (answer == 'S' || answer == 'N'))
        return refuse(protocol_failure("received unencrypted data after the answer to SSLRequest"));
    io().input.consume(1);
    switch (answer) {
    case 'S': stage_ = stage::handshake; return {action_kind::start_tls, false};
    case 'N':
        if (tls_ == tls_policy::optional) return send_startup();
        return refuse(failure{errc::tls_refused,
                              "the server does not support TLS, but sslmode requires it; enable "
                              "ssl on the server or choose a weaker sslmode"});
    case 'E':
        // The text is not shown: nobody has proved to be the server yet (CVE-2024-10977).
        return refuse(failure{errc::tls_refused,
                              "the server answered SSLRequest with an error; it is too old, or too "
                              "busy, to speak TLS"});
    default:
        return refuse(protocol_failure("what listens there answered SSLRequest with byte " +
                                       std::to_string(static_cast<unsigned char>(answer)) +
                                       ", which is not PostgreSQL"));
    }
}

action startup::on_input() {
    if (stage_ == stage::ssl_answer) return on_ssl_answer();
    for (;;) {
        // Before the first whole message an HTTP or other server must not be waited for until the deadline.
        const auto unread = io().input.unread();
        if (!authenticated_ && !challenged_ && !unread.empty() &&
            std::string_view{"RESvN"}.find(static_cast<char>(unread[0])) == std::string_view::npos)
            return refuse(protocol_failure("what listens there does not answer like a PostgreSQL server"));
        if (is_plain_error()) return refuse_plain_error(false);
        wire::frame f;
        failure why;
        switch (io().next(f, why)) {
        case session::next_result::need_input: return {action_kind::transfer, true};
        case session::next_result::failed: return refuse(std::move(why));
        case session::next_result::frame: break;
        }
        const auto next = on_frame(f);
        io().consume(f);
        if (next.kind != action_kind::paused) return next;
    }
}

// ---- errors without fields

/// A server that cannot start a process for the connection, and one from before protocol 3, answers with 'E',
/// a text and a NUL: what stands in the place of the length is text then.
bool startup::is_plain_error() const noexcept {
    const auto unread = io().input.unread();
    if (stage_ != stage::authenticating || authenticated_ || challenged_ || scram_ || unread.size() < 5 ||
        static_cast<char>(unread[0]) != wire::backend::error_response)
        return false;
    return std::all_of(unread.begin() + 1, unread.begin() + 5, [](std::byte b) {
        const auto c = std::to_integer<unsigned>(b);
        return (c >= ' ' && c < 0x7f) || (c >= 0x80 && c < 0xf5); // may be translated
    });
}

/// `over`: no more of the text will come.
action startup::refuse_plain_error(bool over) {
    constexpr std::size_t longest = 1000;
    auto text = as_text(io().input.unread().subspan(1));
    const auto end = text.find('\0');
    if (!over && end == std::string_view::npos && text.size() < longest) return {action_kind::transfer, true};
    text = text.substr(0, std::min(end, longest));
    while (text.ends_with('\n')) text.remove_suffix(1);
    return refuse(failure{errc::connect_failed, "the server refused the connection: " + std::string{text}});
}

action startup::on_end(failure why) {
    if (!is_plain_error()) return refuse(std::move(why));
    return refuse_plain_error(true);
}

/// `paused` here means: go on with the next message.
action startup::on_frame(const wire::frame& f) {
    using namespace wire::backend;
    switch (f.type) {
    case authentication: return on_authentication(f);
    case error_response: return on_error(f);
    case negotiate_protocol_version: return on_negotiate(f);
    case backend_key_data:
        if (!authenticated_) break;
        return on_key_data(f);
    case ready_for_query:
        if (!authenticated_) break;
        if (!wire::parse_ready_for_query(f.body, io().transaction))
            return refuse(protocol_failure("malformed ReadyForQuery"));
        io().altered = false; // what was told so far is how the session begins
        return finish();
    default: break;
    }
    return refuse(protocol_failure("a message of type " + std::to_string(static_cast<unsigned char>(f.type)) +
                                   " arrived while the connection was being set up"));
}

action startup::on_error(const wire::frame& f) {
    server_error e;
    if (!wire::parse_error(f.body, e)) return refuse(protocol_failure("malformed ErrorResponse"));
    failure why{std::move(e)};
    if (!oauth_refusal_.empty()) why.add_context("the token was refused (" + oauth_refusal_ + ")");
    return refuse(std::move(why));
}

action startup::on_authentication(const wire::frame& f) {
    wire::body_reader in{f.body};
    const auto code = in.get_int<std::int32_t>();
    if (in.failed() || authenticated_) return refuse(protocol_failure("malformed authentication message"));
    switch (code) {
    case auth_ok: return on_sasl_ok();
    case auth_cleartext: return on_password_request("password", {});
    case auth_md5: {
        const auto salt = in.get_bytes(4);
        if (!in.finished()) return refuse(protocol_failure("malformed AuthenticationMD5Password"));
        return on_password_request("md5", salt);
    }
    case auth_sasl: return on_sasl(in);
    case auth_sasl_continue: return on_sasl_continue(as_text(in.rest()));
    case auth_sasl_final: return on_sasl_final(as_text(in.rest()));
    default:
        return refuse(failure{errc::auth_unsupported,
                              "the server wants " + std::string{method_name(code)} +
                                  ", which Tusk does not speak; use scram-sha-256 in pg_hba.conf"});
    }
}

action startup::on_sasl_ok() {
    if (scram_ && !scram_->authenticated())
        return refuse(failure{errc::auth_failed,
                              "the server ended the SCRAM exchange without proving that it knows "
                              "the password"});
    if (!challenged_ && !scram_ && !allowed("none"))
        return refuse(failure{errc::auth_failed,
                              "the server let the connection in without authentication, which "
                              "require_auth does not allow"});
    if (oauth_ && !oauth_refusal_.empty())
        return refuse(protocol_failure("the server refused the token and let the connection in"));
    if (!scram_ && options_.binding == binding_policy::require)
        return refuse(failure{errc::auth_failed,
                              "channel_binding=require, but the server did not use SCRAM with "
                              "channel binding"});
    authenticated_ = true;
    stage_ = stage::parameters;
    return {action_kind::paused, false};
}

action startup::on_password_request(std::string_view method, std::span<const std::byte> salt) {
    const std::string name{method};
    if (challenged_ || scram_ || oauth_)
        return refuse(protocol_failure("the server changed the authentication method"));
    if (options_.binding == binding_policy::require)
        return refuse(failure{errc::auth_failed, "channel_binding=require, but the server asks for " + name});
    if (!allowed(method))
        return refuse(
            failure{errc::auth_unsupported,
                    "the server asks for " + name + " authentication, which require_auth does not allow"});
    if (!io().tls && !options_.secure_channel)
        return refuse(
            failure{errc::auth_unsupported,
                    "the server asks for " + name +
                        " authentication over an unencrypted TCP connection; the "
                        "password was not sent. Use TLS or scram-sha-256, or allow it with require_auth=" +
                        name});
    challenged_ = true;
    pending_request what;
    if (!salt.empty()) {
        what.how = pending_request::method::md5;
        std::copy_n(salt.begin(), what.salt.size(), what.salt.begin());
    }
    return ask(what);
}

// ---- the secret

action startup::ask(pending_request what) {
    pending_ = what;
    wanted_ = what.how == pending_request::method::oauth ? secret_kind::oauth_token : secret_kind::password;
    if (options_.asks_for_secrets) {
        stage_ = stage::asking;
        return {action_kind::ask_secret, false};
    }
    if (wanted_ == secret_kind::oauth_token)
        return refuse(failure{errc::auth_failed,
                              "the server asks for an OAuth token; set connect_config::credentials"});
    if (options_.password.empty())
        return refuse(failure{errc::auth_failed, "the server asks for a password and none was given"});
    return answer_with(options_.password);
}

action startup::on_secret() {
    if (stage_ != stage::asking) return refuse(failure{errc::protocol_violation, "unexpected event"});
    if (!secret_) return refuse(secret_.error());
    return answer_with(*secret_);
}

action startup::answer_with(const std::string& secret) {
    using method = pending_request::method;
    stage_ = stage::authenticating;
    switch (pending_.how) {
    case method::cleartext: return send(wire::write_password(io().output, secret));
    case method::md5: {
        auto answer = md5_password(options_.user, secret, pending_.salt);
        if (!answer) return refuse(answer.error());
        return send(wire::write_password(io().output, *answer));
    }
    case method::oauth: {
        // RFC 6750 allows these in a token; the separator of the message is none of them.
        constexpr std::string_view allowed_in_token = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                                      "0123456789-._~+/=";
        if (secret.empty() || secret.find_first_not_of(allowed_in_token) != std::string::npos)
            return refuse(failure{errc::auth_failed, "the credential source gave no valid bearer token"});
        stage_ = stage::sasl;
        return send(wire::write_sasl_initial(io().output, "OAUTHBEARER",
                                             "n,,\x01"
                                             "auth=Bearer " +
                                                 secret + "\x01\x01"));
    }
    case method::scram: break;
    }
    scram_ = std::make_unique<scram_client>(secret, pending_.binding);
    if (options_.keys) scram_->use_keys(options_.keys);
    stage_ = stage::sasl;
    const auto first = scram_->client_first();
    return send(wire::write_sasl_initial(io().output, scram_->mechanism(), first));
}

// ---- SASL

action startup::on_sasl(wire::body_reader in) {
    if (challenged_ || scram_ || oauth_)
        return refuse(protocol_failure("the server changed the authentication method"));
    bool plain = false;
    bool plus = false;
    bool oauth = false;
    for (;;) {
        const auto mechanism = in.get_cstring();
        if (in.failed()) return refuse(protocol_failure("malformed AuthenticationSASL"));
        if (mechanism.empty()) break;
        if (mechanism == "SCRAM-SHA-256") plain = true;
        if (mechanism == "SCRAM-SHA-256-PLUS") plus = true;
        if (mechanism == "OAUTHBEARER") oauth = true;
    }
    if (oauth && !plain && !plus) return begin_oauth();
    return begin_scram(plain, plus);
}

action startup::begin_oauth() {
    if (!allowed("oauth"))
        return refuse(failure{errc::auth_unsupported,
                              "the server asks for an OAuth token, which require_auth does not allow"});
    if (options_.binding == binding_policy::require)
        return refuse(
            failure{errc::auth_failed, "channel_binding=require, but the server asks for an OAuth token"});
    if (!io().tls && !options_.secure_channel)
        return refuse(
            failure{errc::auth_unsupported,
                    "the server asks for an OAuth token over an unencrypted TCP connection; it was not "
                    "sent. Use TLS"});
    oauth_ = challenged_ = true;
    pending_request what;
    what.how = pending_request::method::oauth;
    return ask(what);
}

action startup::begin_scram(bool plain, bool plus) {
    if (!allowed("scram-sha-256"))
        return refuse(failure{errc::auth_unsupported,
                              "the server asks for scram-sha-256, which require_auth does not allow"});
    const bool can_bind =
        io().tls && !io().channel_binding.empty() && options_.binding != binding_policy::disable;
    auto binding = scram_binding::unsupported();
    if (plus && can_bind)
        binding = scram_binding::tls_server_end_point(io().channel_binding);
    else if (options_.binding == binding_policy::require)
        return refuse(failure{errc::auth_failed,
                              "channel_binding=require, but the server does not offer it on this "
                              "connection"});
    else if (plain && can_bind)
        binding = scram_binding::not_offered();
    if (!plain && binding.flag() != gs2_flag::bound)
        return refuse(failure{errc::auth_unsupported, "the server offers no SASL mechanism that Tusk speaks "
                                                      "(SCRAM-SHA-256 and OAUTHBEARER are)"});
    pending_request what;
    what.how = pending_request::method::scram;
    what.binding = binding;
    return ask(what);
}

/// The server says what is wrong with the token, as JSON, and wants a dummy answer before its error.
action startup::on_oauth_refusal(std::string_view data) {
    if (!oauth_refusal_.empty()) return refuse(protocol_failure("unexpected AuthenticationSASLContinue"));
    for (const char c : data.substr(0, 200)) oauth_refusal_ += c >= ' ' && c < '\x7f' ? c : '?';
    if (oauth_refusal_.empty()) oauth_refusal_ = "for no stated reason";
    return send(wire::write_sasl_response(io().output, "\x01"));
}

action startup::on_sasl_continue(std::string_view data) {
    if (oauth_) return on_oauth_refusal(data);
    if (!scram_ || challenged_) return refuse(protocol_failure("unexpected AuthenticationSASLContinue"));
    if (auto f = scram_->server_first(data)) return refuse(std::move(f));
    challenged_ = true;
    if (!scram_->needs_key()) return send_final();
    stage_ = stage::deriving;
    return {action_kind::compute, false};
}

action startup::send_final() {
    stage_ = stage::sasl;
    return send(wire::write_sasl_response(io().output, scram_->client_final()));
}

action startup::on_sasl_final(std::string_view data) {
    if (!scram_ || !challenged_) return refuse(protocol_failure("unexpected AuthenticationSASLFinal"));
    if (auto f = scram_->server_final(data)) return refuse(std::move(f));
    return {action_kind::paused, false};
}

action startup::on_negotiate(const wire::frame& f) {
    wire::body_reader in{f.body};
    const auto version = in.get_int<std::int32_t>();
    const auto options = in.get_int<std::int32_t>();
    const int major = version >> 16; // some servers send the minor version alone
    const int minor = version & 0xffff;
    if (in.failed() || authenticated_ || challenged_ || scram_ || (major != 3 && major != 0))
        return refuse(protocol_failure("malformed or misplaced NegotiateProtocolVersion"));
    if (options != 0 || minor > options_.minor_version)
        return refuse(protocol_failure("the server rejects protocol options that were not sent"));
    if (minor < options_.min_minor_version)
        return refuse(failure{errc::protocol_violation, "the server speaks protocol 3." +
                                                            std::to_string(minor) +
                                                            " only, min_protocol_version asks for more"});
    minor_version_ = minor;
    return {action_kind::paused, false};
}

action startup::on_key_data(const wire::frame& f) {
    wire::body_reader in{f.body};
    io().backend_pid = in.get_int<std::int32_t>();
    const auto key = in.rest();
    const bool fits = minor_version_ >= 2 ? key.size() >= 4 && key.size() <= 256 : key.size() == 4;
    if (in.failed() || !fits) return refuse(protocol_failure("malformed BackendKeyData"));
    io().cancel_key.assign(key.begin(), key.end());
    return {action_kind::paused, false};
}

// ---- cancel_request
// -------------------------------------------------------------------------------------------

action cancel_request::send_request() {
    sent_ = true;
    wire::write_cancel_request(io().output, pid_, key_);
    return {action_kind::transfer, true}; // reads until the server hangs up
}

action cancel_request::resume(event e) {
    switch (e.kind) {
    case event_kind::start:
        if (tls_ == tls_policy::off) return send_request();
        if (tls_ == tls_policy::direct) return {action_kind::start_tls, false};
        wire::write_ssl_request(io().output);
        asked_tls_ = true;
        return {action_kind::transfer, true};
    case event_kind::tls_established: return send_request();
    case event_kind::transferred:
        if (asked_tls_ && !sent_) {
            const auto bytes = io().input.unread();
            if (bytes.empty()) return {action_kind::transfer, true};
            if (bytes.size() == 1 && static_cast<char>(bytes[0]) == 'S') {
                io().input.consume(1);
                return {action_kind::start_tls, false};
            }
            return finish(failure{errc::tls_refused, "the cancel connection got no TLS"});
        }
        io().input.clear();
        return {action_kind::transfer, true};
    case event_kind::failed:
        if (sent_) return finish(); // the server hung up: the request was taken
        return finish(std::move(e.why));
    default: return finish(failure{errc::timeout, "the cancel request was not taken in time"});
    }
}

} // namespace tusk::protocol
