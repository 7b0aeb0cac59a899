#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <services/http/router.hpp>

namespace tusk::http {

/// Which pages of other origins may read the answers. Source: WHATWG Fetch, CORS protocol.
class cors_options {
public:
    /// An origin such as "https://example.org", or "*" for all.
    cors_options& origin(std::string value) {
        origins_.push_back(std::move(value));
        return *this;
    }
    /// Headers that a page may send; default Authorization, Content-Type, X-API-Key, X-Request-Id and those
    /// of Connect.
    cors_options& headers(std::string list) {
        headers_ = std::move(list);
        return *this;
    }
    /// Default GET, HEAD, POST, PUT, PATCH, DELETE.
    cors_options& methods(std::string list) {
        methods_ = std::move(list);
        return *this;
    }
    /// How long a browser remembers a preflight. Default 10 minutes.
    cors_options& max_age(std::chrono::seconds time) {
        max_age_ = time;
        return *this;
    }

    const std::vector<std::string>& origins() const noexcept { return origins_; }
    const std::string& headers() const noexcept { return headers_; }
    const std::string& methods() const noexcept { return methods_; }
    std::chrono::seconds max_age() const noexcept { return max_age_; }
    bool allows(std::string_view origin) const noexcept;
    bool allows_all() const noexcept { return allows("*"); }

private:
    std::vector<std::string> origins_;
    std::string headers_ = "Authorization, Content-Type, X-API-Key, X-Request-Id, Connect-Protocol-Version, "
                           "Connect-Timeout-Ms";
    std::string methods_ = "GET, HEAD, POST, PUT, PATCH, DELETE";
    std::chrono::seconds max_age_{600};
};

/// Answers preflights (204) and marks the answers to allowed origins; requests of other origins are answered
/// without a mark, which makes the browser keep the answer from the page. Credentials are never allowed: keys
/// travel in headers, not cookies.
middleware cors(cors_options options);

} // namespace tusk::http
