#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <tusk/core/deadline.hpp>

namespace tusk::detail {

/// When a pooled thing came, was last used, and has to go; and its place among those in use.
struct slot_times {
    slot_times() = default;
    slot_times(const slot_times&) = delete;
    slot_times& operator=(const slot_times&) = delete;

    steady_clock::time_point created{};
    steady_clock::time_point last_used{};
    steady_clock::time_point expires = steady_clock::time_point::max();

private:
    template <class>
    friend class slots;
    slot_times* before_ = nullptr;
    slot_times* after_ = nullptr;
};

/// Who used a connection so recently would have been told that it broke. One that nobody has used yet counts
/// as used longer ago.
inline constexpr std::chrono::milliseconds surely_alive{1};

/// How many connections a pool wants to make at a moment.
struct construction_demand {
    std::size_t waiting = 0; ///< Callers in the queue.
    unsigned at_once = 1;    ///< How many may be under way for them together.
    unsigned expiring = 0;   ///< Idle ones that go soon.
};

/// The bookkeeping of a pool: who is idle, how many are out, how many may be made. No locks, no clock, no
/// I/O; the pool calls it under its mutex and says what time it is. `Item` derives from `slot_times`.
template <class Item>
class slots {
public:
    using item = std::unique_ptr<Item>;

    slots() = default;
    slots(const slots&) = delete;
    slots& operator=(const slots&) = delete;

    void limits(unsigned min, unsigned max, unsigned min_idle = 0) noexcept {
        min_ = min;
        max_ = max;
        min_idle_ = min_idle;
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
        joins(*out);
        return out;
    }
    /// What `take` would give, or null.
    const Item* top() const noexcept { return idle_.empty() ? nullptr : idle_.back().get(); }
    /// Back from use, to the top of the stack.
    void give_back(item what, steady_clock::time_point now) {
        leaves(*what);
        what->last_used = now;
        idle_.push_back(std::move(what));
    }
    /// One in use goes for good.
    void lost(Item& what) noexcept { leaves(what); }

    /// How many to start making: for each caller that waits, as far as they may be under way at once, and
    /// enough to reach the minimum and the idle minimum, not counting those that go soon.
    unsigned wanted(const construction_demand& d) const noexcept {
        const auto room = max_ - std::min(max_, total());
        const auto for_callers = static_cast<unsigned>(std::min<std::size_t>(d.waiting, d.at_once));
        const auto for_waiters = for_callers > constructing_ ? for_callers - constructing_ : 0U;
        const auto for_minimum = missing(min_, total(), d.expiring);
        const auto for_idle = min_idle_ == 0 ? 0U : missing(min_idle_, idle() + constructing_, d.expiring);
        return std::min(room, std::max({for_waiters, for_minimum, for_idle}));
    }
    void construction_started() noexcept { ++constructing_; }
    void construction_failed() noexcept { --constructing_; }
    /// A new one; it counts as in use until it is given to somebody or `give_back` puts it on the stack.
    void constructed(Item& what) noexcept {
        --constructing_;
        joins(what);
    }

    /// Calls `f(const Item&)` for each one in use, the one taken last first, and for each idle one.
    template <class F>
    void each_in_use(F f) const {
        for (auto* at = first_; at != nullptr; at = at->after_) f(static_cast<Item&>(*at));
    }
    template <class F>
    void each_idle(F f) const {
        for (const auto& i : idle_) f(*i);
    }
    /// How many idle ones go within that time.
    unsigned expiring(steady_clock::time_point before) const noexcept {
        return static_cast<unsigned>(
            std::count_if(idle_.begin(), idle_.end(), [&](const item& i) { return i->expires <= before; }));
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
                       left > std::max(min_, in_use_ + min_idle_)) {
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

    /// Takes out the idle ones above the maximum, the coldest first.
    std::vector<item> surplus() {
        const auto count = std::min<std::size_t>(total() - std::min(max_, total()), idle_.size());
        std::vector<item> out;
        for (std::size_t i = 0; i < count; ++i) out.push_back(std::move(idle_[i]));
        idle_.erase(idle_.begin(), idle_.begin() + static_cast<std::ptrdiff_t>(count));
        return out;
    }
    /// The idle one that was not used for the longest time, now in use; or null.
    item take_coldest() {
        if (idle_.empty()) return nullptr;
        item out = std::move(idle_.front());
        idle_.erase(idle_.begin());
        joins(*out);
        return out;
    }
    const Item* coldest() const noexcept { return idle_.empty() ? nullptr : idle_.front().get(); }
    /// Back from being looked after: where it was, for nobody has used it.
    void put_back(item what) {
        leaves(*what);
        const auto at = std::find_if(idle_.begin(), idle_.end(),
                                     [&](const item& i) { return i->last_used > what->last_used; });
        idle_.insert(at, std::move(what));
    }

private:
    static unsigned missing(unsigned wanted, unsigned there, unsigned going) noexcept {
        const auto staying = there - std::min(there, going);
        return wanted > staying ? wanted - staying : 0U;
    }
    void joins(slot_times& what) noexcept {
        what.before_ = nullptr;
        what.after_ = first_;
        if (first_ != nullptr) first_->before_ = &what;
        first_ = &what;
        ++in_use_;
    }
    void leaves(slot_times& what) noexcept {
        if (what.before_ != nullptr)
            what.before_->after_ = what.after_;
        else
            first_ = what.after_;
        if (what.after_ != nullptr) what.after_->before_ = what.before_;
        what.before_ = what.after_ = nullptr;
        --in_use_;
    }

    unsigned min_ = 0;
    unsigned max_ = 1;
    unsigned min_idle_ = 0;
    unsigned in_use_ = 0;
    unsigned constructing_ = 0;
    slot_times* first_ = nullptr; ///< Those in use.
    std::vector<item> idle_;      // a stack: the back was used last
};

} // namespace tusk::detail
