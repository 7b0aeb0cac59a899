#include <services/http/outbox.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tusk::http {

namespace asio = boost::asio;

outbox::outbox(asio::any_io_executor strand, std::size_t max_messages, std::size_t max_bytes)
    : max_messages_{max_messages}, max_bytes_{max_bytes}, arrived_{std::move(strand)} {}

bool outbox::push(shared_message message) { return push(std::span<const shared_message>{&message, 1}); }

bool outbox::push(std::span<const shared_message> messages) {
    {
        const std::lock_guard lock{mutex_};
        if (closed_) return false;
        bool fits = true;
        for (const auto& one : messages) fits = fits && accept(one);
        wake();
        if (fits) return true;
    }
    if (on_overflow_) on_overflow_();
    return false;
}

/// With the mutex held. False when there is no room; the box is closed then.
bool outbox::accept(const shared_message& message) {
    const bool fits =
        waiting_.size() < max_messages_ && (waiting_.empty() || bytes_ + message->size() <= max_bytes_);
    if (fits) {
        bytes_ += message->size();
        waiting_.push_back(message);
    } else {
        closed_ = overflowed_ = true;
        waiting_.clear();
        bytes_ = 0;
    }
    return fits;
}

void outbox::close() {
    const std::lock_guard lock{mutex_};
    if (closed_) return;
    closed_ = true;
    waiting_.clear();
    bytes_ = 0;
    wake();
}

/// With the mutex held. One wake for all that comes until the strand looks.
void outbox::wake() {
    if (!popping_) return;
    popping_ = false;
    asio::post(arrived_.get_executor(), [self = shared_from_this()] {
        self->arrived_.expires_at(asio::steady_timer::time_point::min());
    });
}

shared_message outbox::take() {
    if (waiting_.empty()) return nullptr;
    auto first = std::move(waiting_.front());
    waiting_.pop_front();
    bytes_ -= first->size();
    return first;
}

asio::awaitable<shared_message> outbox::pop(std::chrono::steady_clock::duration within) {
    const auto self = shared_from_this();
    co_await arrival(within);
    const std::lock_guard lock{mutex_};
    co_return take();
}

asio::awaitable<void> outbox::pop_some(std::vector<shared_message>& into, std::size_t most) {
    const auto self = shared_from_this();
    into.clear();
    while (into.empty()) {
        co_await arrival(std::chrono::steady_clock::duration::max());
        const std::lock_guard lock{mutex_};
        while (into.size() < most && !waiting_.empty()) into.push_back(take());
        if (closed_) break;
    }
}

/// Until there is a message, the box is closed or the time is over.
asio::awaitable<void> outbox::arrival(std::chrono::steady_clock::duration within) {
    {
        const std::lock_guard lock{mutex_};
        if (!waiting_.empty() || closed_) co_return;
        const auto now = std::chrono::steady_clock::now();
        const auto most = asio::steady_timer::time_point::max();
        arrived_.expires_at(within < most - now ? now + within : most);
        popping_ = true;
    }
    co_await arrived_.async_wait(asio::as_tuple(asio::use_awaitable));
    const std::lock_guard lock{mutex_};
    popping_ = false;
}

bool outbox::is_closed() const {
    const std::lock_guard lock{mutex_};
    return closed_;
}

bool outbox::overflowed() const {
    const std::lock_guard lock{mutex_};
    return overflowed_;
}

std::size_t outbox::size() const {
    const std::lock_guard lock{mutex_};
    return waiting_.size();
}

} // namespace tusk::http
