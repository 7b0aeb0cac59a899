#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace tusk::http {

/// A message, encoded once however many receive it.
using shared_message = std::shared_ptr<const std::string>;

/// Messages that wait for one client: a bounded queue from any thread to one strand. A client that lets it
/// fill up is dropped; nobody ever waits for it.
class outbox : public std::enable_shared_from_this<outbox> {
public:
    /// `strand` is where `pop` is called. `max_bytes` counts what waits, not what is being sent; a single
    /// message may be larger.
    outbox(boost::asio::any_io_executor strand, std::size_t max_messages, std::size_t max_bytes);

    /// Called once, by the thread whose message did not fit. Set before the box is shared.
    void on_overflow(std::function<void()> run) { on_overflow_ = std::move(run); }

    /// From any thread: false when it is closed, or was full and so is closed now.
    bool push(shared_message message);
    /// As above, for several: one look at the box, one wake of its owner.
    bool push(std::span<const shared_message> messages);
    /// From any thread: nothing is accepted any more. What waits is dropped.
    void close();

    /// The next message; null when none came in time or the box is closed (`is_closed`).
    boost::asio::awaitable<shared_message> pop(std::chrono::steady_clock::duration within);

    /// Replaces `into` by the next messages, at most so many, as soon as there is one; it is empty when the
    /// box is closed.
    boost::asio::awaitable<void> pop_some(std::vector<shared_message>& into, std::size_t most);

    bool is_closed() const;
    /// Closed because it was full.
    bool overflowed() const;
    std::size_t size() const;

private:
    bool accept(const shared_message& message);
    boost::asio::awaitable<void> arrival(std::chrono::steady_clock::duration within);
    void wake();
    shared_message take();

    mutable std::mutex mutex_;
    std::deque<shared_message> waiting_;
    std::size_t bytes_ = 0;
    std::size_t max_messages_;
    std::size_t max_bytes_;
    bool closed_ = false;
    bool overflowed_ = false;
    bool popping_ = false;
    std::function<void()> on_overflow_;
    boost::asio::steady_timer arrived_; ///< On the strand.
};

} // namespace tusk::http
