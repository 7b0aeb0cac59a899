#include <tusk/net/blocking_driver.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>

#include <tusk/net/socket_options.hpp>
#include <tusk/protocol/query.hpp>

namespace tusk::net {

using protocol::action;
using protocol::action_kind;
using protocol::event;
using protocol::event_kind;

namespace {

failure canceled() { return failure{errc::canceled, "the operation was cancelled"}; }
failure timed_out() { return failure{errc::timeout, "the deadline passed"}; }

int poll_timeout(deadline until) {
    if (until.is_never()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until.remaining()).count();
    return static_cast<int>(std::min<long long>(left, 1'000'000'000));
}

} // namespace

blocking_driver::~blocking_driver() { close(); }

void blocking_driver::shut() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    channel_.reset();
}

void blocking_driver::close() noexcept {
    if (fd_ < 0) return;
    try {
        if (!session_.broken && process_ == ::getpid()) {
            discard_arrived(fd_);
            protocol::terminate bye{session_};
            run(bye, deadline::in(std::chrono::milliseconds{100}));
        }
    } catch (...) { // closing has nobody to tell
    }
    session_.broken = true;
    shut();
}

failure blocking_driver::wait(short events, deadline until, short& ready) {
    pollfd p[2] = {{fd_, events, 0}, {interrupt_, POLLIN, 0}};
    const nfds_t count = interrupt_ >= 0 && !interrupted_ ? 2 : 1;
    for (;;) {
        const int time = poll_timeout(until);
        if (time == 0) return timed_out(); // also when something is there: it might always be
        const int n = ::poll(p, count, time);
        if (n > 0) {
            if (p[1].revents != 0) return canceled();
            ready = p[0].revents;
            return {};
        }
        if (n == 0 && until.expired()) return timed_out();
        if (n < 0 && errno != EINTR) return lost_connection(errno);
    }
}

failure blocking_driver::open(const endpoint& at, deadline until) {
    fd_ = open_socket(at.address.ss_family);
    if (fd_ < 0) return failure{errc::connect_failed, "no socket: " + std::generic_category().message(errno)};
    if (!at.is_unix()) set_tcp_options(fd_, target_->config());
    int error = 0;
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&at.address), at.length) != 0) error = errno;
    if (error == EINPROGRESS) { // a Unix socket's EAGAIN is not that: its queue is full, nothing is under way
        short ready = 0;
        if (auto f = wait(POLLOUT, until, ready))
            return f == condition::timeout ? failure{errc::timeout, "no answer within the connect timeout"}
                                           : f;
        socklen_t size = sizeof error;
        ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error != 0) return failure{errc::connect_failed, std::generic_category().message(error)};
    return {};
}

failure blocking_driver::connect(std::shared_ptr<const connect_target> target, deadline until) {
    target_ = std::move(target);
    connect_plan plan{target_->config()};
    interrupted_ = false;
    do {
        for (const auto& host : plan.hosts()) {
            const auto limit = earlier(until, deadline::in(target_->config().connect_timeout()));
            auto addresses = resolve_until(host, limit);
            if (!addresses) {
                plan.failed(host, nullptr, addresses.error());
                continue;
            }
            plan.arrange(*addresses);
            for (const auto& at : *addresses) {
                const auto f = let_in(plan, host, at, limit);
                if (!f || f.code() == errc::canceled) return f;
                if (plan.stop()) return plan.summary();
            }
        }
    } while (plan.next_pass());
    return plan.summary();
}

/// All ways to speak to one address; the plan notes what went wrong.
failure blocking_driver::let_in(connect_plan& plan, const host_address& host, const endpoint& at,
                                deadline until) {
    failure last;
    for (const auto way : plan.ways(at)) {
        auto f = try_address(host, at, way, plan.wanted(), until);
        if (f && target_->other_secret_may_help(host, f))
            f = try_address(host, at, way, plan.wanted(), until);
        if (!f || f.code() == errc::canceled) return f;
        last = f;
        const bool again = connect_plan::next_way_helps(f);
        plan.failed(host, &at, std::move(f));
        if (!again) break;
    }
    return last;
}

