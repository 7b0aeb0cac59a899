#include <services/http/detail/connection.hpp>

#include <services/http/detail/exchange.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace tusk::http::detail {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;

namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

/// How long a closing connection goes on reading what the peer still sends. Closing with unread bytes would
/// reset the connection, and the peer might never see the answer. Source: RFC 9112 section 9.6.
constexpr auto linger_time = std::chrono::seconds{2};

/// A body that nobody will look at is read up to here to keep the connection; past it, closing is cheaper.
constexpr std::uint64_t max_ignored_body = 256 * 1024;

response internal_error(const request& of) {
    return error_response(500, "INTERNAL_ERROR", "The server failed to answer the request.", of.id());
}

} // namespace

bool is_cancellation(const std::exception_ptr& what) noexcept {
    try {
        std::rethrow_exception(what);
    } catch (const boost::system::system_error& e) {
        return e.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

void shared_state::completed(const request& of, unsigned status, steady_clock::duration duration,
                             std::uint64_t bytes) const noexcept {
    if (!options_.on_complete()) return;
    try {
        options_.on_complete()(of, status, duration, bytes);
    } catch (...) { // a broken log must not take requests with it
    }
}

void shared_state::failed(std::exception_ptr what, const request* of) const noexcept {
    if (!options_.on_error()) return;
    try {
        options_.on_error()(std::move(what), of);
    } catch (...) {
    }
}

connection::connection(tcp::socket socket, std::shared_ptr<const shared_state> shared)
    : socket_{std::move(socket)}, watchdog_{socket_.get_executor()}, shared_{std::move(shared)},
      reader_{shared_->options().max_header()} {
    error_code ignored;
    socket_.set_option(tcp::no_delay{true}, ignored);
    const auto peer = socket_.remote_endpoint(ignored);
    if (!ignored) remote_address_ = peer.address().to_string();
}

void connection::spawn(asio::awaitable<void> (connection::*run)(), std::function<void()> on_closed) {
    auto self = shared_from_this();
    auto ended = [self, on_closed = std::move(on_closed)](std::exception_ptr what) {
        if (what && !is_cancellation(what)) self->shared_->failed(what, nullptr);
        error_code ignored;
        self->disarm();
        self->socket_.close(ignored);
        on_closed();
    };
    asio::co_spawn(
        socket_.get_executor(), [self, run] { return ((*self).*run)(); },
        asio::bind_cancellation_slot(cancel_.slot(), std::move(ended)));
}

void connection::start(std::function<void()> on_closed) { spawn(&connection::serve, std::move(on_closed)); }

void connection::refuse(std::function<void()> on_closed) {
    spawn(&connection::serve_refusal, std::move(on_closed));
}

void connection::finish() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
        error_code ec;
        // A request whose bytes are there already is under way, though nobody has looked at them yet.
        if (self->idle_ && self->socket_.available(ec) == 0) self->socket_.cancel(ec);
        if (self->streaming_) self->streaming_->cancel();
        if (self->session_) self->session_->finish();
    });
}

void connection::cut() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
        self->cut_ = true;
        error_code ignored;
        self->socket_.close(ignored);
        if (self->streaming_) self->streaming_->cancel();
        if (self->session_) self->session_->cut();
        self->cancel_.emit(asio::cancellation_type::terminal);
    });
}

// g++ 12 miscompiles `if (co_await …)` in coroutines whose outermost block declares nothing before it: here,
// results are always bound to a name first.

asio::awaitable<void> connection::serve() {
    for (bool first = true;; first = false) {
        const bool arrived = co_await wait_for_request(first);
        if (!arrived) co_return;
        const bool go_on = co_await serve_one();
        if (!go_on) break;
    }
    if (!cut_) co_await linger();
}

asio::awaitable<void> connection::serve_refusal() {
    exchange ex{remote_address_};
    ex.unread = true;
    auto busy = error_response(503, "SERVICE_UNAVAILABLE", "Too many connections.", ex.of.id());
    busy.set_header("Retry-After", "1");
    co_await write(ex, busy);
    co_await linger();
}

