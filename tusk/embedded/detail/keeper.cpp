#include <tusk/embedded/detail/keeper.hpp>

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tusk::embedded::detail {

namespace {

/// Forks twice: the keeper is nobody's child that the program could meet in its own waitpid.
pid_t fork_keeper(const keeper_plan& plan) noexcept {
    const signals_blocked guard;
    const pid_t between = quiet_fork();
    if (between != 0) return between;
    ::setsid();
    const pid_t child = quiet_fork();
    if (child == 0) run_keeper(plan);
    ::_exit(child > 0 ? 0 : 1);
}

} // namespace

result<keeper> keeper::launch(const setup& what) {
    int ends[2];
    // Packets keep their borders; the end of the owner is the end of file here.
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return system_failure("cannot make a socket pair", errno);
    keeper made;
    made.control_ = above_streams(unique_fd{ends[0]});
    const auto far_end = above_streams(unique_fd{ends[1]});
    if (!made.control_ || !far_end) return system_failure("cannot make a socket pair", errno);
    const auto null = above_streams(unique_fd{::open("/dev/null", O_RDWR | O_CLOEXEC)});
    if (!null) return system_failure("cannot open /dev/null", errno);
    // A forked copy of the owner may hold its end of the socket open; its pidfd tells the truth.
    const auto owner = above_streams(unique_fd{static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0))});
    std::vector<const char*> removed;
    for (const auto& path : what.removed) removed.push_back(path.c_str());

    keeper_plan plan;
    plan.postmaster = &what.postmaster;
    plan.who = &what.who;
    plan.control = far_end.get();
    plan.owner = owner.get();
    plan.log = what.log.get();
    plan.null = null.get();
    plan.locks = what.locks.data();
    plan.lock_count = what.locks.size();
    plan.lease = what.lease.get() < 0 ? -1 : what.lease.get();
    plan.linger = static_cast<long>(what.linger.count());
    plan.record = what.record.empty() ? nullptr : what.record.c_str();
    plan.kept = what.kept.empty() ? nullptr : what.kept.c_str();
    plan.removed = removed.data();
    plan.removed_count = removed.size();
    plan.pid_file = what.pid_file.empty() ? nullptr : what.pid_file.c_str();
    plan.detaching = what.detaching;

    const pid_t between = fork_keeper(plan);
    if (between < 0) return system_failure("cannot fork", errno);
    while (::waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
    }
    made.program_ = what.postmaster.path();
    made.who_ = what.who;
    return made;
}

result<pid_t> keeper::spawn() {
    keeper_packet packet;
    bool answered = send(keeper_order::spawn);
    do answered = answered && receive(packet, deadline::never());
    while (answered && packet.kind == static_cast<std::int32_t>(keeper_news::exited)); // of the one before
    if (!answered)
        return failure{errc::environment, "the process that watches over the server is gone; was it killed?"};
    if (packet.kind == static_cast<std::int32_t>(keeper_news::failed))
        return describe({static_cast<exec_stage>(packet.value), packet.error}, program_, who_);
    running_ = true;
    return static_cast<pid_t>(packet.value);
}

void keeper::signal(int number) { send(keeper_order::signal, number); }

bool keeper::is_running_until(deadline until) {
    keeper_packet packet;
    while (running_ && receive(packet, until)) {
        if (packet.kind != static_cast<std::int32_t>(keeper_news::exited)) continue;
        running_ = false;
        status_ = packet.value;
    }
    return running_;
}

void keeper::detach() {
    if (send(keeper_order::detach)) wait_for_end();
    control_.reset();
}

void keeper::share() { send(keeper_order::share); }

void keeper::finish() {
    if (send(keeper_order::finish)) wait_for_end();
    control_.reset();
    running_ = false;
}

std::string keeper::exit_text() const {
    if (WIFSIGNALED(status_)) return "was ended by signal " + std::to_string(WTERMSIG(status_));
    return "ended with status " + std::to_string(WEXITSTATUS(status_));
}

void keeper::wait_for_end() {
    keeper_packet ignored;
    while (receive(ignored, deadline::never())) {
    }
}

bool keeper::send(keeper_order kind, int value) {
    const keeper_packet packet{static_cast<std::int32_t>(kind), value, 0};
    ssize_t n = -1;
    do n = control_ ? ::send(control_.get(), &packet, sizeof packet, MSG_NOSIGNAL) : -1;
    while (n < 0 && control_ && errno == EINTR);
    return n == static_cast<ssize_t>(sizeof packet);
}

bool keeper::receive(keeper_packet& packet, deadline until) {
    while (control_) {
        pollfd wait{control_.get(), POLLIN, 0};
        const int ready = ::poll(&wait, 1, poll_timeout(until));
        if (ready == 0) return false;
        const ssize_t n = ready < 0 ? -1 : ::recv(control_.get(), &packet, sizeof packet, 0);
        if (n == static_cast<ssize_t>(sizeof packet)) return true;
        if (n < 0 && errno == EINTR) continue;
        control_.reset(); // the keeper is gone, and the kernel ends the postmaster after it
        running_ = false;
    }
    return false;
}

} // namespace tusk::embedded::detail
