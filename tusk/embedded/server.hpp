#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <sys/types.h>

#include <tusk/core/error.hpp>
#include <tusk/embedded/binaries.hpp>
#include <tusk/embedded/detached.hpp>
#include <tusk/embedded/server_options.hpp>

namespace tusk::embedded {

namespace detail {
class instance;
}

/// A private PostgreSQL server that lives as long as this object, and never longer than the process that
/// started it, however that process ends. Only a detached server goes on. Movable; one thread at a time may
/// use it. A forked copy of the process may read it, but stops nothing.
///
/// All errors that come from the server carry the last lines of its log: `errc::environment` when it does not
/// start or the machine lacks something, `errc::timeout` when it takes too long.
class server {
public:
    /// Returns when the server answers queries and the database and role of the options exist. The first
    /// start of a version on a machine takes about a second longer: it runs initdb, whose result is kept.
    static result<server> start(const server_options& options = server_options{});

    server(server&&) noexcept;
    server& operator=(server&&) noexcept;
    /// Stops the server: an ephemeral one at once and with its data, a persistent one in order.
    ~server();

    /// Over the unix socket: `postgres://postgres@/postgres?host=%2Fdev%2Fshm%2Ftusk-x7Kq2b`.
    const std::string& url() const noexcept;
    /// Over TCP; empty without `listen_tcp`.
    const std::string& tcp_url() const noexcept;
    const std::filesystem::path& socket_dir() const noexcept;
    /// The certificate that clients have to trust (`sslrootcert`); empty without `tls`.
    const std::filesystem::path& ca_file() const noexcept;
    std::uint16_t port() const noexcept;
    /// Of the postmaster; another one after each start.
    pid_t pid() const noexcept;
    const std::filesystem::path& data_dir() const noexcept;
    const std::filesystem::path& log_file() const noexcept;
    /// The programs that run it.
    const embedded::binaries& binaries() const noexcept;
    /// The last lines of the log.
    std::string log_tail(std::size_t lines = 20) const;
    bool is_running() const;

    /// Stops the server and keeps its data, also of an ephemeral server, for `start_again`. Success when it
    /// was not running. `errc::timeout` when it did not stop in time; it may still do so.
    result<void> stop(stop_mode mode = stop_mode::fast,
                      std::chrono::milliseconds timeout = std::chrono::seconds{30});
    /// Starts the stopped or killed server on the same data, socket and port.
    result<void> start_again();
    /// `stop` and `start_again`.
    result<void> restart(stop_mode mode = stop_mode::fast);
    /// Kills the postmaster with SIGKILL, for tests of crashes; returns when its backends are gone too. (Of a
    /// detached server only the postmaster is waited for.)
    result<void> kill9();

private:
    explicit server(std::unique_ptr<detail::instance> running) noexcept;

    std::unique_ptr<detail::instance> instance_;
};

} // namespace tusk::embedded
