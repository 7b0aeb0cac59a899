#include <tusk/pool/dispatch.hpp>

#include <algorithm>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tusk::detail {

// ---- the caller's side

bool pool_core::may_share(const request& what, client_sink& sink) const {
    if (dispatch_batch_.load(std::memory_order_relaxed) <= 1) return false;
    const auto& o = what.call_options();
    if (!o.may_share() || o.mode() || o.rows_at_a_time() != 0 || !what.known_description()) return false;
    const auto& history = what.text()->history;
    return history.plain() &&
           history.usual() <= steady_clock::duration{dispatch_slow_.load(std::memory_order_relaxed)} &&
           sink.restart();
}

/// True when the statement was executed, or failed for a reason of its own. False: it is to be executed on a
/// connection of its own.
asio::awaitable<bool> pool_core::execute_shared(request& what, client_sink& sink, deadline until,
                                                failure& out) {
    const auto self = shared_from_this();
    const auto w =
        std::allocate_shared<shared_waiter>(net::frame_allocator<shared_waiter>{}, what, sink, settings_);
    w->since = steady_clock::now();
    w->until = acquire_deadline(until);
    w->call_until = until;
    w->executor = executor_;
    {
        const std::lock_guard lock{mutex_};
        if (!breaker_.allows()) co_return false; // `acquire` says so
    }
    co_await wait_for(w);
    if (w->got) { // a connection was idle after all; how long is for `acquire` to see
        put_back(std::move(w->got));
        co_return false;
    }
    if (w->again) {
        out = {};
        co_return !sink.restart();
    }
    out = std::move(w->why);
    co_return true;
}

/// Under the mutex: the caller gave up a statement that is on its way.
void pool_core::cancel_shared(const std::shared_ptr<waiter>& w) {
    auto* statement = static_cast<shared_waiter*>(w->statement);
    statement->canceled = true;
    asio::post(executor_, [session = statement->session->shared_from_this()] { session->poke(); });
}

// ---- the connection's side

shared_session::~shared_session() {
    const std::lock_guard lock{pool_->mutex_};
    std::erase(pool_->shared_, this);
}

void shared_session::start() {
    last_answer_ = steady_clock::now();
    {
        const std::lock_guard lock{pool_->mutex_};
        pool_->shared_.push_back(this);
        ++pool_->counters_.shared_runs;
    }
    auto over = [self = shared_from_this()] {
        const auto pool = self->pool_;
        pool->release(std::move(self->held_));
    };
    share(held_->conn, *this, net::completion::of(std::move(over)));
}

/// Quick statements travel together, as many as may. Where they take longer, so that the last one would wait
/// for more than `dispatch_slow` behind the others, this connection takes no more than its share of those
/// that wait: the rest is for the connections that come free meanwhile.
bool shared_session::takes_more_locked(std::size_t in_flight,
                                       steady_clock::duration expected) const noexcept {
    if (in_flight == 0) return true;
    const auto limit = steady_clock::duration{pool_->dispatch_slow_.load(std::memory_order_relaxed)};
    if (expected_ + expected <= limit) return true;
    const std::size_t connections = pool_->slots_.in_use() + pool_->slots_.idle();
    return in_flight * connections < pool_->waiters_.size() + in_flight;
}

protocol::shared_statement* shared_session::next(std::size_t in_flight) {
    if (in_flight >= pool_->dispatch_batch_.load(std::memory_order_relaxed)) return nullptr;
    std::shared_ptr<shared_waiter> w;
    {
        const std::lock_guard lock{pool_->mutex_};
        auto& queue = pool_->waiters_;
        // Who waits for a connection of his own is not overtaken: this one will be it.
        if (pool_->closed_ || queue.empty() || queue.front()->statement == nullptr) return nullptr;
        if (pool_->slots_.expired(*held_, last_answer_) || held_->epoch != pool_->epoch_) return nullptr;
        const steady_clock::duration expected = queue.front()->statement->text().history.usual();
        if (!takes_more_locked(in_flight, expected)) return nullptr;
        w = std::static_pointer_cast<shared_waiter>(std::move(queue.front()));
        queue.pop_front();
        w->queued = false;
        w->session = this;
        w->until = w->call_until;
        w->expected = expected;
        expected_ += expected;
        on_the_way_.push_back(w);
        ++pool_->counters_.shared_statements;
    }
    w->begin(pool_->settings_, held_->conn);
    return w.get();
}

void shared_session::finished(protocol::shared_statement& which, failure f, protocol::shared_end end) {
    const auto now = steady_clock::now();
    auto& leaving = static_cast<shared_waiter&>(which);
    std::shared_ptr<shared_waiter> w;
    {
        const std::lock_guard lock{pool_->mutex_};
        const auto at = std::find_if(on_the_way_.begin(), on_the_way_.end(),
                                     [&](const auto& x) { return x.get() == &leaving; });
        if (at == on_the_way_.end()) return;
        w = std::move(*at);
        on_the_way_.erase(at);
        expected_ -= w->expected;
        w->session = nullptr;
    }
    if (is_server_failure(f)) held_->blamed = true;
    if (!f) w->text().history.add(true, now - std::max(last_answer_, w->since));
    last_answer_ = now;
    w->again = end == protocol::shared_end::again;
    w->end(f);
    w->why = std::move(f);
    w->done.post(w->executor);
}

failure shared_session::given_up(const protocol::shared_statement& which) {
    const auto& w = static_cast<const shared_waiter&>(which);
    const std::lock_guard lock{pool_->mutex_};
    if (w.canceled) return failure{errc::canceled, "the operation was cancelled"};
    if (w.until.expired())
        return failure{errc::timeout, "the deadline passed before the server had answered"};
    return {};
}

deadline shared_session::first_deadline() const noexcept {
    deadline first;
    for (const auto& w : on_the_way_) first = earlier(first, w->until);
    return first;
}

} // namespace tusk::detail
