// run_command: a program run to its end. A helper process between us and the program collects its status,
// because the status of our own children may be taken by somebody else (a handler of SIGCHLD, waitpid(-1),
// SIG_IGN).
#include <tusk/embedded/detail/process.hpp>

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tusk/embedded/detail/posix.hpp>

namespace tusk::embedded::detail {

namespace {

constexpr std::size_t output_limit = std::size_t{64} << 10;

/// What the helper says first: the pid of the program; afterwards: an exec_failure of it and its status.
struct command_status {
    std::int32_t status;
    exec_failure failed;
};

struct pipe_ends {
    unique_fd read;
    unique_fd write;
};

result<pipe_ends> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return system_failure("cannot make a pipe", errno);
    pipe_ends made{unique_fd{ends[0]}, unique_fd{ends[1]}};
    made.read = above_streams(std::move(made.read));
    made.write = above_streams(std::move(made.write));
    if (!made.read || !made.write) return system_failure("cannot make a pipe", errno);
    return made;
}

/// Everything the helper needs; plain numbers, because it may not allocate.
struct helper_plan {
    const exec_image* image;
    const identity* who;
    int in;
    int output;
    int status;
    int exec_read;
    int exec_write;
};

/// Another thread may be running a command too, and this copy of the program holds the ends of its pipes: as
/// long as they are open there, that one waits for their end.
void close_others(const helper_plan& plan) noexcept {
    for (unsigned next = 3; next != 0;) {
        int keep = -1;
        for (const int fd : {plan.in, plan.output, plan.status, plan.exec_read, plan.exec_write})
            keep = lower_kept(keep, fd, next);
        next = close_up_to(next, keep);
    }
}

[[noreturn]] void run_helper(const helper_plan& plan) noexcept {
    ::signal(SIGCHLD, SIG_DFL);
    ::setsid();
    const pid_t self = ::getpid();
    close_others(plan);
    const pid_t program = quiet_fork();
    if (program == 0)
        exec_in_child(*plan.image, *plan.who, {plan.in, plan.output, plan.output}, plan.exec_write, SIGKILL,
                      self);
    ::close(plan.exec_write);
    ::close(plan.output);
    [[maybe_unused]] ssize_t n = ::write(plan.status, &program, sizeof program);
    command_status end{0, {exec_stage::program, program < 0 ? errno : 0}};
    if (program > 0) {
        n = ::read(plan.exec_read, &end.failed, sizeof end.failed);
        while (::waitpid(program, &end.status, 0) < 0 && errno == EINTR) {
        }
    }
    n = ::write(plan.status, &end, sizeof end);
    ::_exit(0);
}

/// Reads until the writers are gone; false at the deadline.
bool read_until_end(int fd, std::string& text, deadline until) {
    for (;;) {
        pollfd wait{fd, POLLIN, 0};
        const int ready = ::poll(&wait, 1, poll_timeout(until));
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return false;
        char chunk[4096];
        const ssize_t n = ::read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return true;
        if (text.size() < output_limit) text.append(chunk, static_cast<std::size_t>(n));
    }
}

} // namespace

result<command_output> run_command(const exec_image& image, const identity& who, deadline until) {
    auto output = make_pipe();
    if (!output) return output.error();
    auto status = make_pipe();
    if (!status) return status.error();
    auto exec = make_pipe();
    if (!exec) return exec.error();
    const auto null = above_streams(unique_fd{::open("/dev/null", O_RDWR | O_CLOEXEC)});
    if (!null) return system_failure("cannot open /dev/null", errno);

    const helper_plan plan{
        &image,           &who, null.get(), output->write.get(), status->write.get(), exec->read.get(),
        exec->write.get()};
    pid_t helper = -1;
    {
        const signals_blocked guard;
        helper = quiet_fork();
        if (helper == 0) run_helper(plan);
    }
    if (helper < 0) return system_failure("cannot fork", errno);
    output->write.reset();
    status->write.reset();
    exec->write.reset();
    exec->read.reset();

    command_output done;
    std::string report;
    const bool in_time = read_until_end(output->read.get(), done.text, until) &&
                         read_until_end(status->read.get(), report, until);
    if (!in_time) ::kill(helper, SIGKILL); // the program dies with it
    while (::waitpid(helper, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (!in_time)
        return failure{errc::timeout,
                       std::string{image.path()} + " did not end in time; its output: " + done.text};

    command_status end{};
    if (report.size() != sizeof(pid_t) + sizeof end)
        return failure{errc::environment, std::string{image.path()} + " was interrupted"};
    report.copy(reinterpret_cast<char*>(&end), sizeof end, sizeof(pid_t));
    if (end.failed.error != 0) return describe(end.failed, image.path(), who);
    done.status = end.status;
    return done;
}

} // namespace tusk::embedded::detail
