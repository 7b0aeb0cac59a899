#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <tusk/core/error.hpp>
#include <tusk/protocol/action.hpp>

namespace tusk {

using protocol::secret_kind;

/// What a server asks for, and for whom.
class credential_request {
public:
    std::string host; ///< As configured; empty when only an address was.
    std::uint16_t port = 0;
    std::string database;
    std::string user;
    secret_kind kind = secret_kind::password;
};

/// A password or token, and until when it may be used again for further connections.
class credential {
public:
    credential() = default;
    credential(std::string secret, std::chrono::system_clock::time_point valid_until)
        : secret_{std::move(secret)}, valid_until_{valid_until} {}
    /// For this one connection.
    explicit credential(std::string secret) : secret_{std::move(secret)} {}
    const std::string& secret() const noexcept { return secret_; }
    std::chrono::system_clock::time_point valid_until() const noexcept { return valid_until_; }

private:
    std::string secret_;
    std::chrono::system_clock::time_point valid_until_{};
};

/// Where passwords that change, and OAuth tokens, come from. It is asked when a server asks, once for each
/// connection, while other connections go on; set it with `connect_config::credentials`. It answers within
/// the connect timeout or too late. What it gives is never shown in an error or an event.
class credential_source {
public:
    using answer = std::function<void(result<std::string>)>;

    virtual ~credential_source() = default;
    /// Calls `done` once, now or later, from any thread.
    virtual void get(const credential_request& what, answer done) = 0;
    /// The server did not accept what was given last. True when another try may get something else; there is
    /// one more then.
    virtual bool rejected(const credential_request& what) = 0;
};

/// Asks `f` each time that nothing valid is known, on the thread that connects.
std::shared_ptr<credential_source>
make_credential_source(std::function<credential(const credential_request&)> f);

/// The same for a coroutine, which runs on `executor`. That must not be what a blocking connection waits on.
std::shared_ptr<credential_source>
make_credential_source(boost::asio::any_io_executor executor,
                       std::function<boost::asio::awaitable<credential>(credential_request)> f);

} // namespace tusk
