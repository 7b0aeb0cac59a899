#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <services/alerthist/common.hpp>
#include <services/alerthist/formats.hpp>
#include <services/alerthist/outbox_store.hpp>
#include <services/alerthist/policy_keeper.hpp>
#include <tusk/pool/breaker.hpp>

namespace tusk::alerthist {

/// What a target answered.
struct delivery {
    int status = 0;    ///< 0 when there was no answer.
    std::string error; ///< Why there was none; for people, without secrets.
};

/// POSTs to a target. Does not throw but when it is cancelled.
using deliver_function =
    std::function<boost::asio::awaitable<delivery>(const target& to, const outgoing& what)>;

/// What became of an attempt: delivered, to be tried again (no answer, 408, 425, 429, 5xx), or in vain.
enum class delivery_verdict : std::uint8_t { delivered, again, dead };
delivery_verdict judge_delivery(const delivery& what, std::int32_t attempts, int max_attempts) noexcept;

class publisher_options {
public:
    using duration = std::chrono::milliseconds;

    /// How long after the first failed attempt the next one comes; doubles each time, up to `longest`.
    publisher_options& retry(duration first, duration longest) {
        first_ = first;
        longest_ = longest;
        return *this;
    }
    /// Requests to one target at a time.
    publisher_options& lanes(unsigned count) {
        lanes_ = count;
        return *this;
    }

    duration first_retry() const noexcept { return first_; }
    duration longest_retry() const noexcept { return longest_; }
    unsigned lanes() const noexcept { return lanes_; }

private:
    duration first_{1000};
    duration longest_{300'000};
    unsigned lanes_ = 4;
};

/// Empties the outbox: a coroutine for each enabled target claims what is due, delivers it and settles it,
/// behind a breaker of its own. A target that does not answer holds nobody else back.
class publisher {
public:
    publisher(boost::asio::any_io_executor executor, outbox_store& from, policy_keeper& by,
              deliver_function deliver, publisher_options options, alerthist::log& problems);
    ~publisher();
    publisher(const publisher&) = delete;
    publisher& operator=(const publisher&) = delete;

    /// From any thread: something may be due, or the targets have changed.
    void wake();
    /// Begins nothing more and returns when what is under way is settled.
    boost::asio::awaitable<void> stop();

    struct target_breaker {
        breaker_state state = breaker_state::closed;
        std::chrono::milliseconds retry_after{0};
    };
    target_breaker breaker_of(std::int64_t target) const;
    std::uint64_t delivered() const noexcept;

private:
    class impl;
    std::shared_ptr<impl> impl_;
};

} // namespace tusk::alerthist
