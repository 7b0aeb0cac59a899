#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <tusk/client/listener_handler.hpp>
#include <tusk/client/listener_options.hpp>
#include <tusk/client/notification.hpp>
#include <tusk/client/options.hpp>
#include <tusk/core/error.hpp>
#include <tusk/net/conninfo.hpp>

namespace tusk {

namespace asio = boost::asio;

/// Something that knows a server and an event loop: a pool. The listener takes these, and no connection.
template <class T>
concept listener_source = requires(const T& from) {
    from.config().server();
    from.executor();
};

/// Listens on a connection of its own, for as long as it lives:
///
///     tusk::listener l{pool};
///     l.on("alerts", [](const tusk::notification& n) { … });
///     co_await l.ready();
///
/// It connects in the background, and again when the connection is lost: then all channels are subscribed
/// anew in one round trip and a `gap` is delivered before anything else, because the server keeps nothing for
/// those who are away. An idle connection is asked for a sign of life (`keepalive`).
///
/// Notifications reach handlers (`on`) or whoever awaits `next()` (`listen`), in the order in which they
/// arrived. A reader that is slower than what comes in loses notifications beyond `queue_capacity`, and is
/// told by a `gap` where they were.
///
/// Safe from several threads; handlers are called one at a time on a strand of the listener's. An open
/// listener keeps its event loop running. Source: sqlx's PgListener; pgx issues 1121, 1831.
class listener {
public:
    /// Throws `tusk::error` for a configuration that makes no sense or certificates that cannot be read.
    listener(asio::any_io_executor executor, connect_config server, listener_options o = {});
    listener(asio::any_io_executor executor, std::string_view conninfo, listener_options o = {});
    template <listener_source Pool>
    explicit listener(const Pool& pool, listener_options o = {})
        : listener{pool.executor(), pool.config().server(), std::move(o)} {}
    listener(listener&&) noexcept;
    listener& operator=(listener&&) noexcept;
    /// As `stop()`.
    ~listener();

    /// Subscribes and calls `f(const notification&)` for what comes over the channel; `f` may be a coroutine
    /// (`asio::awaitable<void>`), which is awaited before the next event. If `f` can be called with a
    /// `const gap&`, it is told of gaps, too. A channel may have several handlers. What `f` throws is
    /// reported to `on_error`. Throws `errc::invalid_argument` for a name that no channel can have.
    template <class F>
    void on(std::string_view channel, F f) {
        add(channel, detail::make_listener_handler(std::move(f)));
    }
    /// Subscribes for `next()`.
    void listen(std::string_view channel) { add(channel, nullptr); }
    /// Takes the handlers away and unsubscribes. What has already arrived is not delivered any more, except
    /// to `next()`.
    void unlisten(std::string_view channel);

    /// The next notification or gap of the channels that were subscribed by `listen`. Throws
    /// `errc::timeout`, `errc::canceled`, and `errc::connection_closed` once the listener is closed and all
    /// is read.
    asio::awaitable<notification_event> next(const options& o = {});
    asio::awaitable<result<notification_event>> try_next(const options& o = {});

    /// Returns when the server has confirmed every subscription made so far: what is sent after that
    /// arrives. Throws `errc::timeout`, whose message has the last error of connecting.
    asio::awaitable<void> ready(const options& o = {});
    asio::awaitable<failure> try_ready(const options& o = {});

    /// The server process at the other end; 0 while there is none.
    std::int32_t backend_pid() const;

    /// Ends everything and returns when nothing of it runs any more: no handler, no connection. Not from a
    /// handler, which it would wait for; `stop()` does not wait.
    asio::awaitable<void> close();
    void stop() noexcept;

private:
    class core;
    void add(std::string_view channel, std::shared_ptr<const detail::listener_handler> handler);
    std::shared_ptr<core> core_;
};

} // namespace tusk
