#pragma once

#include <algorithm>
#include <random>

#include <tusk/core/deadline.hpp>

namespace tusk::detail {

/// How long to wait before the next attempt to connect: any time from zero up to a limit that doubles with
/// each attempt (full jitter), so that the clients of a server that comes back do not come all at once.
/// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
class reconnect_delay {
public:
    reconnect_delay(steady_clock::duration first, steady_clock::duration most) noexcept
        : first_{std::max<steady_clock::duration>(first, std::chrono::milliseconds{1})},
          most_{std::max(first_, most)}, limit_{first_} {}

    /// The next wait is not longer than this.
    steady_clock::duration limit() const noexcept { return limit_; }
    template <class Generator>
    steady_clock::duration next(Generator& random) {
        std::uniform_int_distribution<steady_clock::rep> pick{0, limit_.count()};
        const auto out = steady_clock::duration{pick(random)};
        limit_ = limit_ > most_ / 2 ? most_ : limit_ * 2;
        return out;
    }
    /// A connection was there for so long. One that goes at once does not make us hurry.
    void connected_for(steady_clock::duration d) noexcept {
        if (d >= limit_) limit_ = first_;
    }

private:
    steady_clock::duration first_;
    steady_clock::duration most_;
    steady_clock::duration limit_;
};

} // namespace tusk::detail
