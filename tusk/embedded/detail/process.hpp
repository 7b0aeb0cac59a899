#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <signal.h>
#include <sys/types.h>

#include <tusk/core/deadline.hpp>
#include <tusk/core/error.hpp>
#include <tusk/embedded/detail/identity.hpp>

namespace tusk::embedded::detail {

/// A program with its arguments and environment in the form exec wants, made before the fork: a child of a
/// program with threads may not allocate.
class exec_image {
public:
    /// `arguments[0]` is the path of the program. The environment is ours without what changes the behaviour
    /// or the language of PostgreSQL (PG*, LC_*, LANG).
    explicit exec_image(std::vector<std::string> arguments);
    exec_image(exec_image&&) noexcept = default;
    exec_image& operator=(exec_image&&) noexcept = default;

    const char* path() const noexcept { return argv_.front(); }
    char* const* argv() const noexcept { return argv_.data(); }
    char* const* envp() const noexcept { return envp_.data(); }

private:
    std::vector<std::string> arguments_;
    std::vector<std::string> variables_;
    std::vector<char*> argv_;
    std::vector<char*> envp_;
};

/// Blocks all signals of this thread, so that no handler of the program runs in a child before exec.
class signals_blocked {
public:
    signals_blocked() noexcept;
    ~signals_blocked();
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;

private:
    sigset_t before_;
};

/// fork() without the handlers of pthread_atfork, which take locks that another thread may hold.
pid_t quiet_fork() noexcept;

/// Where a child failed on its way to exec.
enum class exec_stage : std::int32_t { identity = 1, streams, program };

struct exec_failure {
    exec_stage stage;
    std::int32_t error;
};

/// "cannot run <path> as <who>: …".
failure describe(const exec_failure& what, const std::string& path, const identity& who);

struct exec_streams {
    int in;
    int out;
    int err;
};

/// The lower one of two descriptors that are to stay open, of those from `from` on; -1 is none. For the walk
/// of `close_up_to`.
constexpr int lower_kept(int best, int fd, unsigned from) noexcept {
    if (fd < 0 || static_cast<unsigned>(fd) < from) return best;
    return best < 0 || fd < best ? fd : best;
}
/// Closes the descriptors from `from` up to the next one to keep (-1: to the end); where to go on, 0 at the
/// end. For a forked copy of a program that may have threads: async-signal-safe.
unsigned close_up_to(unsigned from, int keep) noexcept;

/// For a child after fork: default signals, own session, the account, the streams, exec. All other
/// descriptors must be close-on-exec. When it fails, an `exec_failure` goes to `report` and the process ends.
/// With `death_signal` the kernel sends that signal when `parent` dies. Async-signal-safe.
[[noreturn]] void exec_in_child(const exec_image& image, const identity& who, exec_streams streams,
                                int report, int death_signal, pid_t parent) noexcept;

struct command_output {
    int status = 0;   ///< As from waitpid.
    std::string text; ///< Standard output and error, in order; at most 64 KiB.
    bool succeeded() const noexcept { return status == 0; }
};

/// Runs a program to its end. It is killed at the deadline (`errc::timeout`). Works in programs that reap or
/// ignore their children.
result<command_output> run_command(const exec_image& image, const identity& who, deadline until);

/// The kernel's start time of a process, in clock ticks since boot: together with the pid it names one
/// process for ever. Nothing when there is none, or only a zombie.
std::optional<std::uint64_t> process_start_time(pid_t pid);

/// The name of the program ("postgres"), at most 15 characters; empty when there is no such process.
std::string process_name(pid_t pid);

/// Waits until the process is gone; false when the deadline came first.
bool wait_until_gone(pid_t pid, std::uint64_t start_time, deadline until);

/// Milliseconds for poll(2): rounded up, -1 when there is no deadline.
int poll_timeout(deadline until) noexcept;

} // namespace tusk::embedded::detail