failure blocking_driver::try_address(const host_address& host, const endpoint& at, protocol::tls_policy way,
                                     target_session_attrs wanted, deadline until) {
    shut();
    prepare_session(session_, target_->config());
    peer_ = at;
    host_ = host;
    auto f = open(at, until);
    if (!f) {
        const auto options = target_->options_for(host);
        protocol::startup machine{session_, options, way};
        run(machine, until);
        f = machine.result();
    }
    if (!f) f = check_role(wanted, until);
    if (f) {
        session_.broken = true;
        shut();
    }
    return f;
}

/// Servers before PostgreSQL 14 have to be asked for their role.
failure blocking_driver::check_role(target_session_attrs wanted, deadline until) {
    if (wanted == target_session_attrs::any) return {};
    auto role = protocol::reported_role(session_);
    if (!role) {
        protocol::role_query machine{session_};
        run(machine, until);
        if (machine.result()) return machine.take_result();
        role = machine.role();
    }
    auto f = net::check_role(*role, wanted);
    if (f) close(); // with a goodbye: the server did nothing wrong
    return f;
}

void blocking_driver::run(protocol::machine& m, deadline until, event_kind first) {
    paused_ = false;
    interrupted_ = false;
    event next{first, {}};
    for (;;) {
        const action a = m.resume(std::move(next));
        next = event{event_kind::transferred, {}};
        failure f;
        switch (a.kind) {
        case action_kind::done:
            if (session_.broken) shut(); // the server need not wait for somebody to drop the connection
            return;
        case action_kind::paused: paused_ = true; return;
        case action_kind::transfer: f = transfer(a.read, until); break;
        case action_kind::stream: f = stream(until); break;
        case action_kind::start_tls:
            f = shake_hands(until);
            next.kind = event_kind::tls_established;
            break;
        case action_kind::compute:
            m.compute();
            next.kind = event_kind::computed;
            break;
        case action_kind::ask_secret:
            f = ask_secret(m, until);
            next.kind = event_kind::secret_given;
            break;
        case action_kind::cancel_request:
            until = deadline::in(cancel_grace);
            (void)send_cancel(until); // when it cannot be sent, the grace time decides
            next.kind = event_kind::cancel_finished;
            break;
        }
        if (f) {
            interrupted_ = interrupted_ || f.code() == errc::canceled;
            next.kind = f == condition::timeout      ? event_kind::timed_out
                        : f.code() == errc::canceled ? event_kind::canceled
                                                     : event_kind::failed;
            next.why = std::move(f);
        }
    }
}

/// Waits for the credential source, but not longer than allowed: an answer that comes later is dropped.
failure blocking_driver::ask_secret(protocol::machine& m, deadline until) {
    struct inbox {
        std::mutex mutex;
        std::condition_variable filled;
        std::optional<result<std::string>> secret;
    };
    const auto box = std::make_shared<inbox>();
    target_->ask(host_, m.wanted_secret(), [box](result<std::string> secret) {
        const std::lock_guard lock{box->mutex};
        box->secret = std::move(secret);
        box->filled.notify_one();
    });
    std::unique_lock lock{box->mutex};
    const auto answered = [&] { return box->secret.has_value(); };
    if (until.is_never())
        box->filled.wait(lock, answered);
    else if (!box->filled.wait_until(lock, until.at(), answered))
        return failure{errc::timeout, "the credential source did not answer within the connect timeout"};
    m.take_secret(std::move(*box->secret));
    return {};
}

failure blocking_driver::transfer(bool read, deadline until) {
    for (;;) {
        std::span<const std::byte> bytes;
        if (auto f = channel_.outgoing(bytes)) return f;
        if (bytes.empty()) break;
        const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            channel_.sent(static_cast<std::size_t>(n));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno == EPIPE ||
            errno == ECONNRESET) { // what the server said before it left is still to be read
            const int error = errno;
            bool readable = false;
            const auto f = receive(until, readable);
            return f || !readable ? lost_connection(error) : failure{};
        }
        if (errno != EAGAIN) return lost_connection(errno);
        // The server does not take more: perhaps it waits for us to read.
        short ready = 0;
        if (auto f = wait(POLLIN | POLLOUT, until, ready)) return f;
        if ((ready & POLLIN) != 0) {
            bool readable = false;
            if (auto f = receive(until, readable)) return f;
            if (readable) return {};
        }
    }
    bool readable = !read;
    while (!readable)
        if (auto f = receive(until, readable)) return f;
    return {};
}

