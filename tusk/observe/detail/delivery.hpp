#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <tusk/core/deadline.hpp>
#include <tusk/observe/transport.hpp>

namespace tusk::observe::detail {

/// What became of a body after an answer.
enum class delivered : std::uint8_t {
    taken,
    again,   ///< It is sent once more, later.
    refused, ///< The collector does not want it; sending it again would not help.
    given_up ///< It was tried for as long as it may be.
};

/// One body on its way to a collector: when it is sent, and sent again. Knows no clock and no network.
///
/// 429, 502, 503, 504 and no answer at all are tried again, after what `Retry-After` says or else after 1 s,
/// doubled each time up to 30 s, each with a jitter of half of it; everything else is not. Source: OTLP
/// specification 1.5, "OTLP/HTTP Response", "Retryable Response Codes" and "Connection".
class delivery {
public:
    using time_point = steady_clock::time_point;
    using duration = steady_clock::duration;

    static constexpr duration first_pause = std::chrono::seconds{1};
    static constexpr duration longest_pause = std::chrono::seconds{30};

    /// `random` gives numbers from 0 to 1.
    explicit delivery(std::function<double()> random) : random_{std::move(random)} {}

    bool is_idle() const noexcept { return !body_; }
    const std::string& body() const { return *body_; }
    std::size_t items() const noexcept { return items_; }
    /// When it is to be sent (again).
    time_point due() const noexcept { return due_; }

    /// `items`: how many spans or points are in it. Until `give_up` it is tried.
    void begin(std::string body, std::size_t items, time_point now, time_point give_up);
    /// What came of sending it at `now`. Unless it is sent again, there is no body afterwards.
    delivered answered(const result<http_answer>& answer, time_point now);
    /// Something newer says the same.
    void abandon() noexcept { body_.reset(); }

private:
    duration pause() const;

    std::function<double()> random_;
    std::optional<std::string> body_;
    std::size_t items_ = 0;
    unsigned attempts_ = 0;
    time_point due_{};
    time_point give_up_{};
};

} // namespace tusk::observe::detail
