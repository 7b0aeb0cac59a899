#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

/// A server on a port of 127.0.0.1 that answers requests with what the test says, byte for byte.
namespace observe_test {

namespace asio = boost::asio;
using asio::ip::tcp;

class listener {
public:
    /// What to send for the n-th request, from 0; afterwards the connection is closed when `close` is set.
    struct reply {
        std::string bytes;
        bool close = false;
    };
    using script = std::function<reply(std::size_t)>;

    explicit listener(script s, asio::ssl::context* tls = nullptr)
        : script_{std::move(s)}, tls_{tls}, acceptor_{io_, {asio::ip::address_v4::loopback(), 0}},
          port_{acceptor_.local_endpoint().port()} {
        accept();
        thread_ = std::thread{[this] { io_.run(); }};
    }
    ~listener() {
        io_.stop();
        thread_.join();
    }
    std::uint16_t port() const noexcept { return port_; }
    std::vector<std::string> requests() const {
        const std::scoped_lock lock{mutex_};
        return requests_;
    }
    int connections() const noexcept { return connections_; }
    /// Until that many requests have come. False when they do not come in half a minute.
    bool wait_for_requests(std::size_t n) const {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, patience, [&] { return requests_.size() >= n; });
    }
    /// Until this side has closed that many connections.
    bool wait_for_closed(std::size_t n) const {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, patience, [&] { return closed_ >= n; });
    }

private:
    template <class Stream>
    struct session : std::enable_shared_from_this<session<Stream>> {
        template <class... A>
        explicit session(listener& l, A&&... a) : owner{l}, stream{std::forward<A>(a)...} {}
        ~session() {
            boost::system::error_code ignored;
            stream.lowest_layer().close(ignored);
            owner.note_closed();
        }

        void read() {
            asio::async_read_until(stream, asio::dynamic_buffer(buffer), "\r\n\r\n",
                                   [self = this->shared_from_this()](auto ec, std::size_t head) {
                                       if (!ec) self->read_body(head);
                                   });
        }
        void read_body(std::size_t head) {
            const auto at = buffer.find("Content-Length: ");
            const auto length = at < head ? std::stoul(buffer.substr(at + 16)) : 0;
            const auto missing = head + length > buffer.size() ? head + length - buffer.size() : 0;
            asio::async_read(stream, asio::dynamic_buffer(buffer), asio::transfer_exactly(missing),
                             [self = this->shared_from_this(), whole = head + length](auto ec, std::size_t) {
                                 if (!ec) self->answer(whole);
                             });
        }
        void answer(std::size_t whole) {
            const auto what = owner.next(buffer.substr(0, whole));
            buffer.erase(0, whole);
            out = what.bytes;
            asio::async_write(stream, asio::buffer(out),
                              [self = this->shared_from_this(), close = what.close](auto ec, std::size_t) {
                                  if (!ec && !close) self->read();
                              });
        }
        listener& owner;
        Stream stream;
        std::string buffer, out;
    };

    reply next(std::string request) {
        std::size_t n = 0;
        {
            const std::scoped_lock lock{mutex_};
            n = requests_.size();
            requests_.push_back(std::move(request));
        }
        changed_.notify_all();
        return script_(n);
    }
    void note_closed() {
        {
            const std::scoped_lock lock{mutex_};
            ++closed_;
        }
        changed_.notify_all();
    }

    void accept() {
        acceptor_.async_accept([this](auto ec, tcp::socket socket) {
            if (ec) return;
            ++connections_;
            if (tls_ == nullptr) {
                std::make_shared<session<tcp::socket>>(*this, std::move(socket))->read();
            } else {
                using secured = asio::ssl::stream<tcp::socket>;
                auto s = std::make_shared<session<secured>>(*this, std::move(socket), *tls_);
                s->stream.async_handshake(asio::ssl::stream_base::server, [s](auto why) {
                    if (!why) s->read();
                });
            }
            accept();
        });
    }

    static constexpr std::chrono::seconds patience{30};

    script script_;
    asio::ssl::context* tls_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<std::string> requests_;
    std::size_t closed_ = 0;
    std::atomic<int> connections_{0};
    asio::io_context io_{1}; // its sessions, which go with it, use what stands above
    tcp::acceptor acceptor_;
    std::uint16_t port_;
    std::thread thread_;
};

} // namespace observe_test
