#include <tusk/net/asio_driver.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/net/channel.hpp>
#include <tusk/net/completion.hpp>
#include <tusk/net/socket_options.hpp>
#include <tusk/net/tls.hpp>
#include <tusk/wire/frontend.hpp>

namespace tusk::net {

using boost::system::error_code;
using protocol::action;
using protocol::action_kind;
using protocol::event;
using protocol::event_kind;

namespace {

/// PBKDF2 and the like run here, off everybody's event loop.
asio::thread_pool& compute_pool() {
    static asio::thread_pool pool{1};
    return pool;
}

} // namespace

/// The completion handler of the running operation (the baton) travels with the pending read: when an
/// io_context is destroyed, the read's handler is destroyed and with it the waiting coroutine; nothing owns
/// itself in a circle.
class asio_driver::impl : public std::enable_shared_from_this<impl> {
public:
    using socket_type = asio::basic_stream_socket<asio::generic::stream_protocol, asio::any_io_executor>;

    explicit impl(const asio::any_io_executor& executor)
        : strand_{asio::make_strand(executor)}, socket_{strand_}, timer_{strand_}, channel_{session_} {}

    asio::awaitable<failure> connect(std::shared_ptr<const connect_target> target, deadline until);
    asio::awaitable<void> run(protocol::machine& m, deadline until, event_kind first);
    void close() noexcept;
    bool idle_connection_is_alive();

    asio::strand<asio::any_io_executor> strand_;
    socket_type socket_;
    asio::steady_timer timer_;
    protocol::session session_;
    channel channel_;
    std::shared_ptr<const connect_target> target_;
    endpoint peer_;
    host_address host_;
    bool paused_ = false;

private:
    enum class flush_result : std::uint8_t { done, blocked, failed };

    asio::awaitable<failure> search(std::shared_ptr<const connect_target> target, deadline until);
    asio::awaitable<result<std::vector<endpoint>>> addresses_of(const host_address& host);
    asio::awaitable<failure> try_address(const host_address& host, const endpoint& at,
                                         protocol::tls_policy way, deadline until);
    asio::awaitable<failure> open(const endpoint& at, deadline until);
    asio::awaitable<void> send_cancel(std::shared_ptr<impl> self, std::uint64_t operation, deadline until);

    void step(event e);
    bool carry_out(const action& a, event& next);
    bool transfer(bool read, event& next);
    bool stream(event& next);
    void go_on_later();
    flush_result flush(failure& why);
    void keep_reading();
    void keep_writing();
    void on_read(const error_code& ec, std::size_t n);
    bool continue_handshake(event& next);
    void start_computing();
    void start_cancel();
    void arm_timer();
    void on_timer(const error_code& ec);
    void interrupt(event_kind why);
    void finish();
    void shut() noexcept;

