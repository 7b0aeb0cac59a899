#include <gtest/gtest.h>

#include <services/alerthist/common.hpp>

namespace instant_test {

using namespace tusk::alerthist;

std::int64_t microseconds(const char* text) { return parse_instant(text).value().time_since_epoch().count(); }

TEST(instant, counts_from_the_unix_epoch) {
    EXPECT_EQ(microseconds("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(microseconds("2026-11-21T22:15:09Z"), 1'795'299'309'000'000);
    EXPECT_EQ(microseconds("0001-01-01T00:00:00Z"), -62'135'596'800'000'000);
    EXPECT_EQ(microseconds("9999-12-31T23:59:59Z"), 253'402'300'799'000'000);
    EXPECT_EQ(microseconds("2024-02-29t00:00:00z"), 1'709'164'800'000'000);
}

TEST(instant, rounds_fractions_down_to_microseconds) {
    EXPECT_EQ(microseconds("1970-01-01T00:00:00.9Z"), 900'000);
    EXPECT_EQ(microseconds("1970-01-01T00:00:00.123Z"), 123'000);
    EXPECT_EQ(microseconds("1970-01-01T00:00:00.123456Z"), 123'456);
    EXPECT_EQ(microseconds("1970-01-01T00:00:00.904960999Z"), 904'960);
    EXPECT_EQ(microseconds("1970-01-01T00:00:00.99999999999999999999Z"), 999'999);
    EXPECT_EQ(microseconds("1969-12-31T23:59:59.9999999Z"), -1) << "down, also before the epoch";
}

TEST(instant, understands_offsets) {
    EXPECT_EQ(parse_instant("2026-11-22T01:15:09+03:00"), parse_instant("2026-11-21T22:15:09Z"));
    EXPECT_EQ(parse_instant("2026-11-21T16:45:09-05:30"), parse_instant("2026-11-21T22:15:09Z"));
    EXPECT_EQ(parse_instant("2026-11-21T22:15:09-00:00"), parse_instant("2026-11-21T22:15:09Z"));
}

TEST(instant, refuses_everything_else) {
    for (const auto* text : {"",
                             "now",
                             "2026-11-21",
                             "2026-11-21T22:15:09",
                             "2026-11-21 22:15:09Z",
                             "2026-11-21T22:15Z",
                             "2026-11-21T22:15:09.Z",
                             "2026-11-21T22:15:09,5Z",
                             "2026-11-21T22:15:09ZZ",
                             " 2026-11-21T22:15:09Z",
                             "2026-11-21T22:15:09Z ",
                             "2026-02-29T00:00:00Z",
                             "2026-13-01T00:00:00Z",
                             "2026-00-01T00:00:00Z",
                             "2026-11-31T00:00:00Z",
                             "2026-11-21T24:00:00Z",
                             "2026-11-21T22:60:09Z",
                             "2026-11-21T22:15:60Z",
                             "2026-11-21T22:15:09+24:00",
                             "2026-11-21T22:15:09+0300",
                             "2026-11-21T22:15:09+03:60",
                             "0000-01-01T00:00:00Z",
                             "-2026-11-21T22:15:09Z",
                             "12026-11-21T22:15:09Z",
                             "2026-1-21T22:15:09Z",
                             "1795299309"})
        EXPECT_FALSE(parse_instant(text)) << text;
}

TEST(instant, is_written_with_six_digits_and_reads_back) {
    EXPECT_EQ(format_instant(parse_instant("2026-11-21T22:15:09.904960113Z").value()),
              "2026-11-21T22:15:09.904960Z");
    EXPECT_EQ(format_instant(parse_instant("1969-12-31T23:59:59.000001Z").value()),
              "1969-12-31T23:59:59.000001Z");
    EXPECT_EQ(format_instant(instant{}), "1970-01-01T00:00:00.000000Z");
    for (const auto* text :
         {"0001-01-01T00:00:00.000000Z", "2000-02-29T12:34:56.789012Z", "9999-12-31T23:59:59.999999Z"})
        EXPECT_EQ(format_instant(parse_instant(text).value()), text);
}

} // namespace instant_test
