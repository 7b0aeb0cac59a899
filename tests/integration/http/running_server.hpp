#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <services/http/server.hpp>

/// A server on a free port of 127.0.0.1 with threads that run it. The destructor joins them, which only ends
/// when every connection and coroutine of the server has ended.
class running_server {
public:
    explicit running_server(tusk::http::router routes, tusk::http::server_options options = {},
                            int threads = 2);
    ~running_server();

    std::uint16_t port() const { return server_->port(); }
    tusk::http::server& server() { return *server_; }
    /// Begins to drain; `get()` is the result of `server::drain`.
    std::future<bool> drain(std::chrono::milliseconds timeout);
    /// Destroys the server object; its threads go on.
    void destroy() { server_.reset(); }

private:
    boost::asio::io_context context_;
    std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
    std::optional<tusk::http::server> server_;
    std::vector<std::thread> threads_;
};

/// Holds handlers back until the test lets them go.
class gate {
public:
    /// For the handler: counts its arrival and waits for `open()`.
    boost::asio::awaitable<void> pass();
    /// For the test: waits for that many arrivals; false after ten seconds.
    bool wait_for_arrivals(int count);
    void open();
    /// How many waits ended by cancellation.
    int cancelled() const;

private:
    class waiter;
    bool enter(const std::shared_ptr<waiter>& who);
    void leave();

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::weak_ptr<waiter>> waiting_;
    int arrived_ = 0;
    int cancelled_ = 0;
    bool open_ = false;
};

/// What a server's hooks saw.
class recorder {
public:
    class entry {
    public:
        std::string method;
        std::string route;
        std::string id;
        std::string remote_address;
        unsigned status = 0;
        std::uint64_t bytes = 0;
        std::chrono::steady_clock::duration duration{};
    };

    /// The recorder has to outlive the server.
    tusk::http::server_options& attach(tusk::http::server_options& to);
    /// The completed requests, once there are so many; empty after ten seconds.
    std::vector<entry> wait_for_completions(std::size_t count);
    /// Waits for so many errors, without looking at them; false after ten seconds.
    bool wait_for_error_count(std::size_t count);
    /// What was thrown, each with its route in front.
    std::vector<std::string> errors();

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<entry> completed_;
    std::vector<std::pair<std::string, std::exception_ptr>> errors_;
};

/// GET /hello, POST /echo, GET /throw, GET /held (through the gate).
tusk::http::router usual_routes(gate* held = nullptr);
