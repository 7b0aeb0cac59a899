// Dashboards, alerts and collectors know metrics by their names: a change breaks them, so that it has to be
// made here too, knowingly.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "events.hpp"
#include <tusk/observe/metrics_observer.hpp>
#include <tusk/observe/pool_gauges.hpp>

namespace names_test {

using namespace std::chrono_literals;
using namespace tusk::observe;

const std::string golden_file = TUSK_TEST_SOURCE_DIR "/tests/unit/observe/metric_names.txt";

void make_everything_happen(metrics_observer& observer) {
    const tusk::failure lost{tusk::errc::connection_lost, "gone"};
    events::connect(observer, "main", 20ms);
    events::query(observer, "SELECT", "users", 3ms);
    events::query(observer, "", "users", 3ms, &lost);
    events::acquire(observer, "main", 1ms);
    events::acquire(observer, "main", 5s, tusk::acquire_result::timeout);
    events::release(observer, "main", 4ms);
    events::close(observer, "main", tusk::close_reason::idle);
    events::health(observer, "main", false);
    tusk::breaker_event change;
    observer.breaker_changed(change);
    tusk::retry_event again;
    observer.retried(again);
    tusk::pressure_event pressure;
    observer.under_pressure(pressure);
    tusk::leak_event leak;
    observer.leaked(leak);
}

std::string kind_of(const family_snapshot& of) {
    if (of.kind == instrument_kind::counter) return "counter";
    if (of.kind == instrument_kind::histogram) return "histogram";
    return of.additive ? "updowncounter" : "gauge";
}

std::string names_of(const snapshot& all) {
    std::string out;
    for (const auto& family : all.families()) {
        out += family.name + " " + kind_of(family);
        if (!family.unit.empty()) out += " [" + family.unit + "]";
        for (const auto& label : family.label_names) out += " " + label;
        if (const auto* values = std::get_if<histogram_values>(&family.samples.at(0).value)) {
            out += " le";
            for (const auto bound : values->bounds) {
                std::ostringstream text;
                text << bound;
                out += " " + text.str();
            }
        }
        out += '\n';
    }
    return out;
}

TEST(metric_names, are_those_of_the_golden_file) {
    registry in;
    metrics_observer observer{in};
    const auto watching = watch_pool(in, [](pool_gauges& out) { out.name = "main"; });
    make_everything_happen(observer);
    const auto names = "# Prometheus\n" + names_of(in.collect()) + "\n# OpenTelemetry\n" +
                       names_of(in.collect(vocabulary::opentelemetry));
    std::ostringstream golden;
    golden << std::ifstream{golden_file}.rdbuf();
    EXPECT_EQ(names, golden.str()) << "if this is meant, write the new names to " << golden_file
                                   << ", to docs/observability.md and to deploy/";
}

} // namespace names_test
