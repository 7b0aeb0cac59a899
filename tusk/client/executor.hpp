#pragma once

#include <functional>
#include <memory>

#include <boost/asio/awaitable.hpp>

#include <tusk/client/request.hpp>
#include <tusk/client/sinks.hpp>
#include <tusk/core/error.hpp>

namespace tusk {

namespace asio = boost::asio;

class batch;
class connection;

namespace detail {

class copy_job;

/// What a stream keeps alive between its rows: the connection (leased or borrowed) and the running query.
class stream_source {
public:
    virtual ~stream_source() = default;
    /// Runs on until the sink has a row (`more`) or the statement is over.
    virtual asio::awaitable<failure> advance(bool& more) = 0;
    /// The same when it needs no I/O: `true` and a row is in the sink, `false` when `advance` must be
    /// awaited.
    virtual bool advance_now() = 0;
};

} // namespace detail

/// What the verbs need of whatever executes them: a connection, a transaction, a pool.
class executor {
public:
    /// What the verbs return.
    template <class T>
    using returns = asio::awaitable<T>;

    executor() = default;
    virtual ~executor() = default;

    /// Executes one request; the answer goes into the sink.
    virtual asio::awaitable<failure> execute(request& what, client_sink& sink) = 0;
    /// Runs all statements of a batch; the results are with those who added them.
    virtual asio::awaitable<failure> execute_batch(batch& b, options o) = 0;
    /// Begins a stream; the sink pauses after each row and is owned by the stream.
    virtual asio::awaitable<result<std::unique_ptr<detail::stream_source>>>
    open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) = 0;
    /// Executes one COPY.
    virtual asio::awaitable<failure> copy(detail::copy_job& job) = 0;
    /// The statement of a text, with its description when one is known.
    virtual protocol::known_statement intern(std::string_view sql) = 0;

protected:
    executor(const executor&) = default;
    executor(executor&&) = default;
    executor& operator=(const executor&) = default;
    executor& operator=(executor&&) = default;
};

} // namespace tusk
