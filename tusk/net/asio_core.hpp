#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include <unistd.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <tusk/net/asio_driver.hpp>
#include <tusk/net/channel.hpp>
#include <tusk/net/completion.hpp>
#include <tusk/net/idle_work.hpp>

/// What an asio_driver is behind its handle. Private to the part.
namespace tusk::net {

/// Runs one machine at a time over a socket.
///
/// Any thread may enter: the caller's, and those that run the executor and bring bytes, timers and
/// cancellations. A lock keeps them apart. It is held while the machine works and released before the waiting
/// coroutine goes on; it is recursive because what a machine calls (row sinks, notice handlers) may close the
/// connection. A strand would do the same at several times the cost: every answer would pass through its
/// queue.
///
/// The completion of the running operation (the baton) travels with the pending read: when an execution
/// context is destroyed, the read's handler is destroyed and with it the waiting coroutine; nothing owns
/// itself in a circle.
class asio_driver::core : public std::enable_shared_from_this<core> {
public:
    using socket_type = asio::basic_stream_socket<asio::generic::stream_protocol, asio::any_io_executor>;

    explicit core(const asio::any_io_executor& executor)
        : socket{detail::untracked(executor)}, channel{session}, idle_{executor},
          timer_{idle_.timer_executor(socket.get_executor())} {}

    /// The coroutine keeps `self` alive.
    static asio::awaitable<failure> connect(std::shared_ptr<core> self,
                                            std::shared_ptr<const connect_target> target, deadline until);
    void start(protocol::machine& m, deadline until, protocol::event_kind first, completion done);
    asio::awaitable<void> run(protocol::machine& m, deadline until, protocol::event_kind first);
    void cancel();
    void close() noexcept;
    bool idle_connection_is_alive();

    socket_type socket;
    protocol::session session;
    net::channel channel;
    std::shared_ptr<const connect_target> target;
    endpoint peer;
    host_address host;
    bool paused = false;

private:
    using error_code = boost::system::error_code;
    enum class flush_result : std::uint8_t { done, blocked, failed };

    /// Holds the lock; the outermost one completes the operation that has ended meanwhile, after unlocking.
    class entry {
    public:
        explicit entry(core& c) : core_{c} {
            core_.mutex_.lock();
            ++core_.depth_;
        }
        ~entry();
        entry(const entry&) = delete;
        entry& operator=(const entry&) = delete;

    private:
        core& core_;
    };

    asio::awaitable<failure> search(deadline until);
    asio::awaitable<result<std::vector<endpoint>>> addresses_of(const host_address& of, deadline until);
    asio::awaitable<failure> try_ways(connect_plan& plan, const host_address& of, const endpoint& at,
                                      deadline until);
    asio::awaitable<failure> try_address(const host_address& of, const endpoint& at, protocol::tls_policy way,
                                         target_session_attrs wanted, deadline until);
    asio::awaitable<failure> check_role(target_session_attrs wanted, deadline until);
    asio::awaitable<failure> open(const endpoint& at, deadline until);
    failure begin_opening(const endpoint& at, deadline until, bool& waiting);
    asio::awaitable<failure> wait_until_open(deadline until);
    static asio::awaitable<void> send_cancel(std::shared_ptr<core> self, std::uint64_t operation,
                                             deadline until);
    void cancel_is_over(std::uint64_t operation);

    void step(protocol::event e);
    bool carry_out(const protocol::action& a, protocol::event& next);
    bool transfer(bool read, protocol::event& next);
    bool stream(protocol::event& next);
    void go_on_later();
    flush_result flush(failure& why);
    void keep_reading();
    bool read_on(protocol::event& next);
    void note_read(std::size_t n) noexcept;
    void keep_writing();
    void on_read(const error_code& ec, std::size_t n);
    bool continue_handshake(protocol::event& next);
    void start_computing();
    void start_asking();
    void start_cancel();
    void connect_cancellation(std::uint64_t operation);
    void arm_timer();
    void on_timer();
    void stop_timer() noexcept;
    void interrupt(protocol::event_kind why);

public:
    void poke();

private:
    void finish();
    void shut() noexcept;

    idle_work idle_; ///< The timer's.
    asio::steady_timer timer_;
    std::recursive_mutex mutex_;
    unsigned depth_ = 0;
    bool starting_ = false; ///< Inside `start`.
    /// In a forked copy of it, the connection is not ours to say goodbye on.
    const pid_t process_ = ::getpid();

    // The running operation
    protocol::machine* machine_ = nullptr;
    completion baton_;
    completion due_; ///< The baton of an operation that is over, until the lock is released.
    deadline deadline_;
    std::uint64_t operation_ = 0;
    bool reading_ = false;
    bool writing_ = false;
    std::size_t read_space_ = 0;          ///< What the last read could have brought at most.
    bool more_to_read_ = false;           ///< It brought as much: there is probably more.
    std::uint8_t reads_in_this_turn_ = 0; ///< Of the event loop.
    bool streaming_ = false;              ///< The machine has more to send when this is sent.
    bool going_on_ = false;               ///< A turn of the event loop is on its way to the machine.
    bool write_closed_ = false; ///< The peer takes no more; what it said before that is still to be read.
    bool finished_ = false;
    bool handshaking_ = false;
    bool computing_ = false;
    bool asking_ = false;               ///< For a secret.
    asio::any_io_executor asking_work_; ///< Keeps the event loop running meanwhile.
    bool opening_ = false;
    /// timed_out or canceled while computing.
    protocol::event_kind interruption_ = protocol::event_kind::start;
    steady_clock::time_point timer_at_ = steady_clock::time_point::max();
};

} // namespace tusk::net
