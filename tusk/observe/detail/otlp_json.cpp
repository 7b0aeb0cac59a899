#include <tusk/observe/detail/otlp_json.hpp>

#include <charconv>
#include <cmath>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include <tusk/observe/detail/label_guard.hpp>
#include <tusk/observe/fingerprint.hpp>

namespace tusk::observe::detail {

namespace {

namespace json = boost::json;

constexpr int cumulative = 2;   // AggregationTemporality
constexpr int status_error = 2; // Status.StatusCode

json::string_view view(std::string_view text) noexcept { return {text.data(), text.size()}; }

/// Text that is not UTF-8 would make the collector refuse the whole body.
json::value text(std::string_view from) {
    if (is_exposable(from)) return json::string{view(from)};
    std::string out;
    for (const char c : from) out += static_cast<unsigned char>(c) < 0x80 && c != '\0' ? c : '?';
    return json::string{view(out)};
}

json::value integer(std::uint64_t n) { return json::string{std::to_string(n)}; }

json::value nanoseconds(system_time t) {
    return integer(static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count()));
}

json::value number(double n) {
    if (std::isnan(n)) return "NaN";
    if (std::isinf(n)) return n > 0 ? "Infinity" : "-Infinity";
    return n;
}

class attribute_list {
public:
    attribute_list& add(std::string_view name, std::string_view value) {
        return value.empty() ? *this : put(name, {{"stringValue", text(value)}});
    }
    attribute_list& add(std::string_view name, std::uint64_t value) {
        return put(name, {{"intValue", integer(value)}});
    }
    json::array take() { return std::move(list_); }

private:
    attribute_list& put(std::string_view name, json::object value) {
        list_.push_back(json::object{{"key", text(name)}, {"value", std::move(value)}});
        return *this;
    }
    json::array list_;
};

json::object resource_of(const otlp_config& config) {
    attribute_list out;
    for (const auto& [name, value] : config.resource()) out.add(name, value);
    out.add("telemetry.sdk.name", "tusk").add("telemetry.sdk.language", "cpp");
    out.add("telemetry.sdk.version", TUSK_OBSERVE_VERSION);
    return {{"attributes", out.take()}};
}

json::object scope() { return {{"name", "tusk"}, {"version", TUSK_OBSERVE_VERSION}}; }

// ---- metrics

/// The unit that a Prometheus name carries.
std::string_view unit_of(const family_snapshot& family) {
    if (!family.unit.empty()) return family.unit;
    std::string_view name = family.name;
    if (name.ends_with("_total")) name.remove_suffix(6);
    if (name.ends_with("_seconds")) return "s";
    if (name.ends_with("_bytes")) return "By";
    return name.ends_with("_ratio") ? "1" : "";
}

json::array attributes_of(const family_snapshot& family, const sample& one) {
    attribute_list out;
    for (std::size_t i = 0; i < one.labels.size(); ++i) {
        const auto& value = one.labels[i];
        std::uint64_t port = 0;
        if (family.label_names[i] == "server.port" &&
            std::from_chars(value.data(), value.data() + value.size(), port).ec == std::errc{})
            out.add("server.port", port);
        else
            out.add(family.label_names[i], value);
    }
    return out.take();
}

void fill(json::object& point, std::uint64_t count) { point["asInt"] = integer(count); }
void fill(json::object& point, double level) { point["asDouble"] = number(level); }

void fill(json::object& point, const histogram_values& values) {
    json::array counts, bounds;
    std::uint64_t before = 0;
    for (const auto sum : values.cumulative) {
        counts.push_back(integer(sum - before));
        before = sum;
    }
    for (const auto bound : values.bounds) bounds.push_back(bound);
    point["count"] = integer(values.count());
    point["sum"] = number(values.sum);
    point["bucketCounts"] = std::move(counts);
    point["explicitBounds"] = std::move(bounds);
}

json::object metric_of(const family_snapshot& family, const json::value& start, const json::value& now) {
    json::array points;
    for (const auto& one : family.samples) {
        json::object point{{"attributes", attributes_of(family, one)}, {"timeUnixNano", now}};
        if (family.kind != instrument_kind::gauge || family.additive) point["startTimeUnixNano"] = start;
        std::visit([&](const auto& value) { fill(point, value); }, one.value);
        points.push_back(std::move(point));
    }
    json::object data{{"dataPoints", std::move(points)}};
    json::object out{
        {"name", text(family.name)}, {"description", text(family.help)}, {"unit", text(unit_of(family))}};
    if (family.kind == instrument_kind::gauge && !family.additive) {
        out["gauge"] = std::move(data);
        return out;
    }
    data["aggregationTemporality"] = cumulative;
    if (family.kind != instrument_kind::histogram)
        data["isMonotonic"] = family.kind == instrument_kind::counter;
    out[family.kind == instrument_kind::histogram ? "histogram" : "sum"] = std::move(data);
    return out;
}

// ---- spans

/// A low number of names: the command and what it is about, never the statement.
std::string name_of(const finished_span& of, const std::string& database) {
    const auto& what = of.name.empty() ? std::string{"postgresql"} : of.name;
    if (of.is == finished_span::what::own) return of.name;
    const auto& target = of.table.empty() ? database : of.table;
    return target.empty() ? what : what + " " + target;
}

json::array attributes_of(const finished_span& of, const tracer::server& server) {
    attribute_list out;
    if (of.is != finished_span::what::own) {
        out.add("db.system.name", "postgresql").add("db.namespace", server.database);
        out.add("db.operation.name", of.name).add("db.collection.name", of.table);
        out.add("server.address", server.host);
        if (server.port != 0) out.add("server.port", std::uint64_t{server.port});
        out.add("db.client.connection.pool.name", of.pool);
        // A text with parameters holds no values; one without them may, and shows none.
        out.add("db.query.text", of.arguments > 0 ? of.sql : fingerprint(of.sql));
        if (of.statements != 0 && of.statements != 1)
            out.add("db.operation.batch.size", std::uint64_t{of.statements});
        if (of.is == finished_span::what::query && of.error_type.empty())
            out.add("db.response.returned_rows", of.rows);
        if (of.from_server) out.add("db.response.status_code", of.error_type);
    }
    out.add("error.type", of.error_type);
    for (const auto& [name, value] : of.attributes) out.add(name, value);
    return out.take();
}

json::object span_of(const finished_span& of, const tracer& servers, system_time epoch) {
    const auto server = servers.server_of(of.pool);
    const auto start = epoch + std::chrono::duration_cast<system_time::duration>(of.start.time_since_epoch());
    const auto end = start + std::chrono::duration_cast<system_time::duration>(of.elapsed);
    json::object out{{"traceId", of.context.trace_id_text()}, {"spanId", of.context.span_id_text()},
                     {"flags", of.context.sampled ? 1 : 0},   {"name", text(name_of(of, server.database))},
                     {"kind", static_cast<int>(of.kind)},     {"startTimeUnixNano", nanoseconds(start)},
                     {"endTimeUnixNano", nanoseconds(end)},   {"attributes", attributes_of(of, server)}};
    trace_context parent{of.context.trace_id, of.parent_id, false};
    if (parent.is_valid()) out["parentSpanId"] = parent.span_id_text();
    if (!of.error_type.empty())
        out["status"] = json::object{{"code", status_error}, {"message", text(of.error)}};
    return out;
}

} // namespace

