#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <services/http/client.hpp>
#include <tusk/core/error.hpp>

namespace boost::asio::ssl {
class context;
}

namespace tusk::http::detail {

/// Where a request goes.
class client_target {
public:
    bool secure = false;
    std::string host; ///< Without brackets.
    std::string port;
    std::string authority; ///< For the Host header: with brackets, the port when it is not the usual one.
    std::string target;    ///< Path and query.

    /// Requests with equal keys can share a connection.
    std::string key() const { return (secure ? "https " : "http ") + host + " " + port; }
};

/// Takes a URL apart; `errc::invalid_argument` for what is none, has another scheme, or user information.
result<client_target> parse_client_url(const std::string& url);

/// One connection of a client, on a strand of its own.
class link {
public:
    virtual ~link() = default;
    virtual const boost::asio::any_io_executor& strand() const noexcept = 0;
    /// One request, on the strand; connects first when it is not connected. Throws as `client::send`.
    virtual boost::asio::awaitable<client_response> exchange(const client_target& to,
                                                             const client_request& what,
                                                             std::chrono::steady_clock::time_point until) = 0;
    /// Whether the next request can go here; also whether the server has closed it meanwhile.
    virtual bool is_usable() = 0;
    /// Some byte of the last answer came.
    virtual bool was_answered() const noexcept = 0;
};

std::shared_ptr<link> make_link(const boost::asio::any_io_executor& executor, boost::asio::ssl::context& tls,
                                const client_options& options);

} // namespace tusk::http::detail
