#ifdef TUSK_TEST_PROMETHEUS_CPP

#include <tusk/observe/prometheus_collectable.hpp>

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <tusk/observe/prometheus.hpp>

namespace prometheus_collectable_test {

using namespace tusk::observe;

/// Sorted: prometheus-cpp writes a histogram's count and sum before its buckets, we after them.
std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) out.push_back(line);
    std::ranges::sort(out);
    return out;
}

TEST(prometheus_collectable, reads_the_same_in_prometheus_cpp_as_in_our_own_encoder) {
    registry in;
    const std::vector<double> bounds{0.5, 2};
    auto& duration = in.histogram("query_duration_seconds", "Time", bounds, "table");
    for (const double seconds : {0.25, 1.0, 4.0}) duration.with("users").record(seconds);
    in.gauge("depth", "Depth").with().set(-2.5);
    in.counter("tasks_total", "Tasks", "kind").with("a \"quoted\" one").add(3);
    const prometheus_collectable adaptor{in};
    const auto theirs = lines_of(::prometheus::TextSerializer{}.Serialize(adaptor.Collect()));
    EXPECT_EQ(theirs, lines_of(to_prometheus(in)));
    EXPECT_EQ(theirs.size(), 13U);
}

} // namespace prometheus_collectable_test

#endif
