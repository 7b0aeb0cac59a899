#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <tusk/observe/otlp_config.hpp>
#include <tusk/observe/registry.hpp>
#include <tusk/observe/tracer.hpp>
#include <tusk/observe/transport.hpp>

namespace tusk::observe {

/// What an exporter has done so far.
struct otlp_stats {
    std::uint64_t spans_sent = 0;     ///< Taken by the collector.
    std::uint64_t spans_dropped = 0;  ///< The queue was full.
    std::uint64_t spans_failed = 0;   ///< Refused, or tried for as long as they may be.
    std::uint64_t metrics_sent = 0;   ///< Times that all metrics were taken.
    std::uint64_t metrics_failed = 0; ///< Times that they were refused, or given up.
    std::uint64_t attempts = 0;       ///< Requests.
    std::string last_problem;         ///< Of the last request that did not go well; empty: none yet.
};

/// Sends spans and metrics to an OpenTelemetry collector by OTLP/HTTP, as JSON, from a thread of its own.
/// What is observed never waits for it: spans queue up to a limit and are dropped beyond it. Destruction
/// sends what is left, for up to `last_words`.
class otlp_exporter {
public:
    /// How long destruction takes at most, an answer that is awaited included.
    static constexpr std::chrono::seconds last_words{5};

    /// `metrics` may be null, and else lives longer than the exporter. A configuration that is not enabled
    /// starts nothing. That a collector cannot be reached, or a certificate not be read, is told by
    /// `stats()`: no service fails because nobody watches it.
    explicit otlp_exporter(otlp_config config, const registry* metrics = nullptr,
                           std::unique_ptr<otlp_transport> through = http_transport());
    otlp_exporter(const otlp_exporter&) = delete;
    otlp_exporter& operator=(const otlp_exporter&) = delete;
    ~otlp_exporter();

    /// For pools and connections, and for spans of the program's own; may outlive the exporter. Records
    /// nothing when the configuration is not enabled or sends no traces.
    const std::shared_ptr<observe::tracer>& tracer() const noexcept;

    /// Sends what there is now, metrics included; true when the collector has taken all of it by then.
    bool flush(std::chrono::milliseconds limit);
    otlp_stats stats() const;

    /// Exposes `otlp_spans_total{result}` and `otlp_requests_total` in a registry, as long as the
    /// subscription lives; it ends before the exporter does.
    subscription count_in(registry& in) const;

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

} // namespace tusk::observe
