#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/embedded/detail/identity.hpp>

namespace tusk::embedded::detail {

/// Where initialised data directories are kept: `$TUSK_CACHE_DIR`; for root `/var/cache/tusk`; else
/// `$XDG_CACHE_HOME/tusk`, `~/.cache/tusk`; at last `/tmp/tusk-cache-<uid>`. The directory is created.
result<std::filesystem::path> cache_dir();

/// Where detached servers are registered: `$TUSK_STATE_DIR`; for root `/var/lib/tusk/servers`; else
/// `$XDG_STATE_HOME/tusk/servers`, `~/.local/state/tusk/servers`; at last `/tmp/tusk-state-<uid>`. Created.
result<std::filesystem::path> state_dir();

/// Where the data of ephemeral servers goes: `wanted` when given; `/dev/shm` with at least 1 GiB free;
/// `$TMPDIR`;
/// `/tmp`. Only a directory that we can write to and `who` can reach.
result<std::filesystem::path> scratch_base(const std::filesystem::path& wanted, const identity& who);

/// Directories that may hold a socket directory, the best first.
std::vector<std::filesystem::path> socket_bases(const identity& who);

/// The files in it live in memory.
bool is_in_memory(const std::filesystem::path& path);

/// `dir/.s.PGSQL.<port>` fits into a socket address (107 bytes on Linux).
failure check_socket_path(const std::filesystem::path& dir, std::uint16_t port);
std::filesystem::path socket_file(const std::filesystem::path& dir, std::uint16_t port);

} // namespace tusk::embedded::detail
