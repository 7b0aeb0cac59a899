#include <services/http/server.hpp>

#include <atomic>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <services/http/detail/connection.hpp>
#include <services/http/detail/listen_address.hpp>
#include <tusk/core/deadline.hpp>
#include <tusk/core/error.hpp>

namespace tusk::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using connection_ptr = std::shared_ptr<detail::connection>;

namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

/// After a failed accept, most likely for want of file descriptors: time for some to be closed.
constexpr auto accept_pause = std::chrono::milliseconds{100};

/// Connections that are being told "too many" at a time; beyond it they are closed without a word, so that a
/// flood cannot take more than this over `max_connections`.
constexpr std::size_t max_refusals = 64;

/// After cutting, time for the cancelled handlers to unwind.
constexpr auto unwind_time = std::chrono::seconds{1};

void check(const server_options& options) {
    const auto require = [](bool ok, const char* what) {
        if (!ok) throw error{errc::invalid_configuration, what};
    };
    using duration = server_options::duration;
    require(options.max_header() >= 256 && options.max_header() <= 16 * 1024 * 1024,
            "HTTP server: max_header must be 256 bytes to 16 MiB");
    require(options.max_connections() > 0, "HTTP server: max_connections must be at least 1");
    require(options.idle_timeout() > duration::zero() && options.read_timeout() > duration::zero() &&
                options.write_timeout() > duration::zero(),
            "HTTP server: timeouts must be positive");
}

error cannot_listen(const std::string& address, const error_code& why) {
    return error{failure{std::error_code{why}, "cannot listen on " + address + ": " + why.message()}};
}

std::vector<tcp::endpoint> resolve(const asio::any_io_executor& executor, const std::string& text) {
    const auto address = detail::parse_listen_address(text).value();
    std::vector<tcp::endpoint> endpoints;
    if (address.host().empty()) { // IPv6 with IPv4 mapped into it; IPv4 alone where there is no IPv6
        const auto port = static_cast<std::uint16_t>(std::stoul(address.port()));
        endpoints.emplace_back(asio::ip::address_v6::any(), port);
        endpoints.emplace_back(tcp::v4(), port);
        return endpoints;
    }
    error_code ec;
    tcp::resolver resolver{executor};
    const auto found = resolver.resolve(address.host(), address.port(),
                                        tcp::resolver::passive | tcp::resolver::numeric_service, ec);
    if (ec) throw cannot_listen(text, ec);
    for (const auto& entry : found) endpoints.push_back(entry.endpoint());
    return endpoints;
}

error_code open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
    error_code ec;
    acceptor.open(endpoint.protocol(), ec);
    if (ec) return ec;
    acceptor.set_option(tcp::acceptor::reuse_address{true}, ec);
    if (!ec && endpoint.address().is_v6() && endpoint.address().is_unspecified())
        acceptor.set_option(asio::ip::v6_only{false}, ec);
    if (!ec) acceptor.bind(endpoint, ec);
    if (!ec) acceptor.listen(tcp::acceptor::max_listen_connections, ec);
    if (ec) {
        error_code ignored;
        acceptor.close(ignored);
    }
    return ec;
}

} // namespace

/// What runs behind a server: the acceptor and the list of connections, on a strand of their own. Kept alive
/// by its coroutines, so that the server object may go first.
class server::impl : public std::enable_shared_from_this<impl> {
public:
    impl(router routes, server_options options)
        : shared_{std::make_shared<detail::shared_state>(std::move(routes), std::move(options))} {}

    void start(asio::any_io_executor executor);
    void stop();
    std::uint16_t port() const noexcept { return port_; }
    std::size_t connections() const noexcept { return count_.load(std::memory_order_relaxed); }

    /// Runs on the caller's executor and moves over to the strand.
    static asio::awaitable<bool> drain(std::shared_ptr<impl> self,
                                       std::chrono::steady_clock::duration timeout);

private:
    asio::awaitable<void> accept_loop();
    asio::awaitable<bool> drain_here(deadline until);
    asio::awaitable<bool> wait_until_closed(deadline until);
    void admit(tcp::socket socket);
    void closed(const connection_ptr& which);
    void begin_drain();
    void accept_backlog();
    void cut_all();
    bool address_is_full(const std::string& address) const {
        const auto most = shared_->options().max_connections_per_address();
        const auto count = per_address_.find(address);
        return most > 0 && count != per_address_.end() && count->second >= most;
    }
    bool all_closed() const noexcept { return open_.empty() && refused_.empty(); }

    std::shared_ptr<detail::shared_state> shared_;
    asio::any_io_executor executor_;
    asio::any_io_executor strand_;
    std::optional<tcp::acceptor> acceptor_;
    std::optional<asio::steady_timer> pause_;
    std::unordered_set<connection_ptr> open_;
    std::unordered_set<connection_ptr> refused_;
    std::unordered_map<std::string, std::size_t> per_address_; ///< Of `open_`.
    std::vector<asio::steady_timer*> waiters_;                 ///< Of `wait_until_closed`.
    std::atomic<std::size_t> count_ = 0;
    std::uint16_t port_ = 0;
};

