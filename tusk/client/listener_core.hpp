#pragma once

#include <atomic>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <tusk/client/gap_keeper.hpp>
#include <tusk/client/listener.hpp>
#include <tusk/client/notification_queue.hpp>
#include <tusk/client/reconnect.hpp>
#include <tusk/client/settings.hpp>
#include <tusk/client/subscriptions.hpp>
#include <tusk/net/asio_driver.hpp>
#include <tusk/protocol/action.hpp>

/// What a listener is behind its handle. Private to the part.
namespace tusk {

namespace detail {

/// Something that coroutines of one strand wait for.
class strand_event {
public:
    explicit strand_event(asio::any_io_executor strand) : strand_{std::move(strand)} {}
    /// Until `wake_all` or the deadline; false when the caller was cancelled.
    asio::awaitable<bool> wait(deadline until);
    void wake_all();

private:
    asio::any_io_executor strand_;
    std::list<asio::steady_timer*> waiting_;
};

} // namespace detail

/// Two coroutines on a strand: one keeps the connection and reads, the other calls the handlers; a queue
/// between them.
class listener::core : public std::enable_shared_from_this<core> {
public:
    core(const asio::any_io_executor& executor, std::shared_ptr<const net::connect_target> target,
         listener_options o);

    void start();
    void add(std::string_view channel, std::shared_ptr<const detail::listener_handler> handler);
    void remove(std::string_view channel);
    void stop() noexcept;
    static asio::awaitable<void> close(std::shared_ptr<core> self);
    static asio::awaitable<failure> ready(std::shared_ptr<core> self, deadline until);
    static asio::awaitable<result<notification_event>> next(std::shared_ptr<core> self, deadline until);
    std::int32_t backend_pid() const noexcept { return pid_; }

private:
    using handlers = std::vector<std::shared_ptr<const detail::listener_handler>>;
    struct channel_use {
        bool pulled = false;
        handlers called;
    };

    static asio::awaitable<void> keep(std::shared_ptr<core> self);
    static asio::awaitable<void> dispatch(std::shared_ptr<core> self);
    static asio::awaitable<void> wait_closed(std::shared_ptr<core> self);
    static asio::awaitable<void> wait_ready(std::shared_ptr<core> self, deadline until, failure& why);
    static asio::awaitable<void> wait_next(std::shared_ptr<core> self, deadline until,
                                           std::optional<notification_event>& event, failure& why);

    asio::awaitable<failure> listen_once();
    asio::awaitable<failure> connect();
    asio::awaitable<failure> subscribe(std::string sql);
    asio::awaitable<failure> wait_for_more();
    asio::awaitable<void> call(const notification_event& e);
    void lost(const failure& why);
    void arrived(notification&& n);
    void deliver(notification_event&& e);
    void changed();
    std::string changes();
    bool settled() const;
    handlers handlers_for(const notification_event& e) const;
    std::optional<notification_event> take(detail::notification_queue& from);
    void report(const std::exception_ptr& thrown, const notification_event& e) const;
    void ended();

    asio::any_io_executor strand_;
    const std::shared_ptr<const net::connect_target> target_;
    const listener_options options_;
    connection_settings settings_;

    // On the strand
    net::asio_driver driver_;
    asio::cancellation_signal stop_keeping_;
    asio::cancellation_signal stop_dispatching_;
    detail::strand_event news_;   ///< Events for handlers.
    detail::strand_event pulled_; ///< Events for `next`.
    detail::strand_event state_;  ///< Subscribed, lost, closed.
    std::minstd_rand random_{std::random_device{}()};
    bool waiting_ = false; ///< The connection waits for notifications and may be disturbed.
    unsigned running_ = 0; ///< Coroutines.
    std::optional<steady_clock::time_point> live_since_;
    failure last_error_;

    std::atomic<bool> stopping_ = false;
    std::atomic<std::int32_t> pid_ = 0;

    mutable std::mutex mutex_; // guards everything below
    detail::subscriptions subscriptions_;
    std::map<std::string, channel_use, std::less<>> channels_;
    detail::gap_keeper gaps_;
    detail::notification_queue for_handlers_;
    detail::notification_queue for_next_;
};

} // namespace tusk
