#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <tusk/core/deadline.hpp>
#include <tusk/core/error.hpp>
#include <tusk/net/completion.hpp>
#include <tusk/net/hosts.hpp>
#include <tusk/protocol/action.hpp>
#include <tusk/protocol/session.hpp>

namespace tusk::net {

namespace asio = boost::asio;

/// Runs machines on one connection by Asio. A lock of the connection keeps apart what comes from several
/// threads (the caller's, and those that run the executor); one operation at a time.
class asio_driver {
public:
    explicit asio_driver(const asio::any_io_executor& executor);
    /// Closes without waiting.
    ~asio_driver();
    asio_driver(asio_driver&& other) noexcept;
    asio_driver& operator=(asio_driver&& other) noexcept;

    /// Tries the hosts of the target until one lets us in.
    asio::awaitable<failure> connect(std::shared_ptr<const connect_target> target, deadline until);
    /// Runs a machine until it is done or paused. After the deadline, or when the caller cancels, a
    /// CancelRequest is sent and the machine has `cancel_grace` to come to a clean end. The machine must live
    /// until then.
    asio::awaitable<void> run(protocol::machine& m, deadline until,
                              protocol::event_kind first = protocol::event_kind::start);
    /// The same for who has a completion instead of a coroutine. It may be called before `start` returns.
    void start(protocol::machine& m, deadline until, protocol::event_kind first, completion done);
    /// Resumes a running machine with `poked`. From any thread; nothing happens when none runs.
    void poke();
    /// Cancels what runs, as a caller's cancellation does. Does nothing when nothing runs.
    void cancel();
    /// Whether the machine of the last `run` paused (and is to be run again with `proceed`).
    bool paused() const noexcept;
    /// Says goodbye and closes, without waiting.
    void close() noexcept;
    bool is_open() const noexcept;
    /// Nothing arrived and the peer did not hang up while nobody asked: one system call, no round trip. Only
    /// while no operation runs.
    bool idle_connection_is_alive();

    protocol::session& session() noexcept;
    const protocol::session& session() const noexcept;
    const host_address& host() const noexcept;
    asio::any_io_executor executor() const;

    static constexpr std::chrono::milliseconds cancel_grace{1000};

private:
    class core;
    std::shared_ptr<core> core_;
};

} // namespace tusk::net