    // The running operation
    protocol::machine* machine_ = nullptr;
    completion baton_;
    deadline deadline_;
    std::uint64_t operation_ = 0;
    bool reading_ = false;
    bool writing_ = false;
    bool streaming_ = false;    ///< The machine has more to send when this is sent.
    bool going_on_ = false;     ///< A turn of the event loop is on its way to the machine.
    bool write_closed_ = false; ///< The peer takes no more; what it said before that is still to be read.
    bool finished_ = false;
    bool handshaking_ = false;
    bool computing_ = false;
    bool opening_ = false;
    event_kind interruption_ = event_kind::start; ///< timed_out or canceled while computing.
    steady_clock::time_point timer_at_ = steady_clock::time_point::max();
};

// ---- running a machine
// ----------------------------------------------------------------------------------------

asio::awaitable<void> asio_driver::impl::run(protocol::machine& m, deadline until, event_kind first) {
    return asio::async_initiate<decltype(asio::use_awaitable), void()>(
        [this, &m, until, first](auto h) {
            auto slot = asio::get_associated_cancellation_slot(h);
            if (slot.is_connected()) {
                slot.assign([weak = weak_from_this(), operation = operation_ + 1](asio::cancellation_type) {
                    const auto self = weak.lock();
                    if (!self) return;
                    asio::post(self->strand_, [self, operation] {
                        if (self->machine_ != nullptr && self->operation_ == operation)
                            self->interrupt(event_kind::canceled);
                    });
                });
            }
            baton_ = completion::of(std::move(h));
            asio::dispatch(strand_, [this, self = shared_from_this(), &m, until, first] {
                machine_ = &m;
                ++operation_;
                paused_ = finished_ = computing_ = handshaking_ = false;
                deadline_ = until;
                arm_timer();
                step(event{first, {}});
            });
        },
        asio::use_awaitable);
}

void asio_driver::impl::step(event e) {
    for (;;) {
        const action a = machine_->resume(std::move(e));
        e = event{event_kind::transferred, {}};
        if (!carry_out(a, e)) return;
    }
}

/// Does what the machine wants; false when the answer comes later (or never: done).
bool asio_driver::impl::carry_out(const action& a, event& next) {
    streaming_ = false;
    switch (a.kind) {
    case action_kind::done: finish(); return false;
    case action_kind::paused:
        paused_ = true;
        finish();
        return false;
    case action_kind::transfer: return transfer(a.read, next);
    case action_kind::stream: return stream(next);
    case action_kind::start_tls:
        channel_.start_tls(target_->tls(), host_.host.empty() ? host_.hostaddr : host_.host);
        handshaking_ = true;
        return continue_handshake(next);
    case action_kind::compute: start_computing(); return false;
    case action_kind::cancel_request:
        deadline_ = deadline::in(cancel_grace); // from now on the grace time counts
        arm_timer();
        start_cancel();
        return transfer(true, next);
    }
    return false;
}

bool asio_driver::impl::transfer(bool read, event& next) {
    failure why;
    const auto flushed = flush(why);
    if (flushed == flush_result::failed) {
        next = event{event_kind::failed, std::move(why)};
        return true;
    }
    if (flushed == flush_result::done && !read) return true;
    keep_reading(); // also while sending blocks: the server may wait for us to read
    if (flushed == flush_result::blocked) keep_writing();
    return false;
}

/// The read stays pending while more and more is sent, and the machine has its next turn after everybody
/// else's: an error of the server, the timer and other work come in between.
bool asio_driver::impl::stream(event& next) {
    failure why;
    const auto flushed = flush(why);
    if (flushed == flush_result::failed) {
        next = event{event_kind::failed, std::move(why)};
        return true;
    }
    streaming_ = true;
    keep_reading();
    if (flushed == flush_result::blocked)
        keep_writing();
    else if (!write_closed_) // else the read reports the end
        go_on_later();
    return false;
}

void asio_driver::impl::go_on_later() {
    if (std::exchange(going_on_, true)) return;
    asio::post(strand_, [self = shared_from_this()] {
        self->going_on_ = false;
        if (self->streaming_ && self->machine_ != nullptr && !self->finished_)
            self->step(event{event_kind::transferred, {}});
    });
}

asio_driver::impl::flush_result asio_driver::impl::flush(failure& why) {
    for (;;) {
        if (write_closed_) return flush_result::done;
        std::span<const std::byte> bytes;
        why = channel_.outgoing(bytes);
        if (why) return flush_result::failed;
        if (bytes.empty()) return flush_result::done;
        const auto n =
            ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            channel_.sent(static_cast<std::size_t>(n));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN) return flush_result::blocked;
        if (errno == EPIPE || errno == ECONNRESET) {
            // What the server said before it left may still be readable; the read reports the end. The output
            // stays where it is: it tells the machine that nothing of it was sent.
            write_closed_ = true;
            return flush_result::done;
        }
        why = lost_connection(errno);
        return flush_result::failed;
    }
}

void asio_driver::impl::keep_reading() {
    if (reading_) return;
    reading_ = true;
    const auto space = channel_.incoming();
    socket_.async_receive(
        asio::buffer(space.data(), space.size()),
        [self = shared_from_this(), h = std::move(baton_)](error_code ec, std::size_t n) mutable {
            self->baton_ = std::move(h);
            self->on_read(ec, n);
        });
}

void asio_driver::impl::keep_writing() {
    if (writing_) return;
    writing_ = true;
    socket_.async_wait(
        socket_type::wait_write, [self = shared_from_this(), operation = operation_](error_code ec) {
            self->writing_ = false;
            if (ec || self->machine_ == nullptr || self->operation_ != operation || self->finished_) return;
            failure why;
            switch (self->flush(why)) {
            case flush_result::blocked: self->keep_writing(); break;
            case flush_result::failed: self->step(event{event_kind::failed, std::move(why)}); break;
            case flush_result::done: // the read is pending and goes on
                if (self->streaming_) self->go_on_later();
                break;
            }
        });
}

