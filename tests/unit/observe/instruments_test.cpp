#include <tusk/observe/instruments.hpp>

#include <cmath>
#include <limits>
#include <thread>

#include <gtest/gtest.h>

#include <tusk/core/error.hpp>

namespace instruments_test {

using namespace tusk::observe;
using counts = std::vector<std::uint64_t>;

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class Work>
void in_four_threads(const Work& work) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(work);
}

bool refused(std::span<const double> bounds) {
    try {
        histogram{bounds};
        return false;
    } catch (const tusk::error& e) {
        return e.code() == tusk::errc::invalid_configuration;
    }
}

TEST(counter, loses_nothing_when_four_threads_count) {
    counter c;
    in_four_threads([&] {
        for (int i = 0; i < 20'000; ++i) c.add();
        c.add(5);
    });
    EXPECT_EQ(c.value(), 80'020U);
}

TEST(gauge, goes_up_and_down) {
    gauge g;
    EXPECT_EQ(g.value(), 0);
    g.set(2.5);
    g.add();
    g.subtract(4);
    EXPECT_EQ(g.value(), -0.5);
}

TEST(gauge, loses_nothing_when_four_threads_add_and_subtract) {
    gauge g;
    in_four_threads([&] {
        for (int i = 0; i < 10'000; ++i) {
            g.add(3);
            g.subtract(1);
        }
    });
    EXPECT_EQ(g.value(), 80'000);
}

TEST(histogram, a_bound_belongs_to_its_own_bucket) {
    const std::vector<double> bounds{0.1, 1, 10};
    histogram h{bounds};
    h.record(0.1);
    h.record(std::nextafter(0.1, 1));
    h.record(1.0);
    h.record(std::nextafter(1.0, 2));
    h.record(10.0);
    h.record(std::nextafter(10.0, 11));
    EXPECT_EQ(h.values().cumulative, (counts{1, 3, 5, 6}));
    EXPECT_EQ(h.values().count(), 6U);
}

TEST(histogram, takes_values_outside_of_all_bounds) {
    const std::vector<double> bounds{0, 1};
    histogram h{bounds};
    h.record(-5.0);
    h.record(1000.0);
    EXPECT_EQ(h.values().cumulative, (counts{1, 1, 2}));
    EXPECT_EQ(h.values().sum, 995);
}

TEST(histogram, ignores_nan_so_that_the_sum_survives) {
    histogram h;
    h.record(0.25);
    h.record(std::nan(""));
    EXPECT_EQ(h.values().sum, 0.25);
    EXPECT_EQ(h.values().count(), 1U);
}

TEST(histogram, records_durations_in_seconds) {
    histogram h;
    h.record(std::chrono::milliseconds{250});
    h.record(std::chrono::minutes{1});
    EXPECT_EQ(h.values().sum, 60.25);
    EXPECT_EQ(h.values().cumulative, (counts{0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2}));
}

TEST(histogram, has_the_default_buckets_of_prometheus_clients) {
    EXPECT_EQ(histogram{}.values().bounds,
              (std::vector<double>{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}));
}

TEST(histogram, loses_nothing_when_four_threads_record) {
    histogram h;
    in_four_threads([&] {
        for (int i = 0; i < 10'000; ++i) h.record(i % 2 == 0 ? 0.5 : 20.0);
    });
    EXPECT_EQ(h.values().cumulative,
              (counts{0, 0, 0, 0, 0, 0, 20'000, 20'000, 20'000, 20'000, 20'000, 40'000}));
    EXPECT_EQ(h.values().sum, 20'000 * 20.5);
}

TEST(histogram, understands_a_last_bound_of_infinity) {
    const std::vector<double> bounds{1, infinity};
    EXPECT_EQ(histogram{bounds}.values().bounds, std::vector<double>{1});
}

TEST(histogram, refuses_bounds_that_are_not_ascending_and_finite) {
    const std::vector<double> none, only_infinity{infinity}, equal{1, 1}, falling{2, 1}, not_a_number{1, NAN},
        starts_infinite{-infinity, 1};
    for (const auto& bounds : {none, only_infinity, equal, falling, not_a_number, starts_infinite})
        EXPECT_TRUE(refused(bounds));
    const std::vector<double> good{-1, 0, 1};
    EXPECT_FALSE(refused(good));
}

} // namespace instruments_test
