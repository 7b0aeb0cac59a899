#include <tusk/net/asio_core.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/net/compute_service.hpp>
#include <tusk/net/socket_options.hpp>
#include <tusk/net/tls.hpp>
#include <tusk/wire/frontend.hpp>

namespace tusk::net {

using boost::system::error_code;
using protocol::action;
using protocol::action_kind;
using protocol::event;
using protocol::event_kind;

asio_driver::core::entry::~entry() {
    if (--core_.depth_ != 0) {
        core_.mutex_.unlock();
        return;
    }
    if (!core_.due_) {
        core_.starting_ = false;
        core_.mutex_.unlock();
        return;
    }
    auto due = std::move(core_.due_);
    const bool starting = std::exchange(core_.starting_, false);
    const auto executor = core_.socket.get_executor();
    core_.mutex_.unlock();
    if (starting)
        due.post(executor); // the coroutine that waits is still on its way to sleep
    else
        due.complete(executor);
}

// ---- running a machine

asio::awaitable<void> asio_driver::core::run(protocol::machine& m, deadline until, event_kind first) {
    return asio::async_initiate<decltype(asio::use_awaitable), void()>(
        [this, &m, until, first](auto h) { start(m, until, first, completion::of(std::move(h))); },
        asio::use_awaitable);
}

void asio_driver::core::start(protocol::machine& m, deadline until, event_kind first, completion done) {
    const auto self = shared_from_this();
    const entry inside{*this};
    starting_ = true;
    baton_ = std::move(done);
    machine_ = &m;
    ++operation_;
    connect_cancellation(operation_);
    paused = finished_ = computing_ = asking_ = handshaking_ = false;
    deadline_ = until;
    arm_timer();
    step(event{first, {}});
}

void asio_driver::core::connect_cancellation(std::uint64_t operation) {
    auto slot = baton_.cancellation_slot();
    if (!slot.is_connected()) return;
    slot.assign([weak = weak_from_this(), operation](asio::cancellation_type) {
        const auto self = weak.lock();
        if (!self) return;
        // Not at once: whoever cancels may hold locks of its own, or be a handler of this connection.
        asio::post(self->socket.get_executor(), [self, operation] {
            const entry inside{*self};
            if (self->machine_ != nullptr && self->operation_ == operation)
                self->interrupt(event_kind::canceled);
        });
    });
}

void asio_driver::core::step(event e) {
    for (;;) {
        const action a = machine_->resume(std::move(e));
        e = event{event_kind::transferred, {}};
        if (!carry_out(a, e)) return;
    }
}

/// Does what the machine wants; false when the answer comes later (or never: done).
bool asio_driver::core::carry_out(const action& a, event& next) {
    streaming_ = false;
    switch (a.kind) {
    case action_kind::done: finish(); return false;
    case action_kind::paused:
        paused = true;
        finish();
        return false;
    case action_kind::transfer: return transfer(a.read, next);
    case action_kind::stream: return stream(next);
    case action_kind::start_tls:
        channel.start_tls(target->tls(), host.host.empty() ? host.hostaddr : host.host);
        handshaking_ = true;
        return continue_handshake(next);
    case action_kind::compute: start_computing(); return false;
    case action_kind::ask_secret: start_asking(); return false;
    case action_kind::cancel_request:
        deadline_ = deadline::in(cancel_grace); // from now on the grace time counts
        arm_timer();
        start_cancel();
        return transfer(true, next);
    }
    return false;
}

bool asio_driver::core::transfer(bool read, event& next) {
    failure why;
    const auto flushed = flush(why);
    if (flushed == flush_result::failed) {
        next = event{event_kind::failed, std::move(why)};
        return true;
    }
    if (flushed == flush_result::done && (!read || read_on(next))) return true;
    keep_reading(); // also while sending blocks: the server may wait for us to read
    if (flushed == flush_result::blocked) keep_writing();
    return false;
}

/// The read stays pending while more and more is sent, and the machine has its next turn after everybody
/// else's: an error of the server, the timer and other work come in between.
bool asio_driver::core::stream(event& next) {
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

void asio_driver::core::go_on_later() {
    if (std::exchange(going_on_, true)) return;
    asio::post(socket.get_executor(), [self = shared_from_this()] {
        const entry inside{*self};
        self->going_on_ = false;
        if (self->streaming_ && self->machine_ != nullptr && !self->finished_)
            self->step(event{event_kind::transferred, {}});
    });
}

asio_driver::core::flush_result asio_driver::core::flush(failure& why) {
    for (;;) {
        if (write_closed_) return flush_result::done;
        std::span<const std::byte> bytes;
        why = channel.outgoing(bytes);
        if (why) return flush_result::failed;
        if (bytes.empty()) return flush_result::done;
        const auto n =
            ::send(socket.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            channel.sent(static_cast<std::size_t>(n));
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

void asio_driver::core::note_read(std::size_t n) noexcept { more_to_read_ = n == read_space_; }

/// After a read that filled the buffer, the next one needs no turn of the event loop, which costs a system
/// call of its own. Others want their turn as well, though, and so does the timer: only a few at a time. What
/// is not data is left to `keep_reading`, which finds it again.
bool asio_driver::core::read_on(event& next) {
    constexpr std::uint8_t reads_at_a_time = 16;
    while (more_to_read_ && !reading_ && reads_in_this_turn_ < reads_at_a_time) {
        const auto space = channel.incoming();
        const auto n = ::recv(socket.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
        read_space_ = space.size();
        note_read(n > 0 ? static_cast<std::size_t>(n) : 0);
        if (n <= 0) return false;
        ++reads_in_this_turn_;
        bool readable = false;
        next = event{event_kind::transferred, {}};
        if (auto f = channel.received(static_cast<std::size_t>(n), readable)) {
            next = event{event_kind::failed, std::move(f)};
            return true;
        }
        if (readable) return true;
    }
    return false;
}

void asio_driver::core::keep_reading() {
    if (reading_) return;
    reading_ = true;
    const auto space = channel.incoming();
    read_space_ = space.size();
    auto done = [self = shared_from_this(), h = std::move(baton_)](error_code ec, std::size_t n) mutable {
        const entry inside{*self};
        self->baton_ = std::move(h);
        self->on_read(ec, n);
    };
    socket.async_receive(asio::buffer(space.data(), space.size()),
                         asio::bind_allocator(frame_allocator<void>{}, std::move(done)));
}

void asio_driver::core::keep_writing() {
    if (writing_) return;
    writing_ = true;
    socket.async_wait(
        socket_type::wait_write, [self = shared_from_this(), operation = operation_](error_code ec) {
            const entry inside{*self};
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

void asio_driver::core::on_read(const error_code& ec, std::size_t n) {
    reading_ = false;
    note_read(n);
    reads_in_this_turn_ = 0;
    bool readable = false;
    if (finished_ || machine_ == nullptr) {
        // The machine is over and this read was to be cancelled; bytes that came all the same are the next
        // one's.
        if (socket.is_open() && !session.broken)
            session.broken =
                ec ? ec != asio::error::operation_aborted : static_cast<bool>(channel.received(n, readable));
        finish();
        return;
    }
    event next{event_kind::transferred, {}};
    if (ec) [[unlikely]] {
        if (ec == asio::error::operation_aborted) {
            keep_reading();
            return;
        }
        next =
            event{event_kind::failed, ec == asio::error::eof ? channel.ended() : lost_connection(ec.value())};
    } else if (auto f = channel.received(n, readable))
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

bool asio_driver::core::continue_handshake(event& next) {
    bool established = false;
    auto f = channel.handshake(established);
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

void asio_driver::core::start_computing() {
    computing_ = true;
    interruption_ = event_kind::start;
    asio::post(compute_service::thread_of(socket.get_executor()),
               [self = shared_from_this(), h = std::move(baton_), m = machine_]() mutable {
                   m->compute();
                   const auto executor = self->socket.get_executor();
                   asio::post(executor, [self = std::move(self), h = std::move(h)]() mutable {
                       const entry inside{*self};
                       self->baton_ = std::move(h);
                       self->computing_ = false;
                       const auto kind = self->interruption_ == event_kind::start ? event_kind::computed
                                                                                  : self->interruption_;
                       self->step(event{kind, {}});
                   });
               });
}

/// Nothing else is awaited meanwhile but the deadline and the caller; an answer that comes after them, or
/// after the end of this connection, is dropped. Whoever answers may outlive the event loop, so that the
/// callback holds nothing of it.
void asio_driver::core::start_asking() {
    asking_ = true;
    asking_work_ = asio::prefer(socket.get_executor(), asio::execution::outstanding_work.tracked);
    auto answer = [weak = weak_from_this(), operation = operation_](result<std::string> secret) {
        const auto alive = weak.lock();
        if (!alive) return;
        asio::post(alive->socket.get_executor(), [weak, operation, secret = std::move(secret)]() mutable {
            const auto self = weak.lock();
            if (!self) return;
            const entry inside{*self};
            if (self->machine_ == nullptr || self->operation_ != operation || !self->asking_) return;
            self->asking_ = false;
            self->asking_work_ = {};
            self->machine_->take_secret(std::move(secret));
            self->step(event{event_kind::secret_given, {}});
        });
    };
    target->ask(host, machine_->wanted_secret(), std::move(answer));
}

void asio_driver::core::poke() {
    const entry inside{*this};
    if (machine_ == nullptr || computing_ || asking_ || handshaking_ || finished_) return;
    step(event{event_kind::poked, {}});
}

void asio_driver::core::finish() {
    if (reading_) { // the baton comes back with the read
        finished_ = true;
        error_code ignored; // closed meanwhile: then the read is on its way back already
        socket.cancel(ignored);
        return;
    }
    machine_ = nullptr;
    if (asking_work_) asking_work_ = {};
    deadline_ = deadline::never();
    if (!idle_.is_known()) stop_timer();
    if (session.broken) shut(); // the server need not wait for somebody to drop the connection
    due_ = std::move(baton_);
}

// ---- deadlines and cancellation

/// One timer per connection, moved as rarely as possible: a timer that fires too early looks at the deadline
/// and sleeps again, so that the usual query touches no timer at all. It outlives the operation, and does not
/// keep the event loop running: what is waited for does.
void asio_driver::core::arm_timer() {
    if (deadline_.is_never() || timer_at_ <= deadline_.at()) return;
    timer_at_ = deadline_.at();
    timer_.expires_at(timer_at_); // cancels a later one, whose handler sees operation_aborted
    timer_.async_wait([weak = weak_from_this(), idle = idle_](error_code ec) {
        idle.count_again();
        const auto self = weak.lock();
        if (!self || ec == asio::error::operation_aborted) return;
        asio::dispatch(self->socket.get_executor(), [self] {
            const entry inside{*self};
            self->on_timer();
        });
    });
    idle_.discount();
}

void asio_driver::core::on_timer() {
    timer_at_ = steady_clock::time_point::max();
    if (deadline_.is_never() || (machine_ == nullptr && !opening_)) return;
    if (!deadline_.expired()) {
        arm_timer();
        return;
    }
    if (opening_) {
        error_code ignored;
        socket.cancel(ignored);
        return;
    }
    interrupt(event_kind::timed_out);
}

void asio_driver::core::stop_timer() noexcept {
    timer_.cancel();
    timer_at_ = steady_clock::time_point::max();
}

void asio_driver::core::cancel() {
    const entry inside{*this};
    if (machine_ != nullptr) interrupt(event_kind::canceled);
}

void asio_driver::core::interrupt(event_kind why) {
    if (finished_) return;
    if (computing_) {
        interruption_ = why;
        machine_->stop_computing();
        return;
    }
    step(event{why, {}});
}

void asio_driver::core::start_cancel() {
    // Not from in here: the other connection may fail at once, and this one is in the middle of a step.
    asio::post(socket.get_executor(), [self = shared_from_this(), operation = operation_, until = deadline_] {
        asio::co_spawn(self->socket.get_executor(), send_cancel(self, operation, until), asio::detached);
    });
}

// ---- the end

void asio_driver::core::shut() noexcept {
    const entry inside{*this};
    error_code ignored;
    socket.close(ignored);
    channel.reset();
    write_closed_ = false;
}

void asio_driver::core::cancel_is_over(std::uint64_t operation) {
    const entry inside{*this};
    if (machine_ != nullptr && operation_ == operation && !finished_)
        step(event{event_kind::cancel_finished, {}});
}

void asio_driver::core::close() noexcept {
    const entry inside{*this};
    const bool ours = process_ == ::getpid();
    if (socket.is_open() && !session.broken && machine_ == nullptr && ours) {
        session.discard_output();
        wire::write_terminate(session.output);
        failure why;
        (void)flush(why); // five bytes: the socket takes them or is full anyway
        discard_arrived(socket.native_handle());
    }
    session.broken = true;
    stop_timer();
    shut();
}

bool asio_driver::core::idle_connection_is_alive() {
    if (!socket.is_open() || session.broken) return false;
    for (;;) {
        wire::frame f;
        failure why;
        // Notices and the like are dealt with; anything else is a FATAL error or a violation. It may have
        // come together with the answer before it.
        if (session.next(f, why) != protocol::session::next_result::need_input) break;
        const auto space = channel.incoming();
        const auto n = ::recv(socket.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
        if (n < 0 && errno == EINTR) continue;
        bool readable = false;
        if (n <= 0 || channel.received(static_cast<std::size_t>(n), readable)) break;
    }
    session.broken = true;
    return false;
}

} // namespace tusk::net
