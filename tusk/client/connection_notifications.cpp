// The notifications of an asynchronous connection.
#include <boost/asio/use_awaitable.hpp>

#include <tusk/client/connection_core.hpp>
#include <tusk/protocol/await_notification.hpp>

namespace tusk {

asio::awaitable<result<notification>> connection::core::next_notification(options o) {
    const auto self = shared_from_this();
    const auto until = o.deadline_from_now(steady_clock::duration::zero());
    for (;;) {
        auto kept = detail::take_notification(notifications);
        if (!kept) co_return failed<notification>(kept.error());
        if (*kept) co_return std::move(**kept);
        if (auto f = enter(until)) co_return failed<notification>(std::move(f));
        const detail::busy_guard guard{busy};
        if (auto f = co_await settle(until)) co_return failed<notification>(std::move(f));
        protocol::await_notification machine{driver.session()};
        if (!notifications || notifications->empty()) co_await driver.run(machine, until);
        if (machine.result()) co_return failed<notification>(machine.take_result());
    }
}

asio::awaitable<result<notification>> connection::try_next_notification(const options& o) {
    return core_->next_notification(o);
}

namespace {

asio::awaitable<notification> value_of(asio::awaitable<result<notification>> work) {
    auto r = co_await std::move(work);
    if (!r) throw error{r.error()};
    co_return std::move(*r);
}

} // namespace

asio::awaitable<notification> connection::next_notification(const options& o) {
    return value_of(try_next_notification(o));
}

std::optional<notification> connection::poll_notification() {
    return detail::take_notification(core_->notifications).value();
}

} // namespace tusk
