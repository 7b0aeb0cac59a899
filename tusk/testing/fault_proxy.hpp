#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tusk/net/conninfo.hpp>

namespace tusk::testing {

namespace detail {
class fault_core;
class fault_rule;
} // namespace detail

/// Which way bytes go through a `fault_proxy`.
enum class direction : std::uint8_t { to_server, to_client };

/// What went through a proxy in one direction, over all connections.
class link_counts {
public:
    std::uint64_t received = 0;  ///< Bytes that came from the sender.
    std::uint64_t forwarded = 0; ///< Bytes that were written to the receiver.
    /// Whole messages that came, by type. As in `received_message`, '0' is StartupMessage, '8' SSLRequest and
    /// its answer, 'x' CancelRequest. Messages inside TLS cannot be told apart and are not counted.
    std::map<char, std::uint64_t> messages;
    std::uint64_t hang_ups = 0; ///< Connections whose sender closed its end or broke off.

    std::uint64_t of(char type) const {
        const auto at = messages.find(type);
        return at == messages.end() ? 0 : at->second;
    }
};

/// What a proxy has seen and done since it was made.
class fault_counts {
public:
    std::uint64_t connections = 0; ///< Accepted so far.
    std::uint64_t open = 0;        ///< Of them, present now.
    std::uint64_t unreachable = 0; ///< Accepted, and the server let nobody in.
    std::uint64_t faults = 0;      ///< Rules that struck.
    link_counts to_server;
    link_counts to_client;
};

/// What becomes of those who connect.
enum class arrival : std::uint8_t {
    forward, ///< They reach the server.
    refuse,  ///< Nobody listens: "connection refused".
    close,   ///< Accepted and closed in good order at once.
    reset,   ///< Accepted and reset at once.
    hold,    ///< Accepted, and then silence; the server hears nothing.
};

/// A place in the stream where the connection can be cut.
class fault_cut {
public:
    /// Counts and strikes on the connection of this number only (from 0, in the order they were accepted).
    fault_cut& on_connection(std::uint64_t number);
    /// Strikes so often in all; the default is once. The count begins anew after each time.
    fault_cut& times(std::uint64_t n);
    fault_cut& every_time() { return times(std::numeric_limits<std::uint64_t>::max()); }

    /// The receiver sees a TCP reset (on a Unix socket: the end) after everything before this place; the
    /// sender too.
    void reset();
    /// The receiver sees the end (FIN) after everything before this place. What it still sends is swallowed.
    void close();
    /// Nothing more goes this way on this connection, until `fault_link::resume()`.
    void stop();
    /// These bytes go to the receiver first.
    void insert(std::string bytes);

protected:
    friend class fault_link;
    fault_cut(std::shared_ptr<detail::fault_core> core, std::shared_ptr<detail::fault_rule> rule)
        : core_{std::move(core)}, rule_{std::move(rule)} {}
    void arm();

    std::shared_ptr<detail::fault_core> core_;
    std::shared_ptr<detail::fault_rule> rule_;
};

/// A place that is a message, or one byte: the unit that the verbs are about. A rule is armed by its verb,
/// and counts on each connection what comes from then on.
class fault_point : public fault_cut {
public:
    fault_point& on_connection(std::uint64_t number) {
        fault_cut::on_connection(number);
        return *this;
    }
    fault_point& times(std::uint64_t n) {
        fault_cut::times(n);
        return *this;
    }
    fault_point& every_time() {
        fault_cut::every_time();
        return *this;
    }

