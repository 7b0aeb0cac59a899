#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <services/alerthist/common.hpp>
#include <services/http/identity.hpp>

namespace tusk::alerthist {

/// A key of the API: who has it, what it is good for, and the SHA-256 of it.
struct configured_key {
    std::string name;
    http::role level = http::role::viewer;
    std::string sha256;
};

/// Everything that can be set. The values here are the defaults; `docs/alerthist.md` has the table.
struct config : common::service_config {
    // webhook
    std::uint64_t max_request_size = 10 * 1024 * 1024; ///< Bytes.
    std::size_t max_alerts_per_request = 1000;
    // auth
    std::vector<configured_key> keys; ///< None: everybody may do everything.
    std::string webhook_secret;       ///< Empty: signatures are not accepted.
    // limits
    std::uint64_t per_client = 0; ///< Requests a minute; 0: no limit. Ingest and probes are not limited.
    std::uint64_t global = 0;
    // cors
    std::vector<std::string> origins;
    // classification
    std::string classifier_url; ///< Empty: by rules alone.
    duration classifier_timeout = std::chrono::seconds{2};
    std::uint64_t cache_size = 10'000;
    duration cache_time = std::chrono::minutes{5};
    // publishing
    duration first_retry = std::chrono::seconds{1};
    duration longest_retry = std::chrono::minutes{5};
    unsigned lanes = 4;
    bool demo = false; ///< Posts alerts to itself, by the command line alone.
    // observe
    duration slow_query = std::chrono::milliseconds{100};
};

using common::config_sources;

/// Reads and checks all sources. The failure (`errc::invalid_configuration`) names every problem, one a line:
/// where the value was set, the value unless it is secret, and what is accepted.
result<config> load_config(const config_sources& from);

/// The effective configuration for people, one `key: value` a line, without secrets.
std::string describe(const config& what);
/// The same as a JSON object of texts.
std::string describe_json(const config& what);

} // namespace tusk::alerthist
