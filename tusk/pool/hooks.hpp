#pragma once

#include <functional>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include <tusk/client/connection.hpp>
#include <tusk/net/conninfo.hpp>

namespace tusk {

/// What a program does to the connections of a pool, at which moment. All are optional; those that are
/// awaitables may use the connection. What a hook throws is the failure of what it was called for.
///
///     tusk::pool_hooks hooks;
///     hooks.after_connect([](tusk::connection& c) -> asio::awaitable<void> { co_await c.script("set …"); });
class pool_hooks {
public:
    using connect_hook = std::function<asio::awaitable<void>(connect_config&)>;
    using connection_hook = std::function<asio::awaitable<void>(connection&)>;
    using verdict_hook = std::function<asio::awaitable<bool>(connection&)>;
    using ping_hook = std::function<bool(connection&, steady_clock::duration)>;
    using close_hook = std::function<void(connection&)>;

    /// Before each attempt to connect, on a copy of the configuration that it may change. For passwords that
    /// rotate, a credential source of the configuration is simpler.
    pool_hooks& before_connect(connect_hook f) {
        before_connect_ = std::move(f);
        return *this;
    }
    /// On each new connection, before anyone gets it; it is closed when the hook throws. What it sets (SET,
    /// PREPARE, LISTEN) belongs to the connection: it is called again after a session was reset.
    pool_hooks& after_connect(connection_hook f) {
        after_connect_ = std::move(f);
        return *this;
    }
    /// On the way to a caller. False: this one is closed, the caller gets another. When it throws, the caller
    /// gets the error, and the connection goes back if it is still clean.
    pool_hooks& before_acquire(verdict_hook f) {
        before_acquire_ = std::move(f);
        return *this;
    }
    /// On the way back, off everybody's way. False, or an exception: it is closed.
    pool_hooks& after_release(verdict_hook f) {
        after_release_ = std::move(f);
        return *this;
    }
    /// Before it is closed, while it may still be open; must not block. What it throws is ignored.
    pool_hooks& before_close(close_hook f) {
        before_close_ = std::move(f);
        return *this;
    }
    /// Whether a connection that was idle for so long is asked for a sign of life before it is given out,
    /// instead of the rule of `ping_after_idle`.
    pool_hooks& should_ping(ping_hook f) {
        should_ping_ = std::move(f);
        return *this;
    }

    const connect_hook& before_connect() const noexcept { return before_connect_; }
    const connection_hook& after_connect() const noexcept { return after_connect_; }
    const verdict_hook& before_acquire() const noexcept { return before_acquire_; }
    const verdict_hook& after_release() const noexcept { return after_release_; }
    const close_hook& before_close() const noexcept { return before_close_; }
    const ping_hook& should_ping() const noexcept { return should_ping_; }

private:
    connect_hook before_connect_;
    connection_hook after_connect_;
    verdict_hook before_acquire_;
    verdict_hook after_release_;
    close_hook before_close_;
    ping_hook should_ping_;
};

} // namespace tusk
