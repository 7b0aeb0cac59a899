#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <services/http/detail/message.hpp>
#include <services/http/detail/side_task.hpp>
#include <services/http/detail/websocket_session.hpp>
#include <services/http/router.hpp>
#include <services/http/server_options.hpp>
#include <tusk/core/deadline.hpp>

namespace tusk::http::detail {

/// What all connections of a server share; but for the draining flag constant while it runs.
class shared_state {
public:
    shared_state(router routes, server_options options)
        : routes_{std::move(routes)}, options_{std::move(options)} {}

    const router& routes() const noexcept { return routes_; }
    const server_options& options() const noexcept { return options_; }
    /// No connection takes a further request once this is set.
    bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
    void begin_drain() noexcept { draining_.store(true, std::memory_order_relaxed); }
    /// The hooks, shielded against their exceptions.
    void completed(const request& of, unsigned status, std::chrono::steady_clock::duration duration,
                   std::uint64_t bytes) const noexcept;
    void failed(std::exception_ptr what, const request* of) const noexcept;

private:
    router routes_;
    server_options options_;
    std::atomic<bool> draining_ = false;
};

/// One accepted socket. Its executor is the connection's strand; every member function but `start` and the
/// requests to end runs there.
class connection : public std::enable_shared_from_this<connection> {
public:
    using tcp = boost::asio::ip::tcp;

    connection(tcp::socket socket, std::shared_ptr<const shared_state> shared);

    /// Serves requests until the connection ends; `on_closed` is called then, on the strand.
    void start(std::function<void()> on_closed);
    /// Answers 503 without reading, and closes; `on_closed` as above.
    void refuse(std::function<void()> on_closed);

    const std::string& remote_address() const noexcept { return remote_address_; }

    /// From any thread, after `shared_state::begin_drain`: close at once when no request is under way, end
    /// streams and WebSockets.
    void finish();
    /// From any thread: close at once and cancel the handler.
    void cut();

private:
    class exchange;
    class body_stream;

    void spawn(boost::asio::awaitable<void> (connection::*run)(), std::function<void()> on_closed);

    boost::asio::awaitable<void> serve();
    boost::asio::awaitable<void> serve_refusal();
    boost::asio::awaitable<bool> wait_for_request(bool first);
    boost::asio::awaitable<bool> serve_one();
    boost::asio::awaitable<bool> fill_buffer();
    boost::asio::awaitable<bool> read_header(exchange& of);
    boost::asio::awaitable<bool> read_body(exchange& of);
    boost::asio::awaitable<bool> send_continue();
    boost::asio::awaitable<response> answer(exchange& of);
    boost::asio::awaitable<bool> write(exchange& of, response& with);
    boost::asio::awaitable<bool> write_stream(exchange& of, response& with);
    boost::asio::awaitable<std::uint64_t> write_timed(std::string_view bytes);
    boost::asio::awaitable<void> write_body(body_stream& to, const body_writer& from);
    boost::asio::awaitable<void> watch_peer(body_stream& to);
    boost::asio::awaitable<void> serve_websocket(exchange& of, response& with);
    boost::asio::awaitable<void> linger();

    void accept_header(exchange& of);
    std::string make_head(exchange& of, response& with);

    enum class on_expiry { cancel, close };
    void arm(std::chrono::steady_clock::duration timeout, on_expiry action);
    void watch();
    void disarm();

    tcp::socket socket_;
    boost::asio::steady_timer watchdog_;
    boost::asio::cancellation_signal cancel_;
    std::shared_ptr<const shared_state> shared_;
    message_reader reader_;
    std::string remote_address_;
    std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
    on_expiry action_ = on_expiry::cancel;
    side_task* streaming_ = nullptr; ///< The writer of the body under way.
    std::shared_ptr<websocket_session> session_;
    bool idle_ = false; ///< Waiting for a request's first byte.
    bool timed_out_ = false;
    bool cut_ = false;
};

} // namespace tusk::http::detail
