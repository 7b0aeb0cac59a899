#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <tusk/observe/detail/url.hpp>
#include <tusk/observe/transport.hpp>

/// The little of HTTP/1.1 that posting telemetry takes. Source: RFC 9112, RFC 9110.
namespace tusk::observe::detail {

inline constexpr std::size_t longest_head = std::size_t{64} * 1024;
inline constexpr std::size_t longest_body = std::size_t{1024} * 1024;

std::string request_text(const place& to, const otlp_endpoint& endpoint, std::string_view content_type,
                         std::string_view body);

/// Reads an answer from pieces as they come.
class answer_reader {
public:
    enum class state { more, complete, malformed };

    /// More bytes of the answer.
    state add(std::string_view piece);
    /// The server has closed the connection.
    state end();
    http_answer take() { return std::move(answer_); }
    /// Whether the connection can carry another request.
    bool keeps_open() const noexcept { return keeps_open_ && !until_close_; }
    bool has_begun() const noexcept { return begun_; }

private:
    state read();
    state read_head(std::string_view head);
    void read_header(std::string_view name, std::string_view value);
    state read_chunks();
    state read_body();

    std::string buffer_;
    http_answer answer_;
    std::optional<std::size_t> length_;
    bool begun_ = false;
    bool head_done_ = false;
    bool chunked_ = false;
    bool until_close_ = false;
    bool keeps_open_ = true;
    bool malformed_length_ = false;
};

/// Of either form of `Retry-After`; a moment that has passed is no time.
std::optional<std::chrono::seconds> read_retry_after(std::string_view value,
                                                     std::chrono::system_clock::time_point now);

} // namespace tusk::observe::detail
