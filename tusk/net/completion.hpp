#pragma once

#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/recycling_allocator.hpp>

namespace tusk::net {

/// A completion handler of no arguments, type-erased and move-only. (Boost 1.81's `any_completion_handler`
/// wraps itself without end when a lambda that holds one is copied from a non-const place.) Its memory is
/// Asio's recycled one: an operation in a running loop allocates nothing.
class completion {
public:
    completion() noexcept = default;
    template <class Handler>
    static completion of(Handler h) {
        completion c;
        boost::asio::recycling_allocator<model<Handler>> memory;
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
    /// The same, never at once: for callers that must not be re-entered.
    void post(const boost::asio::any_io_executor& fallback) {
        if (auto* held = std::exchange(held_, nullptr)) held->complete(fallback, true);
    }

private:
    struct concept_ {
        virtual void complete(const boost::asio::any_io_executor& fallback, bool later) = 0;
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
                boost::asio::post(executor, std::move(h));
            else
                boost::asio::dispatch(executor, std::move(h));
        }
        void destroy() noexcept override {
            boost::asio::recycling_allocator<model> memory;
            this->~model();
            memory.deallocate(this, 1);
        }
        Handler handler;
    };
    concept_* held_ = nullptr;
};

} // namespace tusk::net
