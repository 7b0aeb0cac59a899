#pragma once

#include <memory>
#include <string>

#include <tusk/client/call.hpp>
#include <tusk/client/connection.hpp>
#include <tusk/net/asio_driver.hpp>
#include <tusk/protocol/query.hpp>

namespace tusk {

/// What a connection is, apart from its handle: streams and transactions keep it alive.
class connection::core : public std::enable_shared_from_this<core> {
public:
    core(const asio::any_io_executor& executor, connection_settings s);

    asio::awaitable<failure> connect(std::shared_ptr<const net::connect_target> target, deadline until);
    asio::awaitable<failure> execute(request& what, client_sink& sink);
    asio::awaitable<failure> copy(detail::copy_job& job);
    asio::awaitable<failure> control(std::string sql, options o, std::string* tag = nullptr);
    asio::awaitable<failure> ping(options o);
    /// Ends what an abandoned stream or transaction left behind.
    asio::awaitable<failure> settle(deadline until);

    net::asio_driver driver;
    connection_settings settings;
    bool busy = false;
    std::string pending_control;                     ///< ROLLBACK of an abandoned transaction.
    std::shared_ptr<class running_stream> abandoned; ///< A stream that was dropped half-way.

private:
    failure enter(deadline until);
};

} // namespace tusk
