#include <tusk/observe/pool_gauges.hpp>
#include <tusk/observe/prometheus.hpp>

#include <optional>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include <tusk/core/error.hpp>

namespace callback_test {

using namespace tusk::observe;

auto sampler(std::string name, std::uint64_t active) {
    return [name = std::move(name), active](pool_gauges& out) {
        out.name = name;
        out.active = active;
        out.idle = active + 1;
        out.total = active + 2;
        out.constructing = active + 3;
        out.pending = active + 4;
        out.max = active + 5;
        out.min = active + 6;
    };
}

bool has_line(const registry& in, std::string_view line) {
    return to_prometheus(in).find("\n" + std::string{line} + "\n") != std::string::npos;
}

TEST(pool_gauges, every_number_has_its_own_family) {
    registry in;
    const auto watching = watch_pool(in, sampler("main", 10));
    EXPECT_TRUE(has_line(in, "postgres_connections_active{pool=\"main\"} 10"));
    EXPECT_TRUE(has_line(in, "postgres_connections_idle{pool=\"main\"} 11"));
    EXPECT_TRUE(has_line(in, "postgres_connections_open{pool=\"main\"} 12"));
    EXPECT_TRUE(has_line(in, "postgres_connections_constructing{pool=\"main\"} 13"));
    EXPECT_TRUE(has_line(in, "postgres_connections_pending{pool=\"main\"} 14"));
    EXPECT_TRUE(has_line(in, "postgres_connections_max{pool=\"main\"} 15"));
    EXPECT_TRUE(has_line(in, "postgres_connections_min{pool=\"main\"} 16"));
}

TEST(pool_gauges, two_pools_do_not_mix) {
    registry in;
    const auto main = watch_pool(in, sampler("main", 10));
    const auto replica = watch_pool(in, sampler("replica", 20));
    EXPECT_TRUE(has_line(in, "postgres_connections_active{pool=\"main\"} 10"));
    EXPECT_TRUE(has_line(in, "postgres_connections_active{pool=\"replica\"} 20"));
    EXPECT_TRUE(has_line(in, "postgres_connections_max{pool=\"main\"} 15"));
    EXPECT_TRUE(has_line(in, "postgres_connections_max{pool=\"replica\"} 25"));
}

TEST(pool_gauges, pools_of_one_name_are_shown_as_their_sum) {
    registry in;
    const auto first = watch_pool(in, sampler("main", 10));
    const auto second = watch_pool(in, sampler("main", 20));
    EXPECT_TRUE(has_line(in, "postgres_connections_active{pool=\"main\"} 30"));
    EXPECT_TRUE(has_line(in, "postgres_connections_max{pool=\"main\"} 40"));
}

TEST(pool_gauges, a_pool_without_a_name_is_none) {
    registry in;
    const auto watching = watch_pool(in, sampler("", 1));
    EXPECT_TRUE(has_line(in, "postgres_connections_active{pool=\"none\"} 1"));
}

TEST(pool_gauges, are_asked_for_at_each_scrape) {
    registry in;
    std::uint64_t active = 1;
    const auto watching = watch_pool(in, [&](pool_gauges& out) {
        out.name = "main";
        out.active = active;
    });
    EXPECT_TRUE(has_line(in, "postgres_connections_active{pool=\"main\"} 1"));
    active = 2;
    EXPECT_TRUE(has_line(in, "postgres_connections_active{pool=\"main\"} 2"));
}

TEST(pool_gauges, vanish_with_their_subscription) {
    registry in;
    std::optional first{watch_pool(in, sampler("main", 10))};
    auto second = watch_pool(in, sampler("replica", 20));
    first.reset();
    EXPECT_EQ(to_prometheus(in).find("main"), std::string::npos);
    EXPECT_TRUE(has_line(in, "postgres_connections_active{pool=\"replica\"} 20"));
    second = watch_pool(in, sampler("third", 30));
    EXPECT_EQ(to_prometheus(in).find("replica"), std::string::npos);
    EXPECT_TRUE(has_line(in, "postgres_connections_active{pool=\"third\"} 30"));
    second.reset();
    EXPECT_EQ(to_prometheus(in), "");
}

TEST(subscription, moves_without_calling_twice_or_letting_go) {
    registry in;
    auto first = watch_pool(in, sampler("main", 10));
    subscription second{std::move(first)};
    EXPECT_TRUE(has_line(in, "postgres_connections_active{pool=\"main\"} 10"));
    first.reset(); // moved from: does nothing
    EXPECT_TRUE(has_line(in, "postgres_connections_active{pool=\"main\"} 10"));
}

TEST(subscription, may_outlive_the_registry_but_its_callback_does_not) {
    auto held = std::make_shared<int>(1);
    std::optional<registry> in{std::in_place};
    auto kept = in->on_collect([held](snapshot& into) { into.gauge("held", "Held", *held); });
    EXPECT_EQ(held.use_count(), 2);
    in.reset();
    EXPECT_EQ(held.use_count(), 1);
    kept.reset();
}

TEST(subscription, no_call_happens_after_its_end) {
    registry in;
    std::atomic<bool> stop{false};
    std::jthread scraper{[&] {
        while (!stop) (void)in.collect();
    }};
    for (int i = 0; i < 500; ++i) {
        auto alive = std::make_unique<double>(i); // freed right after: a late call is a use after free
        auto watching =
            in.on_collect([value = alive.get()](snapshot& into) { into.gauge("value", "V", *value); });
        EXPECT_EQ(in.collect().families().size(), 1U);
        watching.reset();
        alive.reset();
    }
    stop = true;
}

TEST(callback, may_add_counters_and_join_a_family_of_the_registry) {
    registry in;
    in.counter("bytes_total", "Bytes", "direction").with("sent").add(5);
    const auto watching = in.on_collect([](snapshot& into) {
        into.counter("bytes_total", "Bytes", 7, label{"direction", "received"});
        into.counter("bytes_total", "Bytes", 1, label{"direction", "sent"});
        into.counter("bytes_total", "Bytes", 2, label{"direction", "\xFF"});
    });
    EXPECT_EQ(to_prometheus(in), "# HELP bytes_total Bytes\n# TYPE bytes_total counter\n"
                                 "bytes_total{direction=\"other\"} 2\n"
                                 "bytes_total{direction=\"received\"} 7\n"
                                 "bytes_total{direction=\"sent\"} 6\n");
}

TEST(callback, may_declare_families) {
    registry in;
    const auto watching =
        in.on_collect([&](snapshot&) { in.counter("scrapes_total", "Scrapes").with().add(); });
    (void)in.collect();
    EXPECT_TRUE(has_line(in, "scrapes_total 1"));
}

TEST(callback, that_contradicts_a_family_fails_the_scrape_by_name) {
    registry in;
    in.counter("bytes_total", "Bytes", "direction").with("sent").add();
    auto watching = in.on_collect([](snapshot& into) { into.counter("bytes_total", "Bytes", 1); });
    try {
        (void)in.collect();
        FAIL() << "nothing was thrown";
    } catch (const tusk::error& e) {
        EXPECT_EQ(e.code(), tusk::errc::invalid_configuration);
        EXPECT_NE(std::string{e.what()}.find("bytes_total"), std::string::npos);
    }
    watching.reset();
    EXPECT_TRUE(has_line(in, "bytes_total{direction=\"sent\"} 1"));
}

TEST(callback, what_it_throws_comes_out_of_the_scrape) {
    registry in;
    const auto watching = in.on_collect([](snapshot&) { throw std::runtime_error{"no numbers"}; });
    EXPECT_THROW((void)to_prometheus(in), std::runtime_error);
}

TEST(callback, an_empty_function_is_refused) {
    registry in;
    EXPECT_THROW((void)in.on_collect(nullptr), tusk::error);
    EXPECT_THROW((void)watch_pool(in, nullptr), tusk::error);
}

} // namespace callback_test