    void drop();
    void duplicate();
    /// The next unit goes first. This one waits for it, without limit.
    void swap_with_next();
    /// It, and all that follows, goes so much later.
    void delay(std::chrono::milliseconds time);
    void replace(std::string bytes);
    /// Flips the bits of `mask` in the byte at `offset` (0 is a message's type, 1 to 4 its length); an offset
    /// past the end changes nothing.
    void flip(std::uint8_t mask, std::size_t offset = 0);

private:
    using fault_cut::fault_cut;
    friend class fault_link;
};

/// One direction of a proxy. What is set here holds for all connections, present and future, from now on.
class fault_link {
public:
    /// Everything arrives `time` later, give or take a random part of `jitter`; the order stays.
    fault_link& latency(std::chrono::milliseconds time, std::chrono::milliseconds jitter = {},
                        std::uint32_t seed = 1);
    /// Bytes a second, for each connection; 0 is no limit.
    fault_link& bandwidth(std::uint64_t bytes_per_second);
    /// Written in pieces of at most `size` bytes, with a pause in between; 0 is no limit.
    fault_link& pieces(std::size_t size, std::chrono::milliseconds pause = {});
    /// What comes within `window` leaves together, in one write where the system takes it.
    fault_link& merge(std::chrono::milliseconds window);
    /// A black hole: nothing is forwarded, not even the end of a connection. Up to 64 KiB are still taken
    /// from each sender, as the buffers of a real network do.
    fault_link& stop();
    /// What was held back goes on.
    fault_link& resume();
    /// Takes back everything: rules that have not struck, limits, `stop()`.
    fault_link& heal();

    /// Byte `offset`, counted from 0 from now on in what would reach the receiver. A cut at `n` lets exactly
    /// `n` bytes through.
    fault_point at_byte(std::uint64_t offset) const;
    /// The k-th message (from 1) of any type, from now on.
    fault_point at_any_message(std::uint64_t k = 1) const;
    /// The k-th message of this type; see `link_counts::messages` for those without a type byte.
    fault_point at_message(char type, std::uint64_t k = 1) const;
    /// The k-th message of this type whose body holds these bytes: `at_message_with('Q', "commit")`.
    fault_point at_message_with(char type, std::string text, std::uint64_t k = 1) const;
    /// The place behind the k-th message of this type.
    fault_cut after_message(char type, std::uint64_t k = 1) const;

private:
    friend class fault_proxy;
    fault_link(std::shared_ptr<detail::fault_core> core, direction way) : core_{std::move(core)}, way_{way} {}
    fault_point point(std::shared_ptr<detail::fault_rule> rule) const;

    std::shared_ptr<detail::fault_core> core_;
    direction way_;
};

/// Stands between a client and a PostgreSQL server, on 127.0.0.1 or a Unix socket, and does to their bytes
/// what networks, middleboxes and failing servers do: delays, cuts, silence, damage, at an exact byte or
/// message. It has a thread of its own and is controlled from any other one; when a control call returns, it
/// is in force.
///
///     fault_proxy proxy{database.url()};
///     auto db = blocking::connection::open(proxy.url());
///     proxy.to_client().at_message('C').reset();       // the next CommandComplete is never seen
///
/// It knows where messages begin (protocol 3, SSLRequest and StartupMessage included) until TLS starts; from
/// there on bytes are bytes.
class fault_proxy {
public:
    /// In front of the first host of a connection string. Throws `tusk::error`.
    explicit fault_proxy(std::string_view conninfo);
    /// The same, listening on `<directory>/.s.PGSQL.5432`; the directory must exist.
    fault_proxy(std::string_view conninfo, const std::string& directory);
    /// In front of a TCP port or a Unix socket.
    explicit fault_proxy(const host_address& server);
    fault_proxy(const host_address& server, const std::string& directory);
    /// Resets all connections.
    ~fault_proxy();
    fault_proxy(const fault_proxy&) = delete;
    fault_proxy& operator=(const fault_proxy&) = delete;

    /// The port of 127.0.0.1; 5432 on a Unix socket.
    std::uint16_t port() const noexcept;
    /// The connection string it was made with (of a `host_address`: an empty one), leading here instead.
    std::string url() const;
    /// This connection string, leading here instead.
    std::string url(std::string_view conninfo) const;

    fault_link to_server() const;
    fault_link to_client() const;
    fault_link link(direction way) const;
    /// Black hole in both directions: the half-open connection.
    void stop();
    void resume();
    void arrivals(arrival what);
    /// Resets all connections that are open now.
    void cut();
    /// Ends them in good order instead.
    void hang_up();
    /// As new: no rules, no limits, no holes, everybody is forwarded. Connections that are open stay.
    void heal();

    fault_counts counts() const;
    /// Waits until this is true of the counts; false when it was not within `limit`.
    bool wait_for(const std::function<bool(const fault_counts&)>& holds,
                  std::chrono::milliseconds limit = std::chrono::seconds{10}) const;

private:
    std::shared_ptr<detail::fault_core> core_;
    std::string conninfo_;
};

} // namespace tusk::testing
