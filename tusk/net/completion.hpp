#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <tusk/net/frame_memory.hpp>

namespace tusk::net {

namespace detail {

using loop_executor = boost::asio::io_context::executor_type;
/// The form in which coroutines hold an io_context's executor: it counts as outstanding work.
using working_loop_executor = std::decay_t<decltype(boost::asio::prefer(
    std::declval<loop_executor>(), boost::asio::execution::outstanding_work.tracked))>;

/// The same executor without counting as work: for an io_context then the plain one, which Asio treats as the
/// native executor of its own sockets.
inline boost::asio::any_io_executor untracked(const boost::asio::any_io_executor& executor) {
    if (const auto* loop = executor.target<working_loop_executor>())
        return boost::asio::require(*loop, boost::asio::execution::outstanding_work.untracked);
    return executor;
}

/// The caller runs in the executor's event loop, where dispatching comes to calling.
template <class Executor>
bool runs_here(const Executor& executor) noexcept {
    if constexpr (std::is_same_v<Executor, boost::asio::any_io_executor>) {
        if (const auto* working = executor.template target<working_loop_executor>())
            return working->running_in_this_thread();
        const auto* loop = executor.template target<loop_executor>();
        return loop != nullptr && loop->running_in_this_thread();
    } else if constexpr (std::is_same_v<Executor, loop_executor> ||
                         std::is_same_v<Executor, working_loop_executor>) {
        return executor.running_in_this_thread();
    } else {
        return false;
    }
}

} // namespace detail

/// A completion handler of no arguments, type-erased and move-only. (Boost 1.81's `any_completion_handler`
/// wraps itself without end when a lambda that holds one is copied from a non-const place.) Its memory is
/// recycled: an operation allocates nothing after the first ones.
class completion {
public:
    completion() noexcept = default;
    template <class Handler>
    static completion of(Handler h) {
        completion c;
        frame_allocator<model<Handler>> memory;
        auto* at = memory.allocate(1);
        c.held_ = ::new (static_cast<void*>(at)) model<Handler>(std::move(h));
        return c;
    }
    completion(completion&& other) noexcept : held_{std::exchange(other.held_, nullptr)} {}
    completion& operator=(completion&& other) noexcept {
        reset();
        held_ = std::exchange(other.held_, nullptr);
        return *this;
    }
    ~completion() { reset(); }

    explicit operator bool() const noexcept { return held_ != nullptr; }
    void reset() noexcept {
        if (auto* held = std::exchange(held_, nullptr)) held->destroy();
    }
    /// Calls the handler on its own executor (or `fallback`), at once when that allows it.
    void complete(const boost::asio::any_io_executor& fallback) {
        if (auto* held = std::exchange(held_, nullptr)) held->complete(fallback, false);
    }
    /// Where the caller asks for cancellation; not connected when it cannot.
    boost::asio::cancellation_slot cancellation_slot() const noexcept {
        return held_ != nullptr ? held_->slot() : boost::asio::cancellation_slot{};
    }
    /// The same, never at once: for callers that must not be re-entered.
    void post(const boost::asio::any_io_executor& fallback) {
        if (auto* held = std::exchange(held_, nullptr)) held->complete(fallback, true);
    }

private:
    struct concept_ {
        virtual void complete(const boost::asio::any_io_executor& fallback, bool later) = 0;
        virtual boost::asio::cancellation_slot slot() const noexcept = 0;
        virtual void destroy() noexcept = 0;

    protected:
        ~concept_() = default;
    };
    template <class Handler>
    struct model final : concept_ {
        explicit model(Handler h) : handler{std::move(h)} {}
        void complete(const boost::asio::any_io_executor& fallback, bool later) override {
            Handler h = std::move(handler);
            destroy();
            auto slot = boost::asio::get_associated_cancellation_slot(h);
            if (slot.is_connected()) slot.clear();
            auto executor = boost::asio::get_associated_executor(h, fallback);
            if (later)
                boost::asio::post(executor,
                                  boost::asio::bind_allocator(frame_allocator<void>{}, std::move(h)));
            else if (detail::runs_here(executor))
                std::move(h)(); // what dispatch comes to, without its preparations
            else
                boost::asio::dispatch(executor, std::move(h));
        }
        boost::asio::cancellation_slot slot() const noexcept override {
            return boost::asio::get_associated_cancellation_slot(handler);
        }
        void destroy() noexcept override {
            frame_allocator<model> memory;
            this->~model();
            memory.deallocate(this, 1);
        }
        Handler handler;
    };
    concept_* held_ = nullptr;
};

} // namespace tusk::net
