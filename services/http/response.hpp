#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include <services/http/headers.hpp>

namespace tusk::http {

class response_stream;
class websocket_upgrade;

/// Writes the body of a streaming response; see `response_stream`.
using body_writer = std::function<boost::asio::awaitable<void>(response_stream&)>;

/// What a handler answers with. The server adds Content-Length, Date, Connection and X-Request-Id.
class response {
public:
    /// Without a body. Throws `tusk::error` (`errc::invalid_argument`) unless 200 <= status <= 599.
    explicit response(unsigned status = 200);

    /// `body` is the finished JSON text.
    static response json(unsigned status, std::string body);
    /// `text/plain; charset=utf-8`.
    static response text(unsigned status, std::string body);
    static response empty(unsigned status = 204);

    unsigned status() const noexcept { return status_; }
    response& set_status(unsigned status);

    const header_list& headers() const noexcept { return headers_; }
    header_list& headers() noexcept { return headers_; }
    /// Replaces a header; errors as `header_list::set`. "Connection: close" ends the connection after this
    /// response; Content-Length and Transfer-Encoding set here are ignored.
    response& set_header(std::string_view name, std::string_view value);

    const std::string& body() const noexcept { return body_; }
    /// Leaves Content-Type as it is. The body of a 204 or 304 is not sent.
    response& set_body(std::string body);

    /// The body is what `writer` writes, piece by piece, once the header is out; `body()` is not sent. It
    /// runs beside nothing else of the connection, on its strand, and has to keep alive what it uses.
    response& stream(body_writer writer);
    const body_writer& stream() const noexcept { return stream_; }

    /// Leaves HTTP; made by `upgrade_to_websocket`.
    response& set_upgrade(std::shared_ptr<const websocket_upgrade> to);
    const std::shared_ptr<const websocket_upgrade>& upgrade() const noexcept { return upgrade_; }

private:
    unsigned status_;
    header_list headers_;
    std::string body_;
    body_writer stream_;
    std::shared_ptr<const websocket_upgrade> upgrade_;
};

/// The error envelope of every failed request:
/// `{"error":{"code":…,"message":…,"request_id":…,"timestamp":"2024-01-31T12:00:00.000Z"}}`.
/// `code` is a word for programs (`NOT_FOUND`), `message` a sentence for people that gives away nothing
/// internal.
response error_response(unsigned status, std::string_view code, std::string_view message,
                        std::string_view request_id);

} // namespace tusk::http
