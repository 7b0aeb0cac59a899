#include <tusk/pool/retry.hpp>

#include <algorithm>
#include <random>
#include <string>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tusk {

retry_policy::duration retry_policy::limit_after(std::uint32_t attempt) const noexcept {
    auto limit = std::min(base_, cap_);
    for (std::uint32_t i = 1; i < attempt && limit < cap_; ++i) limit = limit > cap_ / 2 ? cap_ : limit * 2;
    return limit;
}

std::string retry_policy::problems() const {
    std::string all;
    const auto complain = [&](const char* text) { all += (all.empty() ? "" : "; ") + std::string{text}; };
    if (attempts_ == 0) complain("retry attempts must be at least 1");
    if (base_ < duration::zero() || cap_ < base_)
        complain("retry backoff must not be negative, nor base above cap");
    if (!(share_ >= 0 && share_ <= 1) || !(floor_ >= 0))
        complain("retry budget must be a share from 0 to 1 and a floor from 0");
    return all;
}

retry_budget::retry_budget(const retry_policy& p, steady_clock::time_point now) noexcept
    : per_call_{static_cast<std::int64_t>(p.budget_share() * token)}, per_second_{p.budget_floor() * token},
      most_{static_cast<std::int64_t>(10 * per_second_) + 100 * token},
      tokens_{static_cast<std::int64_t>(per_second_)}, filled_at_{now.time_since_epoch().count()} {}

void retry_budget::add(std::int64_t amount) noexcept {
    auto have = tokens_.load(std::memory_order_relaxed);
    while (have < most_ &&
           !tokens_.compare_exchange_weak(have, std::min(most_, have + amount), std::memory_order_relaxed)) {
    }
}

void retry_budget::called() noexcept { add(per_call_); }

bool retry_budget::take(steady_clock::time_point now) noexcept {
    const auto at = now.time_since_epoch().count();
    auto before = filled_at_.load(std::memory_order_relaxed);
    const std::chrono::duration<double> passed = steady_clock::duration{at - before};
    const auto earned = static_cast<std::int64_t>(std::min(passed.count(), 10.0) * per_second_);
    if (earned > 0 && filled_at_.compare_exchange_strong(before, at, std::memory_order_relaxed)) add(earned);
    auto have = tokens_.load(std::memory_order_relaxed);
    while (have >= token)
        if (tokens_.compare_exchange_weak(have, have - token, std::memory_order_relaxed)) return true;
    return false;
}

retry_decision decide_retry(const retry_policy& policy, const failure& f, std::uint32_t attempt,
                            bool idempotent, deadline until, steady_clock::time_point now,
                            double random) noexcept {
    const auto advice = f.retry();
    const bool allowed = advice == retry_advice::safe || advice == retry_advice::transaction ||
                         (advice == retry_advice::if_idempotent && idempotent);
    // Who waited in vain for a connection has no time left, and a breaker is there to be heeded.
    const bool refused = f == condition::timeout || f == condition::pool_closed ||
                         f == condition::circuit_open || f == condition::canceled;
    if (!allowed || refused || attempt >= policy.attempts()) return {};
    const auto limit = static_cast<double>(policy.limit_after(attempt).count());
    const auto delay = steady_clock::duration{static_cast<steady_clock::rep>(random * limit)};
    if (!until.is_never() && until.at() - now <= delay) return {};
    return {true, delay};
}

double random_share() noexcept {
    thread_local std::minstd_rand generator{std::random_device{}()};
    return std::uniform_real_distribution<double>{0, 1}(generator);
}

asio::awaitable<void> pause_for(steady_clock::duration d) {
    const auto here = co_await asio::this_coro::executor;
    asio::steady_timer timer{here, d};
    co_await timer.async_wait(asio::use_awaitable);
}

} // namespace tusk
