#pragma once

#include <exception>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

namespace tusk::http::detail {

/// A coroutine beside the one that starts it, on the same strand. It has to be joined before what it uses
/// goes away.
class side_task {
public:
    explicit side_task(const boost::asio::any_io_executor& strand);

    void start(boost::asio::awaitable<void> work);
    /// Cancels what it waits for; may be called several times.
    void cancel();
    /// Waits for its end, whatever happens to the caller, which must have switched off
    /// `this_coro::throw_if_cancelled`. What it threw, or null.
    boost::asio::awaitable<std::exception_ptr> join();

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace tusk::http::detail
