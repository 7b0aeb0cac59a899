#include <tusk/client/notification_queue.hpp>

#include <string>

namespace tusk::detail {

void notification_queue::push(notification&& n) {
    if (waiting_ < capacity_) {
        events_.emplace_back(std::move(n));
        ++waiting_;
        return;
    }
    push(gap{gap::cause::overflow, std::chrono::system_clock::now(),
             failure{errc::connection_busy, "more than " + std::to_string(capacity_) +
                                                " notifications wait to be read; those that came later "
                                                "were dropped"},
             1});
}

void notification_queue::push(gap&& g) {
    if (!events_.empty())
        if (auto* last = std::get_if<gap>(&events_.back())) {
            last->absorb(std::move(g));
            return;
        }
    events_.emplace_back(std::move(g));
}

std::optional<notification_event> notification_queue::pop() {
    if (events_.empty()) return std::nullopt;
    std::optional<notification_event> out{std::move(events_.front())};
    events_.pop_front();
    if (std::holds_alternative<notification>(*out)) --waiting_;
    return out;
}

} // namespace tusk::detail
