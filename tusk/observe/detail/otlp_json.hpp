#pragma once

#include <chrono>
#include <span>
#include <string>

#include <tusk/observe/otlp_config.hpp>
#include <tusk/observe/snapshot.hpp>
#include <tusk/observe/tracer.hpp>

/// OTLP in its JSON form: 64-bit integers as text, ids in hexadecimal digits, enumerations as numbers.
/// Source: OTLP specification 1.5, "JSON Protobuf Encoding".
namespace tusk::observe::detail {

using system_time = std::chrono::system_clock::time_point;

/// An ExportMetricsServiceRequest: cumulative since `start`.
std::string metrics_json(const snapshot& from, const otlp_config& config, system_time start, system_time now);

/// An ExportTraceServiceRequest. `epoch`: the system's time of the steady clock's zero.
std::string spans_json(std::span<const finished_span> from, const tracer& servers, const otlp_config& config,
                       system_time epoch);

/// What an answer of status 200 says of items that were not taken after all.
struct partial_success {
    std::uint64_t rejected = 0;
    std::string message;
};
partial_success read_partial_success(std::string_view body);

} // namespace tusk::observe::detail
