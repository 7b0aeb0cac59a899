#include "server.hpp"

#include <filesystem>

#include "session.hpp"

#include <tusk/testing/scripted_server.hpp>

namespace simulation {

server::server(world& in, std::shared_ptr<ledger> committed, std::string directory)
    : world_{in}, ledger_{std::move(committed)}, directory_{std::move(directory)} {
    std::filesystem::create_directories(directory_);
    start();
}

server::~server() {
    *alive_ = false;
    crash();
}

void server::start() {
    if (listening_) return;
    const auto path = directory_ + "/.s.PGSQL.5432";
    std::filesystem::remove(path);
    acceptor_ = std::make_shared<protocol::acceptor>(world_.executor(), protocol::endpoint{path});
    listening_ = true;
    opens_at_ = {};
    world_.spawn(accept(acceptor_));
}

void server::start_slowly(steady_clock::duration time) {
    start();
    opens_at_ = steady_clock::now() + time;
}

void server::crash() {
    for (const auto& weak : sessions_)
        if (const auto s = weak.lock()) s->close();
    sessions_.clear();
    boost::system::error_code ignored;
    if (acceptor_) acceptor_->close(ignored);
    acceptor_.reset();
    listening_ = false;
    hangs_until_ = {};
}

void server::hang(steady_clock::duration time) {
    hangs_until_ = steady_clock::now() + time;
    ++deafened_;
}

server::session* server::any() {
    std::erase_if(sessions_, [](const auto& s) { return s.expired(); });
    if (sessions_.empty()) return nullptr;
    return sessions_[world_.below(sessions_.size())].lock().get();
}

void server::silence_one(steady_clock::duration time) {
    if (auto* s = any()) {
        s->silent_until = steady_clock::now() + time;
        ++deafened_;
    }
}

void server::terminate_one() {
    if (auto* s = any()) s->terminate();
}

void server::cut_one() {
    if (auto* s = any()) s->cut_next_answer = true;
}

/// A session that was silent is gone; what is being executed, or hung, goes on at once.
void server::heal() {
    hangs_until_ = {};
    for (const auto& weak : sessions_) {
        const auto s = weak.lock();
        if (!s) continue;
        if (s->silent_until > steady_clock::now())
            s->close();
        else
            s->wake();
    }
    opens_at_ = {};
    full_ = false;
    slowness_ = 1;
    serialization_failures_ = stillborn_ = 0;
    lag_ = 0;
    start();
}

/// A server that is told its role ends the sessions that began under the other one only when it becomes a
/// replica: a promotion leaves them.
void server::become(bool replica, std::uint32_t timeline) {
    replica_ = replica;
    timeline_ = timeline;
}

std::int64_t server::replayed() {
    replayed_ = std::max(replayed_, std::ssize(ledger_->tokens) - (replica_ ? lag_ : 0));
    return replayed_;
}

bool server::anything_deaf() const {
    const auto now = steady_clock::now();
    if (hangs_until_ > now) return true;
    for (const auto& weak : sessions_)
        if (const auto s = weak.lock(); s && s->silent_until > now) return true;
    return false;
}

std::size_t server::sessions() const {
    std::size_t n = 0;
    for (const auto& weak : sessions_) n += weak.expired() ? 0 : 1;
    return n;
}

void server::cancel(std::int32_t pid) {
    for (const auto& weak : sessions_)
        if (const auto s = weak.lock(); s && s->pid == pid) s->cancel();
}

asio::awaitable<void> server::accept(std::shared_ptr<protocol::acceptor> on) {
    const auto alive = alive_;
    for (;;) {
        boost::system::error_code ec;
        protocol::socket socket{world_.executor()};
        co_await on->async_accept(socket, asio::redirect_error(asio::use_awaitable, ec));
        if (!*alive || ec) co_return;
        ++arrivals_;
        auto s = std::make_shared<session>(*this, std::move(socket));
        sessions_.push_back(s);
        world_.spawn(session::serve(s));
    }
}

} // namespace simulation