/// Sends everything and takes what has arrived meanwhile. A server that takes all of it at once makes nobody
/// wait, so that the deadline is looked at here.
failure blocking_driver::stream(deadline until) {
    if (until.expired()) return timed_out();
    if (auto f = transfer(false, until)) return f;
    const auto space = channel_.incoming();
    const auto n = ::recv(fd_, space.data(), space.size(), MSG_DONTWAIT);
    bool readable = false;
    if (n > 0) return channel_.received(static_cast<std::size_t>(n), readable);
    if (n == 0) return channel_.ended();
    return errno == EAGAIN || errno == EINTR ? failure{} : lost_connection(errno);
}

/// Waits in poll, not in recv: a server's answer takes longer than it takes to ask for it, and of the two
/// ways to sleep poll is the cheaper one; it also has the time limit for nothing.
failure blocking_driver::receive(deadline until, bool& readable) {
    for (;;) {
        if (more_waits_) { // a server that always has more to say makes nobody wait
            if (until.expired()) return timed_out();
        } else {
            short ready = 0;
            if (auto f = wait(POLLIN, until, ready)) return f;
        }
        const auto space = channel_.incoming();
        const auto n = ::recv(fd_, space.data(), space.size(), MSG_DONTWAIT);
        more_waits_ = n == static_cast<ssize_t>(space.size());
        if (n > 0) return channel_.received(static_cast<std::size_t>(n), readable);
        if (n == 0) return channel_.ended();
        if (errno != EAGAIN && errno != EINTR) return lost_connection(errno);
        if (until.expired()) return timed_out();
    }
}

failure blocking_driver::shake_hands(deadline until) {
    channel_.start_tls(target_->tls(), host_.host.empty() ? host_.hostaddr : host_.host);
    for (;;) {
        bool established = false;
        auto f = channel_.handshake(established);
        std::span<const std::byte> bytes;
        while (!channel_.outgoing(bytes) &&
               !bytes.empty()) { // alerts are sent even when the handshake failed
            const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return f ? f : lost_connection(errno);
            channel_.sent(static_cast<std::size_t>(n));
        }
        if (f || established) return f;
        bool readable = false;
        if (auto g = receive(until, readable)) {
            if (g == condition::timeout) return g;
            return failure{errc::tls_failed, "the server closed the connection during the TLS handshake"};
        }
    }
}

failure blocking_driver::send_cancel(deadline until) {
    blocking_driver other;
    other.target_ = target_;
    other.host_ = host_;
    if (auto f = other.open(peer_, until)) return f;
    const auto way = !session_.tls ? protocol::tls_policy::off
                     : target_->config().ssl_negotiation() == ssl_negotiation::direct
                         ? protocol::tls_policy::direct
                         : protocol::tls_policy::required;
    protocol::cancel_request machine{other.session_, session_.backend_pid, session_.cancel_key, way};
    other.run(machine, until);
    other.session_.broken = true;
    return machine.result();
}

bool blocking_driver::idle_connection_is_alive() {
    if (!is_open()) return false;
    for (;;) {
        wire::frame f;
        failure why;
        // Notices and the like are dealt with; anything else is a FATAL error or a violation. It may have
        // come together with the answer before it.
        if (session_.next(f, why) != protocol::session::next_result::need_input) break;
        const auto space = channel_.incoming();
        const auto n = ::recv(fd_, space.data(), space.size(), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
        if (n < 0 && errno == EINTR) continue;
        bool readable = false;
        if (n <= 0 || channel_.received(static_cast<std::size_t>(n), readable)) break;
    }
    session_.broken = true;
    return false;
}

} // namespace tusk::net
