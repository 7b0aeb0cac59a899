#include "conversion.hpp"

#include <chrono>
#include <limits>

namespace tusk {
namespace time_test {

using namespace conversion;
using namespace std::chrono;
using namespace std::chrono_literals;

using instant = sys_time<microseconds>;
using wall = local_time<microseconds>;

constexpr instant at(year_month_day day, microseconds time = 0us) { return sys_days{day} + time; }

TEST(timestamptz_codec, both_formats_as_the_server_writes_them) {
    expect_forms(at(2000y / 1 / 1), "0000000000000000", "2000-01-01 00:00:00+00");
    expect_forms(instant{}, "fffca2fec4c82000", "1970-01-01 00:00:00+00");
    expect_forms(at(2024y / 2 / 29, 12h + 34min + 56s + 789012us), "0002b58341728614",
                 "2024-02-29 12:34:56.789012+00");
    expect_forms(at(year{-4713} / 11 / 24), "fd0f7cc1411fa000", "4714-11-24 00:00:00+00 BC");
    expect_forms(at(year{0} / 2 / 29), encoded(at(year{0} / 2 / 29)).substr(2), "0001-02-29 00:00:00+00 BC");
    // The last microsecond that 64-bit Unix time can name, one below infinity.
    expect_forms(instant{microseconds{std::numeric_limits<std::int64_t>::max() - 1}}, "7ffca2fec4c81ffe",
                 "294247-01-10 04:00:54.775806+00");
}

TEST(timestamptz_codec, infinities_are_the_ends_of_the_type) {
    expect_forms(instant::max(), "7fffffffffffffff", "infinity");
    expect_forms(instant::min(), "8000000000000000", "-infinity");
    const instant end = tusk::infinity;
    EXPECT_TRUE(end == tusk::infinity);
    EXPECT_TRUE(is_infinite(end));
    EXPECT_TRUE(is_infinite(static_cast<instant>(-tusk::infinity)));
    EXPECT_FALSE(is_infinite(instant{}));
    EXPECT_TRUE(instant{} < tusk::infinity);
    EXPECT_TRUE(-tusk::infinity < instant{});
}

TEST(timestamptz_codec, infinities_keep_their_meaning_in_every_precision) {
    EXPECT_EQ(encoded(sys_seconds::max(), oid::timestamptz), "b:7fffffffffffffff");
    EXPECT_EQ(encoded(sys_time<nanoseconds>::min(), oid::timestamptz), "b:8000000000000000");
    EXPECT_EQ(encoded(sys_days::max(), oid::timestamptz), "b:7fffffffffffffff");
    expect_value(binary<sys_time<nanoseconds>>("7fffffffffffffff"), sys_time<nanoseconds>::max(),
                 "nanoseconds");
}

TEST(timestamptz_codec, zones_are_taken_off) {
    constexpr struct {
        const char* plain;
        const char* utc;
    } forms[] = {
        {"2024-01-01 05:30:00+05:30", "2024-01-01 00:00:00+00"},
        {"2023-12-31 20:29:45-03:30:15", "2024-01-01 00:00:00+00"},
        {"1900-01-01 00:19:32+00:19:32", "1900-01-01 00:00:00+00"},
        {"0044-03-15 17:53:28+05:53:28 BC", "0044-03-15 12:00:00+00 BC"},
        {"2024-01-01 00:00:00-15:59:59", "2024-01-01 15:59:59+00"},
        {"2024-01-01T00:00:00.5+00", "2024-01-01 00:00:00.5+00"},
    };
    for (const auto& [plain, utc] : forms) {
        const auto got = text<instant>(plain);
        EXPECT_EQ(got.error, codec_errc::ok) << plain;
        EXPECT_TRUE(got.value == text<instant>(utc).value) << plain;
    }
    EXPECT_TRUE(text<instant>("2024-01-01 00:00:00.5+00").value == at(2024y / 1 / 1, 500ms));
}

TEST(timestamptz_codec, bad_text_is_malformed) {
    for (const char* bad : {"",
                            "2024-01-01",
                            "2024-01-01 00:00:00",
                            "2024-01-01 00:00+00",
                            "24-01-01 00:00:00+00",
                            "2024-13-01 00:00:00+00",
                            "2024-00-01 00:00:00+00",
                            "2023-02-29 00:00:00+00",
                            "1900-02-29 00:00:00+00",
                            "2024-01-32 00:00:00+00",
                            "2024-01-00 00:00:00+00",
                            "2024-01-01 24:00:00+00",
                            "2024-01-01 00:60:00+00",
                            "2024-01-01 00:00:60+00",
                            "2024-01-01 00:00:00.+00",
                            "2024-01-01 00:00:00.1234567+00",
                            "2024-01-01 00:00:00+16",
                            "2024-01-01 00:00:00+0",
                            "2024-01-01 00:00:00+05:",
                            "2024-01-01 00:00:00+00 AD",
                            "0000-01-01 00:00:00+00",
                            "2024-01-01 00:00:00+00 BCE",
                            "2024-01-01 00:00:00Z",
                            "-2024-01-01 00:00:00+00",
                            "12345678-01-01 00:00:00+00",
                            "Infinity",
                            "Mon Jan 01 00:00:00 2024 UTC",
                            "01/02/2024 00:00:00 UTC"})
        EXPECT_EQ(text<instant>(bad).error, codec_errc::malformed) << bad;
}

TEST(timestamptz_codec, what_lies_outside_is_out_of_range) {
    EXPECT_EQ(binary<instant>("7fffff5bb3b29fff").error,
              codec_errc::out_of_range); // 294276-12-31, for the server fine
    EXPECT_EQ(binary<instant>("7ffca2fec4c81fff").error, codec_errc::out_of_range); // would read as infinity
    EXPECT_EQ(binary<instant>("7ffffffffffffffe").error, codec_errc::out_of_range);
    EXPECT_EQ(binary<instant>("8000000000000001").error, codec_errc::out_of_range);
    EXPECT_EQ(binary<instant>("fd0f7cc1411f9fff").error, codec_errc::out_of_range); // before 4714-11-24 BC
    for (const char* far :
         {"294276-12-31 23:59:59.999999+00", "294247-01-10 04:00:54.775807+00",
          "294247-01-10 04:00:54-00:00:01", "4714-11-23 23:59:59+00 BC", "4714-11-24 00:00:00+01 BC",
          "9999999-12-31 00:00:00+00", "9999999-12-31 00:00:00+00 BC"})
        EXPECT_EQ(text<instant>(far).error, codec_errc::out_of_range) << far;
    EXPECT_EQ(encoded(instant::min() + 1us), "out_of_range");
    EXPECT_EQ(encoded(instant::min() + 1us, 0), "out_of_range");
    EXPECT_EQ(encoded(sys_seconds::max() - 1s, oid::timestamptz), "out_of_range");
    EXPECT_EQ(encoded(sys_days::min() + days{1}, oid::timestamptz), "out_of_range");
    // 2262-04-11 23:47:16.854776 is one microsecond too late for 64-bit nanoseconds.
    EXPECT_EQ(text<sys_time<nanoseconds>>("2262-04-11 23:47:16.854776+00").error, codec_errc::out_of_range);
    EXPECT_EQ(text<sys_time<nanoseconds>>("2262-04-11 23:47:16.854775+00").error, codec_errc::ok);
}

TEST(timestamptz_codec, binary_has_eight_bytes) {
    for (const char* bad : {"", "00000000", "00000000000000", "000000000000000000"})
        EXPECT_EQ(binary<instant>(bad).error, codec_errc::malformed) << bad;
}

TEST(timestamptz_codec, every_precision_is_an_argument_rounded_down) {
    const auto day = sys_days{2000y / 1 / 1};
    EXPECT_EQ(encoded(day, oid::timestamptz), "b:0000000000000000");
    EXPECT_EQ(encoded(sys_seconds{day} + 1s, oid::timestamptz), "b:00000000000f4240");
    EXPECT_EQ(encoded(sys_time<minutes>{day} - 1min, oid::timestamptz), "b:fffffffffc6c7900");
    EXPECT_EQ(encoded(sys_time<milliseconds>{day} + 1ms, oid::timestamptz), "b:00000000000003e8");
    EXPECT_EQ(encoded(sys_time<nanoseconds>{day} + 1999ns, oid::timestamptz), "b:0000000000000001");
    // Rounding down is also rounding down before the Unix epoch.
    EXPECT_EQ(encoded(sys_time<nanoseconds>{-1ns}, 0), "t:1969-12-31 23:59:59.999999+00");
    EXPECT_EQ(encoded(sys_time<nanoseconds>{-1000ns}, 0), "t:1969-12-31 23:59:59.999999+00");
    EXPECT_EQ(encoded(sys_time<nanoseconds>{-1001ns}, 0), "t:1969-12-31 23:59:59.999998+00");
}

TEST(timestamptz_codec, only_what_holds_microseconds_is_read) {
    EXPECT_TRUE(accepts_column<instant>(oid::timestamptz, true));
    EXPECT_TRUE(accepts_column<system_clock::time_point>(oid::timestamptz, false));
    EXPECT_FALSE(accepts_column<sys_seconds>(oid::timestamptz, true));
    EXPECT_FALSE(accepts_column<sys_time<milliseconds>>(oid::timestamptz, true));
    expect_value(binary<system_clock::time_point>("0002b58341728614"),
                 system_clock::time_point{at(2024y / 2 / 29, 12h + 34min + 56s + 789012us)},
                 "the system clock's");
}

TEST(timestamp_codec, both_formats) {
    expect_forms(wall{local_days{2024y / 2 / 29} + 12h + 34min + 56s + 789012us}, "0002b58341728614",
                 "2024-02-29 12:34:56.789012");
    expect_forms(wall{local_days{year{-43} / 3 / 15} + 12h},
                 encoded(wall{local_days{year{-43} / 3 / 15} + 12h}).substr(2), "0044-03-15 12:00:00 BC");
    expect_forms(wall::max(), "7fffffffffffffff", "infinity");
    expect_value(text<wall>("20240-01-01 00:00:00.1"), wall{local_days{20240y / 1 / 1} + 100ms},
                 "five digits");
    EXPECT_EQ(text<wall>("2024-02-29 12:34:56+00").error, codec_errc::malformed);
}

TEST(timestamp_codec, instants_and_wall_clocks_do_not_mix) {
    EXPECT_FALSE(accepts_column<instant>(oid::timestamp, true));
    EXPECT_FALSE(accepts_column<wall>(oid::timestamptz, true));
    EXPECT_EQ(encoded(instant{}, oid::timestamp), "wrong_type");
    EXPECT_EQ(encoded(wall{}, oid::timestamptz), "wrong_type");
    EXPECT_EQ(encoded(instant{}, oid::date), "wrong_type");
    EXPECT_EQ(encoded(sys_days{}, oid::timestamp), "wrong_type");
    EXPECT_EQ(encoded(local_days{}, oid::timestamptz), "wrong_type");
    EXPECT_EQ(encoded(1970y / 1 / 1, oid::timestamptz), "wrong_type");
    EXPECT_EQ(encoded(time_of_day{}, oid::interval), "wrong_type");
    EXPECT_EQ(encoded(1s, oid::time), "wrong_type");
    EXPECT_EQ(encoded(interval{}, oid::time), "wrong_type");
    EXPECT_EQ(encoded(local_days{2000y / 1 / 1}, oid::timestamp), "b:0000000000000000");
}

TEST(date_codec, both_formats_as_the_server_writes_them) {
    expect_forms(sys_days{2000y / 1 / 1}, "00000000", "2000-01-01");
    expect_forms(sys_days{}, "ffffd533", "1970-01-01");
    expect_forms(sys_days{2024y / 2 / 29}, "00002279", "2024-02-29");
    expect_forms(sys_days{year{-4713} / 11 / 24}, "ffda97a7", "4714-11-24 BC");
    expect_forms(sys_days{days{2145042905}}, "7fda970c", "5874897-12-31");
    expect_forms(sys_days::max(), "7fffffff", "infinity");
    expect_forms(sys_days::min(), "80000000", "-infinity");
    expect_forms(local_days{2024y / 2 / 29}, "00002279", "2024-02-29");
    expect_forms(year_month_day{2024y / 2 / 29}, "00002279", "2024-02-29");
    expect_forms(year_month_day{year{-4713} / 11 / 24}, "ffda97a7", "4714-11-24 BC");
}

TEST(date_codec, every_day_survives_the_text) {
    // A day in each of many years across the whole range, all of 1999 to 2001, and around the year 0.
    std::vector<std::int64_t> cases;
    for (std::int64_t day = detail::first_date; day <= detail::last_date; day += 99'991) cases.push_back(day);
    for (std::int64_t day = 10'592; day < 11'700; ++day) cases.push_back(day);
    for (std::int64_t day = -720'000; day < -719'000; ++day) cases.push_back(day);
    for (const std::int64_t day : cases) {
        const sys_days value{days{day}};
        const std::string plain = encoded(value, oid::unspecified).substr(2);
        const auto back = text<sys_days>(plain);
        ASSERT_EQ(back.error, codec_errc::ok) << plain;
        ASSERT_TRUE(back.value == value) << plain;
        const auto calendar = text<year_month_day>(plain);
        const bool has_year = std::stol(plain) <= 32767; // a number up to its first hyphen
        ASSERT_EQ(calendar.error, has_year ? codec_errc::ok : codec_errc::out_of_range) << plain;
        ASSERT_TRUE(!has_year || sys_days{calendar.value} == value) << plain;
    }
}

TEST(date_codec, year_month_day_has_its_own_limits) {
    EXPECT_EQ(binary<year_month_day>("7fffffff").error, codec_errc::out_of_range);
    EXPECT_EQ(binary<year_month_day>("80000000").error, codec_errc::out_of_range);
    EXPECT_EQ(text<year_month_day>("32768-01-01").error, codec_errc::out_of_range);
    expect_value(text<year_month_day>("32767-12-31"), year_month_day{32767y / 12 / 31}, "the last");
    EXPECT_EQ(encoded(year_month_day{2023y / 2 / 29}), "out_of_range");
}

TEST(date_codec, what_lies_outside_is_out_of_range) {
    EXPECT_EQ(binary<sys_days>("7fda970d").error, codec_errc::out_of_range);
    EXPECT_EQ(binary<sys_days>("ffda97a6").error, codec_errc::out_of_range);
    EXPECT_EQ(text<sys_days>("5874898-01-01").error, codec_errc::out_of_range);
    EXPECT_EQ(text<sys_days>("4714-11-23 BC").error, codec_errc::out_of_range);
    EXPECT_EQ(encoded(sys_days{days{2145042906}}), "out_of_range");
    EXPECT_EQ(encoded(sys_days{days{-2440589}}, 0), "out_of_range");
}

TEST(date_codec, bad_values_are_malformed) {
    for (const char* bad :
         {"", "2024-01-01 ", "2024-1-1", "2024-02-30", "2100-02-29", "2024-01-01 00:00:00", "x"})
        EXPECT_EQ(text<sys_days>(bad).error, codec_errc::malformed) << bad;
    for (const char* bad : {"", "000000", "0000000000"})
        EXPECT_EQ(binary<sys_days>(bad).error, codec_errc::malformed) << bad;
}

TEST(time_codec, both_formats_as_the_server_writes_them) {
    expect_forms(time_of_day{}, "0000000000000000", "00:00:00");
    expect_forms(time_of_day{24h}, "000000141dd76000", "24:00:00");
    expect_forms(time_of_day{12h + 34min + 56s + 789ms}, "0000000a8be62608", "12:34:56.789000");
    expect_value(text<time_of_day>("12:34:56.789"), time_of_day{12h + 34min + 56s + 789ms}, "trimmed zeros");
}

TEST(time_codec, a_day_ends_after_24_hours) {
    EXPECT_EQ(encoded(time_of_day{24h + 1us}), "out_of_range");
    EXPECT_EQ(encoded(time_of_day{-1us}, 0), "out_of_range");
    EXPECT_EQ(binary<time_of_day>("000000141dd76001").error, codec_errc::malformed);
    EXPECT_EQ(binary<time_of_day>("ffffffffffffffff").error, codec_errc::malformed);
    EXPECT_EQ(binary<time_of_day>("00000000").error, codec_errc::malformed);
    for (const char* bad : {"", "24:00:01", "25:00:00", "1:00:00", "00:00", "00:00:00+00", "00:00:00 "})
        EXPECT_EQ(text<time_of_day>(bad).error, codec_errc::malformed) << bad;
}

TEST(time_of_day, splits_and_orders) {
    const time_of_day noon{12h};
    EXPECT_TRUE(noon < time_of_day{12h + 1us});
    EXPECT_EQ((time_of_day{13h + 2min + 3s + 4us}).hms().minutes(), 2min);
    EXPECT_EQ((time_of_day{13h + 2min + 3s + 4us}).hms().subseconds(), 4us);
}

} // namespace time_test
} // namespace tusk
