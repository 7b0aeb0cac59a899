#include <tusk/embedded/detail/process.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <tusk/embedded/detail/posix.hpp>

namespace tusk::embedded::detail {

namespace {

bool is_left_out(std::string_view variable) {
    return variable.starts_with("PG") || variable.starts_with("LC_") || variable.starts_with("LANG=") ||
           variable.starts_with("LANGUAGE=");
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> out;
    out.reserve(strings.size() + 1);
    for (auto& s : strings) out.push_back(s.data());
    out.push_back(nullptr);
    return out;
}

void reset_signals() noexcept {
    struct sigaction action{};
    action.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &action, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Moves a stream to its number; the copy is not close-on-exec.
bool place_stream(int from, int to) noexcept {
    if (from != to) return ::dup2(from, to) == to;
    return ::fcntl(to, F_SETFD, 0) == 0;
}

[[noreturn]] void fail_child(int report, exec_stage stage, int error) noexcept {
    const exec_failure what{stage, error};
    [[maybe_unused]] const ssize_t n = ::write(report, &what, sizeof what);
    ::_exit(127);
}

} // namespace

exec_image::exec_image(std::vector<std::string> arguments) : arguments_{std::move(arguments)} {
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
        if (!is_left_out(*variable)) variables_.emplace_back(*variable);
    variables_.emplace_back("LC_ALL=C");
    argv_ = pointers(arguments_);
    envp_ = pointers(variables_);
}

signals_blocked::signals_blocked() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
}

signals_blocked::~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

pid_t quiet_fork() noexcept {
#if defined(__SANITIZE_THREAD__)
    return ::fork(); // the sanitizer has locks of its own and follows this call only
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
    return ::fork();
#else
    return ::_Fork();
#endif
#else
    return ::_Fork();
#endif
}

unsigned close_up_to(unsigned from, int keep) noexcept {
    if (keep < 0) {
        ::close_range(from, ~0u, 0);
        return 0;
    }
    if (static_cast<unsigned>(keep) > from) ::close_range(from, static_cast<unsigned>(keep) - 1, 0);
    return static_cast<unsigned>(keep) + 1;
}

failure describe(const exec_failure& what, const std::string& path, const identity& who) {
    switch (what.stage) {
    case exec_stage::identity:
        return system_failure("cannot change to the account " + who.name +
                                  " (root needs CAP_SETUID and CAP_SETGID; or start as another user)",
                              what.error);
    case exec_stage::streams: return system_failure("cannot redirect the output of " + path, what.error);
    case exec_stage::program: break;
    }
    return system_failure("cannot run " + path + " as " + who.name, what.error);
}

void exec_in_child(const exec_image& image, const identity& who, exec_streams streams, int report,
                   int death_signal, pid_t parent) noexcept {
    ::setsid(); // fails only for a group leader, which a new child is not
    if (const int error = assume_identity(who); error != 0) fail_child(report, exec_stage::identity, error);
    if (death_signal != 0) { // after the change of account, which would clear it
        ::prctl(PR_SET_PDEATHSIG, death_signal);
        if (::getppid() != parent) ::_exit(127);
    }
    if (!place_stream(streams.in, STDIN_FILENO) || !place_stream(streams.out, STDOUT_FILENO) ||
        !place_stream(streams.err, STDERR_FILENO))
        fail_child(report, exec_stage::streams, errno);
    ::umask(077);
    reset_signals();
    ::execve(image.path(), image.argv(), image.envp());
    fail_child(report, exec_stage::program, errno);
}

std::optional<std::uint64_t> process_start_time(pid_t pid) {
    const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    if (!stat) return std::nullopt;
    auto at = stat->rfind(')'); // the name before it may hold anything
    if (at == std::string::npos || at + 2 >= stat->size()) return std::nullopt;
    const char state = (*stat)[at + 2];
    if (state == 'Z' || state == 'X') return std::nullopt;
    constexpr int start_time_after_name = 20; // field 22 of proc(5), the name is field 2
    for (int field = 0; field < start_time_after_name; ++field) {
        at = stat->find(' ', at + 1);
        if (at == std::string::npos) return std::nullopt;
    }
    return std::strtoull(stat->c_str() + at + 1, nullptr, 10);
}

std::string process_name(pid_t pid) {
    auto name = read_file("/proc/" + std::to_string(pid) + "/comm").value_or("");
    while (!name.empty() && name.back() == '\n') name.pop_back();
    return name;
}

bool wait_until_gone(pid_t pid, std::uint64_t start_time, deadline until) {
    const unique_fd process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
    while (process_start_time(pid) == start_time) {
        if (until.expired()) return false;
        // Without pidfd_open (kernels before 5.3) poll() with no descriptor is the interval of the next look.
        constexpr int next_look = 5;
        pollfd wait{process.get(), POLLIN, 0};
        ::poll(&wait, 1, process ? poll_timeout(until) : next_look);
        if ((wait.revents & POLLIN) != 0) return true;
    }
    return true;
}

int poll_timeout(deadline until) noexcept {
    if (until.is_never()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until.remaining()).count();
    return static_cast<int>(std::min<std::int64_t>(left, INT_MAX));
}

} // namespace tusk::embedded::detail
