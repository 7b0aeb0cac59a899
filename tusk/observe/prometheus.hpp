#pragma once

#include <string>
#include <string_view>

#include <tusk/observe/registry.hpp>

namespace tusk::observe {

/// The `Content-Type` of a response that carries `to_prometheus()`.
inline constexpr std::string_view prometheus_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// A snapshot in Prometheus' text exposition format 0.0.4: HELP and TYPE of each family, then its samples, in
/// a fixed order. Source: Prometheus documentation, "Exposition formats".
std::string to_prometheus(const snapshot& from);

/// Takes a snapshot and encodes it. Throws what a callback of the registry throws.
std::string to_prometheus(const registry& from);

} // namespace tusk::observe
