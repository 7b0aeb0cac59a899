#include <tusk/observe/registry.hpp>

#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "allocations.hpp"
#include <tusk/core/error.hpp>

namespace registry_test {

using namespace tusk::observe;

template <class Work>
std::string refusal(const Work& work) {
    try {
        work();
        return "";
    } catch (const tusk::error& e) {
        EXPECT_EQ(e.code(), tusk::errc::invalid_configuration);
        return e.what();
    }
}

/// Label values of a family with one label, in the order of the snapshot.
std::vector<std::string> values_of(const registry& in, std::string_view name) {
    std::vector<std::string> out;
    const auto all = in.collect();
    for (const auto& family : all.families())
        if (family.name == name)
            for (const auto& one : family.samples) out.push_back(one.labels.at(0));
    return out;
}

TEST(registry, a_family_declared_twice_is_one_family) {
    registry in;
    auto& first = in.counter("tasks_total", "Tasks", "status");
    auto& second = in.counter("tasks_total", "Another help text", "status");
    EXPECT_EQ(&first, &second);
    first.with("ok").add(2);
    EXPECT_EQ(second.with("ok").value(), 2U);
    EXPECT_EQ(in.collect().families().at(0).help, "Tasks");
}

TEST(registry, one_label_set_is_one_instrument) {
    registry in;
    auto& tasks = in.counter("tasks_total", "Tasks", "kind", "status");
    auto& ok = tasks.with("mail", "ok");
    EXPECT_EQ(&ok, &tasks.with(std::string{"mail"}, std::string_view{"ok"}));
    EXPECT_NE(&ok, &tasks.with("ok", "mail"));
    EXPECT_NE(&ok, &tasks.with("mailo", "k"));
}

TEST(registry, contradicting_declarations_are_refused) {
    registry in;
    const std::vector<double> bounds{1, 2};
    in.gauge("depth", "Depth", "queue");
    in.histogram("size_bytes", "Size", bounds, "queue");
    EXPECT_NE(refusal([&] { in.histogram("depth", "Depth", "queue"); }).find("another kind"),
              std::string::npos);
    EXPECT_NE(refusal([&] { in.gauge("depth", "Depth"); }).find("other labels"), std::string::npos);
    EXPECT_NE(refusal([&] { in.gauge("depth", "Depth", "pool"); }).find("other labels"), std::string::npos);
    EXPECT_NE(refusal([&] { in.histogram("size_bytes", "Size", "queue"); }).find("buckets"),
              std::string::npos);
    EXPECT_EQ(refusal([&] { in.histogram("size_bytes", "Size", bounds, "queue"); }), "");
}

TEST(registry, names_that_prometheus_or_its_linter_reject_are_refused) {
    registry in;
    EXPECT_NE(refusal([&] { in.gauge("", "Help"); }), "");
    EXPECT_NE(refusal([&] { in.gauge("1st", "Help"); }), "");
    EXPECT_NE(refusal([&] { in.gauge("queue-depth", "Help"); }), "");
    EXPECT_NE(refusal([&] { in.gauge("depth", ""); }), "");
    EXPECT_NE(refusal([&] { in.gauge("depth", "caf\xE9"); }), "");
    EXPECT_NE(refusal([&] { in.gauge("depth_total", "Help"); }), "");
    EXPECT_NE(refusal([&] { in.counter("tasks", "Help"); }), "");
    EXPECT_NE(refusal([&] { in.gauge("depth", "Help", "a:b"); }), "");
    EXPECT_NE(refusal([&] { in.gauge("depth", "Help", "__name"); }), "");
    EXPECT_NE(refusal([&] { in.gauge("depth", "Help", "a", "b", "a"); }), "");
    EXPECT_NE(refusal([&] { in.histogram("d", "Help", "le"); }), "");
    EXPECT_NE(refusal([&] { in.gauge("d", "Help", "a", "b", "c", "d", "e", "f", "g", "h", "i"); }), "");
    EXPECT_NE(refusal([&] { in.histogram("d", "Help", std::span<const double>{}); }), "");
    EXPECT_TRUE(in.collect().families().empty());
    EXPECT_EQ(refusal([&] { in.gauge("app:depth", "Help", "le", "_x9"); }), "");
}

TEST(registry, a_family_without_labels_is_there_from_the_start) {
    registry in;
    in.counter("tasks_total", "Tasks");
    in.counter("others_total", "Others", "kind");
    const auto all = in.collect();
    ASSERT_EQ(all.families().size(), 1U);
    EXPECT_EQ(all.families()[0].name, "tasks_total");
    EXPECT_EQ(std::get<std::uint64_t>(all.families()[0].samples.at(0).value), 0U);
}

TEST(registry, known_label_sets_are_recorded_without_allocation) {
    registry in;
    in.limit("table", 1);
    auto& queries = in.histogram("query_duration_seconds", "Queries", "type", "table");
    auto& count = in.counter("queries_total", "Queries", "table");
    const std::string long_name(100, 't');
    const auto work = [&] {
        queries.with("select", long_name).record(0.25);
        count.with(long_name).add();
        count.with("past the limit, so it is another").add();
    };
    work();
    const auto before = allocations_of_this_thread();
    for (int i = 0; i < 100; ++i) work();
    EXPECT_EQ(allocations_of_this_thread(), before);
    EXPECT_EQ(count.with(long_name).value(), 101U);
    ::operator delete(::operator new(1)); // called by name: the optimiser may drop a new-expression
    EXPECT_GT(allocations_of_this_thread(), before) << "the count does not count";
}

TEST(registry, without_memory_a_new_label_set_is_not_exposed_and_a_known_one_goes_on) {
    registry in;
    auto& sizes = in.histogram("size", "Size", "kind");
    sizes.with("known").record(1.0);
    {
        const no_memory now;
        sizes.with("new").record(1.0);
        sizes.with("known").record(1.0);
    }
    EXPECT_EQ(values_of(in, "size"), std::vector<std::string>{"known"});
    EXPECT_EQ(sizes.with("known").values().count(), 2U);
    sizes.with("new").record(1.0);
    EXPECT_EQ(sizes.with("new").values().count(), 1U);
}

TEST(registry, values_past_the_limit_of_a_label_become_other) {
    registry in;
    auto& queries = in.counter("queries_total", "Queries", "table");
    for (int i = 0; i < 150; ++i) queries.with("table_" + std::to_string(i)).add();
    EXPECT_EQ(values_of(in, "queries_total").size(), 101U);
    EXPECT_EQ(queries.with("other").value(), 50U);
    queries.with("table_99").add();
    queries.with("table_100").add();
    EXPECT_EQ(queries.with("table_99").value(), 2U);
    EXPECT_EQ(queries.with("other").value(), 51U);
}

TEST(registry, families_agree_on_the_values_of_a_label) {
    registry in;
    in.limit("table", 2);
    auto& queries = in.counter("queries_total", "Queries", "table");
    auto& rows = in.counter("rows_total", "Rows", "table");
    queries.with("a").add();
    queries.with("b").add();
    rows.with("c").add();
    rows.with("b").add();
    EXPECT_EQ(values_of(in, "rows_total"), (std::vector<std::string>{"b", "other"}));
}

TEST(registry, a_raised_limit_lets_new_values_in) {
    registry in;
    in.limit("route", 1);
    auto& requests = in.counter("requests_total", "Requests", "route");
    requests.with("/a").add();
    requests.with("/b").add();
    in.limit("route", 2);
    requests.with("/b").add();
    EXPECT_EQ(values_of(in, "requests_total"), (std::vector<std::string>{"/a", "/b", "other"}));
}

TEST(registry, values_that_are_not_utf8_become_other) {
    registry in;
    auto& queries = in.counter("queries_total", "Queries", "table");
    for (const std::string_view bad :
         {"\xFF", "a\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
          "\xF5\x80\x80\x80", "\x80", "\xC3(", "\xC1\xBF"})
        queries.with(bad).add();
    queries.with(std::string_view{"nul\0", 4}).add();
    queries.with("").add();
    for (const std::string_view good :
         {"\xC3\xA9", "\xE2\x82\xAC", "\xED\x9F\xBF", "\xF0\x9F\x90\x98", "\xF4\x8F\xBF\xBF"})
        queries.with(good).add();
    EXPECT_EQ(queries.with("other").value(), 12U);
    EXPECT_EQ(values_of(in, "queries_total").size(), 7U);
}

TEST(registry, threads_that_meet_a_label_set_at_once_share_it) {
    registry in;
    in.limit("key", 1000);
    auto& seen = in.counter("seen_total", "Seen", "key");
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 500; ++i) seen.with("key_" + std::to_string(i)).add();
            });
        for (int i = 0; i < 20; ++i) EXPECT_LE(values_of(in, "seen_total").size(), 500U);
    }
    const auto all = in.collect();
    ASSERT_EQ(all.families().at(0).samples.size(), 500U);
    for (const auto& one : all.families()[0].samples) EXPECT_EQ(std::get<std::uint64_t>(one.value), 4U);
}

TEST(registry, references_stay_good_while_label_sets_are_added) {
    registry in;
    in.limit("key", 1000);
    auto& seen = in.counter("seen_total", "Seen", "key");
    auto& first = seen.with("first");
    for (int i = 0; i < 300; ++i) seen.with(std::to_string(i)).add();
    first.add(7);
    EXPECT_EQ(&first, &seen.with("first"));
    EXPECT_EQ(seen.with("first").value(), 7U);
}

} // namespace registry_test
