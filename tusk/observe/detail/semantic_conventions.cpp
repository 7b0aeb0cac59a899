#include <tusk/observe/detail/semantic_conventions.hpp>

#include <algorithm>

namespace tusk::observe::detail {

namespace {

constexpr std::string_view pool_attribute = "db.client.connection.pool.name";
constexpr std::string_view state_attribute = "db.client.connection.state";

/// A family that only gets another name. Its one label is the pool.
struct renamed {
    std::string_view from;
    std::string_view to;
    std::string_view unit;
};

constexpr renamed renamed_families[] = {
    {"postgres_connection_create_duration_seconds", "db.client.connection.create_time", "s"},
    {"postgres_connection_wait_duration_seconds", "db.client.connection.wait_time", "s"},
    {"postgres_connection_use_duration_seconds", "db.client.connection.use_time", "s"},
    {"postgres_connections_pending", "db.client.connection.pending_requests", "{request}"},
    {"postgres_connections_max", "db.client.connection.max", "{connection}"},
};

void rename(family_snapshot& family, const renamed& how) {
    family.name = how.to;
    family.unit = how.unit;
    family.additive = family.kind == instrument_kind::gauge;
    family.label_names = {std::string{pool_attribute}};
    for (auto& one : family.samples)
        if (auto* values = std::get_if<histogram_values>(&one.value))
            *values = values->with_bounds(convention_buckets());
}

/// Both gauges become one metric with a state.
void add_states(const family_snapshot& from, std::string_view state, family_snapshot& to) {
    for (const auto& one : from.samples)
        to.samples.push_back({{one.labels.at(0), std::string{state}}, one.value});
}

/// The acquires that ran out of time.
void add_timeouts(const family_snapshot& acquires, family_snapshot& to) {
    for (const auto& one : acquires.samples)
        if (one.labels.at(1) == "timeout") to.samples.push_back({{one.labels.at(0)}, one.value});
}

} // namespace

std::span<const double> convention_buckets() noexcept {
    static constexpr double bounds[] = {.001, .005, .01, .05, .1, .5, 1, 5, 10};
    return bounds;
}

void use_semantic_conventions(snapshot& in) {
    family_snapshot count{
        "db.client.connection.count",
        "The number of connections that are currently in state described by the state attribute",
        instrument_kind::gauge,
        {std::string{pool_attribute}, std::string{state_attribute}},
        {},
        "{connection}",
        true};
    family_snapshot timeouts{
        "db.client.connection.timeouts",
        "The number of connection timeouts that have occurred trying to obtain a connection from the pool",
        instrument_kind::counter,
        {std::string{pool_attribute}},
        {},
        "{timeout}",
        false};
    for (auto& family : in.families()) {
        const auto found = std::ranges::find(renamed_families, family.name, &renamed::from);
        if (found != std::end(renamed_families)) rename(family, *found);
        if (family.name == "postgres_connections_active") add_states(family, "used", count);
        if (family.name == "postgres_connections_idle") add_states(family, "idle", count);
        if (family.name == "postgres_acquires_total") add_timeouts(family, timeouts);
    }
    std::erase_if(in.families(), [](const family_snapshot& f) {
        return f.name == "postgres_connections_active" || f.name == "postgres_connections_idle";
    });
    for (auto* made : {&count, &timeouts})
        if (!made->samples.empty()) in.append(std::move(*made));
}

} // namespace tusk::observe::detail
