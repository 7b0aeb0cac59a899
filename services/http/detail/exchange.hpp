#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <services/http/detail/connection.hpp>

namespace tusk::http::detail {

/// One request and what is known of its answer.
class connection::exchange {
public:
    explicit exchange(const std::string& remote_address) { of.set_remote_address(remote_address); }

    /// Answers without the router, and closes: the rest of the input is unread or makes no sense.
    void refuse(unsigned status, std::string_view code, std::string_view message) {
        refusal.emplace(error_response(status, code, message, of.id()));
        unread = true;
    }
    void refuse_header(progress why) {
        if (why == progress::too_large)
            refuse(431, "HEADER_TOO_LARGE", "The request's header is too large.");
        else if (why == progress::unimplemented)
            refuse(501, "NOT_IMPLEMENTED", "Only the transfer coding \"chunked\" is implemented.");
        else
            refuse(400, "BAD_REQUEST", "The request is not well-formed HTTP.");
    }
    void refuse_body() { refuse(413, "PAYLOAD_TOO_LARGE", "The request's body is too large."); }
    void refuse_late() { refuse(408, "REQUEST_TIMEOUT", "The request did not arrive in time."); }

    request of;
    resolution where;
    framing how;
    std::optional<response> refusal;
    bool expects_continue = false;
    bool unread = false; ///< Input is left that belongs to this request: the connection cannot go on.
    std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

/// Whether it says that somebody was cancelled.
bool is_cancellation(const std::exception_ptr& what) noexcept;

} // namespace tusk::http::detail