void asio_driver::impl::on_read(const error_code& ec, std::size_t n) {
    reading_ = false;
    bool readable = false;
    if (finished_ || machine_ == nullptr) {
        // The machine is over and this read was to be cancelled; bytes that came all the same are the next
        // one's.
        if (socket_.is_open() && !session_.broken)
            session_.broken =
                ec ? ec != asio::error::operation_aborted : static_cast<bool>(channel_.received(n, readable));
        finish();
        return;
    }
    event next{event_kind::transferred, {}};
    if (ec == asio::error::operation_aborted) {
        keep_reading();
        return;
    }
    if (ec == asio::error::eof)
        next = event{event_kind::failed, channel_.ended()};
    else if (ec)
        next = event{event_kind::failed, lost_connection(ec.value())};
    else if (auto f = channel_.received(n, readable))
        next = event{event_kind::failed, std::move(f)};
    if (next.kind == event_kind::failed && handshaking_)
        next.why = failure{errc::tls_failed, "the server closed the connection during the TLS handshake"};
    else if (next.kind == event_kind::transferred && handshaking_) {
        if (!continue_handshake(next)) return;
    } else if (next.kind == event_kind::transferred && !readable) {
        keep_reading();
        return;
    }
    step(std::move(next));
}

bool asio_driver::impl::continue_handshake(event& next) {
    bool established = false;
    auto f = channel_.handshake(established);
    failure why;
    const auto flushed = flush(why); // alerts are sent even when the handshake failed
    if (!f && flushed == flush_result::failed) f = std::move(why);
    if (f) {
        handshaking_ = false;
        next = event{event_kind::failed, std::move(f)};
        return true;
    }
    if (established) {
        handshaking_ = false;
        next = event{event_kind::tls_established, {}};
        return true;
    }
    keep_reading();
    if (flushed == flush_result::blocked) keep_writing();
    return false;
}

void asio_driver::impl::start_computing() {
    computing_ = true;
    interruption_ = event_kind::start;
    asio::post(compute_pool(), [self = shared_from_this(), h = std::move(baton_), m = machine_]() mutable {
        m->compute();
        auto strand = self->strand_;
        asio::post(strand, [self = std::move(self), h = std::move(h)]() mutable {
            self->baton_ = std::move(h);
            self->computing_ = false;
            const auto kind =
                self->interruption_ == event_kind::start ? event_kind::computed : self->interruption_;
            self->step(event{kind, {}});
        });
    });
}

void asio_driver::impl::finish() {
    if (reading_) { // the baton comes back with the read
        finished_ = true;
        socket_.cancel();
        return;
    }
    machine_ = nullptr;
    deadline_ = deadline::never();
    if (session_.broken) shut(); // the server need not wait for somebody to drop the connection
    auto h = std::move(baton_);
    h.complete(socket_.get_executor());
}

// ---- deadlines and cancellation
// -------------------------------------------------------------------------------

/// One timer per connection, moved as rarely as possible: a timer that fires too early looks at the deadline
/// and sleeps again, so that the usual query touches no timer at all.
void asio_driver::impl::arm_timer() {
    if (deadline_.is_never() || timer_at_ <= deadline_.at()) return;
    timer_at_ = deadline_.at();
    timer_.expires_at(timer_at_); // cancels a later one, whose handler sees operation_aborted
    timer_.async_wait([weak = weak_from_this()](error_code ec) {
        if (const auto self = weak.lock()) self->on_timer(ec);
    });
}

void asio_driver::impl::on_timer(const error_code& ec) {
    if (ec == asio::error::operation_aborted) return;
    timer_at_ = steady_clock::time_point::max();
    if (deadline_.is_never() || (machine_ == nullptr && !opening_)) return;
    if (!deadline_.expired()) {
        arm_timer();
        return;
    }
    if (opening_) {
        socket_.cancel();
        return;
    }
    interrupt(event_kind::timed_out);
}

