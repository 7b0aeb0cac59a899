#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <services/alerthist/config.hpp>

namespace tusk::alerthist {

/// The whole program but its command line: an HTTP server, a pool, possibly a database server of its own.
class service {
public:
    /// `reload` reads the configuration anew, for SIGHUP: keys, the webhook secret and the pool's limits then
    /// change; without it SIGHUP reads the rules alone.
    explicit service(config settings, std::function<result<config>()> reload = nullptr);
    ~service();
    service(const service&) = delete;
    service& operator=(const service&) = delete;

    /// Starts the embedded database server, if there is to be one, and listens. An external database need not
    /// be there yet. Throws `tusk::error` when it cannot listen, the embedded server does not start or a
    /// certificate is missing.
    void start();

    /// After `start()`: the port, and "host:port" for clients on this machine.
    std::uint16_t port() const noexcept;
    std::string address() const;

    /// Serves until SIGTERM, SIGINT or `stop()`, then shuts down in order: not ready any more, no new
    /// connections, requests under way answered, pool closed, embedded server stopped. A second signal ends
    /// the process at once, with status 128 + its number.
    void run();

    /// Does what SIGHUP does; from any thread.
    void reload();

    /// Does what the first signal does; from any thread, also before `run`.
    void stop();

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

} // namespace tusk::alerthist
