#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include <services/common/config.hpp>
#include <services/http/router.hpp>
#include <tusk/pool/pool.hpp>

namespace tusk::common {

/// What a service is, for the program around it.
class application {
public:
    virtual ~application() = default;

    /// One word: the prefix of the metrics, the database of an embedded server.
    virtual std::string name() const = 0;
    virtual std::string version() const = 0;
    /// Called once, before there are connections; the pool lives as long as the routes.
    virtual http::router routes(pool& on) = 0;
    /// Brings the tables to the version that the service needs. Called again, later and later, while it
    /// throws `tusk::error`: the database may come up after the service.
    virtual boost::asio::awaitable<void> install(pool& on) = 0;
    /// What is wrong with the tables now; nothing when all is well. May throw `tusk::error`.
    virtual boost::asio::awaitable<std::optional<std::string>> check_tables(pool& on) = 0;
};

/// Runs an application: its database server when it has one of its own, pool, metrics, HTTP, logs, and an end
/// in order after SIGTERM or SIGINT (readiness away, requests under way finished, connections closed). Adds
/// `/livez` (it runs), `/readyz` (the database answers, the tables are right, it does not end; `?verbose`
/// says more), `/healthz`, `/ready`, and `/metrics`.
class host {
public:
    /// The application has to outlive it.
    host(application& of, service_config settings);
    ~host();
    host(const host&) = delete;
    host& operator=(const host&) = delete;

    /// Everything but the tables is there when it returns. Throws `tusk::error`.
    void start();
    /// "127.0.0.1:8000", for clients on this machine.
    std::string address() const;
    std::uint16_t port() const noexcept;
    /// Returns after `stop` or a signal.
    void run();
    /// From any thread.
    void stop();

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

} // namespace tusk::common