void asio_driver::impl::interrupt(event_kind why) {
    if (finished_) return;
    if (computing_) {
        interruption_ = why;
        machine_->stop_computing();
        return;
    }
    step(event{why, {}});
}

void asio_driver::impl::start_cancel() {
    asio::co_spawn(strand_, send_cancel(shared_from_this(), operation_, deadline_), asio::detached);
}

asio::awaitable<void> asio_driver::impl::send_cancel(std::shared_ptr<impl> self, std::uint64_t operation,
                                                     deadline until) {
    auto other = std::make_shared<impl>(strand_.get_inner_executor());
    other->target_ = target_;
    other->host_ = host_;
    auto f = co_await other->open(peer_, until);
    if (!f) {
        const auto way = !session_.tls ? protocol::tls_policy::off
                         : target_->config().ssl_negotiation() == ssl_negotiation::direct
                             ? protocol::tls_policy::direct
                             : protocol::tls_policy::required;
        protocol::cancel_request machine{other->session_, session_.backend_pid, session_.cancel_key, way};
        co_await other->run(machine, until, event_kind::start);
    }
    other->shut();
    // When it could not be sent, the grace time decides.
    if (self->machine_ != nullptr && self->operation_ == operation && !self->finished_)
        self->step(event{event_kind::cancel_finished, {}});
}

// ---- connecting
// -----------------------------------------------------------------------------------------------

asio::awaitable<failure> asio_driver::impl::connect(std::shared_ptr<const connect_target> target,
                                                    deadline until) {
    auto self = shared_from_this();
    co_return co_await asio::co_spawn(strand_, search(std::move(target), until), asio::use_awaitable);
}

asio::awaitable<failure> asio_driver::impl::search(std::shared_ptr<const connect_target> target,
                                                   deadline until) {
    target_ = std::move(target);
    connect_plan plan{target_->config()};
    for (const auto& host : plan.hosts()) {
        const auto limit = earlier(until, deadline::in(target_->config().connect_timeout()));
        auto addresses = co_await addresses_of(host);
        if (!addresses) {
            plan.failed(host.display(), addresses.error());
            continue;
        }
        for (const auto& at : *addresses) {
            for (const auto way : plan.ways(at)) {
                auto f = co_await try_address(host, at, way, limit);
                if (!f) co_return failure{};
                if (f == condition::canceled) co_return f;
                const bool again = connect_plan::next_way_helps(f);
                plan.failed(at.is_unix() ? at.display : host.display(), std::move(f));
                if (!again) break;
            }
            if (plan.stop()) co_return plan.summary();
        }
    }
    co_return plan.summary();
}

/// Names are resolved by Asio's resolver thread; everything else needs no waiting.
asio::awaitable<result<std::vector<endpoint>>> asio_driver::impl::addresses_of(const host_address& host) {
    if (host.is_unix_socket() || !host.hostaddr.empty()) co_return resolve(host);
    error_code ec;
    asio::ip::make_address(host.host, ec);
    if (!ec) co_return resolve(host);
    asio::ip::tcp::resolver resolver{strand_};
    const auto list = co_await resolver.async_resolve(host.host, std::to_string(host.port),
                                                      asio::redirect_error(asio::use_awaitable, ec));
    if (ec)
        co_return failure{errc::host_not_found,
                          "host name \"" + host.host + "\" does not resolve: " + ec.message()};
    std::vector<endpoint> out;
    for (const auto& entry : list) {
        endpoint e;
        const auto address = entry.endpoint();
        std::memcpy(&e.address, address.data(), address.size());
        e.length = static_cast<socklen_t>(address.size());
        e.display = host.display();
        out.push_back(std::move(e));
    }
    co_return out;
}

asio::awaitable<failure> asio_driver::impl::try_address(const host_address& host, const endpoint& at,
                                                        protocol::tls_policy way, deadline until) {
    shut();
    session_.reset();
    session_.statements.set_capacity(target_->config().statement_cache_capacity());
    peer_ = at;
    host_ = host;
    auto f = co_await open(at, until);
    if (!f) {
        const auto options = target_->options_for(host);
        protocol::startup machine{session_, options, way};
        co_await run(machine, until, event_kind::start);
        f = machine.result();
    }
    if (!f) f = check_role(session_, target_->config().target_session_attrs());
    if (f) {
        session_.broken = true;
        shut();
    }
    co_return f;
}

