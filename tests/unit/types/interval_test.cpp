#include "conversion.hpp"

#include <chrono>
#include <limits>

namespace tusk {
namespace interval_test {

using namespace conversion;
using namespace std::chrono_literals;
using std::chrono::microseconds;

constexpr std::int32_t least = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();

TEST(interval_codec, both_formats) {
    expect_forms(interval{}, "0000000000000000 00000000 00000000", "00:00:00");
    expect_forms(interval{14, -3, 4h + 5min + 6s + 789ms}, "000000036c97ca88 fffffffd 0000000e",
                 "14 mons -3 days +04:05:06.789000");
    expect_forms(interval{0, 0, -500ms}, "fffffffffff85ee0 00000000 00000000", "-00:00:00.500000");
    expect_forms(interval{-14, 3, -(4h + 5min + 6s)}, "fffffffc93743f80 00000003 fffffff2",
                 "-14 mons 3 days -04:05:06");
    expect_forms(interval{-1, 0, 1s}, "00000000000f4240 00000000 ffffffff", "-1 mons +00:00:01");
    expect_forms(interval{least, most, microseconds::min()}, "8000000000000000 7fffffff 80000000",
                 "-2147483648 mons 2147483647 days -2562047788:00:54.775808");
    expect_forms(interval{most, least, microseconds::max()}, "7fffffffffffffff 80000000 7fffffff",
                 "2147483647 mons -2147483648 days +2562047788:00:54.775807");
}

TEST(interval_codec, text_of_the_server_in_postgres_style) {
    constexpr struct {
        const char* plain;
        interval value;
    } forms[] = {
        {"1 year 2 mons -3 days +04:05:06.789", {14, -3, 4h + 5min + 6s + 789ms}},
        {"-1 years -2 mons +3 days -04:05:06", {-14, 3, -(4h + 5min + 6s)}},
        {"1 mon -1 days +00:00:01", {1, -1, 1s}},
        {"2 days", {0, 2, 0us}},
        {"-00:00:00.5", {0, 0, -500ms}},
        {"178000000 years", {2136000000, 0, 0us}},
        {"100:00:00", {0, 0, 100h}},
    };
    for (const auto& [plain, value] : forms) expect_value(text<interval>(plain), value, plain);
}

TEST(interval_codec, text_of_the_server_in_iso_style) {
    constexpr struct {
        const char* plain;
        interval value;
    } forms[] = {
        {"P1Y2M-3DT4H5M6.789S", {14, -3, 4h + 5min + 6s + 789ms}}, {"PT-0.5S", {0, 0, -500ms}}, {"PT0S", {}},
        {"P-1Y-2M3DT-4H-5M-6S", {-14, 3, -(4h + 5min + 6s)}},      {"P2W", {0, 14, 0us}},
    };
    for (const auto& [plain, value] : forms) expect_value(text<interval>(plain), value, plain);
}

TEST(interval_codec, bad_values_are_malformed) {
    for (const char* bad :
         {"",        " ",     "1",         "1 ",       "1 day ",    "1 week",         "days",
          "--1 day", "00:00", "00:00:60",  "00:60:00", "00:00:00.", "00:00:00 1 day", "1 day  2 days",
          "P",       "PT",    "P1",        "P1H",      "PT1D",      "P1.5D",          "PT1.5H",
          "P1DT",    "P1D ",  "1 day ago", "@ 1 day",  "Infinity"})
        EXPECT_EQ(text<interval>(bad).error, codec_errc::malformed) << bad;
    for (const char* bad : {"", "000000000000000000000000000000", "0000000000000000000000000000000000"})
        EXPECT_EQ(binary<interval>(bad).error, codec_errc::malformed) << bad;
}

TEST(interval_codec, sums_that_do_not_fit_are_out_of_range) {
    for (const char* far : {"2147483648 mons", "-2147483649 days", "178956971 years", "2562047789:00:00",
                            "2562047788:00:54.775808", "999999999999999999 years", "PT999999999999999999S",
                            "2147483647 days 1 day"})
        EXPECT_EQ(text<interval>(far).error, codec_errc::out_of_range) << far;
}

TEST(interval_codec, infinities) {
    expect_forms(interval{tusk::infinity}, "7fffffffffffffff 7fffffff 7fffffff", "infinity");
    expect_forms(interval{-tusk::infinity}, "8000000000000000 80000000 80000000", "-infinity");
    EXPECT_TRUE(is_infinite(interval{-tusk::infinity}));
    EXPECT_FALSE(is_infinite(interval{}));
}

TEST(duration_codec, durations_are_intervals_of_time) {
    EXPECT_EQ(encoded(2s, oid::interval), "b:00000000001e84800000000000000000");
    EXPECT_EQ(encoded(std::chrono::hours{1}, oid::interval), "b:00000000d693a4000000000000000000");
    EXPECT_EQ(encoded(1999ns, oid::interval), "b:00000000000000010000000000000000");
    EXPECT_EQ(encoded(-1ns, oid::interval), "b:ffffffffffffffff0000000000000000");
    EXPECT_EQ(encoded(90min, oid::unspecified), "t:01:30:00");
    EXPECT_EQ(encoded(std::chrono::hours::max(), oid::interval), "out_of_range");
}

TEST(duration_codec, reads_days_as_24_hours_and_no_months) {
    expect_value(binary<microseconds>("00000000001e8480 00000001 00000000"), microseconds{24h + 2s},
                 "a day and 2 s");
    expect_value(text<std::chrono::nanoseconds>("-1 days +00:00:01"), std::chrono::nanoseconds{1s - 24h},
                 "text");
    EXPECT_EQ(text<microseconds>("1 mon").error, codec_errc::out_of_range);
    EXPECT_EQ(text<microseconds>("x").error, codec_errc::malformed);
    EXPECT_EQ(binary<microseconds>("7fffffffffffffff 00000001 00000000").error, codec_errc::out_of_range);
    EXPECT_EQ(binary<std::chrono::nanoseconds>("7fffffffffffffff 00000000 00000000").error,
              codec_errc::out_of_range);
    EXPECT_EQ(text<microseconds>("111411200 days").error, codec_errc::out_of_range); // past 64 bits
    EXPECT_EQ(text<microseconds>("-2147483648 days").error, codec_errc::out_of_range);
    EXPECT_FALSE(accepts_column<std::chrono::seconds>(oid::interval, true));
    EXPECT_TRUE(accepts_column<std::chrono::nanoseconds>(oid::interval, true));
}

} // namespace interval_test
} // namespace tusk
