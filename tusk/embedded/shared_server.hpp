#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include <tusk/core/error.hpp>
#include <tusk/embedded/detached.hpp>
#include <tusk/embedded/server_options.hpp>

namespace tusk::embedded {

namespace detail {
class shared_membership;
}

/// One ephemeral server for all processes of this account that ask for the same one: the tests of one run.
/// Who comes first starts it. It stays as long as one of them lives, and for a while after the last, so that
/// tests that run one after another share it too; then it goes with everything in it. Processes that are
/// killed count as gone, and the one that watches over the server is nobody's child.
class shared_server {
public:
    /// How long a server waits for its next user.
    static constexpr std::chrono::milliseconds default_linger{10'000};

    /// Joins the server that these options describe, or starts it. Options that concern one process only
    /// (`data_dir`, `detach`, `standby_of`, `log_file`) are refused. `linger` is what the first one says.
    static result<shared_server> join(const server_options& options = server_options{},
                                      std::chrono::milliseconds linger = default_linger);

    shared_server(shared_server&&) noexcept;
    shared_server& operator=(shared_server&&) noexcept;
    /// One user less.
    ~shared_server();

    const std::string& url() const noexcept;
    /// Empty without `listen_tcp`.
    const std::string& tcp_url() const noexcept;
    const std::filesystem::path& socket_dir() const noexcept;
    const std::filesystem::path& data_dir() const noexcept;
    const std::filesystem::path& log_file() const noexcept;
    const std::filesystem::path& ca_file() const noexcept;
    std::uint16_t port() const noexcept;
    pid_t pid() const noexcept;
    /// "15.18"
    const std::string& version() const noexcept;
    /// Names it among the shared servers, for `stop_shared`.
    const std::string& name() const noexcept;
    /// This call started it.
    bool is_first() const noexcept;
    bool is_running() const;
    std::string log_tail(std::size_t lines = 20) const;
    /// Without users it stays at least that long from now on, for a look at what a test left behind.
    result<void> keep_for(std::chrono::seconds time) const;

private:
    explicit shared_server(std::unique_ptr<detail::shared_membership> joined) noexcept;
    std::unique_ptr<detail::shared_membership> joined_;
};

/// The shared servers of this account that are running, by name.
std::vector<detached_server> list_shared();

/// Ends a shared server, with or without users. Errors: `errc::environment` when none of that name is
/// running.
result<void> stop_shared(std::string_view name);

} // namespace tusk::embedded
