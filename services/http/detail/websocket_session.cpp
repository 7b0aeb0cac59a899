// One of the files that include Beast; no header does.
#include <services/http/detail/websocket_session.hpp>

#include <array>
#include <mutex>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <services/http/detail/side_task.hpp>
#include <services/http/detail/turn_stream.hpp>

namespace tusk::http::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

/// What a close frame has room for: 125 bytes with the code.
constexpr std::size_t max_reason = 123;

/// After the closing handshake, time for the peer to end its direction too.
constexpr auto linger_time = std::chrono::seconds{1};

/// One call of the system takes 64 pieces: 32 heads and 32 texts.
constexpr std::size_t most_at_once = 32;

using frame_head = std::array<unsigned char, 10>;

/// The head of a text message in one frame, not masked. Source: RFC 6455 section 5.2.
asio::const_buffer write_head(frame_head& to, std::size_t size) {
    to[0] = 0x81;
    std::size_t bytes = 0;
    if (size < 126) {
        to[1] = static_cast<unsigned char>(size);
    } else {
        bytes = size <= 0xFFFF ? 2 : 8;
        to[1] = bytes == 2 ? 126 : 127;
    }
    for (std::size_t i = 0; i < bytes; ++i)
        to[2 + i] = static_cast<unsigned char>(size >> 8 * (bytes - 1 - i));
    return asio::buffer(to.data(), 2 + bytes);
}

beast::string_view to_beast(std::string_view text) { return {text.data(), text.size()}; }

class session final : public websocket_session,
                      public websocket,
                      public std::enable_shared_from_this<session> {
public:
    session(tcp::socket& socket, std::shared_ptr<const websocket_upgrade> how)
        : socket_{socket}, how_{std::move(how)}, stream_{socket}, hurry_{socket.get_executor()},
          handler_{socket.get_executor()},
          box_{std::make_shared<outbox>(socket.get_executor(), how_->options().max_messages(),
                                        how_->options().max_bytes())} {}

    asio::awaitable<std::exception_ptr> run(const request& handshake) override;
    void finish() override { close(close_code::going_away, {}); }
    void cut() override {
        handler_.cancel();
        abandon();
    }

    asio::awaitable<std::optional<std::string>> receive() override;
    void close(close_code code, std::string reason) override;
    const std::shared_ptr<outbox>& queue() const noexcept override { return box_; }
    close_code peer_code() const noexcept override { return peer_code_; }

private:
    void configure(const request& handshake);
    asio::awaitable<void> write_all();
    asio::awaitable<void> read_to_end();
    void peer_closes();
    void abandon();
    void hurry(std::chrono::steady_clock::duration within);

    tcp::socket& socket_;
    std::shared_ptr<const websocket_upgrade> how_;
    beast::websocket::stream<turn_stream> stream_;
    beast::flat_buffer received_;
    asio::steady_timer hurry_; ///< Bounds the closing.
    side_task handler_;
    asio::cancellation_signal stop_reading_;
    asio::cancellation_signal stop_closing_;
    std::shared_ptr<outbox> box_;
    close_code peer_code_ = close_code::abnormal;
    bool ended_ = false; ///< Nothing more will be received.
    bool running_ = false;

    std::mutex mutex_;
    bool closing_ = false;                     // guarded by mutex_
    close_code own_code_ = close_code::normal; // guarded by mutex_
    std::string own_reason_;                   // guarded by mutex_
};

void session::configure(const request& handshake) {
    using beast::websocket::stream_base;
    const auto& options = how_->options();
    stream_base::timeout times{};
    times.handshake_timeout = options.close_timeout();
    times.idle_timeout = options.idle_timeout();
    times.keep_alive_pings = true;
    stream_.set_option(times);
    stream_.set_option(stream_base::decorator{[id = handshake.id()](beast::websocket::response_type& to) {
        to.set("X-Request-Id", to_beast(id));
    }});
    stream_.read_message_max(options.max_message());
    stream_.control_callback(
        [weak = weak_from_this()](beast::websocket::frame_type kind, beast::string_view) {
            const auto self = weak.lock();
            if (self && kind == beast::websocket::frame_type::close) self->peer_closes();
        });
    box_->on_overflow([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->close(close_code::try_again_later, "too slow");
    });
}

