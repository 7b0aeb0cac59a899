#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include <tusk/client/notification.hpp>

namespace tusk::detail {

/// Remembers that notifications may have been missed until the channels are subscribed again.
class gap_keeper {
public:
    /// The server sent something, or confirmed the subscriptions.
    void heard() noexcept { last_heard_ = std::chrono::system_clock::now(); }
    /// From now on everything that is sent arrives.
    void subscribed() noexcept {
        live_ = true;
        heard();
    }
    /// Before the first subscription there was nothing to miss.
    void lost(const failure& reason) {
        if (!std::exchange(live_, false)) return;
        gap g{gap::cause::connection_lost, last_heard_, reason};
        if (pending_)
            pending_->absorb(std::move(g));
        else
            pending_.emplace(std::move(g));
    }
    /// The gap that has to be told before anything else.
    std::optional<gap> take() { return std::exchange(pending_, std::nullopt); }

private:
    std::chrono::system_clock::time_point last_heard_ = std::chrono::system_clock::now();
    std::optional<gap> pending_;
    bool live_ = false;
};

} // namespace tusk::detail
