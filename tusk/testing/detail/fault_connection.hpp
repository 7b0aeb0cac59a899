#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <tusk/net/hosts.hpp>
#include <tusk/testing/detail/fault_stream.hpp>

namespace tusk::testing::detail {

/// What connections of a proxy share and report to; used by the proxy's thread only.
class fault_house {
public:
    virtual ~fault_house() = default;
    virtual const link_settings& settings(direction way) const = 0;
    virtual void note(const std::function<void(fault_counts&)>& change) = 0;
    virtual void gone(std::uint64_t number) = 0;
};

/// One client and its server, and both directions between them. Used by the proxy's thread only.
class fault_connection : public std::enable_shared_from_this<fault_connection> {
public:
    using socket_type = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol,
                                                         boost::asio::io_context::executor_type>;

    fault_connection(fault_house& house, boost::asio::io_context& loop, std::uint64_t number,
                     socket_type client);

    void connect(const net::endpoint& server);
    /// There is no server: what the client says is swallowed.
    void hold();
    void reset() noexcept;
    /// Ends it in good order on both sides.
    void hang_up();
    /// The settings have changed.
    void wake();
    /// Ends the holes that rules have made.
    void resume(direction way);
    fault_stream& stream(direction way) noexcept { return half_of(way).stream; }

private:
    using error_code = boost::system::error_code;
    /// One direction: reads from one socket, writes to the other.
    struct half {
        half(fault_connection& owner, boost::asio::io_context& loop, direction w, socket_type& source,
             socket_type& sink, std::uint64_t number);
        direction way;
        socket_type& from;
        socket_type& to;
        fault_stream stream;
        boost::asio::steady_timer timer;
        std::array<char, 16 * 1024> buffer{};
        std::string outgoing; ///< Taken from the parcels, on its way.
        steady_clock::time_point next_write{};
        bool reading = false;
        bool waiting = false;    ///< For the receiver to take more.
        bool ended = false;      ///< The sender will say no more.
        bool finished = false;   ///< The receiver was told so.
        bool swallowing = false; ///< Nobody is to hear what the sender says.
        bool stopped = false;
    };

    half& half_of(direction way) noexcept { return way == direction::to_server ? up_ : down_; }
    half& other(const half& h) noexcept { return h.way == direction::to_server ? down_ : up_; }
    const link_settings& settings(const half& h) const { return house_.settings(h.way); }
    bool is_stopped(const half& h) const { return h.stopped || settings(h).stopped; }

    void read(half& h);
    void on_read(half& h, const error_code& ec, std::size_t n);
    void write(half& h);
    bool take_parcels(half& h);
    bool send(half& h);
    void wait_until(half& h, steady_clock::time_point at);
    void wait_writable(half& h);
    void cut(half& h, fault_kind kind);
    void swallow(half& h);
    void tell_end(half& h);
    void finish() noexcept;

    fault_house& house_;
    std::uint64_t number_;
    socket_type client_;
    socket_type server_;
    conversation talk_;
    bool over_ = false;
    half up_;
    half down_;
};

} // namespace tusk::testing::detail
