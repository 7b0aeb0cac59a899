#include <tusk/testing/detail/fault_core.hpp>

#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <future>

#include <boost/asio/post.hpp>

namespace tusk::testing::detail {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

net::endpoint only_address(const host_address& of) {
    auto all = net::resolve(of);
    if (!all) throw error{std::move(all.error().add_context("fault proxy"))};
    return all->front();
}

[[noreturn]] void give_up(const std::string& what, const error_code& ec) {
    throw error{errc::environment, "fault proxy: " + what + ": " + ec.message()};
}

} // namespace

fault_core::fault_core(const host_address& server, const std::string& directory)
    : server_{only_address(server)} {
    own_ = directory.empty() ? host_address{"127.0.0.1", 0} : host_address{directory};
    own_endpoint_ = only_address(own_);
    if (!own_endpoint_.is_unix()) {
        const asio::generic::stream_protocol::endpoint any{&own_endpoint_.address, own_endpoint_.length};
        error_code ec;
        placeholder_.open(any.protocol(), ec);
        if (!ec) placeholder_.set_option(asio::socket_base::reuse_address{true}, ec);
        if (!ec) placeholder_.bind(any, ec);
        if (ec) give_up("no port", ec);
        const auto at = placeholder_.local_endpoint();
        std::memcpy(&own_endpoint_.address, at.data(), at.size());
        own_.port = ntohs(reinterpret_cast<const sockaddr_in*>(&own_endpoint_.address)->sin_port);
    }
    listen();
    thread_ = std::thread{[this] { loop_.run(); }};
}

fault_core::~fault_core() { shut(); }

void fault_core::shut() {
    ask([this] {
        arrivals(arrival::refuse);
        cut();
        error_code ignored;
        placeholder_.close(ignored);
    });
    {
        const std::lock_guard lock{mutex_};
        shut_ = true;
    }
    work_.reset();
    if (thread_.joinable()) thread_.join();
}

void fault_core::ask(const std::function<void()>& what) {
    std::promise<void> done;
    {
        const std::lock_guard lock{mutex_};
        if (shut_) return;
        asio::post(loop_, [&] {
            try {
                what();
                done.set_value();
            } catch (...) {
                done.set_exception(std::current_exception());
            }
        });
    }
    done.get_future().get();
}

// ---- listening

void fault_core::listen() {
    const asio::generic::stream_protocol::endpoint at{&own_endpoint_.address, own_endpoint_.length};
    error_code ec;
    if (own_endpoint_.is_unix()) ::unlink(own_endpoint_.display.c_str());
    acceptor_.open(at.protocol(), ec);
    if (!ec && !own_endpoint_.is_unix()) acceptor_.set_option(asio::socket_base::reuse_address{true}, ec);
    if (!ec) acceptor_.bind(at, ec);
    if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) give_up("cannot listen on " + own_.display(), ec);
    accept();
}

void fault_core::accept() {
    acceptor_.async_accept([this](error_code ec, fault_connection::socket_type client) {
        if (ec == asio::error::operation_aborted) return;
        if (!ec) welcome(std::move(client));
        if (acceptor_.is_open()) accept();
    });
}

void fault_core::welcome(fault_connection::socket_type client) {
    const auto number = next_number_++;
    const auto made = std::make_shared<fault_connection>(*this, loop_, number, std::move(client));
    connections_.emplace(number, made);
    note([](fault_counts& c) {
        ++c.connections;
        ++c.open;
    });
    for (const auto way : {direction::to_server, direction::to_client})
        made->stream(way).seed(seeds_[index_of(way)]);
    for (const auto& rule : rules_) made->stream(rule->way).arm(rule);
    switch (arrival_) {
    case arrival::refuse: // came before the listening ended
    case arrival::reset: made->reset(); break;
    case arrival::close: made->hang_up(); break;
    case arrival::hold: made->hold(); break;
    case arrival::forward: made->connect(server_); break;
    }
}

void fault_core::arrivals(arrival what) {
    arrival_ = what;
    if (what == arrival::refuse) {
        error_code ignored;
        acceptor_.close(ignored);
    } else if (!acceptor_.is_open()) {
        listen();
    }
}

// ---- rules

void fault_core::arm(const std::shared_ptr<fault_rule>& rule) {
    std::erase_if(rules_, [](const auto& r) { return r->left == 0; });
    rules_.push_back(rule);
    for_all([&](fault_connection& c) { c.stream(rule->way).arm(rule); });
}

void fault_core::change(direction way, const std::function<void(link_settings&)>& how) {
    how(settings_[index_of(way)]);
    for_all([](fault_connection& c) { c.wake(); });
}

void fault_core::seed(direction way, std::uint32_t value) {
    seeds_[index_of(way)] = value;
    for_all([&](fault_connection& c) { c.stream(way).seed(value); });
}

void fault_core::resume(direction way) {
    settings_[index_of(way)].stopped = false;
    for_all([&](fault_connection& c) { c.resume(way); });
}

void fault_core::heal(direction way) {
    std::erase_if(rules_, [&](const auto& r) { return r->way == way; });
    settings_[index_of(way)] = {};
    for_all([&](fault_connection& c) {
        c.stream(way).forget_rules();
        c.resume(way);
    });
}

void fault_core::cut() {
    for_all([](fault_connection& c) { c.reset(); });
}

void fault_core::hang_up() {
    for_all([](fault_connection& c) { c.hang_up(); });
}

/// Connections may go while they are told.
void fault_core::for_all(const std::function<void(fault_connection&)>& what) {
    const auto all = connections_;
    for (const auto& [number, connection] : all) what(*connection);
}

// ---- counts

void fault_core::note(const std::function<void(fault_counts&)>& change) {
    {
        const std::lock_guard lock{mutex_};
        change(counts_);
    }
    changed_.notify_all();
}

void fault_core::gone(std::uint64_t number) {
    connections_.erase(number);
    note([](fault_counts& c) { --c.open; });
}

fault_counts fault_core::counts() const {
    const std::lock_guard lock{mutex_};
    return counts_;
}

bool fault_core::wait_for(const std::function<bool(const fault_counts&)>& holds,
                          std::chrono::milliseconds limit) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, limit, [&] { return holds(counts_); });
}

} // namespace tusk::testing::detail
