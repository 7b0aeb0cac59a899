#include <tusk/testing/detail/fault_connection.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include <boost/asio/buffer.hpp>

namespace tusk::testing::detail {

namespace asio = boost::asio;

namespace {

constexpr std::size_t write_limit = 64 * 1024;
constexpr std::size_t queue_limit = 1024 * 1024;
constexpr std::size_t stopped_limit = 64 * 1024;

void without_delay(fault_connection::socket_type& s) {
    const int one = 1; // fails on Unix sockets, which need it not
    ::setsockopt(s.native_handle(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

void reset_socket(fault_connection::socket_type& s) noexcept {
    if (!s.is_open()) return;
    const linger at_once{1, 0};
    ::setsockopt(s.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    boost::system::error_code ignored;
    s.close(ignored);
}

link_counts& counts_of(fault_counts& all, direction way) {
    return way == direction::to_server ? all.to_server : all.to_client;
}

} // namespace

fault_connection::half::half(fault_connection& owner, asio::io_context& loop, direction w,
                             socket_type& source, socket_type& sink, std::uint64_t number)
    : way{w}, from{source}, to{sink},
      stream{
          w, number, owner.talk_,
          fault_stream::events{[&house = owner.house_, w](char type) {
                                   house.note([&](fault_counts& c) { ++counts_of(c, w).messages[type]; });
                               },
                               [&house = owner.house_] { house.note([](fault_counts& c) { ++c.faults; }); }}},
      timer{loop} {}

fault_connection::fault_connection(fault_house& house, asio::io_context& loop, std::uint64_t number,
                                   socket_type client)
    : house_{house}, number_{number}, client_{std::move(client)}, server_{loop},
      up_{*this, loop, direction::to_server, client_, server_, number},
      down_{*this, loop, direction::to_client, server_, client_, number} {
    without_delay(client_);
    client_.native_non_blocking(true);
}

// ---- beginning

void fault_connection::connect(const net::endpoint& server) {
    const asio::generic::stream_protocol::endpoint at{&server.address, server.length};
    error_code ec;
    server_.open(at.protocol(), ec);
    if (ec) return finish();
    server_.async_connect(at, [self = shared_from_this()](error_code failed) {
        if (self->over_) return;
        if (failed) {
            self->house_.note([](fault_counts& c) { ++c.unreachable; });
            self->finish();
            return;
        }
        without_delay(self->server_);
        self->server_.native_non_blocking(true);
        self->wake();
    });
}

void fault_connection::hold() {
    swallow(up_);
    down_.ended = down_.finished = true;
    read(up_);
}

void fault_connection::wake() {
    for (half* h : {&up_, &down_}) {
        write(*h);
        read(*h);
    }
}

void fault_connection::resume(direction way) {
    half_of(way).stopped = false;
    wake();
}

// ---- reading

void fault_connection::read(half& h) {
    if (over_ || h.reading || h.ended || !h.from.is_open()) return;
    if (h.stream.queued() >= (is_stopped(h) ? stopped_limit : queue_limit)) return;
    h.reading = true;
    h.from.async_receive(asio::buffer(h.buffer),
                         [self = shared_from_this(), &h](error_code ec, std::size_t n) {
                             h.reading = false;
                             if (!self->over_) self->on_read(h, ec, n);
                         });
}

void fault_connection::on_read(half& h, const error_code& ec, std::size_t n) {
    if (ec == asio::error::operation_aborted) return;
    const auto now = steady_clock::now();
    if (!ec) {
        house_.note([&](fault_counts& c) { counts_of(c, h.way).received += n; });
        if (!h.swallowing) h.stream.feed({h.buffer.data(), n}, settings(h), now);
    } else {
        h.ended = true;
        house_.note([&](fault_counts& c) { ++counts_of(c, h.way).hang_ups; });
        if (h.swallowing)
            h.finished = true;
        else if (ec == asio::error::eof)
            h.stream.finish(settings(h), now);
        else
            h.stream.end_with(fault_kind::reset, settings(h), now);
        if (up_.finished && down_.finished && up_.ended && down_.ended) return finish();
    }
    write(h);
    read(h);
}

// ---- writing

void fault_connection::write(half& h) {
    while (!over_ && !h.swallowing && !h.waiting && h.to.is_open() && !is_stopped(h)) {
        if (h.outgoing.empty() && !take_parcels(h)) return;
        if (!send(h)) return;
    }
}

/// Moves what may go now from the parcels to `outgoing`; false when there is nothing, or not yet.
bool fault_connection::take_parcels(half& h) {
    auto& queue = h.stream.parcels();
    if (queue.empty()) {
        if (h.ended) tell_end(h);
        return false;
    }
    const auto now = steady_clock::now();
    if (const auto at = std::max(queue.front().due, h.next_write); at > now) {
        wait_until(h, at);
        return false;
    }
    if (queue.front().cut) {
        const auto kind = *queue.front().cut;
        queue.pop_front();
        cut(h, kind);
        return false;
    }
    const auto& how = settings(h);
    std::size_t limit = how.piece > 0 ? how.piece : write_limit;
    if (how.bandwidth > 0) limit = std::min<std::size_t>(limit, how.bandwidth / 50 + 1);
    while (!queue.empty() && !queue.front().cut && queue.front().due <= now && h.outgoing.size() < limit) {
        auto& front = queue.front().bytes;
        const auto n = std::min(front.size(), limit - h.outgoing.size());
        h.outgoing.append(front, 0, n);
        front.erase(0, n);
        h.stream.took(n);
        if (front.empty()) queue.pop_front();
    }
    return true;
}

/// False when the receiver takes no more now.
bool fault_connection::send(half& h) {
    const auto n =
        ::send(h.to.native_handle(), h.outgoing.data(), h.outgoing.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
        if (errno == EINTR) return true;
        if (errno == EAGAIN)
            wait_writable(h);
        else
            swallow(h); // what the receiver still says is read by the other half, and so is its end
        return false;
    }
    const auto sent = static_cast<std::size_t>(n);
    h.outgoing.erase(0, sent);
    house_.note([&](fault_counts& c) { counts_of(c, h.way).forwarded += sent; });
    const auto& how = settings(h);
    const auto now = steady_clock::now();
    if (how.bandwidth > 0)
        h.next_write = std::max(h.next_write, now) +
                       std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>{
                           static_cast<double>(sent) / static_cast<double>(how.bandwidth)});
    if (how.piece > 0 && how.pause.count() > 0) h.next_write = std::max(h.next_write, now + how.pause);
    read(h); // there is room again
    return true;
}

void fault_connection::wait_until(half& h, steady_clock::time_point at) {
    h.timer.expires_at(at);
    h.timer.async_wait([self = shared_from_this(), &h](error_code ec) {
        if (!ec) self->write(h);
    });
}

void fault_connection::wait_writable(half& h) {
    h.waiting = true;
    h.to.async_wait(socket_type::wait_write, [self = shared_from_this(), &h](error_code) {
        h.waiting = false;
        self->write(h);
    });
}

// ---- ends

void fault_connection::cut(half& h, fault_kind kind) {
    if (kind == fault_kind::reset) return reset();
    if (kind == fault_kind::stop) {
        h.stopped = true;
        return;
    }
    error_code ignored;
    h.to.shutdown(socket_type::shutdown_send, ignored);
    h.from.close(ignored);
    h.ended = h.finished = true;
    swallow(h);
    swallow(other(h));
    if (other(h).ended) finish();
}

void fault_connection::swallow(half& h) {
    h.swallowing = true;
    h.outgoing.clear();
    if (h.ended) h.finished = true;
    read(h);
}

void fault_connection::tell_end(half& h) {
    if (std::exchange(h.finished, true)) return;
    error_code ignored;
    h.to.shutdown(socket_type::shutdown_send, ignored);
    if (other(h).finished && other(h).ended) finish();
}

void fault_connection::hang_up() {
    error_code ignored;
    if (!server_.is_open()) down_.ended = true;
    client_.shutdown(socket_type::shutdown_send, ignored);
    server_.shutdown(socket_type::shutdown_send, ignored);
    swallow(up_);
    swallow(down_);
    if (up_.ended && down_.ended) finish();
}

void fault_connection::reset() noexcept {
    reset_socket(client_);
    reset_socket(server_);
    finish();
}

void fault_connection::finish() noexcept {
    if (std::exchange(over_, true)) return;
    const auto self = shared_from_this();
    error_code ignored;
    client_.close(ignored);
    server_.close(ignored);
    up_.timer.cancel();
    down_.timer.cancel();
    house_.gone(number_);
}

} // namespace tusk::testing::detail
