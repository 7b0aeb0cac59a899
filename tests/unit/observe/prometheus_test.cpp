#include <tusk/observe/prometheus.hpp>

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace prometheus_test {

using namespace tusk::observe;

TEST(prometheus, writes_every_kind_exactly) {
    registry in;
    const std::vector<double> bounds{0.005, 1, 2.5, 1e6};
    auto& duration =
        in.histogram("query_duration_seconds", "Time spent executing queries", bounds, "query_type");
    for (const double seconds : {0.004, 0.005, 0.5, 2.0, 3e6}) duration.with("select").record(seconds);
    in.gauge("connections", "Connections", "pool", "state").with("main", "idle").set(3);
    in.gauge("connections", "Connections", "pool", "state").with("main", "active").set(17);
    in.counter("tasks_total", "Tasks").with().add(18'446'744'073'709'551'615U);
    EXPECT_EQ(to_prometheus(in), R"(# HELP connections Connections
# TYPE connections gauge
connections{pool="main",state="active"} 17
connections{pool="main",state="idle"} 3
# HELP query_duration_seconds Time spent executing queries
# TYPE query_duration_seconds histogram
query_duration_seconds_bucket{query_type="select",le="0.005"} 2
query_duration_seconds_bucket{query_type="select",le="1"} 3
query_duration_seconds_bucket{query_type="select",le="2.5"} 4
query_duration_seconds_bucket{query_type="select",le="1e+06"} 4
query_duration_seconds_bucket{query_type="select",le="+Inf"} 5
query_duration_seconds_sum{query_type="select"} 3000002.509
query_duration_seconds_count{query_type="select"} 5
# HELP tasks_total Tasks
# TYPE tasks_total counter
tasks_total 18446744073709551615
)");
}

TEST(prometheus, writes_a_histogram_without_labels) {
    registry in;
    const std::vector<double> bounds{1};
    in.histogram("size", "Size", bounds).with().record(0.5);
    EXPECT_EQ(to_prometheus(in),
              "# HELP size Size\n# TYPE size histogram\n"
              "size_bucket{le=\"1\"} 1\nsize_bucket{le=\"+Inf\"} 1\nsize_sum 0.5\nsize_count 1\n");
}

TEST(prometheus, escapes_label_values) {
    registry in;
    in.gauge("depth", "Depth", "path").with("C:\\dir\n\"quoted\"\ttab \xC3\xA9").set(1);
    EXPECT_EQ(to_prometheus(in), "# HELP depth Depth\n# TYPE depth gauge\n"
                                 "depth{path=\"C:\\\\dir\\n\\\"quoted\\\"\ttab \xC3\xA9\"} 1\n");
}

TEST(prometheus, escapes_help_but_not_its_quotes) {
    registry in;
    in.gauge("depth", "back\\slash \"quoted\"\nsecond line");
    EXPECT_EQ(to_prometheus(in),
              "# HELP depth back\\\\slash \"quoted\"\\nsecond line\n# TYPE depth gauge\ndepth 0\n");
}

TEST(prometheus, writes_special_numbers_as_prometheus_reads_them) {
    registry in;
    auto& depth = in.gauge("depth", "Depth", "case");
    depth.with("a").set(std::numeric_limits<double>::infinity());
    depth.with("b").set(-std::numeric_limits<double>::infinity());
    depth.with("c").set(std::nan(""));
    depth.with("d").set(-1.7976931348623157e308);
    depth.with("e").set(0.1);
    EXPECT_EQ(to_prometheus(in), "# HELP depth Depth\n# TYPE depth gauge\n"
                                 "depth{case=\"a\"} +Inf\ndepth{case=\"b\"} -Inf\ndepth{case=\"c\"} NaN\n"
                                 "depth{case=\"d\"} -1.7976931348623157e+308\ndepth{case=\"e\"} 0.1\n");
}

TEST(prometheus, an_empty_registry_is_an_empty_text) {
    registry in;
    in.counter("tasks_total", "Tasks", "kind"); // no label set yet
    EXPECT_EQ(to_prometheus(in), "");
}

TEST(prometheus, names_the_version_of_the_format) {
    EXPECT_EQ(prometheus_content_type, "text/plain; version=0.0.4; charset=utf-8");
}

} // namespace prometheus_test
