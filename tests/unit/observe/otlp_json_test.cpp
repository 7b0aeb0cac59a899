#include <tusk/observe/detail/otlp_json.hpp>

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include "events.hpp"
#include <tusk/observe/metrics_observer.hpp>
#include <tusk/observe/pool_gauges.hpp>

namespace otlp_json_test {

using namespace std::chrono_literals;
using namespace tusk::observe;
namespace json = boost::json;

std::string text_of(const json::value& v) { return json::value_to<std::string>(v); }

/// An attribute of a span, point or resource, as JSON text; "absent" when it is not there.
std::string attribute(const json::value& of, const std::string& name) {
    for (const auto& one : of.at("attributes").as_array())
        if (text_of(one.at("key")) == name) return json::serialize(one.at("value"));
    return "absent";
}

const detail::system_time start{1'700'000'000s}, now{1'700'000'060s};

class otlp_metrics : public ::testing::Test {
protected:
    json::value encoded() {
        return json::parse(detail::metrics_json(in.collect(vocabulary::opentelemetry), config, start, now));
    }
    json::value metric(const std::string& name) {
        const auto all = encoded();
        for (const auto& one :
             all.at("resourceMetrics").at(0).at("scopeMetrics").at(0).at("metrics").as_array())
            if (text_of(one.at("name")) == name) return one;
        ADD_FAILURE() << name << " is not there";
        return json::object{};
    }

