#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <tusk/observe/registry.hpp>

namespace tusk::observe {

/// What a pool is like at the moment of a scrape. All but `name` are connections, `pending` is callers.
struct pool_gauges {
    std::string name;
    std::uint64_t active = 0;       ///< Leased.
    std::uint64_t idle = 0;         ///< Ready to be leased.
    std::uint64_t total = 0;        ///< Open or being opened.
    std::uint64_t constructing = 0; ///< Being opened.
    std::uint64_t pending = 0;      ///< Callers that wait for a connection.
    std::uint64_t max = 0;          ///< Configured.
    std::uint64_t min = 0;          ///< Configured.
};

/// Exposes a pool's `postgres_connections_{active,idle,open,constructing,pending,max,min}{pool}`. `sample`
/// fills in the numbers; it is called at each scrape, by the thread that scrapes. Keep the subscription no
/// longer than what `sample` refers to. Pools of the same name are shown as their sum.
subscription watch_pool(registry& in, std::function<void(pool_gauges&)> sample);

} // namespace tusk::observe
