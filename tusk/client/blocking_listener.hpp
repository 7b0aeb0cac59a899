#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <tusk/client/listener_options.hpp>
#include <tusk/client/notification.hpp>
#include <tusk/core/error.hpp>
#include <tusk/net/conninfo.hpp>

namespace tusk::blocking {

/// See `tusk::listener`: a connection of its own, reconnected by itself. There is no thread behind it: it
/// works while somebody is in `next` or `ready`, and notifications wait in the socket meanwhile. One thread
/// at a time reads; `listen`, `unlisten` and `close` may be called from any, also while another one waits.
class listener {
public:
    /// Connects on first use. Throws `tusk::error` for a configuration that makes no sense or certificates
    /// that cannot be read.
    explicit listener(std::string_view conninfo, listener_options o = {});
    explicit listener(connect_config server, listener_options o = {});
    listener(listener&&) noexcept;
    listener& operator=(listener&&) noexcept;
    ~listener();

    /// Subscribes. Throws `errc::invalid_argument` for a name that no channel can have.
    void listen(std::string_view channel);
    void unlisten(std::string_view channel);

    /// Waits for the next notification or gap. Throws `errc::connection_closed` once the listener is closed
    /// and all is read.
    notification_event next();
    /// The same for at most `timeout`, and at least 1 ms (an attempt to connect that has begun is not cut
    /// short); nothing when nothing came.
    std::optional<notification_event> next(steady_clock::duration timeout);

    /// Waits until the server has confirmed every subscription made so far. Throws `errc::timeout`, whose
    /// message has the last error of connecting.
    void ready(steady_clock::duration timeout);

    /// The server process at the other end; 0 while there is none. Any thread may ask.
    std::int32_t backend_pid() const noexcept;

    /// Ends waiting and closes the connection.
    void close() noexcept;

private:
    class core;
    std::unique_ptr<core> core_;
};

} // namespace tusk::blocking
