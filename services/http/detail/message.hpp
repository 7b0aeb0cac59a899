#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <services/http/request.hpp>
#include <services/http/response.hpp>

namespace tusk::http::detail {

/// What a step of reading came to.
enum class progress {
    need_more,     ///< Read into `prepare()`, `commit()`, and step again.
    done,          ///< The header or the body is complete.
    too_large,     ///< Past its limit.
    malformed,     ///< Not HTTP/1.0 or 1.1; nothing after it can be trusted.
    unimplemented, ///< A transfer coding other than chunked.
};

/// Reads requests out of bytes, without sockets or clocks: buffer, header, body, next request. Bytes of a
/// pipelined request stay in the buffer for the next `begin()`.
class message_reader {
public:
    /// `max_header` bytes for request line and header fields together, and again for what surrounds chunks.
    explicit message_reader(std::size_t max_header);
    ~message_reader();
    message_reader(const message_reader&) = delete;
    message_reader& operator=(const message_reader&) = delete;

    /// Where the next bytes go; never empty, valid until the next call.
    std::span<char> prepare();
    void commit(std::size_t size);
    /// No bytes wait in the buffer.
    bool buffer_empty() const noexcept;

    /// Starts a request.
    void begin();
    progress read_header();
    /// Sets the body's limit, once the header is done: false when the declared length is past it already.
    bool limit_body(std::uint64_t bytes);
    progress read_body();

    /// Some byte of the request was read.
    bool started() const noexcept;
    bool is_done() const noexcept;
    /// 10 or 11, once the header is done.
    unsigned version() const noexcept;
    /// What the client wants to become of the connection, once the header is done.
    bool keep_alive() const;
    /// Method, target and headers, once the header is done (before the body: fields of a chunked body's
    /// trailer are not headers). False when the target is malformed.
    [[nodiscard]] bool fill_header(request& out) const;
    /// Moves the body out, once it is done.
    std::string take_body();

private:
    progress check_framing();

    struct state;
    std::unique_ptr<state> state_;
};

/// How a response travels.
struct framing {
    unsigned version = 11;
    bool keep_alive = true;
    bool streaming = false; ///< The length is unknown: chunked, or with HTTP/1.0 ended by closing.
};

/// Status line and headers, with the empty line; the status' body rules (204, 304) are kept.
std::string response_head(const response& answer, framing how, std::string_view request_id);

/// Whether the status has a body at all.
constexpr bool status_has_body(unsigned status) noexcept {
    return status >= 200 && status != 204 && status != 304;
}

} // namespace tusk::http::detail
