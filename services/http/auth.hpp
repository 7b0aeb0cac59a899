#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <services/http/digest.hpp>
#include <services/http/router.hpp>

namespace tusk::http {

/// The API keys that a service knows, as SHA-256 of each: who reads the configuration cannot use them.
class api_keys {
public:
    /// `sha256_hex` is `printf %s "$key" | sha256sum`. Throws `tusk::error` (`errc::invalid_configuration`)
    /// for an empty name and for what is no SHA-256.
    api_keys& add(std::string name, role level, std::string_view sha256_hex);
    bool empty() const noexcept { return entries_.empty(); }
    /// Looks at every key, so that the time tells nothing.
    std::optional<identity> find(std::string_view key) const;

private:
    struct entry {
        identity who;
        sha256_digest digest;
    };
    std::vector<entry> entries_;
};

/// The key of a request: `Authorization: Bearer …`, `Authorization: ApiKey …` or `X-API-Key: …`.
std::optional<std::string_view> credentials(const request& of) noexcept;

/// Gives requests with a known key their identity; an unknown key is 401, none leaves the request anonymous.
/// Without any keys, authentication is off: everybody is an admin.
middleware authenticate(std::shared_ptr<const api_keys> keys);

/// Only for identities that may: 401 for the anonymous, 403 for the others.
handler require_role(role least, handler run);

/// How webhooks are signed: `X-Webhook-Signature: sha256=<hex>` is the HMAC of `<timestamp>.<body>`, with the
/// timestamp of `X-Webhook-Timestamp`, in seconds since 1970.
class signature_options {
public:
    explicit signature_options(std::string secret) : secret_{std::move(secret)} {}
    /// How far the timestamp may be from now, on either side: a request that was listened to is of no use
    /// later. Default 5 minutes.
    signature_options& tolerance(std::chrono::seconds time) {
        tolerance_ = time;
        return *this;
    }
    /// Without it, the signature of the body alone is enough too, when there is no timestamp; then nothing
    /// keeps anybody from sending the same request again. Default true.
    signature_options& require_timestamp(bool value) {
        require_timestamp_ = value;
        return *this;
    }

    const std::string& secret() const noexcept { return secret_; }
    std::chrono::seconds tolerance() const noexcept { return tolerance_; }
    bool require_timestamp() const noexcept { return require_timestamp_; }

private:
    std::string secret_;
    std::chrono::seconds tolerance_{300};
    bool require_timestamp_ = true;
};

/// The value of `X-Webhook-Signature`; without a timestamp, of the body alone.
std::string sign_webhook(std::string_view secret, std::optional<std::string_view> timestamp,
                         std::string_view body);

/// Nothing when the signature is right, else what is wrong, for people.
std::optional<std::string> signature_problem(const request& of, const signature_options& with,
                                             std::chrono::system_clock::time_point now);

/// 401 unless the signature is right.
handler require_signature(signature_options with, handler run);

} // namespace tusk::http
