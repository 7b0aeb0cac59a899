#pragma once

#include <string_view>

#include <boost/asio/awaitable.hpp>

namespace tusk::http {

/// The body of a streaming response, while it is being written; made by the server. It is used on the strand
/// of the connection, by the writer of the response alone.
///
/// When the client leaves or the server drains, the writer is cancelled: what it waits for throws
/// `operation_aborted`, and so does every further wait. A writer that just lets it pass does the right thing.
/// After draining, and after a writer that returned, the body ends properly; after one that threw something
/// else the connection is cut, so that nobody takes the part for the whole.
class response_stream {
public:
    virtual ~response_stream() = default;

    /// Sends a piece, and returns once the system has taken it over: a slow client holds the writer back, for
    /// `server_options::write_timeout` at most. False when nobody reads any more. An empty piece does
    /// nothing.
    virtual boost::asio::awaitable<bool> write(std::string_view piece) = 0;

    /// False when nobody reads any more, or the server drains.
    virtual bool is_open() const noexcept = 0;
};

} // namespace tusk::http
