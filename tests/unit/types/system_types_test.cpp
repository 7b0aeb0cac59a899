#include "hostile.hpp"

#include <limits>

namespace tusk {
namespace system_types_test {

using namespace conversion;

TEST(lsn, both_formats) {
    expect_forms(lsn{}, "0000000000000000", "0/0");
    expect_forms(lsn{0x16b374d848}, "00000016b374d848", "16/B374D848");
    expect_forms(lsn{~std::uint64_t{0}}, "ffffffffffffffff", "FFFFFFFF/FFFFFFFF");
    expect_forms(lsn{0x100000000}, "0000000100000000", "1/0");
    expect_value(text<lsn>("16/b374d848"), lsn{0x16b374d848}, "lower case");
    expect_value(text<lsn>("16/00000001"), lsn{0x1600000001}, "leading zeros");
    EXPECT_EQ(lsn::parse("16/B374D848")->to_string(), "16/B374D848");
}

TEST(lsn, bad_text_is_malformed) {
    for (const char* bad :
         {"", "/", "0", "0/", "/0", "000000001/0", "0/000000001", "0/0/0", "g/0", "0/-1", " 0/0", "0/0 "})
        EXPECT_EQ(text<lsn>(bad).error, codec_errc::malformed) << bad;
}

TEST(lsn, counts_bytes) {
    constexpr lsn at{0xffffff00};
    static_assert((at + 0x100).position() == 0x100000000);
    static_assert(at + 0x100 - at == 0x100);
    static_assert(at - (at + 0x100) == -0x100);
    static_assert(at - 1 < at && at.is_valid() && !lsn{}.is_valid());
    lsn moved = at;
    moved += 16;
    moved -= 8;
    EXPECT_EQ(moved - at, 8);
    EXPECT_EQ(std::hash<lsn>{}(moved), std::hash<lsn>{}(at + 8));
}

TEST(money, both_formats) {
    expect_forms(money{123450}, "000000000001e23a", "1234.50");
    expect_forms(money{-5}, "fffffffffffffffb", "-0.05");
    expect_forms(money{}, "0000000000000000", "0.00");
    expect_forms(money{std::numeric_limits<std::int64_t>::min()}, "8000000000000000",
                 "-92233720368547758.08");
    expect_forms(money{std::numeric_limits<std::int64_t>::max()}, "7fffffffffffffff", "92233720368547758.07");
}

TEST(money, text_is_read_whatever_the_locale) {
    for (const char* printed :
         {"$1,234.50", "1.234,50 €", "¥123,450", "CHF 1'234.50", "1 234,50 kr", "+$1,234.50"})
        expect_value(text<money>(printed), money{123450}, printed);
    for (const char* printed : {"-$1,234.50", "($1,234.50)", "-1.234,50 €", "€ 1.234,50-",
                                "\xe2\x88\x92"
                                "1 234,50 kr"})
        expect_value(text<money>(printed), money{-123450}, printed);
    expect_value(text<money>("-$92,233,720,368,547,758.08"), money{std::numeric_limits<std::int64_t>::min()},
                 "least");
    EXPECT_EQ(text<money>("$92,233,720,368,547,758.08").error, codec_errc::out_of_range);
    for (const char* bad : {"", "$", "-", "()"})
        EXPECT_EQ(text<money>(bad).error, codec_errc::malformed) << bad;
}

TEST(tid, both_formats) {
    expect_forms(tid{0, 1}, "00000000 0001", "(0,1)");
    expect_forms(tid{4294967295, 65535}, "ffffffff ffff", "(4294967295,65535)");
    EXPECT_LT((tid{1, 9}), (tid{2, 1}));
}

TEST(tid, bad_text) {
    for (const char* bad : {"", "(", ")", "()", "(,)", "(1)", "(1,)", "(,1)", "(1,2", "1,2)", "(1,2)x",
                            "(1,2,3)", "(-1,2)", "(1;2)", "( 1,2)", "(1,2 )"})
        EXPECT_EQ(text<tid>(bad).error, codec_errc::malformed) << bad;
    EXPECT_EQ(text<tid>("(4294967296,1)").error, codec_errc::out_of_range);
    EXPECT_EQ(text<tid>("(1,65536)").error, codec_errc::out_of_range);
}

constexpr time_tz at(std::chrono::microseconds time, std::chrono::seconds east) {
    return time_tz{time_of_day{time}, east};
}

TEST(time_tz, both_formats) {
    using namespace std::chrono_literals;
    expect_forms(time_tz{}, "0000000000000000 00000000", "00:00:00+00");
    expect_forms(at(4h + 5min + 6s + 789ms, 5h + 30min), "000000036c97ca88 ffffb2a8",
                 "04:05:06.789000+05:30");
    expect_forms(at(24h, -15h - 59min - 59s), "000000141dd76000 0000e0ff", "24:00:00-15:59:59");
    expect_forms(at(1us, -8h), "0000000000000001 00007080", "00:00:00.000001-08");
    expect_value(text<time_tz>("04:05:06.789+05:30"), at(4h + 5min + 6s + 789ms, 5h + 30min),
                 "short fraction");
}

TEST(time_tz, only_valid_ones_travel) {
    using namespace std::chrono_literals;
    EXPECT_EQ(encoded(at(24h + 1us, 0s)), "out_of_range");
    EXPECT_EQ(encoded(at(0h, 16h)), "out_of_range");
    EXPECT_EQ(encoded(at(0h, -16h), oid::text), "out_of_range");
    EXPECT_EQ(encoded(time_tz{}, oid::time), "wrong_type");
    EXPECT_EQ(encoded(time_of_day{}, oid::timetz), "wrong_type");
    for (const char* bad :
         {"0000000000000000 0000e100", "0000000000000000 ffff1f00", "0000000000000000 80000000",
          "000000141dd76001 00000000", "ffffffffffffffff 00000000"})
        EXPECT_EQ(binary<time_tz>(bad).error, codec_errc::malformed) << bad;
    for (const char* bad : {"", "04:05:06", "04:05:06+", "04:05:06+16", "04:05:06 +05", "24:00:01+00",
                            "04:05:06+05:60", "04:05:06+05x", "4:05:06+05"})
        EXPECT_EQ(text<time_tz>(bad).error, codec_errc::malformed) << bad;
}

TEST(time_tz, orders_by_utc) {
    using namespace std::chrono_literals;
    static_assert(at(12h, 2h) < at(11h, 0h));
    static_assert(at(12h, 1h) < at(11h, 0h));
    static_assert(at(12h, 1h) != at(11h, 0h));
    static_assert(at(12h, 1h) > at(12h, 2h));
    SUCCEED();
}

TEST(character, both_formats) {
    expect_forms('x', "78", "x");
    expect_forms('\0', "00", "");
    expect_forms('\x7f', "7f", "\x7f");
    expect_value(binary<char>("e9"), '\xe9', "high");
    expect_value(text<char>("\xe9"), '\xe9', "high, before 16");
    expect_value(text<char>("\\351"), '\xe9', "high, from 16");
    EXPECT_EQ(encoded('\xe9'), "b:e9");
    EXPECT_EQ(encoded('\xe9', oid::text), "out_of_range");
    for (const char* bad : {"xy", "\\8", "\\400", "\\48x", "\\089"})
        EXPECT_EQ(text<char>(bad).error, codec_errc::malformed) << bad;
}

TEST(character, is_a_text_of_one_letter) {
    expect_value(text<char>("x", oid::bpchar), 'x', "char(1)");
    expect_value(binary<char>("78", oid::text), 'x', "text");
    EXPECT_EQ(text<char>("xy", oid::varchar).error, codec_errc::out_of_range);
    EXPECT_EQ(text<char>("", oid::text).error, codec_errc::out_of_range);
    EXPECT_EQ(binary<char>("c3a9", oid::text).error, codec_errc::out_of_range);
    EXPECT_EQ(encoded('x', oid::text), "t:x");
    EXPECT_EQ(encoded(std::vector{'a', '\0'}, oid::unspecified), "t:{a,\"\"}");
    EXPECT_EQ(codec<std::vector<char>>::natural, oid::character_array);
}

TEST(identifiers, are_numbers) {
    expect_value(binary<std::uint32_t>("ffffffff", oid::xid), 0xffffffffu, "xid");
    expect_value(binary<std::uint32_t>("00000007", oid::cid), 7u, "cid");
    expect_value(binary<std::uint64_t>("ffffffffffffffff", oid::xid8), ~std::uint64_t{0}, "xid8");
    expect_value(text<std::uint64_t>("18446744073709551615", oid::xid8), ~std::uint64_t{0}, "xid8");
    expect_value(binary<std::int64_t>("7fffffffffffffff", oid::xid8),
                 std::numeric_limits<std::int64_t>::max(), "xid8");
    expect_value(binary<std::uint32_t>("000004eb", oid::regclass), 1259u, "regclass");
    EXPECT_EQ(binary<std::int64_t>("ffffffffffffffff", oid::xid8).error, codec_errc::out_of_range);
    EXPECT_EQ(text<std::int64_t>("18446744073709551615", oid::xid8).error, codec_errc::out_of_range);
    EXPECT_EQ(text<std::uint64_t>("18446744073709551616", oid::xid8).error, codec_errc::out_of_range);
    EXPECT_EQ(text<std::uint64_t>("-1").error, codec_errc::out_of_range);
    EXPECT_EQ(text<std::uint64_t>("-99999999999999999999").error, codec_errc::out_of_range);
    EXPECT_EQ(binary<std::int32_t>("ffffffff", oid::xid).error, codec_errc::out_of_range);
    EXPECT_EQ(binary<std::uint64_t>("00000007", oid::xid8).error, codec_errc::malformed);
    EXPECT_EQ(binary<std::uint32_t>("0000000000000007", oid::xid).error, codec_errc::malformed);
    EXPECT_EQ(encoded(~std::uint64_t{0}, oid::xid8), "b:ffffffffffffffff");
    EXPECT_EQ(encoded(-1, oid::xid8), "out_of_range");
    EXPECT_EQ(encoded(7, oid::xid), "b:00000007");
    EXPECT_EQ(encoded(std::int64_t{1} << 32, oid::cid), "out_of_range");
    EXPECT_EQ(encoded(1259, oid::regclass), "b:000004eb");
    EXPECT_TRUE(accepts_column<std::uint32_t>(oid::regtype, true));
    EXPECT_FALSE(accepts_column<std::uint32_t>(oid::regtype, false));
    EXPECT_FALSE(accepts_column<double>(oid::xid, true));
    EXPECT_FALSE(accepts_column<numeric>(oid::xid8, true));
}

TEST(vectors, of_the_catalog_are_arrays) {
    using shorts = std::vector<std::int16_t>;
    expect_value(binary<shorts>("00000001 00000000 00000015 00000002 00000000 00000002 0001 00000002 ffff",
                                oid::int2vector),
                 shorts{1, -1}, "int2vector");
    expect_value(binary<shorts>("00000001 00000000 00000015 00000000 00000000", oid::int2vector), shorts{},
                 "empty");
    expect_value(text<shorts>("1 -1", oid::int2vector), shorts{1, -1}, "text");
    expect_value(text<shorts>("", oid::int2vector), shorts{}, "empty text");
    expect_value(text<std::vector<std::uint32_t>>("23 4294967295", oid::oidvector),
                 std::vector<std::uint32_t>{23, 4294967295}, "oidvector");
    EXPECT_EQ(encoded(shorts{1, -1}, oid::int2vector), "t:1 -1");
    EXPECT_EQ(encoded(shorts{}, oid::int2vector), "t:");
    EXPECT_EQ(encoded(std::vector<std::optional<int>>{std::nullopt}, oid::oidvector), "out_of_range");
    for (const char* bad : {" 1", "1  2", "1,2", "{1}", "x"})
        EXPECT_EQ(text<shorts>(bad, oid::int2vector).error, codec_errc::malformed) << bad;
    EXPECT_EQ(text<std::vector<std::string>>("a ", oid::int2vector).error, codec_errc::malformed);
    EXPECT_EQ(binary<std::vector<std::optional<int>>>("00000001 00000001 00000015 00000001 00000000 ffffffff",
                                                      oid::int2vector)
                  .error,
              codec_errc::malformed);
    EXPECT_EQ(binary<shorts>("00000001 00000000 0000001a 00000000 00000000", oid::int2vector).error,
              codec_errc::malformed);
}

TEST(system_types, hostile_bytes) {
    expect_hardened<lsn>("00000016b374d848", "16/B374D848");
    expect_hardened<money>("000000000001e23a", "-$1,234.50");
    expect_hardened<tid>("000000070001", "(7,1)");
    expect_hardened<time_tz>("000000036c97ca88 ffffb2a8", "04:05:06.789000+05:30");
    expect_survives<char>("x", oid::character, true);
    expect_hardened<std::uint64_t>("fffffffffffffff0", "18446744073709551600", oid::xid8);
    expect_survives<std::vector<std::int16_t>>("1 -1 32767", oid::int2vector, false);
}

} // namespace system_types_test
} // namespace tusk
