#include <tusk/pool/pool_core.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

/// The end of a pool: no new leases, a time for those that are out, then cancelling, then cutting.
namespace tusk::detail {

namespace {

constexpr std::chrono::milliseconds cancel_grace{1000};
constexpr std::chrono::milliseconds cut_grace{100};

} // namespace

void pool_core::abandon() noexcept {
    std::deque<std::shared_ptr<waiter>> waiting;
    std::vector<item> idle;
    {
        const std::lock_guard lock{mutex_};
        if (closed_) return;
        closed_ = counters_.closed = true;
        waiting.swap(waiters_);
        idle = slots_.drain();
        for (auto& w : waiting) w->queued = false;
    }
    try {
        for (auto& w : waiting) {
            w->why = failure{errc::pool_closed, "the pool is closed"};
            w->why.set_sent(sent_state::none, retry_advice::never);
            finish(w);
        }
        asio::post(timers_, [self = shared_from_this()] {
            self->waiter_timer_.cancel();
            self->maintenance_timer_.cancel();
        });
    } catch (...) { // out of memory: the timers end by themselves
    }
    close_all(std::move(idle), close_reason::shutdown);
}

/// Those who wait for the end, when it has come.
std::vector<std::shared_ptr<waiter>> pool_core::closers_if_empty_locked() {
    if (!closed_ || slots_.total() != 0) return {};
    return std::exchange(closers_, {});
}

std::vector<connection_remote> pool_core::in_use() {
    std::vector<connection_remote> out;
    const std::lock_guard lock{mutex_};
    slots_.each_in_use([&](pooled& p) { out.push_back(p.remote); });
    return out;
}

asio::awaitable<void> pool_core::close(deadline until) {
    const auto self = shared_from_this();
    abandon();
    const bool drained = co_await wait_until_empty(until);
    if (drained) co_return;
    for (const auto& one : in_use()) one.cancel();
    const auto canceled_by = deadline::in(cancel_grace);
    const bool ended = co_await wait_until_empty(canceled_by);
    if (ended) co_return;
    for (const auto& one : in_use()) one.close();
    const auto cut_by = deadline::in(cut_grace);
    co_await wait_until_empty(cut_by); // what is still out belongs to holders who do not let go: it is closed
}

/// A timer plays the waiter: whoever brings the last connection back ends it early. False at the deadline.
asio::awaitable<bool> pool_core::wait_until_empty(deadline until) {
    auto w = std::make_shared<waiter>();
    w->executor = executor_;
    auto timer = std::make_shared<asio::steady_timer>(asio::make_strand(executor_));
    timer->expires_at(until.at());
    co_await wait_for_last(w, timer);
    asio::post(timer->get_executor(), [timer] { timer->cancel(); });
    const std::lock_guard lock{mutex_};
    co_return slots_.total() == 0;
}

/// Not a coroutine: g++ 12 destroys a closure with owning captures twice inside a `co_await` expression.
asio::awaitable<void> pool_core::wait_for_last(std::shared_ptr<waiter> w,
                                               std::shared_ptr<asio::steady_timer> timer) {
    return asio::async_initiate<decltype(asio::use_awaitable), void()>(
        [this, w, timer](auto h) {
            const auto self = shared_from_this(); // see `wait_for`
            const auto mine = w;
            const auto clock = timer;
            mine->done = net::completion::of(std::move(h));
            bool over = false;
            {
                const std::lock_guard lock{self->mutex_};
                over = self->slots_.total() == 0;
                if (!over) self->closers_.push_back(mine);
            }
            if (over) {
                mine->done.post(self->executor_);
                return;
            }
            asio::post(clock->get_executor(), [self, clock, mine] {
                clock->async_wait([self, clock, mine](const boost::system::error_code&) {
                    bool last = false;
                    {
                        const std::lock_guard lock{self->mutex_};
                        last = std::erase(self->closers_, mine) != 0;
                    }
                    if (last) finish(mine);
                });
            });
        },
        asio::use_awaitable);
}

} // namespace tusk::detail