/// False when the connection is to be closed without a word.
asio::awaitable<bool> connection::wait_for_request(bool first) {
    reader_.begin();
    if (!reader_.buffer_empty()) co_return true;
    error_code ec;
    if (shared_->draining() && socket_.available(ec) == 0) co_return false;

    const auto& options = shared_->options();
    arm(first ? options.read_timeout() : options.idle_timeout(), on_expiry::cancel);
    idle_ = true;
    const bool arrived = co_await fill_buffer();
    idle_ = false;
    co_return arrived;
}

/// Reads and answers one request. False when the connection has to end.
asio::awaitable<bool> connection::serve_one() {
    exchange ex{remote_address_};
    arm(shared_->options().read_timeout(), on_expiry::cancel);
    bool present = co_await read_header(ex);
    if (!present) co_return false;
    if (!ex.refusal) accept_header(ex);
    if (!ex.unread) present = co_await read_body(ex);
    if (!present) co_return false;
    disarm();

    response with = co_await answer(ex);
    if (cut_) {
        shared_->completed(ex.of, 503, steady_clock::now() - ex.started, 0);
        co_return false;
    }
    if (with.upgrade() && reader_.buffer_empty()) {
        co_await serve_websocket(ex, with);
        co_return false;
    }
    if (with.upgrade()) // a client must not speak before it is answered
        with = error_response(400, "BAD_REQUEST", "Data came before the handshake was answered.", ex.of.id());
    if (with.stream()) co_return co_await write_stream(ex, with);
    co_return co_await write(ex, with);
}

/// Reads what there is. False when the connection failed, ended or was cancelled.
asio::awaitable<bool> connection::fill_buffer() {
    const auto space = reader_.prepare();
    const auto [ec, size] =
        co_await socket_.async_read_some(asio::buffer(space.data(), space.size()), no_throw);
    if (!ec) reader_.commit(size);
    co_return !ec;
}

/// False when the peer left; every other failure is a refusal.
asio::awaitable<bool> connection::read_header(exchange& ex) {
    while (true) {
        const auto step = reader_.read_header();
        if (step == progress::done) co_return true;
        if (step != progress::need_more) {
            ex.refuse_header(step);
            co_return true;
        }
        const bool more = co_await fill_buffer();
        if (timed_out_ && reader_.started()) {
            ex.refuse_late();
            co_return true;
        }
        if (!more || timed_out_) co_return false;
    }
}

/// Decides by the header alone what can be decided by it.
void connection::accept_header(exchange& ex) {
    ex.how.version = reader_.version();
    ex.how.keep_alive = reader_.keep_alive();
    if (!reader_.fill_header(ex.of)) {
        ex.refuse(400, "BAD_REQUEST", "The request's target is malformed.");
        return;
    }
    ex.where = shared_->routes().resolve(ex.of);
    const bool served = ex.where.status() == 0;
    const auto server_limit = shared_->options().max_body();
    const auto limit =
        served ? ex.where.max_body().value_or(server_limit) : std::min(server_limit, max_ignored_body);
    if (!reader_.limit_body(limit)) {
        if (served)
            ex.refuse_body();
        else
            ex.unread = true;
        return;
    }
    const auto expectation = ex.of.header("Expect");
    if (!expectation || ex.how.version < 11) return;
    if (!iequals(*expectation, "100-continue"))
        ex.refuse(417, "EXPECTATION_FAILED", "Only the expectation \"100-continue\" is known.");
    else if (!served)
        ex.unread = !reader_.is_done(); // the answer stands: the client need not send the body
    else
        ex.expects_continue = true;
}

