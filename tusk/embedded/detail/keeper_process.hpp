#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/types.h>

#include <tusk/embedded/detail/identity.hpp>
#include <tusk/embedded/detail/process.hpp>

namespace tusk::embedded::detail {

/// What the owner may ask of its keeper.
enum class keeper_order : std::int32_t {
    spawn = 1, ///< Start the postmaster (again).
    signal,    ///< Send it the signal `value`.
    detach,    ///< Leave it running and go.
    share,     ///< From now on the owner is one user of many.
    finish,    ///< Stop it at once, remove the directories and go.
};

/// What the keeper tells its owner.
enum class keeper_news : std::int32_t {
    spawned = 1, ///< `value` is the pid of the postmaster.
    failed,      ///< `value` is the `exec_stage`, `error` the errno.
    exited,      ///< The postmaster and all processes below it are gone; `value` is the status of waitpid.
};

/// One packet between the two; `kind` is a `keeper_order` or `keeper_news`.
struct keeper_packet {
    std::int32_t kind = 0;
    std::int32_t value = 0;
    std::int32_t error = 0;
};

/// Everything a keeper needs, made before the fork.
struct keeper_plan {
    const exec_image* postmaster = nullptr;
    const identity* who = nullptr;
    int control = -1;           ///< Our end of the socket to the owner.
    int owner = -1;             ///< A pidfd of the owner, or -1 where the kernel has none.
    int log = -1;               ///< Standard output and error of the postmaster.
    int null = -1;              ///< /dev/null
    const int* locks = nullptr; ///< Descriptors that have to stay open, ascending.
    std::size_t lock_count = 0;
    const char* const* removed = nullptr; ///< Directories to remove at the end.
    std::size_t removed_count = 0;
    const char* pid_file = nullptr; ///< postmaster.pid of a data directory that is removed; or null.
    bool detaching = false;         ///< The postmaster is to outlive the keeper.
    /// A shared server goes on without its owner, as long as others hold locks of this file (its own
    /// description of it) and for `linger` ms after that; -1 for servers that are not shared.
    int lease = -1;
    long linger = 0;
    const char* record = nullptr; ///< What the registry of shared servers knows; goes with the server.
    const char* kept = nullptr;   ///< The server also stays until the time of this file's last change.
};

/// The life of the keeper process: parent of the postmaster, and its executioner when the owner dies, however
/// that happened. Runs in a forked copy of a program that may have threads, hence: system calls and stack
/// only.
[[noreturn]] void run_keeper(const keeper_plan& plan) noexcept;

/// Removes the System V segment that a killed postmaster of `owner` left behind; `pid_file` is its
/// postmaster.pid. For data directories that are about to go; otherwise the next start does it.
/// Async-signal-safe.
void remove_shared_memory(const char* pid_file, uid_t owner) noexcept;

} // namespace tusk::embedded::detail
