// Answers that go on: streams and WebSockets.
#include <services/http/detail/connection.hpp>

#include <array>
#include <charconv>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <services/http/detail/exchange.hpp>
#include <services/http/stream.hpp>

namespace tusk::http::detail {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;

namespace {

constexpr std::string_view last_chunk = "0\r\n\r\n";

/// Whoever is cancelled while it writes finishes its piece: half a chunk could never be ended properly.
auto shielded() {
    return asio::bind_cancellation_slot(asio::cancellation_slot{}, asio::as_tuple(asio::use_awaitable));
}

} // namespace

/// What the writer of a body sees.
class connection::body_stream final : public response_stream {
public:
    body_stream(connection& on, bool chunked) noexcept : on_{on}, chunked_{chunked} {}

    asio::awaitable<bool> write(std::string_view piece) override;
    bool is_open() const noexcept override { return !left_ && !on_.shared_->draining(); }

    void leave() noexcept { left_ = true; }
    bool left() const noexcept { return left_; }
    std::uint64_t written() const noexcept { return written_; }

private:
    connection& on_;
    bool chunked_;
    bool left_ = false;
    std::uint64_t written_ = 0;
};

asio::awaitable<bool> connection::body_stream::write(std::string_view piece) {
    if (left_) co_return false;
    if (piece.empty()) co_return true;
    std::array<char, 20> size_line{};
    const auto digits = std::to_chars(size_line.data(), size_line.data() + 16, piece.size(), 16).ptr;
    digits[0] = '\r';
    digits[1] = '\n';
    const std::array<asio::const_buffer, 3> buffers{
        chunked_ ? asio::buffer(size_line.data(), static_cast<std::size_t>(digits + 2 - size_line.data()))
                 : asio::const_buffer{},
        asio::buffer(piece), asio::buffer("\r\n", chunked_ ? 2 : 0)};
    on_.arm(on_.shared_->options().write_timeout(), on_expiry::close);
    const auto [ec, size] = co_await asio::async_write(on_.socket_, buffers, shielded());
    on_.disarm();
    written_ += size;
    if (ec) left_ = true;
    co_return !left_;
}

asio::awaitable<std::uint64_t> connection::write_timed(std::string_view bytes) {
    arm(shared_->options().write_timeout(), on_expiry::close);
    const auto [ec, size] = co_await asio::async_write(socket_, asio::buffer(bytes), shielded());
    disarm();
    co_return ec ? 0 : size;
}

asio::awaitable<void> connection::write_body(body_stream& to, const body_writer& from) { co_await from(to); }

/// A client that ends its direction, too, has left: nobody else tells us while we only write.
asio::awaitable<void> connection::watch_peer(body_stream& to) {
    const auto [ec] =
        co_await socket_.async_wait(tcp::socket::wait_read, asio::as_tuple(asio::use_awaitable));
    if (ec == asio::error::operation_aborted && !cut_) co_return;
    error_code failed;
    if (!ec && socket_.available(failed) > 0) co_return; // a pipelined request, behind which nothing is seen
    to.leave();
    if (streaming_) streaming_->cancel();
}

/// True when the connection may carry another request.
asio::awaitable<bool> connection::write_stream(exchange& ex, response& with) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto head = make_head(ex, with);
    const auto head_size = co_await write_timed(head);
    std::uint64_t total = head_size;
    bool whole = head_size > 0;
    if (whole && with.stream() && status_has_body(with.status()) && ex.of.method() != "HEAD") {
        body_stream body{*this, ex.how.version >= 11};
        side_task writer{socket_.get_executor()};
        side_task watcher{socket_.get_executor()};
        streaming_ = &writer;
        writer.start(write_body(body, with.stream()));
        watcher.start(watch_peer(body));
        if (shared_->draining()) writer.cancel();
        const auto thrown = co_await writer.join();
        streaming_ = nullptr;
        watcher.cancel();
        co_await watcher.join();

        const bool cancelled = thrown && is_cancellation(thrown);
        if (thrown && !cancelled) shared_->failed(thrown, &ex.of);
        whole = !cut_ && !body.left() && (!thrown || (cancelled && shared_->draining()));
        total += body.written();
        if (whole && ex.how.version >= 11) {
            const auto sent = co_await write_timed(last_chunk);
            total += sent;
            whole = sent > 0;
        }
        if (thrown) ex.how.keep_alive = false;
    } else if (whole && !with.stream() && ex.of.method() != "HEAD") {
        const auto sent = co_await write_timed(with.body()); // the head could not be made: a plain error
        total += sent;
    }
    shared_->completed(ex.of, with.status(), steady_clock::now() - ex.started, total);
    co_await asio::this_coro::throw_if_cancelled(true);
    co_return whole&& ex.how.keep_alive && !shared_->draining();
}

asio::awaitable<void> connection::serve_websocket(exchange& ex, response& with) {
    session_ = make_websocket_session(socket_, with.upgrade());
    if (shared_->draining()) session_->finish();
    const auto thrown = co_await session_->run(ex.of);
    session_.reset();
    if (thrown && !is_cancellation(thrown)) shared_->failed(thrown, &ex.of);
    shared_->completed(ex.of, 101, steady_clock::now() - ex.started, 0);
}

} // namespace tusk::http::detail
