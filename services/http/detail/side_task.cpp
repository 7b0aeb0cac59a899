#include <services/http/detail/side_task.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tusk::http::detail {

namespace asio = boost::asio;

struct side_task::state {
    explicit state(const asio::any_io_executor& strand) : ended{strand} {
        ended.expires_at(asio::steady_timer::time_point::max());
    }
    asio::steady_timer ended; ///< Cancelled at the end.
    asio::cancellation_signal stop;
    std::exception_ptr thrown;
    bool over = false;
};

side_task::side_task(const asio::any_io_executor& strand) : state_{std::make_shared<state>(strand)} {}

void side_task::start(asio::awaitable<void> work) {
    auto ended = [own = state_](std::exception_ptr thrown) {
        own->thrown = std::move(thrown);
        own->over = true;
        own->ended.cancel();
    };
    asio::co_spawn(state_->ended.get_executor(), std::move(work),
                   asio::bind_cancellation_slot(state_->stop.slot(), std::move(ended)));
}

void side_task::cancel() {
    if (!state_->over) state_->stop.emit(asio::cancellation_type::terminal);
}

asio::awaitable<std::exception_ptr> side_task::join() {
    const auto own = state_;
    while (!own->over) {
        co_await own->ended.async_wait(
            asio::bind_cancellation_slot(asio::cancellation_slot{}, asio::as_tuple(asio::use_awaitable)));
    }
    co_return own->thrown;
}

} // namespace tusk::http::detail
