#pragma once

#include <string>
#include <string_view>

#include <tusk/core/error.hpp>
#include <tusk/testing/fault_proxy.hpp>

namespace tusk::testing {

/// Faults as text, for programs in any language (`tusk proxy`): one command a line, as
///
///     to_client latency 20ms 5ms
///     to_server at_byte 100 reset
///     to_client at_message C 1 drop
///     arrivals refuse
///     heal
///
/// The commands are in docs/testing.md. What is set with neither `to_client` nor `to_server` in front holds
/// for both directions. Errors: `errc::invalid_argument` that says what the command takes.
result<void> apply_fault(fault_proxy& proxy, std::string_view command);

/// The counts as one JSON object in one line.
std::string counts_as_json(const fault_counts& counts);

} // namespace tusk::testing
