#include <tusk/protocol/scram.hpp>

#include <tusk/protocol/detail/base64.hpp>
#include <tusk/protocol/detail/crypto.hpp>
#include <tusk/protocol/detail/pbkdf2.hpp>
#include <tusk/protocol/detail/scram_message.hpp>
#include <tusk/protocol/saslprep.hpp>

#include <optional>
#include <utility>

namespace tusk::protocol {

using detail::bytes_of;
using detail::digest256;

namespace {

enum class step : std::uint8_t { start, first_sent, first_received, final_sent, authenticated, failed };

std::string make_nonce(const std::string& wanted) {
    if (!wanted.empty()) {
        if (!detail::is_nonce(wanted))
            throw error{errc::invalid_argument, "a SCRAM nonce is printable ASCII without a comma"};
        return wanted;
    }
    std::array<std::byte, 18> random; // as libpq: 24 characters of base64
    detail::random_bytes(random);
    return detail::base64_encode(random);
}

/// "=" and "," mean something else in a message.
std::string escape_name(std::string_view name) {
    std::string out;
    for (char c : name) {
        if (c == '=')
            out += "=3D";
        else if (c == ',')
            out += "=2C";
        else
            out.push_back(c);
    }
    return out;
}

std::string make_gs2_header(const scram_binding& binding) {
    if (binding.flag() == gs2_flag::bound) return "p=tls-server-end-point,,";
    return std::string{static_cast<char>(binding.flag())} + ",,";
}

/// "c=": the GS2 header again, followed by the data of the channel binding.
std::string make_binding_attribute(const std::string& gs2_header, const scram_binding& binding) {
    std::vector<std::byte> input;
    const auto header = bytes_of(gs2_header);
    input.insert(input.end(), header.begin(), header.end());
    input.insert(input.end(), binding.data().begin(), binding.data().end());
    return "c=" + detail::base64_encode(input);
}

scram_keys keys_of(const digest256& salted_password) {
    scram_keys keys;
    keys.client_key = detail::hmac_sha256(salted_password, bytes_of("Client Key"));
    keys.server_key = detail::hmac_sha256(salted_password, bytes_of("Server Key"));
    return keys;
}

} // namespace

scram_binding scram_binding::tls_server_end_point(std::vector<std::byte> end_point) {
    if (end_point.empty())
        throw error{errc::invalid_argument,
                    "channel binding needs the hash of the server's certificate, and its "
                    "signature algorithm defines none"};
    return scram_binding{gs2_flag::bound, std::move(end_point)};
}

struct scram_client::state {
    state(std::string_view given, const scram_binding& binding, const scram_options& options)
        : flag{binding.flag()}, max_iterations{options.max_iterations()}, nonce{make_nonce(options.nonce())},
          first_bare{"n=" + escape_name(options.user()) + ",r=" + nonce},
          gs2_header{make_gs2_header(binding)},
          binding_attribute{make_binding_attribute(gs2_header, binding)} {
        auto prepared = saslprep(given);
        password = prepared ? *prepared : given;
        if (prepared) detail::cleanse(*prepared);
    }
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() { detail::cleanse(password); }

