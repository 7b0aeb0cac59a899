#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <services/alerthist/common.hpp>

namespace tusk::alerthist {

/// Everything that can be set. The values here are the defaults; `docs/alerthist.md` has the table.
struct config : common::service_config {
    // webhook
    std::uint64_t max_request_size = 10 * 1024 * 1024; ///< Bytes.
    std::size_t max_alerts_per_request = 1000;
};

/// Reads and checks all sources. The failure (`errc::invalid_configuration`) names every problem, one a line:
/// where the value was set, the value unless it is secret, and what is accepted.
result<config> load_config(const config_sources& from);

/// The effective configuration for people, one `key: value` a line, without secrets.
std::string describe(const config& what);

} // namespace tusk::alerthist
