#include <services/http/auth.hpp>

#include <charconv>
#include <cstdint>

#include <tusk/core/error.hpp>

namespace tusk::http {

namespace {

response unauthorized(const request& of, std::string_view why) {
    auto answer = error_response(401, "AUTHENTICATION_ERROR", why, of.id());
    answer.set_header("WWW-Authenticate", "Bearer, ApiKey");
    return answer;
}

std::optional<std::string_view> after_scheme(std::string_view header, std::string_view scheme) noexcept {
    if (header.size() <= scheme.size() || header[scheme.size()] != ' ') return std::nullopt;
    if (!iequals(header.substr(0, scheme.size()), scheme)) return std::nullopt;
    header.remove_prefix(scheme.size());
    header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
    return header;
}

boost::asio::awaitable<response> check_key(std::shared_ptr<const api_keys> keys, request& of, next onward) {
    if (keys->empty()) {
        of.set_identity(identity{"anonymous", role::admin});
    } else if (const auto key = credentials(of)) {
        auto who = keys->find(*key);
        if (!who) co_return unauthorized(of, "The API key is not known.");
        of.set_identity(std::move(*who));
    }
    co_return co_await onward(of);
}

boost::asio::awaitable<response> check_role(role least, handler run, request& of) {
    const auto& who = of.identity();
    if (!who) co_return unauthorized(of, "An API key is needed.");
    if (!who->may(least))
        co_return error_response(403, "AUTHORIZATION_ERROR",
                                 "The role " + std::string{to_string(least)} + " is needed.", of.id());
    co_return co_await run(of);
}

boost::asio::awaitable<response> check_signature(std::shared_ptr<const signature_options> with, handler run,
                                                 request& of) {
    const auto problem = signature_problem(of, *with, std::chrono::system_clock::now());
    if (problem) co_return error_response(401, "AUTHENTICATION_ERROR", *problem, of.id());
    co_return co_await run(of);
}

} // namespace

std::string_view to_string(role what) noexcept {
    switch (what) {
    case role::viewer: return "viewer";
    case role::operator_: return "operator";
    default: return "admin";
    }
}

std::optional<role> parse_role(std::string_view word) noexcept {
    for (const auto one : {role::viewer, role::operator_, role::admin})
        if (to_string(one) == word) return one;
    return std::nullopt;
}

api_keys& api_keys::add(std::string name, role level, std::string_view sha256_hex) {
    if (name.empty()) throw error{errc::invalid_configuration, "an API key needs a name"};
    const auto digest = parse_sha256(sha256_hex);
    if (!digest)
        throw error{errc::invalid_configuration,
                    "API key " + name + ": expected the SHA-256 of the key, 64 hexadecimal digits"};
    entries_.push_back({identity{std::move(name), level}, *digest});
    return *this;
}

std::optional<identity> api_keys::find(std::string_view key) const {
    const auto digest = sha256(key);
    const entry* found = nullptr;
    for (const auto& one : entries_)
        if (equal_in_constant_time(one.digest, digest)) found = &one;
    return found ? std::optional{found->who} : std::nullopt;
}

std::optional<std::string_view> credentials(const request& of) noexcept {
    if (const auto header = of.header("Authorization")) {
        if (const auto key = after_scheme(*header, "Bearer")) return key;
        if (const auto key = after_scheme(*header, "ApiKey")) return key;
        return *header; // another scheme is no key that anybody knows
    }
    return of.header("X-API-Key");
}

middleware authenticate(std::shared_ptr<const api_keys> keys) {
    return [keys = std::move(keys)](request& of, next onward) { return check_key(keys, of, onward); };
}

handler require_role(role least, handler run) {
    return [least, run = std::move(run)](request& of) { return check_role(least, run, of); };
}

std::string sign_webhook(std::string_view secret, std::optional<std::string_view> timestamp,
                         std::string_view body) {
    std::string text;
    if (timestamp) text.append(*timestamp) += '.';
    text += body;
    return "sha256=" + to_hex(hmac_sha256(secret, text));
}

std::optional<std::string> signature_problem(const request& of, const signature_options& with,
                                             std::chrono::system_clock::time_point now) {
    auto given = of.header("X-Webhook-Signature");
    if (!given) return "The header X-Webhook-Signature is missing.";
    const auto timestamp = of.header("X-Webhook-Timestamp");
    if (!timestamp && with.require_timestamp()) return "The header X-Webhook-Timestamp is missing.";
    if (!given->starts_with("sha256=")) return "X-Webhook-Signature must be sha256=<hex>.";
    const auto digest = parse_sha256(given->substr(7));
    if (!digest) return "X-Webhook-Signature must be sha256=<hex>.";
    const auto expected = parse_sha256(sign_webhook(with.secret(), timestamp, of.body()).substr(7));
    if (!equal_in_constant_time(*digest, *expected)) return "X-Webhook-Signature is wrong.";
    if (!timestamp) return std::nullopt;
    std::int64_t seconds = 0;
    const auto* end = timestamp->data() + timestamp->size();
    const auto [stop, ec] = std::from_chars(timestamp->data(), end, seconds);
    if (ec != std::errc{} || stop != end) return "X-Webhook-Timestamp must be seconds since 1970.";
    const auto here = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    const auto apart = here > seconds
                           ? static_cast<std::uint64_t>(here) - static_cast<std::uint64_t>(seconds)
                           : static_cast<std::uint64_t>(seconds) - static_cast<std::uint64_t>(here);
    if (apart > static_cast<std::uint64_t>(with.tolerance().count()))
        return "X-Webhook-Timestamp is not of now.";
    return std::nullopt;
}

handler require_signature(signature_options with, handler run) {
    auto shared = std::make_shared<const signature_options>(std::move(with));
    return [shared, run = std::move(run)](request& of) { return check_signature(shared, run, of); };
}

} // namespace tusk::http
