#include <tusk/observe/detail/operations.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <tusk/observe/detail/semantic_conventions.hpp>

namespace tusk::observe::detail {

namespace {

constexpr std::string_view duration_name = "postgres_query_duration_seconds";
constexpr std::string_view duration_help = "Time spent executing queries";
constexpr std::string_view queries_name = "postgres_queries_total";
constexpr std::string_view queries_help = "Statements executed";
constexpr std::string_view rows_name = "postgres_query_rows";
constexpr std::string_view rows_help = "Rows that successful statements returned or affected";

// Labels of what is measured, by place.
enum : std::size_t { pool_at, type_at, table_at, class_at, sqlstate_at };

std::span<const double> row_buckets() noexcept {
    static constexpr std::array<double, 7> bounds{1, 10, 100, 1'000, 10'000, 100'000, 1'000'000};
    return bounds;
}

std::span<const double> no_buckets() noexcept {
    static constexpr std::array<double, 1> bounds{0};
    return bounds;
}

/// Series of several pools and errors become one each.
void show_for_prometheus(const family_snapshot& operations, const family_snapshot& rows, snapshot& into) {
    for (const auto& one : operations.samples) {
        const auto& values = std::get<histogram_values>(one.value);
        const label type{"query_type", one.labels[type_at]}, table{"table", one.labels[table_at]};
        const label status{"status", one.labels[class_at] == "none" ? "ok" : "error"};
        into.histogram(duration_name, duration_help, values, type, table);
        into.counter(queries_name, queries_help, values.count(), type, table, status);
    }
    for (const auto& one : rows.samples)
        into.histogram(rows_name, rows_help, std::get<histogram_values>(one.value),
                       label{"query_type", one.labels[type_at]}, label{"table", one.labels[table_at]});
}

/// Where a pool's statements go, as far as it is the same for all of them.
struct server {
    std::string host;
    std::string port;
    std::string database;
};

std::map<std::string, server> servers_by_pool(const family_snapshot& from) {
    std::map<std::string, std::set<std::string>> hosts, databases;
    for (const auto& one : from.samples) {
        hosts[one.labels[0]].insert(one.labels[1]);
        databases[one.labels[0]].insert(one.labels[2]);
    }
    std::map<std::string, server> out;
    for (const auto& [pool, all] : hosts) {
        auto& to = out[pool];
        const auto& at = *all.begin();
        if (const auto bar = at.rfind('|'); all.size() == 1 && bar != at.npos)
            to.host = at.substr(0, bar), to.port = at.substr(bar + 1);
        if (databases[pool].size() == 1) to.database = *databases[pool].begin();
    }
    return out;
}

std::string upper(std::string text) {
    for (auto& c : text)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return text;
}

/// An attribute that has nothing to say is empty, and left out by the encoder.
std::string or_empty(const std::string& value) { return value == "none" ? std::string{} : value; }

std::vector<std::string> convention_attributes(const std::vector<std::string>& labels,
                                               const std::map<std::string, server>& servers) {
    const auto found = servers.find(labels[pool_at]);
    const server at = found == servers.end() ? server{} : found->second;
    const bool known = labels[type_at] != "other" && labels[type_at] != "unknown";
    std::string why, sqlstate;
    if (labels.size() > class_at) {
        sqlstate = or_empty(labels[sqlstate_at]);
        why = sqlstate.empty() ? or_empty(labels[class_at]) : sqlstate;
    }
    return {"postgresql",
            known ? upper(labels[type_at]) : "",
            or_empty(labels[table_at]),
            sqlstate,
            why,
            or_empty(at.database),
            at.host,
            at.port,
            or_empty(labels[pool_at])};
}

family_snapshot convention(std::string name, std::string help, std::string unit) {
    return {std::move(name),
            std::move(help),
            instrument_kind::histogram,
            {"db.system.name", "db.operation.name", "db.collection.name", "db.response.status_code",
             "error.type", "db.namespace", "server.address", "server.port", "db.client.connection.pool.name"},
            {},
            std::move(unit),
            false};
}

/// Words that look alike in the attributes are one series.
void add_point(family_snapshot& to, std::vector<std::string> attributes, const histogram_values& values) {
    const auto same = std::ranges::find(to.samples, attributes, &sample::labels);
    if (same == to.samples.end())
        to.samples.push_back({std::move(attributes), values});
    else
        std::get<histogram_values>(same->value).add(values);
}

void show_for_opentelemetry(const family_snapshot& operations, const family_snapshot& rows,
                            const std::map<std::string, server>& servers, snapshot& into) {
    auto duration = convention("db.client.operation.duration", "Duration of database client operations", "s");
    for (const auto& one : operations.samples)
        add_point(duration, convention_attributes(one.labels, servers),
                  std::get<histogram_values>(one.value).with_bounds(convention_buckets()));
    auto returned = convention("db.client.response.returned_rows",
                               "The actual number of records returned by the database operation", "{row}");
    for (const auto& one : rows.samples)
        add_point(returned, convention_attributes(one.labels, servers),
                  std::get<histogram_values>(one.value));
    for (auto* made : {&duration, &returned})
        if (!made->samples.empty()) into.append(std::move(*made));
}

} // namespace

family<histogram, 5>& measure_operations(registry& in) {
    return in.measure("postgres_operation_measured_seconds", "Statements, for views", database_buckets(),
                      "pool", "query_type", "table", "class", "sqlstate");
}

family<histogram, 3>& measure_rows(registry& in) {
    return in.measure("postgres_rows_measured", "Rows, for views", row_buckets(), "pool", "query_type",
                      "table");
}

family<histogram, 3>& measure_servers(registry& in) {
    return in.measure("postgres_servers_measured", "Servers, for views", no_buckets(), "pool", "server",
                      "database");
}

void show_operations(registry& in) {
    in.histogram(duration_name, duration_help, database_buckets(), "query_type", "table");
    in.counter(queries_name, queries_help, "query_type", "table", "status");
    in.histogram(rows_name, rows_help, row_buckets(), "query_type", "table");
    auto& operations = measure_operations(in);
    auto& rows = measure_rows(in);
    auto& servers = measure_servers(in);
    in.add_view(duration_name, [&](snapshot& into) {
        if (into.speaks() == vocabulary::prometheus)
            show_for_prometheus(operations.read(), rows.read(), into);
        else
            show_for_opentelemetry(operations.read(), rows.read(), servers_by_pool(servers.read()), into);
    });
}

} // namespace tusk::observe::detail
