#include <tusk/core/trace_context.hpp>

#include <gtest/gtest.h>

namespace trace_context_test {

using tusk::parse_traceparent;

constexpr const char* example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(traceparent, is_read_and_written_alike) {
    const auto read = parse_traceparent(example);
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->is_valid());
    EXPECT_TRUE(read->sampled);
    EXPECT_EQ(read->trace_id_text(), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(read->span_id_text(), "00f067aa0ba902b7");
    EXPECT_EQ(read->traceparent(), example);
    auto other = *read;
    other.sampled = false;
    EXPECT_EQ(other.traceparent(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
}

TEST(traceparent, only_the_sampled_flag_is_looked_at) {
    EXPECT_TRUE(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff")->sampled);
    EXPECT_FALSE(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fe")->sampled);
}

TEST(traceparent, of_a_later_version_may_be_longer) {
    EXPECT_TRUE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes"));
    EXPECT_FALSE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what"));
}

TEST(traceparent, that_breaks_the_rules_is_none) {
    for (const char* bad : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                            "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bz-01",
                            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})
        EXPECT_FALSE(parse_traceparent(bad)) << bad;
}

TEST(trace_context, without_ids_is_not_valid) {
    tusk::trace_context c;
    EXPECT_FALSE(c.is_valid());
    c.trace_id[15] = 1;
    EXPECT_FALSE(c.is_valid());
    c.span_id[0] = 1;
    EXPECT_TRUE(c.is_valid());
}

} // namespace trace_context_test
