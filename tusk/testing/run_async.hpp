#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <type_traits>

#include <boost/asio/awaitable.hpp>

#include <tusk/core/deadline.hpp>

namespace tusk::testing {

namespace detail {
/// Runs a coroutine on an event loop of its own; throws what it throws, and `tusk::error` with
/// `errc::timeout` when it is not over in time. `threads` may be more than one to provoke races.
void run(boost::asio::awaitable<void> work, steady_clock::duration limit, unsigned threads);
} // namespace detail

/// Runs a coroutine to its end from a plain function, as a test does.
template <class T>
T run_async(boost::asio::awaitable<T> work, steady_clock::duration limit = std::chrono::seconds{30},
            unsigned threads = 1) {
    if constexpr (std::is_void_v<T>) {
        detail::run(std::move(work), limit, threads);
    } else {
        std::optional<T> out;
        // A lambda's captures die with the lambda: the parts travel as arguments.
        auto store = [](boost::asio::awaitable<T> inner,
                        std::optional<T>& into) -> boost::asio::awaitable<void> {
            into.emplace(co_await std::move(inner));
        };
        detail::run(store(std::move(work), out), limit, threads);
        return std::move(*out);
    }
}

} // namespace tusk::testing
