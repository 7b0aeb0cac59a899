#pragma once

#include <atomic>
#include <csignal>
#include <stop_token>
#include <thread>

namespace tusk::cli {

/// While this lives, the first SIGINT or SIGTERM requests a stop, so that the work can end in order; a second
/// one ends the process at once.
class stop_on_signal {
public:
    stop_on_signal();
    ~stop_on_signal();
    stop_on_signal(const stop_on_signal&) = delete;
    stop_on_signal& operator=(const stop_on_signal&) = delete;

    std::stop_token token() const noexcept { return stop_.get_token(); }
    /// The signal that came, or 0.
    int signal() const noexcept { return received_; }

private:
    void wait();

    std::stop_source stop_;
    sigset_t old_{};
    std::atomic<int> received_{0};
    std::jthread waiting_;
};

} // namespace tusk::cli