asio::awaitable<failure> asio_driver::impl::open(const endpoint& at, deadline until) {
    const int fd = open_socket(at.address.ss_family);
    if (fd < 0)
        co_return failure{errc::connect_failed, "no socket: " + std::generic_category().message(errno)};
    error_code ec;
    socket_.assign(asio::generic::stream_protocol{at.address.ss_family, 0}, fd, ec);
    if (ec) {
        ::close(fd);
        co_return failure{errc::connect_failed, ec.message()};
    }
    socket_.native_non_blocking(true, ec);
    if (!at.is_unix()) set_tcp_options(fd, target_->config());
    int error = 0;
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&at.address), at.length) != 0) error = errno;
    if (error == EINPROGRESS) { // a Unix socket's EAGAIN is not that: its queue is full, nothing is under way
        opening_ = true;
        deadline_ = until;
        arm_timer();
        co_await socket_.async_wait(socket_type::wait_write, asio::redirect_error(asio::use_awaitable, ec));
        opening_ = false;
        if (ec && until.expired()) co_return failure{errc::timeout, "no answer within the connect timeout"};
        if (ec) co_return failure{errc::canceled, "connecting was cancelled"};
        socklen_t size = sizeof error;
        ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error != 0) co_return failure{errc::connect_failed, std::generic_category().message(error)};
    co_return failure{};
}

// ---- the end
// --------------------------------------------------------------------------------------------------

void asio_driver::impl::shut() noexcept {
    error_code ignored;
    socket_.close(ignored);
    channel_.reset();
    write_closed_ = false;
}

void asio_driver::impl::close() noexcept {
    if (socket_.is_open() && !session_.broken && machine_ == nullptr) {
        session_.discard_output();
        wire::write_terminate(session_.output);
        failure why;
        (void)flush(why); // five bytes: the socket takes them or is full anyway
    }
    session_.broken = true;
    timer_.cancel();
    shut();
}

bool asio_driver::impl::idle_connection_is_alive() {
    if (!socket_.is_open() || session_.broken) return false;
    for (;;) {
        const auto space = channel_.incoming();
        const auto n = ::recv(socket_.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
        if (n < 0 && errno == EINTR) continue;
        bool readable = false;
        if (n <= 0 || channel_.received(static_cast<std::size_t>(n), readable)) break;
        wire::frame f;
        failure why;
        // Notices and the like are dealt with; anything else is a FATAL error or a violation.
        if (session_.next(f, why) != protocol::session::next_result::need_input) break;
    }
    session_.broken = true;
    return false;
}

// ---- asio_driver
// ----------------------------------------------------------------------------------------------

asio_driver::asio_driver(const asio::any_io_executor& executor) : impl_{std::make_shared<impl>(executor)} {}

asio_driver::asio_driver(asio_driver&& other) noexcept = default;

asio_driver& asio_driver::operator=(asio_driver&& other) noexcept {
    close();
    impl_ = std::move(other.impl_);
    return *this;
}

asio_driver::~asio_driver() { close(); }

void asio_driver::close() noexcept {
    if (!impl_) return;
    try {
        asio::dispatch(impl_->strand_, [self = impl_] { self->close(); });
    } catch (...) { // out of memory: the socket closes with the object
    }
}

asio::awaitable<failure> asio_driver::connect(std::shared_ptr<const connect_target> target, deadline until) {
    return impl_->connect(std::move(target), until);
}

asio::awaitable<void> asio_driver::run(protocol::machine& m, deadline until, event_kind first) {
    return impl_->run(m, until, first);
}

bool asio_driver::paused() const noexcept { return impl_->paused_; }
bool asio_driver::is_open() const noexcept {
    return impl_ && impl_->socket_.is_open() && !impl_->session_.broken;
}
bool asio_driver::idle_connection_is_alive() { return impl_->idle_connection_is_alive(); }
protocol::session& asio_driver::session() noexcept { return impl_->session_; }
const protocol::session& asio_driver::session() const noexcept { return impl_->session_; }
const host_address& asio_driver::host() const noexcept { return impl_->host_; }
asio::any_io_executor asio_driver::executor() const { return impl_->strand_.get_inner_executor(); }

} // namespace tusk::net
