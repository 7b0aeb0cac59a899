#pragma once

#include <span>

#include <tusk/observe/snapshot.hpp>

namespace tusk::observe::detail {

/// The boundaries of every duration in the conventions.
std::span<const double> convention_buckets() noexcept;

/// Gives the families of pools and connections the names, units and attributes of OpenTelemetry's semantic
/// conventions for database clients (v1.44); the others stay as they are.
/// Source: https://opentelemetry.io/docs/specs/semconv/database/database-metrics/.
void use_semantic_conventions(snapshot& in);

} // namespace tusk::observe::detail
