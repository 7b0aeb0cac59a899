#include <services/http/hub.hpp>

#include <algorithm>

namespace tusk::http {

namespace asio = boost::asio;

namespace {

/// Leaves whatever way the coroutine ends.
class membership {
public:
    membership(hub& of, std::shared_ptr<outbox> who) : of_{of}, who_{std::move(who)} { of_.join(who_); }
    ~membership() { of_.leave(who_); }
    membership(const membership&) = delete;
    membership& operator=(const membership&) = delete;

private:
    hub& of_;
    std::shared_ptr<outbox> who_;
};

} // namespace

void hub::join(std::shared_ptr<outbox> who) {
    const std::lock_guard lock{mutex_};
    auto next = std::make_shared<list>(*clients_);
    next->push_back(std::move(who));
    clients_ = std::move(next);
}

void hub::leave(const std::shared_ptr<outbox>& who) {
    const std::lock_guard lock{mutex_};
    auto next = std::make_shared<list>(*clients_);
    std::erase(*next, who);
    clients_ = std::move(next);
}

std::size_t hub::broadcast(shared_message message) {
    return broadcast(std::span<const shared_message>{&message, 1});
}

std::size_t hub::broadcast(std::span<const shared_message> messages) {
    std::shared_ptr<const list> now;
    {
        const std::lock_guard lock{mutex_};
        now = clients_;
    }
    std::size_t reached = 0;
    for (const auto& one : *now) {
        if (one->push(messages))
            ++reached;
        else if (one->overflowed()) {
            dropped_.fetch_add(1, std::memory_order_relaxed);
            leave(one);
        }
    }
    return reached;
}

std::size_t hub::size() const {
    const std::lock_guard lock{mutex_};
    return clients_->size();
}

asio::awaitable<void> hub::serve(websocket& client) {
    const membership joined{*this, client.queue()};
    while (true) {
        const auto said = co_await client.receive();
        if (!said) break;
    }
}

asio::awaitable<void> hub::serve(event_stream& client, std::shared_ptr<outbox> box,
                                 std::chrono::steady_clock::duration ping) {
    const membership joined{*this, box};
    bool open = true;
    while (open) {
        const auto message = co_await box->pop(ping);
        if (message) {
            open = co_await client.send_formatted(*message);
        } else if (box->is_closed()) {
            break;
        } else {
            open = co_await client.ping();
        }
    }
}

} // namespace tusk::http