std::string metrics_json(const snapshot& from, const otlp_config& config, system_time start,
                         system_time now) {
    json::array metrics;
    const auto since = nanoseconds(start), at = nanoseconds(now);
    for (const auto& family : from.families()) metrics.push_back(metric_of(family, since, at));
    json::object scoped{{"scope", scope()}, {"metrics", std::move(metrics)}};
    json::object resource{{"resource", resource_of(config)},
                          {"scopeMetrics", json::array{std::move(scoped)}}};
    return json::serialize(json::object{{"resourceMetrics", json::array{std::move(resource)}}});
}

std::string spans_json(std::span<const finished_span> from, const tracer& servers, const otlp_config& config,
                       system_time epoch) {
    json::array spans;
    spans.reserve(from.size());
    for (const auto& one : from) spans.push_back(span_of(one, servers, epoch));
    json::object scoped{{"scope", scope()}, {"spans", std::move(spans)}};
    json::object resource{{"resource", resource_of(config)}, {"scopeSpans", json::array{std::move(scoped)}}};
    return json::serialize(json::object{{"resourceSpans", json::array{std::move(resource)}}});
}

partial_success read_partial_success(std::string_view body) {
    partial_success out;
    json::error_code ec;
    const auto read = json::parse(view(body), ec);
    const auto* object = ec ? nullptr : read.if_object();
    const auto* partial = object != nullptr ? object->if_contains("partialSuccess") : nullptr;
    if (partial == nullptr || !partial->is_object()) return out;
    for (const char* name : {"rejectedSpans", "rejectedDataPoints"}) {
        const auto* count = partial->get_object().if_contains(name);
        if (count == nullptr) continue;
        if (const auto* digits = count->if_string())
            std::from_chars(digits->data(), digits->data() + digits->size(), out.rejected);
        else if (const auto* n = count->if_int64(); n != nullptr && *n > 0)
            out.rejected = static_cast<std::uint64_t>(*n);
    }
    if (const auto* message = partial->get_object().if_contains("errorMessage");
        message && message->is_string())
        out.message = json::value_to<std::string>(*message);
    return out;
}

} // namespace tusk::observe::detail
