#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <services/http/router.hpp>

namespace tusk::http {

/// Settings of a `rate_limiter`: so many requests a minute, up to so many at once.
class rate_limit_options {
public:
    /// For each client address. 0: no limit. Default 0.
    rate_limit_options& per_client(double a_minute, double at_once) {
        client_rate_ = a_minute / 60;
        client_burst_ = at_once;
        return *this;
    }
    /// For all together. 0: no limit. Default 0.
    rate_limit_options& global(double a_minute, double at_once) {
        global_rate_ = a_minute / 60;
        global_burst_ = at_once;
        return *this;
    }
    /// Addresses that are remembered; when there are more, those not heard of for longest are forgotten.
    /// Default 10,000.
    rate_limit_options& max_clients(std::size_t count) {
        max_clients_ = count;
        return *this;
    }
    /// A path that is not limited, such as "/livez".
    rate_limit_options& exempt(std::string path) {
        exempt_.push_back(std::move(path));
        return *this;
    }

    double client_rate() const noexcept { return client_rate_; } ///< A second.
    double client_burst() const noexcept { return client_burst_; }
    double global_rate() const noexcept { return global_rate_; } ///< A second.
    double global_burst() const noexcept { return global_burst_; }
    std::size_t max_clients() const noexcept { return max_clients_; }
    const std::vector<std::string>& exempt() const noexcept { return exempt_; }

private:
    double client_rate_ = 0, client_burst_ = 0, global_rate_ = 0, global_burst_ = 0;
    std::size_t max_clients_ = 10'000;
    std::vector<std::string> exempt_;
};

/// Token buckets, one for each client and one for all. Safe from several threads.
class rate_limiter {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit rate_limiter(rate_limit_options options);

    /// Nothing when the request may pass; else how long until one may. A request that may not pass takes
    /// nothing away.
    std::optional<std::chrono::steady_clock::duration> take(std::string_view client, time_point now);
    std::size_t clients() const;
    const rate_limit_options& options() const noexcept { return options_; }

private:
    struct bucket {
        double tokens = 0;
        time_point at{};
        void refill(double rate, double burst, time_point now);
    };
    void forget_some();

    rate_limit_options options_;
    mutable std::mutex mutex_;
    bucket all_;
    std::unordered_map<std::string, bucket> clients_;
};

/// 429 with Retry-After (whole seconds) for requests past the limit.
middleware rate_limit(std::shared_ptr<rate_limiter> limiter);

} // namespace tusk::http