asio::awaitable<std::exception_ptr> session::run(const request& handshake) {
    const auto self = shared_from_this();
    co_await asio::this_coro::throw_if_cancelled(false);
    configure(handshake);
    beast::http::request<beast::http::empty_body> opening;
    opening.version(11);
    opening.method_string(to_beast(handshake.method()));
    opening.target(to_beast(handshake.target()));
    for (const auto& [name, value] : handshake.headers()) opening.insert(to_beast(name), to_beast(value));
    const auto [refused] = co_await stream_.async_accept(opening, quietly);
    if (refused) co_return nullptr;

    running_ = true;
    side_task writer{socket_.get_executor()};
    writer.start(write_all());
    handler_.start(how_->run()(*this));
    const auto thrown = co_await handler_.join();
    close(thrown ? close_code::internal_error : close_code::normal, {});
    co_await read_to_end();
    co_await writer.join();
    running_ = false;
    hurry_.cancel();
    co_return thrown;
}

/// All that is sent goes through here: all that waits in one write, from the shared texts themselves, the
/// close last.
asio::awaitable<void> session::write_all() {
    std::vector<shared_message> messages;
    std::vector<frame_head> heads;
    std::vector<asio::const_buffer> bytes;
    while (true) {
        co_await box_->pop_some(messages, most_at_once);
        if (messages.empty()) break;
        heads.resize(messages.size());
        bytes.clear();
        for (std::size_t i = 0; i < messages.size(); ++i) {
            bytes.push_back(write_head(heads[i], messages[i]->size()));
            bytes.push_back(asio::buffer(*messages[i]));
        }
        const auto [ec, size] = co_await stream_.next_layer().async_write_some(bytes, quietly);
        if (ec) break;
    }
    box_->close();
    beast::websocket::close_reason reason;
    {
        const std::lock_guard lock{mutex_};
        reason.code = static_cast<std::uint16_t>(own_code_);
        reason.reason = to_beast(own_reason_);
    }
    co_await stream_.async_close(reason, asio::bind_cancellation_slot(stop_closing_.slot(), quietly));
    // A reader that waits for a peer that will say nothing more.
    error_code ignored;
    socket_.close(ignored);
}

asio::awaitable<std::optional<std::string>> session::receive() {
    while (!ended_) {
        received_.clear();
        const auto [ec, size] = co_await stream_.async_read(
            received_, asio::bind_cancellation_slot(stop_reading_.slot(), quietly));
        if (ec) {
            ended_ = true;
        } else if (stream_.got_text()) {
            co_return std::string{static_cast<const char*>(received_.data().data()), received_.size()};
        } else {
            close(close_code::unsupported, "text messages only");
        }
    }
    box_->close();
    co_return std::nullopt;
}

/// When the handler has gone, somebody has to hear the peer's close frame: Beast's closer, which would read
/// it too, waits then until the peer ends the connection, which it may never do.
asio::awaitable<void> session::read_to_end() {
    while (!ended_) {
        received_.clear();
        const auto [ec, size] = co_await stream_.async_read(
            received_, asio::bind_cancellation_slot(stop_reading_.slot(), quietly));
        ended_ = static_cast<bool>(ec);
    }
}

void session::close(close_code code, std::string reason) {
    {
        const std::lock_guard lock{mutex_};
        if (closing_) return;
        closing_ = true;
        own_code_ = code;
        own_reason_ = std::move(reason);
        if (own_reason_.size() > max_reason) own_reason_.resize(max_reason);
    }
    box_->close();
    asio::post(hurry_.get_executor(),
               [self = shared_from_this()] { self->hurry(self->how_->options().close_timeout()); });
}

/// A peer that does not read cannot be told anything: the time for it is bounded.
void session::hurry(std::chrono::steady_clock::duration within) {
    if (!running_) return;
    hurry_.expires_after(within);
    hurry_.async_wait([weak = weak_from_this()](error_code ec) {
        const auto self = weak.lock();
        if (ec || !self || !self->running_) return;
        self->abandon();
    });
}

/// A close frame came while somebody read. When it answers ours, all is said; but in Beast 1.81 the reader
/// waits then for the closer and the closer for the reader, so both have to be told.
void session::peer_closes() {
    const auto code = stream_.reason().code;
    peer_code_ = code ? static_cast<close_code>(code) : close_code::none;
    const std::lock_guard lock{mutex_};
    if (closing_)
        asio::post(hurry_.get_executor(), [self = shared_from_this()] { self->abandon(); });
    else
        hurry(linger_time);
}

void session::abandon() {
    error_code ignored;
    socket_.close(ignored);
    stop_reading_.emit(asio::cancellation_type::terminal);
    stop_closing_.emit(asio::cancellation_type::terminal);
}

} // namespace

std::shared_ptr<websocket_session> make_websocket_session(tcp::socket& socket,
                                                          std::shared_ptr<const websocket_upgrade> how) {
    return std::make_shared<session>(socket, std::move(how));
}

} // namespace tusk::http::detail
