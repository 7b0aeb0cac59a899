#pragma once

#include <cstdint>
#include <string>

#include <services/common/config.hpp>

namespace tusk::talk {

/// Everything that can be set. The values here are the defaults; `docs/talk.md` has the table.
struct config : common::service_config {
    config() { listen = "127.0.0.1:8000"; }

    std::uint64_t max_request_size = 1024 * 1024; ///< Bytes.
    std::string cors_origin;                      ///< Pages that may call; empty: none.
    std::uint64_t requests_per_minute = 0;        ///< For each client; 0: no limit.
};

/// Reads and checks all sources. The failure (`errc::invalid_configuration`) names every problem, one a line.
result<config> load_config(const common::config_sources& from);

/// The effective configuration for people, one `key: value` a line, without secrets.
std::string describe(const config& what);

} // namespace tusk::talk
