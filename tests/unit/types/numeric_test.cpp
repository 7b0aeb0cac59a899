#include "conversion.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace tusk {
namespace numeric_test {

using namespace conversion;

numeric number(std::string_view text) { return numeric::parse(text).value(); }

TEST(numeric, both_formats_as_the_server_writes_them) {
    constexpr struct {
        const char* plain;
        const char* hex;
    } forms[] = {
        {"0", "0000 0000 0000 0000"},
        {"0.00", "0000 0000 0000 0002"},
        {"1.5", "0002 0000 0000 0001 0001 1388"},
        {"-1.5", "0002 0000 4000 0001 0001 1388"},
        {"12345678.0001", "0003 0001 0000 0004 04d2 162e 0001"},
        {"10000", "0001 0001 0000 0000 0001"},
        {"0.0001", "0001 ffff 0000 0004 0001"},
        {"100000000000000000000", "0001 0005 0000 0000 0001"},
        {"0.000000001", "0001 fffd 0000 0009 03e8"},
        {"99990000", "0001 0001 0000 0000 270f"},
        {"123456789012345678901234567890.123456789",
         "000b 0007 0000 0009 000c 0d80 1ed2 04d2 162e 2334 0d80 1ed2 04d2 162e 2328"},
    };
    for (const auto& [plain, hex] : forms) {
        expect_forms(number(plain), hex, plain);
        EXPECT_EQ(binary<numeric>(hex).value.to_string(), plain);
        EXPECT_EQ(number(plain).to_string(), plain);
    }
}

TEST(numeric, special_values) {
    expect_forms(numeric::nan(), "0000 0000 c000 0000", "NaN");
    expect_forms(numeric::infinity(), "0000 0000 d000 0000", "Infinity");
    expect_forms(numeric::negative_infinity(), "0000 0000 f000 0000", "-Infinity");
    // The server sends 32 as the scale of infinities, which means nothing.
    expect_value(binary<numeric>("0000 0000 d000 0020"), numeric::infinity(), "infinity of the server");
    EXPECT_TRUE(numeric::nan().is_nan());
    EXPECT_FALSE(numeric::nan().is_finite());
    EXPECT_TRUE(numeric::negative_infinity().is_infinite());
    EXPECT_TRUE(numeric::negative_infinity().is_negative());
}

TEST(numeric, bad_bytes_are_malformed) {
    for (const char* bad : {
             "", "0000", "0000 0000 0000 00", // no header
             "0001 0000 0000 0000",           // a digit is missing
             "ffff 0000 0000 0000 0001",      // nearly all are missing
             "0000 0000 0000 0000 0001",      // one too many
             "0001 0000 0000 0000 00",        // half a digit
             "0001 0000 0000 0000 2710",      // digit 10000
             "0001 0000 0000 0000 ffff",      // digit 65535
             "0001 0000 1234 0000 0001",      // no such sign
             "0001 0000 0000 4000 0001",      // scale 16384
             "0001 0000 c000 0000 0001",      // NaN with digits
         })
        EXPECT_EQ(binary<numeric>(bad).error, codec_errc::malformed) << bad;
}

TEST(numeric, digits_of_the_server_are_normalised) {
    // Zeros at both ends; digits past the scale do not exist, as in numeric_recv.
    constexpr struct {
        const char* hex;
        const char* plain;
    } forms[] = {
        {"0003 0002 0000 0000 0000 0000 0007", "7"},
        {"0003 0000 0000 0000 0007 0000 0000", "7"},
        {"0002 0000 4000 0002 0000 0000", "0.00"},
        {"0002 0000 0000 0001 0001 270f", "1.9"},
        {"0002 0000 0000 0003 0001 270f", "1.999"},
        {"0002 0000 0000 0000 0001 270f", "1"},
        {"0001 ffff 4000 0001 0063", "0.0"},
        {"0001 8000 0000 0000 0001", "0"},
        {"000a 0000 0000 0000 0005 0001 0001 0001 0001 0001 0001 0001 0001 0001", "5"},
    };
    for (const auto& [hex, plain] : forms) {
        const auto got = binary<numeric>(hex);
        EXPECT_EQ(got.error, codec_errc::ok);
        EXPECT_EQ(got.value.to_string(), plain);
        EXPECT_TRUE(got.value == number(plain)) << plain;
    }
}

TEST(numeric, parse_reads_decimal_literals) {
    constexpr struct {
        const char* literal;
        const char* plain;
    } forms[] = {
        {"+1", "1"},
        {"-0", "0"},
        {"-0.0", "0.0"},
        {"007", "7"},
        {".5", "0.5"},
        {"5.", "5"},
        {"1e3", "1000"},
        {"1E+3", "1000"},
        {"1e-3", "0.001"},
        {"1.50e1", "15.0"},
        {"1.50e5", "150000"},
        {"-12.34e-5", "-0.0001234"},
        {"0e-5", "0.00000"},
        {"nan", "NaN"},
        {"NAN", "NaN"},
        {"inf", "Infinity"},
        {"+Inf", "Infinity"},
        {"-INFINITY", "-Infinity"},
        {"0.00000000000000000000000000000000000000000000001e47", "1"},
        {"123456789012345678901234567890123456789012345678901234567890",
         "123456789012345678901234567890123456789012345678901234567890"},
    };
    for (const auto& [literal, plain] : forms) {
        const auto parsed = numeric::parse(literal);
        ASSERT_TRUE(parsed) << literal;
        EXPECT_EQ(parsed->to_string(), plain) << literal;
    }
}

TEST(numeric, parse_refuses_everything_else) {
    for (const char* bad :
         {"",    "-",   "+",    ".",     "e5",  "1e", "1e+",   "1 ",   " 1",    "1.2.3",
          "--1", "+-1", "0x10", "1_000", "1,5", "na", "infin", "-nan", "1e1e1", "\xd9\xa1"}) {
        EXPECT_FALSE(numeric::parse(bad)) << bad;
        EXPECT_EQ(text<numeric>(bad).error, codec_errc::malformed) << bad;
    }
}

TEST(numeric, limits_are_those_of_the_server) {
    const auto longest = numeric::parse("1e131071");
    ASSERT_TRUE(longest);
    EXPECT_EQ(longest->to_string().size(), 131072u);
    EXPECT_EQ(text<numeric>("1e131072").error, codec_errc::out_of_range);
    EXPECT_EQ(text<numeric>("1e99999999999999999999").error, codec_errc::out_of_range);
    const auto smallest = numeric::parse("1e-16383");
    ASSERT_TRUE(smallest);
    EXPECT_EQ(smallest->scale(), 16383);
    EXPECT_EQ(text<numeric>("1e-16384").error, codec_errc::out_of_range);
    EXPECT_EQ(text<numeric>("1e-99999999999999999999").error, codec_errc::out_of_range);
}

TEST(numeric, the_largest_numbers_survive_both_formats) {
    std::string digits(131072, '9');
    digits += '.';
    digits.append(16383, '9');
    const numeric value = number(digits);
    EXPECT_EQ(value.to_string(), digits);
    const std::string wire = encoded(value, oid::numeric);
    const auto back = binary<numeric>(std::string_view{wire}.substr(2));
    EXPECT_EQ(back.error, codec_errc::ok);
    EXPECT_EQ(back.value.to_string(), digits);
}

TEST(numeric, integers_are_exact) {
    EXPECT_EQ(numeric{0}.to_string(), "0");
    EXPECT_EQ(numeric{-10000}.to_string(), "-10000");
    EXPECT_EQ(numeric{std::numeric_limits<std::int64_t>::min()}.to_string(), "-9223372036854775808");
    EXPECT_EQ(numeric{std::numeric_limits<std::uint64_t>::max()}.to_string(), "18446744073709551615");
    EXPECT_EQ(numeric{std::uint8_t{255}}.to_string(), "255");
    EXPECT_TRUE(number("10000.00") == 10000);
}

TEST(numeric, to_int64_rounds_nothing) {
    EXPECT_EQ(number("0.000").to_int64(), 0);
    EXPECT_EQ(number("42.00").to_int64(), 42);
    EXPECT_EQ(number("-9223372036854775808").to_int64(), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(number("9223372036854775807").to_int64(), std::numeric_limits<std::int64_t>::max());
    for (const char* none : {"9223372036854775808", "-9223372036854775809", "0.5", "1.0001", "1e20", "1e1000",
                             "NaN", "Infinity"})
        EXPECT_EQ(number(none).to_int64(), std::nullopt) << none;
}

TEST(numeric, doubles_become_their_shortest_decimal) {
    EXPECT_EQ(numeric::from_double(0.1).to_string(), "0.1");
    EXPECT_EQ(numeric::from_double(-1e22).to_string(), "-10000000000000000000000");
    EXPECT_EQ(numeric::from_double(-0.0).to_string(), "0");
    EXPECT_TRUE(numeric::from_double(std::nan("")).is_nan());
    EXPECT_TRUE(numeric::from_double(-HUGE_VAL) == numeric::negative_infinity());
    for (const double value : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -123456.789, 9007199254740993.0})
        EXPECT_EQ(numeric::from_double(value).to_double(), value);
}

TEST(numeric, to_double_gives_the_nearest) {
    EXPECT_EQ(number("0.1").to_double(), 0.1);
    EXPECT_EQ(number("9007199254740993").to_double(), 9007199254740992.0);
    EXPECT_EQ(number("1e400").to_double(), HUGE_VAL);
    EXPECT_EQ(number("-1e400").to_double(), -HUGE_VAL);
    EXPECT_EQ(number("1e-400").to_double(), 0.0);
    EXPECT_EQ(numeric::infinity().to_double(), HUGE_VAL);
    EXPECT_TRUE(std::isnan(numeric::nan().to_double()));
}

TEST(numeric, orders_like_the_server) {
    const std::vector<const char*> ascending{"-Infinity", "-1e100",  "-10000.0001", "-10000",   "-9999.9999",
                                             "-1.5",      "-1.4",    "-0.0001",     "0",        "0.00009",
                                             "0.0001",    "0.00011", "1",           "1.0001",   "9999",
                                             "10000",     "10000.5", "1e100",       "Infinity", "NaN"};
    for (std::size_t i = 0; i < ascending.size(); ++i)
        for (std::size_t j = 0; j < ascending.size(); ++j) {
            const numeric a = number(ascending[i]);
            const numeric b = number(ascending[j]);
            EXPECT_TRUE((a <=> b) == (i <=> j)) << ascending[i] << " against " << ascending[j];
            EXPECT_EQ(a == b, i == j);
        }
}

TEST(numeric, equality_and_hash_are_of_the_value) {
    const numeric a = number("1.5");
    const numeric b = number("1.5000000");
    EXPECT_TRUE(a == b);
    EXPECT_NE(a.scale(), b.scale());
    EXPECT_EQ(std::hash<numeric>{}(a), std::hash<numeric>{}(b));
    EXPECT_NE(std::hash<numeric>{}(a), std::hash<numeric>{}(number("-1.5")));
    EXPECT_NE(std::hash<numeric>{}(number("1")), std::hash<numeric>{}(number("10000")));
}

TEST(numeric, copies_and_moves_keep_long_and_short_values) {
    const std::string digits(100, '7');
    for (const std::string& plain : {std::string{"1.50"}, digits}) {
        numeric value = number(plain);
        numeric copy{value};
        EXPECT_EQ(copy.to_string(), plain);
        numeric moved{std::move(copy)};
        EXPECT_EQ(moved.to_string(), plain);
        EXPECT_TRUE(copy.is_zero()); // NOLINT: a moved-from number is zero
        numeric assigned = number("123456789012345678901234567890123456789012345678901234567890");
        assigned = value;
        EXPECT_EQ(assigned.to_string(), plain);
        assigned = number("3");
        EXPECT_EQ(assigned.to_string(), "3");
        assigned = std::move(moved);
        EXPECT_EQ(assigned.to_string(), plain);
        numeric& self = assigned;
        assigned = self;
        EXPECT_EQ(assigned.to_string(), plain);
    }
}

TEST(numeric, one_object_reads_many_rows) {
    numeric value;
    for (const char* hex : {"000b 0007 0000 0009 000c 0d80 1ed2 04d2 162e 2334 0d80 1ed2 04d2 162e 2328",
                            "0001 0001 0000 0000 0001", "0000 0000 c000 0000",
                            "000b 0007 0000 0009 000c 0d80 1ed2 04d2 162e 2334 0d80 1ed2 04d2 162e 2328"}) {
        const exact_bytes block{from_hex(hex)};
        ASSERT_EQ(decode_field(block.field(oid::numeric, true), value), codec_errc::ok);
        EXPECT_TRUE(value == binary<numeric>(hex).value);
    }
}

TEST(numeric, integer_columns_convert_exactly) {
    expect_value(binary<numeric>("ffffffff", oid::int4), numeric{-1}, "int4");
    expect_value(binary<numeric>("7fffffffffffffff", oid::int8), number("9223372036854775807"), "int8");
    expect_value(text<numeric>("-32768", oid::int2), numeric{-32768}, "int2 text");
    EXPECT_EQ(binary<numeric>("ff", oid::int4).error, codec_errc::malformed);
    EXPECT_FALSE(accepts_column<numeric>(oid::float8, true));
    EXPECT_EQ(encoded(number("5"), oid::int4), "t:5");
}

} // namespace numeric_test
} // namespace tusk
