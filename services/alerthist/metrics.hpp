#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <services/alerthist/alertmanager.hpp>
#include <tusk/core/observer.hpp>
#include <tusk/observe/registry.hpp>
#include <tusk/pool/pool.hpp>

namespace tusk::alerthist {

/// What the service counts about itself and its pool, in one registry. Safe from several threads.
class metrics {
public:
    explicit metrics(std::string_view version);

    /// For the pool: the families `postgres_…`. Lives no longer than this object.
    const std::shared_ptr<observer>& pool_observer() const noexcept { return observer_; }
    /// Shows the pool's gauges until the subscription ends.
    observe::subscription watch(const pool& what);

    /// `route` is the pattern, empty when none matched.
    void http_request(std::string_view method, std::string_view route, unsigned status,
                      std::chrono::steady_clock::duration duration) noexcept;
    void alert_received(alert_status status) noexcept;
    void events_created(std::uint64_t count) noexcept;
    /// A body that was not accepted: "malformed", "too_many_alerts", "unavailable".
    void webhook_rejected(std::string_view reason) noexcept;

    /// An attempt to publish: "delivered", "retry", "dead".
    void published(std::string_view target, std::string_view result) noexcept;

    std::uint64_t requests_total() const noexcept { return request_count_.load(std::memory_order_relaxed); }
    std::uint64_t alerts_total() const noexcept { return alert_count_.load(std::memory_order_relaxed); }
    std::uint64_t events_total() const noexcept { return event_count_.load(std::memory_order_relaxed); }

    /// Prometheus' text format.
    std::string expose() const;

private:
    observe::registry registry_;
    std::shared_ptr<observer> observer_;
    observe::family<observe::counter, 3>& requests_;
    observe::family<observe::histogram, 1>& request_duration_;
    observe::family<observe::counter, 1>& alerts_;
    observe::family<observe::counter, 0>& events_;
    observe::family<observe::counter, 1>& rejected_;
    observe::family<observe::counter, 2>& published_;
    std::atomic<std::uint64_t> request_count_ = 0;
    std::atomic<std::uint64_t> alert_count_ = 0;
    std::atomic<std::uint64_t> event_count_ = 0;
};

} // namespace tusk::alerthist
