#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <services/http/outbox.hpp>
#include <services/http/sse.hpp>
#include <services/http/websocket.hpp>

namespace tusk::http {

/// Sends every message to all who listen: encoded once, queued for each, waiting for none. Who does not keep
/// up is dropped. Safe from several threads; share it with what runs `serve`.
class hub {
public:
    /// Whoever joins gets what is broadcast from then on, until it leaves or is dropped.
    void join(std::shared_ptr<outbox> who);
    void leave(const std::shared_ptr<outbox>& who);

    /// How many it was queued for.
    std::size_t broadcast(shared_message message);
    /// As above, for several messages at once, which costs little more than one.
    std::size_t broadcast(std::span<const shared_message> messages);

    std::size_t size() const;
    /// Those dropped because they did not keep up, so far.
    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

    /// Joins the client until it leaves; what it says is ignored.
    boost::asio::awaitable<void> serve(websocket& client);
    /// As above; the messages are finished events (`format_event`). A comment is sent every `ping`, so that
    /// neither side takes the silence for a broken connection. A client that does not keep up is ended; it
    /// will come back with its Last-Event-ID.
    boost::asio::awaitable<void> serve(event_stream& client, std::shared_ptr<outbox> box,
                                       std::chrono::steady_clock::duration ping = std::chrono::seconds{30});

private:
    using list = std::vector<std::shared_ptr<outbox>>;

    mutable std::mutex mutex_;
    std::shared_ptr<const list> clients_ = std::make_shared<list>(); ///< Replaced, never changed.
    std::atomic<std::uint64_t> dropped_ = 0;
};

} // namespace tusk::http
