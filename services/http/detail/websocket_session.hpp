#pragma once

#include <exception>
#include <memory>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <services/http/request.hpp>
#include <services/http/websocket.hpp>

namespace tusk::http::detail {

/// Speaks WebSocket on a connection's socket. All on the strand of the socket, which has to live until
/// `run` has returned.
class websocket_session {
public:
    virtual ~websocket_session() = default;

    /// Answers the handshake and runs the session to its end. What the session threw, or null.
    virtual boost::asio::awaitable<std::exception_ptr> run(const request& handshake) = 0;
    /// Closes with `going_away`.
    virtual void finish() = 0;
    /// Cancels the session; the socket is closed by the caller.
    virtual void cut() = 0;
};

std::shared_ptr<websocket_session> make_websocket_session(boost::asio::ip::tcp::socket& socket,
                                                          std::shared_ptr<const websocket_upgrade> how);

} // namespace tusk::http::detail
