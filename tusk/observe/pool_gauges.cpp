#include <tusk/observe/pool_gauges.hpp>

#include <array>

#include <tusk/core/error.hpp>
#include <tusk/observe/detail/labels.hpp>

namespace tusk::observe {

namespace {

struct pool_family {
    std::string_view name;
    std::string_view help;
    std::uint64_t pool_gauges::* value;
};

constexpr std::array pool_families{
    pool_family{"postgres_connections_active", "Number of active connections in the pool",
                &pool_gauges::active},
    pool_family{"postgres_connections_idle", "Number of idle connections in the pool", &pool_gauges::idle},
    pool_family{"postgres_connections_open", "Number of connections open or being opened",
                &pool_gauges::total},
    pool_family{"postgres_connections_constructing", "Number of connections being opened",
                &pool_gauges::constructing},
    pool_family{"postgres_connections_pending", "Number of callers waiting for a connection",
                &pool_gauges::pending},
    pool_family{"postgres_connections_max", "Configured maximum of connections", &pool_gauges::max},
    pool_family{"postgres_connections_min", "Configured minimum of connections", &pool_gauges::min},
};

} // namespace

subscription watch_pool(registry& in, std::function<void(pool_gauges&)> sample) {
    if (!sample) throw error{errc::invalid_argument, "an empty function cannot sample a pool"};
    return in.on_collect([sample = std::move(sample)](snapshot& into) {
        pool_gauges now;
        sample(now);
        const label pool{"pool", detail::or_none(now.name)};
        for (const auto& family : pool_families)
            into.gauge(family.name, family.help, static_cast<double>(now.*family.value), pool);
    });
}

} // namespace tusk::observe
