#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tusk/core/error.hpp>
#include <tusk/observe/otlp_config.hpp>

namespace tusk::observe {

/// What a collector answered.
struct http_answer {
    int status = 0;
    std::string body;
    std::optional<std::chrono::seconds> retry_after; ///< When it said so, in either form of the header.
};

/// Carries one body to a collector. Programs with an HTTP client of their own implement this; the default is
/// `http_transport()`. Called by the exporter's thread only, one call at a time.
class otlp_transport {
public:
    virtual ~otlp_transport() = default;

    /// Posts `body` to `to.url` with `to.headers` and waits for the answer, up to `to.timeout`. A failure
    /// means that there was none.
    virtual result<http_answer> post(const otlp_endpoint& to, std::string_view content_type,
                                     std::string_view body) = 0;
    /// Ends a `post` that is under way soon, and later ones at once, with a failure; from any thread.
    virtual void stop() noexcept = 0;
};

/// HTTP/1.1 with connections that are kept, and TLS (1.2 and up, with verification of the name) for `https`.
std::unique_ptr<otlp_transport> http_transport();

} // namespace tusk::observe
