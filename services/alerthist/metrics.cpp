#include <services/alerthist/metrics.hpp>

#include <algorithm>

#include <tusk/observe/metrics_observer.hpp>
#include <tusk/observe/pool_gauges.hpp>
#include <tusk/observe/prometheus.hpp>

namespace tusk::alerthist {

namespace {

/// Clients may send any word as a method; a label must not grow with them.
std::string_view known_method(std::string_view method) noexcept {
    static constexpr std::string_view known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    return std::find(std::begin(known), std::end(known), method) != std::end(known) ? method : "other";
}

} // namespace

metrics::metrics(std::string_view version)
    : observer_{std::make_shared<observe::metrics_observer>(registry_)},
      requests_{registry_.counter("alerthist_http_requests_total", "HTTP requests answered", "method",
                                  "route", "status")},
      request_duration_{registry_.histogram("alerthist_http_request_duration_seconds",
                                            "Time from a request's first byte to its answer's last",
                                            "route")},
      alerts_{
          registry_.counter("alerthist_alerts_received_total", "Alerts in accepted notifications", "status")},
      events_{
          registry_.counter("alerthist_alert_events_created_total", "Changes of state added to the history")},
      rejected_{
          registry_.counter("alerthist_webhook_rejected_total", "Notifications not accepted", "reason")},
      published_{registry_.counter("alerthist_publish_attempts_total", "Attempts to publish events", "target",
                                   "result")} {
    registry_.gauge("alerthist_build_info", "1; the label tells which alerthist this is", "version")
        .with(version)
        .set(1);
    events_.with(); // shown from the start, as are those below
    for (const auto status : {alert_status::firing, alert_status::resolved}) alerts_.with(to_string(status));
}

observe::subscription metrics::watch(const pool& what) {
    return observe::watch_pool(registry_, [&what](observe::pool_gauges& out) {
        const auto stats = what.stats();
        out.name = what.config().name();
        out.active = stats.in_use;
        out.idle = stats.idle;
        out.total = stats.total;
        out.constructing = stats.constructing;
        out.pending = stats.waiting;
        out.max = stats.max;
        out.min = stats.min;
    });
}

void metrics::http_request(std::string_view method, std::string_view route, unsigned status,
                           std::chrono::steady_clock::duration duration) noexcept {
    request_count_.fetch_add(1, std::memory_order_relaxed);
    const std::string_view shown = route.empty() ? "none" : route;
    char code[3] = {static_cast<char>('0' + status / 100 % 10), static_cast<char>('0' + status / 10 % 10),
                    static_cast<char>('0' + status % 10)};
    requests_.with(known_method(method), shown, std::string_view{code, sizeof code}).add();
    request_duration_.with(shown).record(duration);
}

void metrics::alert_received(alert_status status) noexcept {
    alert_count_.fetch_add(1, std::memory_order_relaxed);
    alerts_.with(to_string(status)).add();
}
void metrics::events_created(std::uint64_t count) noexcept {
    event_count_.fetch_add(count, std::memory_order_relaxed);
    events_.with().add(count);
}
void metrics::published(std::string_view target, std::string_view result) noexcept {
    published_.with(target, result).add();
}
void metrics::webhook_rejected(std::string_view reason) noexcept { rejected_.with(reason).add(); }
std::string metrics::expose() const { return observe::to_prometheus(registry_); }

} // namespace tusk::alerthist
