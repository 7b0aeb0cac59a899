#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <tusk/core/deadline.hpp>

namespace tusk::detail {

/// When a pooled thing came, was last used, and has to go.
struct slot_times {
    steady_clock::time_point created{};
    steady_clock::time_point last_used{};
    steady_clock::time_point expires = steady_clock::time_point::max();
};

/// The bookkeeping of a pool: who is idle, how many are out, how many may be made. No locks, no clock, no
/// I/O; the pool calls it under its mutex and says what time it is. `Item` derives from `slot_times`.
template <class Item>
class slots {
public:
    using item = std::unique_ptr<Item>;

    void limits(unsigned min, unsigned max) noexcept {
        min_ = min;
        max_ = max;
    }

    unsigned idle() const noexcept { return static_cast<unsigned>(idle_.size()); }
    unsigned in_use() const noexcept { return in_use_; }
    unsigned constructing() const noexcept { return constructing_; }
    unsigned total() const noexcept { return idle() + in_use_ + constructing_; }

    /// The connection used last (it is the warmest, and the others may age out), now in use; or null.
    item take() {
        if (idle_.empty()) return nullptr;
        item out = std::move(idle_.back());
        idle_.pop_back();
        ++in_use_;
        return out;
    }
    /// What `take` would give, or null.
    const Item* top() const noexcept { return idle_.empty() ? nullptr : idle_.back().get(); }
    /// Back from use, to the top of the stack.
    void give_back(item what, steady_clock::time_point now) {
        --in_use_;
        what->last_used = now;
        idle_.push_back(std::move(what));
    }
    /// One in use is gone for good.
    void lost() noexcept { --in_use_; }

    /// How many connections to start making, given how many callers wait: one for each that none is under way
    /// for, and enough to reach the minimum.
    unsigned wanted(std::size_t waiting) const noexcept {
        const auto room = max_ - std::min(max_, total());
        const auto for_waiters =
            waiting > constructing_
                ? static_cast<unsigned>(std::min<std::size_t>(waiting - constructing_, room))
                : 0U;
        const auto for_minimum = total() < min_ ? min_ - total() : 0U;
        return std::min(room, std::max(for_waiters, for_minimum));
    }
    void construction_started() noexcept { ++constructing_; }
    void construction_failed() noexcept { --constructing_; }
    /// A new connection; it counts as in use until it is given to somebody or `give_back` puts it on the
    /// stack.
    void constructed() noexcept {
        --constructing_;
        ++in_use_;
    }

    bool expired(const Item& what, steady_clock::time_point now) const noexcept {
        return now >= what.expires;
    }

    /// Takes out the idle connections that are too old, and those above the minimum that were idle for too
    /// long (the coldest first).
    void sweep(steady_clock::time_point now, steady_clock::duration max_idle, std::vector<item>& too_old,
               std::vector<item>& too_idle) {
        std::vector<item> keep;
        keep.reserve(idle_.size());
        // What is too old goes anyway; only what is left then counts for the minimum.
        unsigned left =
            total() - static_cast<unsigned>(std::count_if(idle_.begin(), idle_.end(),
                                                          [&](const item& i) { return expired(*i, now); }));
        for (auto& i : idle_) {
            if (expired(*i, now)) {
                too_old.push_back(std::move(i));
            } else if (max_idle > steady_clock::duration::zero() && now - i->last_used >= max_idle &&
                       left > min_) {
                too_idle.push_back(std::move(i));
                --left;
            } else {
                keep.push_back(std::move(i));
            }
        }
        idle_ = std::move(keep);
    }
    /// Takes everything idle out.
    std::vector<item> drain() { return std::exchange(idle_, {}); }

private:
    unsigned min_ = 0;
    unsigned max_ = 1;
    unsigned in_use_ = 0;
    unsigned constructing_ = 0;
    std::vector<item> idle_; // a stack: the back was used last
};

} // namespace tusk::detail
