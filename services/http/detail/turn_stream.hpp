#pragma once

// Private to the files that include Beast.

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>

namespace tusk::http::detail {

/// A socket on which every write is whole before the next one begins, whoever writes: Beast its pings and
/// closes, we the frames of many messages at once. All on the socket's strand.
class turn_stream {
public:
    using next_layer_type = boost::asio::ip::tcp::socket;
    using executor_type = next_layer_type::executor_type;

    explicit turn_stream(next_layer_type& over) : socket_{over}, free_{over.get_executor()} {
        free_.expires_at(boost::asio::steady_timer::time_point::max());
    }

    executor_type get_executor() { return socket_.get_executor(); }
    next_layer_type& next_layer() noexcept { return socket_; }
    const next_layer_type& next_layer() const noexcept { return socket_; }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& into, Token&& token) {
        return socket_.async_read_some(into, std::forward<Token>(token));
    }

    /// Writes all of it, not some: that is what makes it whole.
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& bytes, Token&& token) {
        return boost::asio::async_compose<Token, void(boost::system::error_code, std::size_t)>(
            write_op<Buffers>{*this, bytes}, token, socket_);
    }

private:
    template <class Buffers>
    class write_op {
    public:
        write_op(turn_stream& on, const Buffers& bytes) : on_{on}, bytes_{bytes} {}

        template <class Self>
        void operator()(Self& self, boost::system::error_code ec = {}, std::size_t size = 0) {
            if (writing_) {
                on_.taken_ = false;
                on_.free_.cancel_one();
                return self.complete(ec, size);
            }
            if (on_.taken_) {
                if (self.cancelled() != boost::asio::cancellation_type::none)
                    return self.complete(boost::asio::error::operation_aborted, 0);
                return on_.free_.async_wait(std::move(self));
            }
            on_.taken_ = writing_ = true;
            boost::asio::async_write(on_.socket_, bytes_, std::move(self));
        }

    private:
        turn_stream& on_;
        Buffers bytes_;
        bool writing_ = false;
    };

    next_layer_type& socket_;
    boost::asio::steady_timer free_; ///< Cancelled for one who waits when a write is over.
    bool taken_ = false;
};

/// What Beast does with a stream at the end of a WebSocket, when both sides have sent their close frames. Its
/// own way is to wait for the peer to end the connection, which the peer may never do; the server is to end
/// it first, though. Source: RFC 6455 section 7.1.1.
template <class Handler>
void async_teardown(boost::beast::role_type, turn_stream& of, Handler&& then) {
    boost::system::error_code ec;
    of.next_layer().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ec);
    boost::asio::post(of.get_executor(), boost::beast::bind_front_handler(std::forward<Handler>(then), ec));
}

} // namespace tusk::http::detail
