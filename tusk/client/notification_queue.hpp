#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include <tusk/client/notification.hpp>

namespace tusk::detail {

/// Notifications that wait for their reader, in order and bounded. What arrives while the queue is full is
/// dropped, and a gap stands in its place; gaps without anything between them are one. Not safe from several
/// threads.
class notification_queue {
public:
    explicit notification_queue(std::size_t capacity) noexcept : capacity_{capacity} {}

    void push(notification&& n);
    void push(gap&& g);
    std::optional<notification_event> pop();
    bool empty() const noexcept { return events_.empty(); }
    /// Never more than twice the capacity, plus one: gaps and what lies between them.
    std::size_t size() const noexcept { return events_.size(); }
    void clear() noexcept {
        events_.clear();
        waiting_ = 0;
    }

private:
    std::size_t capacity_;
    std::size_t waiting_ = 0; ///< Notifications, without the gaps.
    std::deque<notification_event> events_;
};

} // namespace tusk::detail
