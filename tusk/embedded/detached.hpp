#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include <tusk/core/error.hpp>
#include <tusk/embedded/server_options.hpp>

namespace tusk::embedded {

/// A running server that was started with `server_options::detach`.
struct detached_server {
    std::string name;
    pid_t pid = 0;
    std::filesystem::path data_dir;
    std::filesystem::path socket_dir;
    std::uint16_t port = 0;
    std::string version;
    bool ephemeral = false; ///< The data goes when the server is stopped.
    std::string url;
};

/// The detached servers of this account that are running, by name. Entries of dead servers are removed on the
/// way, and so is what they left behind.
std::vector<detached_server> list_detached();

/// Stops a detached server; the data of an ephemeral one is removed. Errors: `errc::environment` when none of
/// that name is running, `errc::timeout` when it does not stop within 30 s (clients stay connected in smart
/// mode).
result<void> stop_detached(std::string_view name = "default", stop_mode mode = stop_mode::fast);

} // namespace tusk::embedded