    otlp_config config = otlp_config{}.service_name("shop");
    registry in;
    metrics_observer observer{in};
};

TEST_F(otlp_metrics, have_a_resource_and_a_scope) {
    in.counter("orders_total", "Orders").with().add();
    const auto resource = encoded().at("resourceMetrics").at(0);
    EXPECT_EQ(attribute(resource.at("resource"), "service.name"), "{\"stringValue\":\"shop\"}");
    EXPECT_EQ(attribute(resource.at("resource"), "telemetry.sdk.language"), "{\"stringValue\":\"cpp\"}");
    EXPECT_EQ(text_of(resource.at("scopeMetrics").at(0).at("scope").at("name")), "tusk");
}

TEST_F(otlp_metrics, counters_are_monotonic_cumulative_sums) {
    in.counter("orders_total", "Orders", "kind").with("mail").add(1ULL << 60U);
    const auto sum = metric("orders_total").at("sum");
    EXPECT_EQ(sum.at("isMonotonic"), true);
    EXPECT_EQ(sum.at("aggregationTemporality"), 2);
    const auto point = sum.at("dataPoints").at(0);
    EXPECT_EQ(text_of(point.at("asInt")), "1152921504606846976") << "64-bit integers are text";
    EXPECT_EQ(text_of(point.at("startTimeUnixNano")), "1700000000000000000");
    EXPECT_EQ(text_of(point.at("timeUnixNano")), "1700000060000000000");
    EXPECT_EQ(attribute(point, "kind"), "{\"stringValue\":\"mail\"}");
}

TEST_F(otlp_metrics, histograms_have_counts_of_each_bucket_for_itself) {
    const std::vector<double> bounds{1, 2};
    auto& sizes = in.histogram("size_bytes", "Size", bounds).with();
    for (const double v : {0.5, 1.5, 1.5, 9.0}) sizes.record(v);
    const auto found = metric("size_bytes");
    EXPECT_EQ(text_of(found.at("unit")), "By");
    const auto point = found.at("histogram").at("dataPoints").at(0);
    EXPECT_EQ(json::serialize(point.at("bucketCounts")), R"(["1","2","1"])");
    EXPECT_EQ(json::value_to<std::vector<double>>(point.at("explicitBounds")), bounds);
    EXPECT_EQ(text_of(point.at("count")), "4");
    EXPECT_EQ(point.at("sum").as_double(), 12.5);
}

TEST_F(otlp_metrics, gauges_are_gauges_and_connections_are_sums) {
    in.gauge("depth", "Depth").with().set(2.5);
    EXPECT_EQ(metric("depth").at("gauge").at("dataPoints").at(0).at("asDouble"), 2.5);
    const auto watching = watch_pool(in, [](pool_gauges& out) {
        out.name = "main";
        out.active = 3;
        out.idle = 1;
        out.pending = 7;
    });
    const auto count = metric("db.client.connection.count");
    EXPECT_EQ(text_of(count.at("unit")), "{connection}");
    EXPECT_EQ(count.at("sum").at("isMonotonic"), false);
    std::map<std::string, double> by_state;
    for (const auto& p : count.at("sum").at("dataPoints").as_array()) {
        EXPECT_EQ(attribute(p, "db.client.connection.pool.name"), "{\"stringValue\":\"main\"}");
        by_state[attribute(p, "db.client.connection.state")] = p.at("asDouble").as_double();
    }
    EXPECT_EQ(by_state, (std::map<std::string, double>{{"{\"stringValue\":\"used\"}", 3},
                                                       {"{\"stringValue\":\"idle\"}", 1}}));
    EXPECT_EQ(metric("db.client.connection.pending_requests").at("sum").at("dataPoints").at(0).at("asDouble"),
              7.0);
}

TEST_F(otlp_metrics, operations_have_the_attributes_of_the_conventions) {
    tusk::connect_event connected;
    connected.pool = "main";
    connected.host = "db.example";
    connected.port = 6432;
    connected.database = "shop";
    observer.connect_finished(connected);
    tusk::query_event e;
    e.pool = "main";
    e.command = "SELECT";
    e.table = "users";
    e.elapsed = 30ms;
    e.rows = 12;
    observer.query_finished(e);
    const auto duration = metric("db.client.operation.duration");
    EXPECT_EQ(text_of(duration.at("unit")), "s");
    const auto point = duration.at("histogram").at("dataPoints").at(0);
    EXPECT_EQ(attribute(point, "db.system.name"), "{\"stringValue\":\"postgresql\"}");
    EXPECT_EQ(attribute(point, "db.operation.name"), "{\"stringValue\":\"SELECT\"}");
    EXPECT_EQ(attribute(point, "db.collection.name"), "{\"stringValue\":\"users\"}");
    EXPECT_EQ(attribute(point, "db.namespace"), "{\"stringValue\":\"shop\"}");
    EXPECT_EQ(attribute(point, "server.address"), "{\"stringValue\":\"db.example\"}");
    EXPECT_EQ(attribute(point, "server.port"), "{\"intValue\":\"6432\"}");
    EXPECT_EQ(attribute(point, "error.type"), "absent");
    EXPECT_EQ(attribute(point, "db.response.status_code"), "absent");
    EXPECT_EQ(json::value_to<std::vector<double>>(point.at("explicitBounds")),
              (std::vector<double>{.001, .005, .01, .05, .1, .5, 1, 5, 10}));
    EXPECT_EQ(json::serialize(point.at("bucketCounts")), R"(["0","0","0","1","0","0","0","0","0","0"])");
    EXPECT_EQ(metric("db.client.response.returned_rows").at("histogram").at("dataPoints").at(0).at("sum"),
              12.0);
}

TEST_F(otlp_metrics, errors_are_an_attribute_and_the_words_of_prometheus_stay_out) {
    tusk::server_error from;
    from.sqlstate = "23505";
    const tusk::failure duplicate{from}, lost{tusk::errc::connection_lost, "gone"};
    events::query(observer, "", "users", 1ms, &duplicate);
    events::query(observer, "", "users", 1ms, &lost);
    const auto points = metric("db.client.operation.duration").at("histogram").at("dataPoints");
    ASSERT_EQ(points.as_array().size(), 2U);
    EXPECT_EQ(attribute(points.at(0), "db.response.status_code"), "absent");
    EXPECT_EQ(attribute(points.at(0), "error.type"), "{\"stringValue\":\"connection_lost\"}");
    EXPECT_EQ(attribute(points.at(1), "db.response.status_code"), "{\"stringValue\":\"23505\"}");
    EXPECT_EQ(attribute(points.at(1), "error.type"), "{\"stringValue\":\"23505\"}");
    EXPECT_EQ(json::serialize(encoded()).find("postgres_query_duration_seconds"), std::string::npos);
}

TEST_F(otlp_metrics, words_that_become_one_are_one_series) {
    events::query(observer, "FROBNICATE", "users", 1ms);
    events::query(observer, "", "users", 1ms);
    const auto points = metric("db.client.operation.duration").at("histogram").at("dataPoints");
    ASSERT_EQ(points.as_array().size(), 1U);
    EXPECT_EQ(text_of(points.at(0).at("count")), "2");
}

TEST_F(otlp_metrics, timeouts_are_counted) {
    events::acquire(observer, "main", 5s, tusk::acquire_result::timeout);
    events::acquire(observer, "main", 1ms);
    const auto sum = metric("db.client.connection.timeouts").at("sum");
    EXPECT_EQ(sum.at("isMonotonic"), true);
    EXPECT_EQ(text_of(sum.at("dataPoints").at(0).at("asInt")), "1");
    EXPECT_EQ(text_of(metric("db.client.connection.wait_time").at("unit")), "s");
}

class otlp_spans : public ::testing::Test {
protected:
    json::value encoded() {
        std::vector<finished_span> all;
        std::size_t count = 0;
        spans.take(all, count);
        const auto whole = json::parse(
            detail::spans_json(std::span{all}.first(count), spans, otlp_config{}, detail::system_time{100s}));
        return whole.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans");
    }
    void query(std::string_view sql, std::uint16_t arguments, const tusk::failure* why = nullptr) {
        tusk::query_event e;
        e.sql = sql;
        e.command = why != nullptr ? "" : "SELECT";
        e.table = why != nullptr ? "" : "users";
        e.arguments = arguments;
        e.rows = 3;
        e.error = why;
        e.start = tusk::steady_clock::time_point{5s};
        e.elapsed = 3ms;
        e.trace = &above;
        spans.query_finished(e);
    }
    tusk::trace_context above =
        *tusk::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    tracer spans;
};

TEST_F(otlp_spans, have_ids_in_hexadecimal_and_times_as_text) {
    query("select * from users where id = $1", 1);
    const auto s = encoded().at(0);
    EXPECT_EQ(text_of(s.at("traceId")), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(text_of(s.at("parentSpanId")), "00f067aa0ba902b7");
    EXPECT_EQ(text_of(s.at("spanId")).size(), 16U);
    EXPECT_EQ(text_of(s.at("name")), "SELECT users");
    EXPECT_EQ(s.at("kind"), 3);
    EXPECT_EQ(text_of(s.at("startTimeUnixNano")), "105000000000");
    EXPECT_EQ(text_of(s.at("endTimeUnixNano")), "105003000000");
    EXPECT_EQ(attribute(s, "db.query.text"), "{\"stringValue\":\"select * from users where id = $1\"}");
    EXPECT_EQ(attribute(s, "db.response.returned_rows"), "{\"intValue\":\"3\"}");
    EXPECT_EQ(s.as_object().if_contains("status"), nullptr);
}

TEST_F(otlp_spans, show_no_values_of_a_statement_without_parameters) {
    query("select * from users where email = 'a@b'", 0);
    EXPECT_EQ(attribute(encoded().at(0), "db.query.text"),
              "{\"stringValue\":\"select * from users where email = ?\"}");
}

TEST_F(otlp_spans, tell_an_error_by_status_and_attributes) {
    tusk::server_error from;
    from.sqlstate = "42P01";
    from.message = "relation does not exist";
    const tusk::failure why{from};
    query("select * from nothing", 0, &why);
    const auto s = encoded().at(0);
    EXPECT_EQ(s.at("status").at("code"), 2);
    EXPECT_EQ(text_of(s.at("status").at("message")), "relation does not exist");
    EXPECT_EQ(attribute(s, "db.response.status_code"), "{\"stringValue\":\"42P01\"}");
    EXPECT_EQ(attribute(s, "error.type"), "{\"stringValue\":\"42P01\"}");
    EXPECT_EQ(text_of(s.at("name")), "postgresql");
}

TEST_F(otlp_spans, of_batches_say_how_many) {
    tusk::batch_event e;
    e.statements = 5;
    spans.batch_finished(e);
    e.statements = 1;
    spans.batch_finished(e);
    const auto all = encoded();
    EXPECT_EQ(attribute(all.at(0), "db.operation.batch.size"), "{\"intValue\":\"5\"}");
    EXPECT_EQ(attribute(all.at(1), "db.operation.batch.size"), "absent");
    EXPECT_EQ(all.at(0).as_object().if_contains("parentSpanId"), nullptr);
}

TEST_F(otlp_spans, are_utf8_whatever_the_statement_was) {
    query("select '\xFF', $1 \xFF", 1);
    EXPECT_EQ(attribute(encoded().at(0), "db.query.text"), "{\"stringValue\":\"select '?', $1 ?\"}");
}

TEST(partial_success, is_read_with_the_count_in_either_form) {
    EXPECT_EQ(detail::read_partial_success(R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}})")
                  .rejected,
              3U);
    EXPECT_EQ(detail::read_partial_success(R"({"partialSuccess":{"rejectedDataPoints":2}})").rejected, 2U);
    EXPECT_EQ(detail::read_partial_success(R"({"partialSuccess":{"errorMessage":"slow down"}})").message,
              "slow down");
    for (const char* body :
         {"", "{}", "no JSON", "[]", R"({"partialSuccess":7})", R"({"partialSuccess":{}})"})
        EXPECT_EQ(detail::read_partial_success(body).rejected, 0U) << body;
}

} // namespace otlp_json_test
