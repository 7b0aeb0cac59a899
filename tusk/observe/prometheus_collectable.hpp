#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <tusk/observe/registry.hpp>

namespace tusk::observe {

/// Shows a registry to prometheus-cpp, so that its exposer or gateway publishes Tusk's metrics with the
/// program's own: `exposer.RegisterCollectable(std::make_shared<prometheus_collectable>(registry))`. The
/// registry must outlive it. Header only: the program links prometheus-cpp, Tusk does not. `Collect` may be
/// called from any thread and throws what a callback of the registry throws.
class prometheus_collectable final : public ::prometheus::Collectable {
public:
    explicit prometheus_collectable(const registry& from) noexcept : registry_{&from} {}

    std::vector<::prometheus::MetricFamily> Collect() const override {
        std::vector<::prometheus::MetricFamily> out;
        const auto all = registry_->collect();
        for (const auto& family : all.families()) {
            auto& to = out.emplace_back();
            to.name = family.name;
            to.help = family.help;
            to.type = type_of(family.kind);
            for (const auto& one : family.samples) to.metric.push_back(metric_of(family, one));
        }
        return out;
    }

private:
    static ::prometheus::MetricType type_of(instrument_kind kind) noexcept {
        if (kind == instrument_kind::counter) return ::prometheus::MetricType::Counter;
        if (kind == instrument_kind::gauge) return ::prometheus::MetricType::Gauge;
        return ::prometheus::MetricType::Histogram;
    }

    static ::prometheus::ClientMetric metric_of(const family_snapshot& family, const sample& one) {
        ::prometheus::ClientMetric out;
        for (std::size_t i = 0; i < one.labels.size(); ++i) {
            auto& to = out.label.emplace_back();
            to.name = family.label_names[i];
            to.value = one.labels[i];
        }
        if (const auto* count = std::get_if<std::uint64_t>(&one.value))
            out.counter.value = static_cast<double>(*count);
        else if (const auto* level = std::get_if<double>(&one.value))
            out.gauge.value = *level;
        else
            fill(out.histogram, std::get<histogram_values>(one.value));
        return out;
    }

    // Without the bucket of +Inf: prometheus-cpp's serializers write it from the count.
    static void fill(::prometheus::ClientMetric::Histogram& to, const histogram_values& from) {
        to.sample_count = from.count();
        to.sample_sum = from.sum;
        for (std::size_t i = 0; i < from.bounds.size(); ++i) {
            auto& bucket = to.bucket.emplace_back();
            bucket.cumulative_count = from.cumulative[i];
            bucket.upper_bound = from.bounds[i];
        }
    }

    const registry* registry_;
};

} // namespace tusk::observe
