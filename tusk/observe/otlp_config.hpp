#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tusk::observe {

/// Which traces are recorded. Source: OpenTelemetry specification, "Built-in samplers".
class sampling {
public:
    enum class rule : std::uint8_t { always, never, ratio };

    sampling() noexcept = default;
    sampling& roots(rule r) noexcept {
        roots_ = r;
        return *this;
    }
    /// The share of traces, 0 to 1, for `rule::ratio`; decided by the trace's id, so that all services agree.
    sampling& share(double s) noexcept {
        share_ = s;
        return *this;
    }
    /// Who has a parent does as the parent did. On by default.
    sampling& follow_parent(bool on) noexcept {
        follow_parent_ = on;
        return *this;
    }
    rule roots() const noexcept { return roots_; }
    double share() const noexcept { return share_; }
    bool follows_parent() const noexcept { return follow_parent_; }

private:
    rule roots_ = rule::always;
    double share_ = 1;
    bool follow_parent_ = true;
};

/// Where one kind of telemetry goes, and how.
struct otlp_endpoint {
    std::string url; ///< Whole: "http://localhost:4318/v1/traces". Empty: nothing is sent.
    std::vector<std::pair<std::string, std::string>> headers;
    std::chrono::milliseconds timeout{10'000}; ///< Of one attempt.
    std::string certificate;                   ///< PEM file of the authorities to trust; empty: the system's.
    std::string client_certificate;            ///< PEM file of our own chain; empty: none.
    std::string client_key;
};

/// What an exporter needs to know. Source: OpenTelemetry specification, "OTLP exporter" and "Environment
/// variables".
class otlp_config {
public:
    using variables = std::function<std::optional<std::string>(std::string_view)>;

    /// Sends to http://localhost:4318, as the specification has it.
    otlp_config();

    /// Reads the variables `OTEL_…` (docs/observability.md lists them) from the process' environment, or from
    /// `from`. Throws `tusk::error` (`errc::invalid_configuration`), naming the variable and the remedy, for
    /// what would send telemetry to the wrong place or in another form than wanted: an endpoint that is no
    /// URL, a protocol or compression that Tusk does not speak. What the specification wants ignored (a
    /// number that is none, an unknown sampler) is ignored and told by `warnings()`.
    static otlp_config from_environment();
    static otlp_config from_environment(const variables& from);

    /// Both kinds to the paths below a URL ("http://collector:4318").
    otlp_config& endpoint(std::string_view base);
    otlp_config& header(const std::string& name, const std::string& value);
    otlp_config& service_name(std::string_view name) { return resource("service.name", name); }
    /// An attribute of everything that is sent.
    otlp_config& resource(std::string_view name, std::string_view value);
    otlp_config& sample(sampling s) noexcept {
        sampling_ = s;
        return *this;
    }
    /// How often metrics are sent (60 s).
    otlp_config& metric_interval(std::chrono::milliseconds t) noexcept {
        metric_interval_ = t;
        return *this;
    }
    /// The longest that a span waits for others (5 s), how many wait (2,048; later ones are dropped) and
    /// travel together (512).
    otlp_config& span_delay(std::chrono::milliseconds t) noexcept {
        span_delay_ = t;
        return *this;
    }
    otlp_config& span_queue(std::size_t spans) noexcept {
        span_queue_ = spans;
        return *this;
    }
    otlp_config& span_batch(std::size_t spans) noexcept {
        span_batch_ = spans;
        return *this;
    }
    /// How long a batch of spans is tried before it is given up (30 s).
    otlp_config& span_timeout(std::chrono::milliseconds t) noexcept {
        span_timeout_ = t;
        return *this;
    }
    otlp_config& without_traces() noexcept {
        traces_.url.clear();
        return *this;
    }
    otlp_config& without_metrics() noexcept {
        metrics_.url.clear();
        return *this;
    }

    /// False with OTEL_SDK_DISABLED=true: nothing is recorded or sent.
    bool is_enabled() const noexcept { return enabled_; }
    const otlp_endpoint& traces() const noexcept { return traces_; }
    const otlp_endpoint& metrics() const noexcept { return metrics_; }
    const std::vector<std::pair<std::string, std::string>>& resource() const noexcept { return resource_; }
    const sampling& sampler() const noexcept { return sampling_; }
    std::chrono::milliseconds metric_interval() const noexcept { return metric_interval_; }
    std::chrono::milliseconds span_delay() const noexcept { return span_delay_; }
    std::chrono::milliseconds span_timeout() const noexcept { return span_timeout_; }
    std::size_t span_queue() const noexcept { return span_queue_; }
    std::size_t span_batch() const noexcept { return span_batch_; }
    /// What was ignored, a line each.
    const std::vector<std::string>& warnings() const noexcept { return warnings_; }

private:
    friend class otel_reader;

    otlp_endpoint traces_;
    otlp_endpoint metrics_;
    std::vector<std::pair<std::string, std::string>> resource_;
    sampling sampling_;
    std::chrono::milliseconds metric_interval_{60'000};
    std::chrono::milliseconds span_delay_{5'000};
    std::chrono::milliseconds span_timeout_{30'000};
    std::size_t span_queue_ = 2'048;
    std::size_t span_batch_ = 512;
    bool enabled_ = true;
    std::vector<std::string> warnings_;
};

} // namespace tusk::observe
