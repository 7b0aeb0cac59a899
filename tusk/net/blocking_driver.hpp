#pragma once

#include <memory>

#include <unistd.h>

#include <tusk/core/deadline.hpp>
#include <tusk/net/channel.hpp>
#include <tusk/net/hosts.hpp>
#include <tusk/protocol/action.hpp>

namespace tusk::net {

/// Runs machines on one connection with blocking system calls: a round trip is one send and one recv. Used
/// from one thread at a time.
class blocking_driver {
public:
    blocking_driver() noexcept : channel_{session_} {}
    ~blocking_driver();
    blocking_driver(const blocking_driver&) = delete;
    blocking_driver& operator=(const blocking_driver&) = delete;

    /// Tries the hosts of the target until one lets us in.
    failure connect(std::shared_ptr<const connect_target> target, deadline until);
    /// Runs a machine until it is done or paused. After the deadline a CancelRequest is sent and the machine
    /// has `cancel_grace` to come to a clean end.
    void run(protocol::machine& m, deadline until, protocol::event_kind first = protocol::event_kind::start);
    /// Whether the machine of the last `run` paused (and is to be run again with `proceed`).
    bool paused() const noexcept { return paused_; }
    /// A descriptor that cancels what runs as soon as it is readable: how another thread ends the waiting.
    void interrupt_by(int descriptor) noexcept { interrupt_ = descriptor; }
    /// Terminate and close; at most 100 ms.
    void close() noexcept;
    bool is_open() const noexcept { return fd_ >= 0 && !session_.broken; }
    /// Something arrived or the peer hung up while nobody asked (no round trip).
    bool idle_connection_is_alive();

    protocol::session& session() noexcept { return session_; }
    const endpoint& peer() const noexcept { return peer_; }
    const host_address& host() const noexcept { return host_; }

    static constexpr std::chrono::milliseconds cancel_grace{1000};

private:
    failure let_in(connect_plan& plan, const host_address& host, const endpoint& at, deadline until);
    failure try_address(const host_address& host, const endpoint& at, protocol::tls_policy way,
                        target_session_attrs wanted, deadline until);
    failure check_role(target_session_attrs wanted, deadline until);
    failure open(const endpoint& at, deadline until);
    failure transfer(bool read, deadline until);
    failure stream(deadline until);
    failure ask_secret(protocol::machine& m, deadline until);
    failure receive(deadline until, bool& readable);
    failure wait(short events, deadline until, short& ready);
    failure shake_hands(deadline until);
    failure send_cancel(deadline until);
    void shut() noexcept;

    protocol::session session_;
    channel channel_;
    std::shared_ptr<const connect_target> target_;
    endpoint peer_;
    host_address host_;
    const pid_t process_ = ::getpid(); ///< In a forked copy of it, the connection is not ours to end.
    int fd_ = -1;
    int interrupt_ = -1;
    bool interrupted_ = false; ///< What runs was told already.
    bool paused_ = false;
    bool more_waits_ = false; ///< The last receive filled its buffer.
};

} // namespace tusk::net