/// False when the peer left; every other failure is a refusal.
asio::awaitable<bool> connection::read_body(exchange& ex) {
    while (true) {
        const auto step = reader_.read_body();
        if (step == progress::done) {
            ex.of.set_body(reader_.take_body());
            co_return true;
        }
        if (step == progress::too_large && ex.where.status() != 0) {
            ex.unread = true;
            co_return true;
        }
        if (step != progress::need_more) {
            if (step == progress::too_large)
                ex.refuse_body();
            else
                ex.refuse(400, "BAD_REQUEST", "The request's body is malformed.");
            co_return true;
        }
        if (ex.expects_continue) {
            const bool sent = co_await send_continue();
            if (!sent) co_return false;
            ex.expects_continue = false;
        }
        const bool more = co_await fill_buffer();
        if (timed_out_) {
            ex.refuse_late();
            co_return true;
        }
        if (!more) co_return false;
    }
}

asio::awaitable<bool> connection::send_continue() {
    static constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [ec, size] = co_await asio::async_write(socket_, asio::buffer(line), no_throw);
    co_return !ec;
}

asio::awaitable<response> connection::answer(exchange& ex) {
    if (ex.refusal) co_return std::move(*ex.refusal);
    std::exception_ptr thrown;
    try {
        co_return co_await shared_->routes().handle(ex.of, ex.where);
    } catch (...) {
        thrown = std::current_exception();
    }
    if (!cut_) shared_->failed(thrown, &ex.of);
    co_return internal_error(ex.of);
}

/// The response's header; an unsendable response (a header field past 64 KiB) is replaced.
std::string connection::make_head(exchange& ex, response& with) {
    const auto asked = with.headers().find("Connection");
    ex.how.keep_alive =
        ex.how.keep_alive && !ex.unread && !shared_->draining() && !(asked && iequals(*asked, "close"));
    ex.how.streaming = static_cast<bool>(with.stream());
    if (ex.how.streaming && ex.how.version < 11) ex.how.keep_alive = false;
    try {
        return response_head(with, ex.how, ex.of.id());
    } catch (...) {
        shared_->failed(std::current_exception(), &ex.of);
    }
    with = internal_error(ex.of);
    ex.how.streaming = false;
    return response_head(with, ex.how, ex.of.id());
}

/// True when the connection may carry another request.
asio::awaitable<bool> connection::write(exchange& ex, response& with) {
    const auto head = make_head(ex, with);
    const bool has_body = status_has_body(with.status()) && ex.of.method() != "HEAD";
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), has_body ? asio::buffer(with.body())
                                                                                 : asio::const_buffer{}};
    arm(shared_->options().write_timeout(), on_expiry::close);
    const auto [ec, size] = co_await asio::async_write(socket_, buffers, no_throw);
    disarm();
    shared_->completed(ex.of, with.status(), steady_clock::now() - ex.started, size);
    co_return !ec && ex.how.keep_alive;
}

/// Ends our direction and discards the other until the peer ends it too.
asio::awaitable<void> connection::linger() {
    error_code failed;
    socket_.shutdown(tcp::socket::shutdown_send, failed);
    if (failed) co_return;
    arm(linger_time, on_expiry::close);
    std::vector<char> scratch(16 * 1024);
    while (!failed && !timed_out_) {
        const auto [ec, size] = co_await socket_.async_read_some(asio::buffer(scratch), no_throw);
        failed = ec;
    }
    disarm();
}

/// Bounds the operations that follow, together. A read is cancelled, so that there can be an answer; whoever
/// reads looks at `timed_out_` after each operation, for one may have completed in the meantime. A write is
/// several operations in one, which only closing the socket surely ends.
void connection::arm(steady_clock::duration timeout, on_expiry action) {
    timed_out_ = false;
    deadline_ = deadline::in(timeout, false).at();
    action_ = action;
    watch();
}

void connection::watch() {
    watchdog_.expires_at(deadline_);
    watchdog_.async_wait([weak = weak_from_this()](error_code ec) {
        const auto self = weak.lock();
        // Expired, queued and re-armed since: the newer wait is the valid one.
        if (ec || !self || steady_clock::now() < self->deadline_) return;
        self->timed_out_ = true;
        if (self->action_ == on_expiry::close)
            self->socket_.close(ec);
        else
            self->socket_.cancel(ec);
    });
}

void connection::disarm() {
    deadline_ = steady_clock::time_point::max();
    watchdog_.cancel();
}

} // namespace tusk::http::detail
