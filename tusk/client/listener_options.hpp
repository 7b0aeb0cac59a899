#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <tusk/client/notification.hpp>
#include <tusk/core/deadline.hpp>
#include <tusk/core/observer.hpp>

namespace tusk {

/// Settings of a listener, blocking or not.
class listener_options {
public:
    using duration = steady_clock::duration;

    /// After so long without a word of the server it is asked whether it is there. Zero or less: never.
    listener_options& keepalive(duration d) {
        keepalive_ = d;
        return *this;
    }
    /// The answer to that, and to LISTEN, takes no longer, or the connection counts as lost.
    listener_options& answer_timeout(duration d) {
        answer_ = d;
        return *this;
    }
    /// Limit of one attempt to connect, over all hosts.
    listener_options& connect_timeout(duration d) {
        connect_ = d;
        return *this;
    }
    /// Before another attempt to connect passes a random time below a limit, which begins with `first` and
    /// doubles up to `most`.
    listener_options& backoff(duration first, duration most) {
        first_ = first;
        most_ = most;
        return *this;
    }
    /// How many notifications wait for their reader; when there are more, they are dropped and a gap is
    /// reported. A blocking listener reads when nothing waits, and keeps at least as many as this default.
    listener_options& queue_capacity(std::size_t n) {
        capacity_ = n == 0 ? 1 : n;
        return *this;
    }
    /// Notifications for which `f` is false are not delivered: those of one's own connection, say, by
    /// `pid`. It is called while the connection is read, and must not throw.
    listener_options& only(std::function<bool(const notification&)> f) {
        only_ = std::move(f);
        return *this;
    }
    /// Is told what the listener deals with by itself: lost connections, attempts to connect that failed,
    /// and handlers that threw. It must not throw.
    listener_options& on_error(std::function<void(const failure&)> f) {
        on_error_ = std::move(f);
        return *this;
    }
    /// Is told of connects and notices; may be null.
    listener_options& observe_with(std::shared_ptr<observer> o) {
        observer_ = std::move(o);
        return *this;
    }

    duration keepalive() const noexcept { return keepalive_; }
    duration answer_timeout() const noexcept { return answer_; }
    duration connect_timeout() const noexcept { return connect_; }
    duration backoff_first() const noexcept { return first_; }
    duration backoff_most() const noexcept { return most_; }
    std::size_t queue_capacity() const noexcept { return capacity_; }
    const std::shared_ptr<observer>& observed_by() const noexcept { return observer_; }
    bool wants(const notification& n) const { return !only_ || only_(n); }
    void report(const failure& f) const {
        if (on_error_) on_error_(f);
    }

private:
    duration keepalive_ = std::chrono::seconds{30};
    duration answer_ = std::chrono::seconds{10};
    duration connect_ = std::chrono::seconds{10};
    duration first_ = std::chrono::milliseconds{100};
    duration most_ = std::chrono::seconds{30};
    std::size_t capacity_ = 16384;
    std::function<bool(const notification&)> only_;
    std::function<void(const failure&)> on_error_;
    std::shared_ptr<observer> observer_;
};

} // namespace tusk
