#pragma once

#include <coroutine>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace tusk::net {

/// Memory for what lives as long as one operation: coroutine frames, handlers, callers in a queue. Each
/// thread keeps what was given back, by size, up to a limit, for the next one. Asio does so as well, but with
/// two pieces at most, and none of more than about a kilobyte: too little for many operations at a time.
class frame_memory {
public:
    /// Aligned as by `operator new`. Throws `std::bad_alloc`.
    static void* take(std::size_t size);
    /// On any thread; `size` is what was asked for.
    static void give_back(void* what, std::size_t size) noexcept;

    static constexpr std::size_t largest = 8 * 1024;      ///< Larger pieces are not kept.
    static constexpr std::size_t most_kept = 1024 * 1024; ///< Bytes for each thread.
    /// Bytes that the calling thread keeps now; for tests.
    static std::size_t kept() noexcept;
};

/// The same as an allocator.
template <class T>
class frame_allocator {
public:
    using value_type = T;
    frame_allocator() noexcept = default;
    template <class U>
    frame_allocator(const frame_allocator<U>&) noexcept {}

    T* allocate(std::size_t n) {
        static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
        return static_cast<T*>(frame_memory::take(n * sizeof(T)));
    }
    void deallocate(T* what, std::size_t n) noexcept { frame_memory::give_back(what, n * sizeof(T)); }

    friend bool operator==(frame_allocator, frame_allocator) noexcept { return true; }
};

namespace detail {
template <class T>
inline constexpr bool is_awaitable = false;
template <class T>
inline constexpr bool is_awaitable<boost::asio::awaitable<T, boost::asio::any_io_executor>> = true;
} // namespace detail

/// The promise of a coroutine whose frame comes from there. `std::coroutine_traits` chooses it for the pool's
/// own coroutines; for everybody else it is Asio's. (Not for the verbs, which are templates: g++ 12 crashes
/// when such a promise is made for a type that is local to a function.)
template <class T>
class recycled_frame : public boost::asio::detail::awaitable_frame<T, boost::asio::any_io_executor> {
    using executor = boost::asio::any_io_executor;
    using asio_frame = boost::asio::detail::awaitable_frame<T, executor>;
    /// Asio's awaitables want to be told of a frame of Asio's.
    template <class U>
    class bridge {
    public:
        explicit bridge(boost::asio::awaitable<U, executor> to) noexcept : to_{std::move(to)} {}
        bool await_ready() const noexcept { return to_.await_ready(); }
        void await_suspend(std::coroutine_handle<recycled_frame> h) {
            to_.await_suspend(
                std::coroutine_handle<asio_frame>::from_promise(static_cast<asio_frame&>(h.promise())));
        }
        U await_resume() { return to_.await_resume(); }

    private:
        boost::asio::awaitable<U, executor> to_;
    };

public:
    static void* operator new(std::size_t size) { return frame_memory::take(size); }
    static void operator delete(void* what, std::size_t size) noexcept {
        frame_memory::give_back(what, size);
    }

    template <class U>
    bridge<U> await_transform(boost::asio::awaitable<U, executor> what) const {
        return bridge<U>{asio_frame::await_transform(std::move(what))};
    }
    template <class Other>
        requires(!detail::is_awaitable<std::remove_cvref_t<Other>>)
    auto await_transform(Other&& what) {
        return asio_frame::await_transform(std::forward<Other>(what));
    }
};

} // namespace tusk::net
