#include <tusk/embedded/detail/keeper_process.hpp>

#include <cerrno>
#include <csignal>
#include <ctime>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tusk/embedded/detail/tree.hpp>

namespace tusk::embedded::detail {

namespace {

constexpr long quit_patience = 5000;   // ms from SIGQUIT to SIGKILL
constexpr long orphan_patience = 2000; // ms for backends to notice that their postmaster is dead
constexpr int dying_look = 100;        // ms between looks while processes are dying
constexpr int lease_look = 200;        // ms between looks whether a shared server has users

long now_ms() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<long>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

/// Reads at most `size - 1` bytes and ends them with NUL; false when there is no such file.
bool read_text(const char* path, char* into, std::size_t size) noexcept {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return false;
    const ssize_t n = ::read(fd, into, size - 1);
    ::close(fd);
    into[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/// Reads a decimal number of 32 bits and moves past it; -1 when there is none.
std::int64_t take_number(const char*& text) noexcept {
    constexpr std::int64_t limit = std::int64_t{1} << 32;
    while (*text == ' ') ++text;
    if (*text < '0' || *text > '9') return -1;
    std::int64_t value = 0;
    for (; *text >= '0' && *text <= '9'; ++text)
        if (value < limit) value = value * 10 + (*text - '0');
    return value < limit ? value : -1;
}

/// Backends of a dead postmaster are our children now (subreaper).
void kill_children() noexcept {
    char list[4096];
    if (!read_text("/proc/thread-self/children", list, sizeof list)) return;
    const char* at = list;
    for (auto pid = take_number(at); pid > 0; pid = take_number(at)) ::kill(static_cast<pid_t>(pid), SIGKILL);
}

class keeper_loop {
public:
    explicit keeper_loop(const keeper_plan& plan) noexcept : plan_{plan} {}

    [[noreturn]] void run() noexcept {
        prepare();
        for (;;) {
            pollfd wait[] = {{plan_.control, POLLIN, 0}, {children_, POLLIN, 0}, {plan_.owner, POLLIN, 0}};
            ::poll(wait, 3, dead_ ? dying_look : -1);
            reap();
            // The last order of an owner counts even when the owner is gone already.
            if (wait[0].revents != 0)
                obey();
            else if (wait[2].revents != 0)
                end_of_owner();
        }
    }

private:
    void prepare() noexcept {
        ::prctl(PR_SET_NAME, "tusk-keeper");
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);
        struct sigaction normal{};
        normal.sa_handler = SIG_DFL;
        ::sigaction(SIGCHLD, &normal, nullptr); // ignored, our children would leave no status
        // All other signals stay blocked: Ctrl-C is for the owner, whose end we notice.
        sigset_t child;
        ::sigemptyset(&child);
        ::sigaddset(&child, SIGCHLD);
        children_ = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
        for (int stream = 0; stream < 3; ++stream) ::dup2(plan_.null, stream);
        close_others();
        [[maybe_unused]] const int unmoved = ::chdir("/");
    }

    /// An inherited pipe or listening socket must not live as long as we do.
    void close_others() noexcept {
        for (unsigned next = 3; next != 0;) {
            int keep = -1;
            for (const int fd : {plan_.control, plan_.owner, plan_.log, plan_.null, plan_.lease, children_})
                keep = lower_kept(keep, fd, next);
            for (std::size_t i = 0; i < plan_.lock_count; ++i) keep = lower_kept(keep, plan_.locks[i], next);
            next = close_up_to(next, keep);
        }
    }

    void tell(keeper_news kind, int value, int error = 0) noexcept {
        const keeper_packet packet{static_cast<std::int32_t>(kind), value, error};
        ::send(plan_.control, &packet, sizeof packet, MSG_NOSIGNAL | MSG_DONTWAIT);
    }

    void obey() noexcept {
        keeper_packet packet;
        const ssize_t n = ::recv(plan_.control, &packet, sizeof packet, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (n != static_cast<ssize_t>(sizeof packet)) end_of_owner();
        switch (static_cast<keeper_order>(packet.kind)) {
        case keeper_order::spawn: return spawn();
        case keeper_order::signal:
            if (is_alive()) ::kill(postmaster_, packet.value);
            return;
        case keeper_order::detach: ::_exit(0);
        case keeper_order::share: shared_ = true; return;
        case keeper_order::finish: break;
        }
        finish();
    }

    void spawn() noexcept {
        int report[2];
        if (::pipe2(report, O_CLOEXEC) != 0) return tell(keeper_news::failed, 0, errno);
        const pid_t self = ::getpid();
        const pid_t child = quiet_fork();
        if (child == 0)
            exec_in_child(*plan_.postmaster, *plan_.who, {plan_.null, plan_.log, plan_.log}, report[1],
                          plan_.detaching ? 0 : SIGQUIT, self);
        const int fork_error = errno;
        ::close(report[1]);
        exec_failure failed{exec_stage::program, child < 0 ? fork_error : 0};
        if (child > 0) [[maybe_unused]]
            const ssize_t n = ::read(report[0], &failed, sizeof failed);
        ::close(report[0]);
        if (failed.error != 0) return tell(keeper_news::failed, static_cast<int>(failed.stage), failed.error);
        postmaster_ = child;
        dead_ = false;
        tell(keeper_news::spawned, child);
    }

    bool is_alive() const noexcept { return postmaster_ > 0 && !dead_; }

    /// Collects what has ended. The postmaster counts as gone when all processes below it are: until then the
    /// next start would find its shared memory in use.
    void reap() noexcept {
        signalfd_siginfo taken;
        while (::read(children_, &taken, sizeof taken) > 0) {
        }
        int status = 0;
        pid_t ended = 0;
        while ((ended = ::waitpid(-1, &status, WNOHANG)) > 0) {
            if (ended != postmaster_) continue;
            status_ = status;
            dead_ = true;
            orphans_until_ = now_ms() + orphan_patience;
        }
        if (!dead_) return;
        if (ended < 0) { // no children left
            tell(keeper_news::exited, status_);
            postmaster_ = 0;
            dead_ = false;
        } else if (now_ms() > orphans_until_) {
            kill_children();
        }
    }

    [[noreturn]] void end_of_owner() noexcept {
        if (!shared_ || plan_.lease < 0) finish();
        guard();
    }

    bool is_kept() const noexcept {
        struct stat info{};
        return plan_.kept != nullptr && ::stat(plan_.kept, &info) == 0 && info.st_mtime > ::time(nullptr);
    }

    /// The users of a shared server are known by their locks, which the kernel takes from them when they end,
    /// however that happens.
    [[noreturn]] void guard() noexcept {
        long used = now_ms();
        for (;;) {
            pollfd wait{children_, POLLIN, 0};
            ::poll(&wait, 1, lease_look);
            reap();
            if (postmaster_ == 0) finish();
            if (::flock(plan_.lease, LOCK_EX | LOCK_NB) != 0) {
                used = now_ms();
                continue;
            }
            if (now_ms() - used >= plan_.linger && !is_kept()) break;
            ::flock(plan_.lease, LOCK_UN);
        }
        // The lock stays: who comes now waits until all is gone, and then starts a server.
        if (plan_.record != nullptr) ::unlink(plan_.record);
        finish();
    }

    [[noreturn]] void finish() noexcept {
        const long killing = now_ms() + quit_patience;
        if (is_alive()) ::kill(postmaster_, SIGQUIT);
        while (postmaster_ > 0) {
            pollfd wait{children_, POLLIN, 0};
            ::poll(&wait, 1, dying_look);
            reap();
            if (!is_alive() || now_ms() < killing) continue;
            ::kill(-postmaster_, SIGKILL);
            ::kill(postmaster_, SIGKILL);
        }
        remove_shared_memory(plan_.pid_file, plan_.who->uid);
        for (std::size_t i = 0; i < plan_.removed_count; ++i) remove_tree(plan_.removed[i]);
        ::_exit(0);
    }

    const keeper_plan& plan_;
    int children_ = -1;
    pid_t postmaster_ = 0; ///< 0: none, or gone with everything below it.
    bool shared_ = false;
    bool dead_ = false; ///< It ended, processes below it may not have.
    int status_ = 0;
    long orphans_until_ = 0;
};

} // namespace

void run_keeper(const keeper_plan& plan) noexcept { keeper_loop{plan}.run(); }

void remove_shared_memory(const char* pid_file, uid_t owner) noexcept {
    char text[1024];
    if (pid_file == nullptr || !read_text(pid_file, text, sizeof text)) return;
    const char* at = text; // line 7 has the key and the id
    for (int line = 1; line < 7; ++line) {
        while (*at != '\0' && *at != '\n') ++at;
        if (*at++ == '\0') return;
    }
    const auto key = take_number(at);
    const auto id = static_cast<int>(take_number(at));
    shmid_ds info{};
    if (key < 0 || id < 0 || ::shmctl(id, IPC_STAT, &info) != 0) return;
    if (info.shm_perm.uid == owner && info.shm_perm.__key == static_cast<key_t>(key))
        ::shmctl(id, IPC_RMID, nullptr);
}

} // namespace tusk::embedded::detail