    step at = step::start;
    gs2_flag flag;
    std::uint32_t max_iterations;
    std::string password;   ///< After SASLprep.
    std::string nonce;      ///< Ours, then with the server's part behind it.
    std::string first_bare; ///< The first message without its GS2 header.
    std::string gs2_header;
    std::string binding_attribute;
    std::string auth_message; ///< Grows with the exchange, as the proof and the signature sign it.
    std::vector<std::byte> salt;
    std::uint32_t iterations = 0;
    std::optional<scram_keys> keys;
    bool keys_are_new = false;
    digest256 server_signature{};
    std::shared_ptr<scram_key_cache> cache;
};

scram_client::scram_client(std::string_view password, const scram_binding& binding,
                           const scram_options& options)
    : state_{std::make_unique<state>(password, binding, options)} {}

scram_client::scram_client(scram_client&&) noexcept = default;
scram_client& scram_client::operator=(scram_client&&) noexcept = default;
scram_client::~scram_client() = default;

std::string_view scram_client::mechanism() const noexcept {
    return state_->flag == gs2_flag::bound ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256";
}

void scram_client::use_keys(std::shared_ptr<scram_key_cache> cache) { state_->cache = std::move(cache); }

failure scram_client::fail(std::string message) {
    state_->at = step::failed;
    return failure{errc::auth_failed, "SCRAM: " + std::move(message)};
}

std::string scram_client::client_first() {
    if (state_->at != step::start) return {};
    state_->at = step::first_sent;
    return state_->gs2_header + state_->first_bare;
}

failure scram_client::server_first(std::string_view message) {
    if (state_->at != step::first_sent) return fail("the server's first message came out of turn");
    failure f = read_server_first(message);
    state_->at = f ? step::failed : step::first_received;
    return f;
}

failure scram_client::read_server_first(std::string_view message) {
    state& s = *state_;
    if (message.size() > max_message_size) return fail("the server's first message is longer than 64 KiB");
    auto parsed = detail::parse_server_first(message, s.max_iterations);
    if (!parsed) return parsed.error();
    if (parsed->nonce.size() <= s.nonce.size() || !parsed->nonce.starts_with(s.nonce))
        return fail(
            "the server's nonce does not extend the client's; the answer belongs to another exchange");

    s.auth_message = s.first_bare + ",";
    s.auth_message.append(message);
    s.nonce = parsed->nonce;
    s.salt = std::move(parsed->salt);
    s.iterations = parsed->iterations;
    if (s.cache) s.keys = s.cache->find(s.password, s.salt, s.iterations);
    return {};
}

bool scram_client::needs_key() const noexcept { return state_->at == step::first_received && !state_->keys; }

failure scram_client::derive_key(const std::atomic<bool>& stop) { return run_derivation(&stop); }

void scram_client::derive_key() {
    // Without a way to stop it there is nothing that can fail.
    static_cast<void>(run_derivation(nullptr));
}

failure scram_client::run_derivation(const std::atomic<bool>* stop) {
    state& s = *state_;
    if (!needs_key()) return {};
    auto salted = detail::pbkdf2_sha256(s.password, s.salt, s.iterations, stop);
    if (!salted) return failure{errc::canceled, "SCRAM: the key derivation was stopped"};
    s.keys = keys_of(*salted);
    s.keys_are_new = true;
    detail::cleanse(*salted);
    return {};
}

std::string scram_client::client_final() {
    state& s = *state_;
    if (s.at != step::first_received) return {};
    derive_key();

    std::string message = s.binding_attribute + ",r=" + s.nonce;
    s.auth_message.append(",").append(message);
    const digest256 stored_key = detail::sha256(s.keys->client_key);
    digest256 proof = detail::hmac_sha256(stored_key, bytes_of(s.auth_message));
    for (std::size_t i = 0; i < proof.size(); ++i) proof[i] ^= s.keys->client_key[i];
    s.server_signature = detail::hmac_sha256(s.keys->server_key, bytes_of(s.auth_message));
    s.at = step::final_sent;
    return message.append(",p=").append(detail::base64_encode(proof));
}

failure scram_client::server_final(std::string_view message) {
    if (state_->at != step::final_sent) return fail("the server's final message came out of turn");
    failure f = read_server_final(message);
    state_->at = f ? step::failed : step::authenticated;
    return f;
}

failure scram_client::read_server_final(std::string_view message) {
    state& s = *state_;
    if (message.size() > max_message_size) return fail("the server's final message is longer than 64 KiB");
    const auto signature = detail::parse_server_final(message);
    if (!signature) return signature.error();
    if (!detail::equal_in_constant_time(*signature, s.server_signature))
        return fail(
            "the server's signature is wrong: it does not know the password, so it is not the server that "
            "it claims to be");
    // Only now: a server that only pretends must not fill the cache.
    if (s.cache && s.keys_are_new) s.cache->store(s.password, s.salt, s.iterations, *s.keys);
    return {};
}

bool scram_client::authenticated() const noexcept { return state_->at == step::authenticated; }

} // namespace tusk::protocol
