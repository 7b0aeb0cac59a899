#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include <tusk/core/deadline.hpp>
#include <tusk/core/error.hpp>
#include <tusk/embedded/detail/identity.hpp>
#include <tusk/embedded/detail/keeper_process.hpp>
#include <tusk/embedded/detail/posix.hpp>
#include <tusk/embedded/detail/process.hpp>

namespace tusk::embedded::detail {

/// The owner's side of a keeper: a small process between the program and the postmaster. It is the
/// postmaster's parent, so that programs which reap or ignore their children do not disturb; and when the
/// program ends, even by SIGKILL, it stops the postmaster and removes the directories. Should the keeper
/// itself be killed, the kernel stops the postmaster (PR_SET_PDEATHSIG).
class keeper {
public:
    struct setup {
        exec_image postmaster;
        identity who;
        unique_fd log;
        std::vector<int> locks;
        std::vector<std::string> removed;
        std::string pid_file; ///< Empty when the data directory stays.
        bool detaching = false;
        unique_fd lease; ///< Of a shared server; see `keeper_plan`.
        std::chrono::milliseconds linger{0};
        std::string record;
        std::string kept;
    };

    /// Starts the keeper process; the postmaster comes with `spawn`.
    static result<keeper> launch(const setup& what);

    /// Starts the postmaster, which must not be running. Returns its pid; it is not ready yet.
    result<pid_t> spawn();
    /// Sends a signal to the postmaster; nothing happens when it is gone.
    void signal(int number);
    /// Whether the postmaster (or a process below it) still exists; waits for the end until the deadline.
    bool is_running_until(deadline until);
    /// Whether the keeper process itself is there.
    bool is_alive() const noexcept { return static_cast<bool>(control_); }
    /// The keeper goes, the postmaster stays.
    void detach();
    /// From now on the server lives as long as it has users; the keeper sees to that when we are gone.
    void share();
    /// Immediate stop, removal of the directories, end of the keeper; returns when all that is done.
    void finish();
    /// The status of the last postmaster, in words.
    std::string exit_text() const;

private:
    bool send(keeper_order kind, int value = 0);
    void wait_for_end();
    /// Reads one packet; false when none came before the deadline.
    bool receive(keeper_packet& packet, deadline until);

    unique_fd control_; ///< Closed when the keeper is gone.
    bool running_ = false;
    int status_ = 0;
    std::string program_;
    identity who_;
};

} // namespace tusk::embedded::detail
