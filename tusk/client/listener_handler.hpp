#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include <boost/asio/awaitable.hpp>

#include <tusk/client/notification.hpp>

namespace tusk::detail {

/// A function that a listener calls, or a coroutine that it awaits; one of them is set.
struct listener_handler {
    std::function<void(const notification_event&)> call;
    std::function<boost::asio::awaitable<void>(const notification_event&)> await;
};

/// A coroutine that has nothing to do.
inline boost::asio::awaitable<void> nothing_to_await() { co_return; }

template <class F>
std::shared_ptr<const listener_handler> make_listener_handler(F f) {
    static_assert(std::is_invocable_v<F&, const notification&>,
                  "tusk: a listener's handler is called with a const tusk::notification&, and, if it can be, "
                  "with a const tusk::gap&");
    using returned = std::invoke_result_t<F&, const notification&>;
    constexpr bool wants_gaps = std::is_invocable_v<F&, const gap&>;
    auto out = std::make_shared<listener_handler>();
    if constexpr (std::is_same_v<returned, boost::asio::awaitable<void>>)
        out->await = [f = std::move(f)](const notification_event& e) mutable -> returned {
            if (const auto* n = std::get_if<notification>(&e)) return f(*n);
            if constexpr (wants_gaps) return f(std::get<gap>(e));
            return nothing_to_await();
        };
    else
        out->call = [f = std::move(f)](const notification_event& e) mutable {
            if (const auto* n = std::get_if<notification>(&e))
                static_cast<void>(f(*n));
            else if constexpr (wants_gaps)
                static_cast<void>(f(std::get<gap>(e)));
        };
    return out;
}

} // namespace tusk::detail