void server::impl::start(asio::any_io_executor executor) {
    if (acceptor_) throw error{errc::invalid_configuration, "HTTP server: started twice"};
    const auto& options = shared_->options();
    check(options);
    executor_ = std::move(executor);
    strand_ = asio::make_strand(executor_);

    tcp::acceptor acceptor{strand_};
    error_code ec;
    for (const auto& endpoint : resolve(executor_, options.listen())) {
        ec = open(acceptor, endpoint);
        // The other family is an alternative to one that is missing, not to one whose port is taken.
        if (!ec || ec == asio::error::address_in_use) break;
    }
    if (ec) throw cannot_listen(options.listen(), ec);
    port_ = acceptor.local_endpoint().port();
    acceptor_.emplace(std::move(acceptor));
    pause_.emplace(strand_);
    asio::co_spawn(strand_, [self = shared_from_this()] { return self->accept_loop(); }, asio::detached);
}

void server::impl::stop() {
    if (!acceptor_) return;
    asio::post(strand_, [self = shared_from_this()] {
        self->begin_drain();
        self->cut_all();
    });
}

asio::awaitable<void> server::impl::accept_loop() {
    while (!shared_->draining()) {
        const asio::any_io_executor strand = asio::make_strand(executor_);
        auto [ec, socket] = co_await acceptor_->async_accept(strand, no_throw);
        if (!ec) {
            admit(std::move(socket));
        } else if (!shared_->draining() && ec != asio::error::connection_aborted) {
            shared_->failed(
                std::make_exception_ptr(error{failure{std::error_code{ec}, "accept: " + ec.message()}}),
                nullptr);
            pause_->expires_after(accept_pause);
            co_await pause_->async_wait(no_throw);
        }
    }
}

void server::impl::admit(tcp::socket socket) {
    auto made = std::make_shared<detail::connection>(std::move(socket), shared_);
    const bool refused =
        open_.size() >= shared_->options().max_connections() || address_is_full(made->remote_address());
    if (refused && refused_.size() >= max_refusals) return;

    auto on_closed = [self = shared_from_this(), made] {
        asio::post(self->strand_, [self, made] { self->closed(made); });
    };
    (refused ? refused_ : open_).insert(made);
    if (!refused) ++per_address_[made->remote_address()];
    count_.store(open_.size(), std::memory_order_relaxed);
    if (refused)
        made->refuse(std::move(on_closed));
    else
        made->start(std::move(on_closed));
    if (shared_->draining()) made->finish();
}

void server::impl::closed(const connection_ptr& which) {
    if (open_.erase(which) == 1) {
        const auto count = per_address_.find(which->remote_address());
        if (--count->second == 0) per_address_.erase(count);
    }
    refused_.erase(which);
    count_.store(open_.size(), std::memory_order_relaxed);
    if (!all_closed()) return;
    for (auto* waiter : waiters_) waiter->cancel();
}

void server::impl::begin_drain() {
    if (shared_->draining()) return;
    shared_->begin_drain();
    accept_backlog();
    error_code ignored;
    acceptor_->close(ignored);
    pause_->cancel();
    for (const auto& one : open_) one->finish();
}

/// The kernel has completed these connections, their clients may have sent requests: closing the acceptor
/// would reset them.
void server::impl::accept_backlog() {
    error_code ec;
    acceptor_->non_blocking(true, ec);
    while (!ec) {
        const asio::any_io_executor strand = asio::make_strand(executor_);
        auto socket = acceptor_->accept(strand, ec);
        if (!ec) admit(std::move(socket));
    }
}

void server::impl::cut_all() {
    for (const auto* set : {&open_, &refused_})
        for (const auto& one : *set) one->cut();
}

asio::awaitable<bool> server::impl::drain(std::shared_ptr<impl> self,
                                          std::chrono::steady_clock::duration timeout) {
    if (!self->acceptor_) co_return true;
    const auto until = deadline::in(timeout, false);
    const auto run = [self, until] { return self->drain_here(until); };
    co_return co_await asio::co_spawn(self->strand_, run, asio::use_awaitable);
}

asio::awaitable<bool> server::impl::drain_here(deadline until) {
    begin_drain();
    const bool finished = co_await wait_until_closed(until); // named: see connection.cpp about g++ 12
    if (finished) co_return true;
    cut_all();
    const auto unwound = deadline::in(unwind_time);
    co_await wait_until_closed(unwound);
    co_return false;
}

asio::awaitable<bool> server::impl::wait_until_closed(deadline until) {
    asio::steady_timer timer{strand_};
    waiters_.push_back(&timer);
    const auto remove = [this](asio::steady_timer* own) { std::erase(waiters_, own); };
    const std::unique_ptr<asio::steady_timer, decltype(remove)> registration{&timer, remove};
    while (!all_closed() && !until.expired()) {
        timer.expires_at(until.at());
        co_await timer.async_wait(no_throw);
    }
    co_return all_closed();
}

server::server(router routes, server_options options)
    : impl_{std::make_shared<impl>(std::move(routes), std::move(options))} {}

server::~server() { impl_->stop(); }

void server::start(asio::any_io_executor executor) { impl_->start(std::move(executor)); }

std::uint16_t server::port() const noexcept { return impl_->port(); }

std::size_t server::connections() const noexcept { return impl_->connections(); }

asio::awaitable<bool> server::drain(std::chrono::steady_clock::duration timeout) {
    return impl::drain(impl_, timeout);
}

} // namespace tusk::http
