#include "conversion.hpp"

#include <cmath>
#include <limits>

namespace tusk {
namespace basic_test {

using namespace conversion;

TEST(basic_codec, booleans) {
    expect_value(binary<bool>("01"), true, "true");
    expect_value(binary<bool>("00"), false, "false");
    EXPECT_EQ(encoded(true), "b:01");
    EXPECT_EQ(encoded(false), "b:00");
    EXPECT_EQ(encoded(true, oid::unspecified), "t:true");
}

TEST(basic_codec, booleans_arrive_as_letters) {
    expect_value(text<bool>("t"), true, "t");
    expect_value(text<bool>("f"), false, "f");
    EXPECT_EQ(text<bool>("yes").error, codec_errc::malformed);
    EXPECT_EQ(text<bool>("").error, codec_errc::malformed);
    EXPECT_EQ(binary<bool>("").error, codec_errc::malformed);
    EXPECT_EQ(binary<bool>("0100").error, codec_errc::malformed);
}

TEST(basic_codec, integers) {
    expect_forms(std::int16_t{-2}, "fffe", "-2");
    expect_forms(std::int32_t{0x01020304}, "01020304", "16909060");
    expect_forms(std::numeric_limits<std::int64_t>::min(), "8000000000000000", "-9223372036854775808");
    expect_forms(std::uint32_t{4294967295}, "ffffffff", "4294967295", oid::oid);
}

TEST(basic_codec, the_natural_type_holds_every_value) {
    EXPECT_EQ(codec<std::int8_t>::natural, oid::int2);
    EXPECT_EQ(codec<std::uint8_t>::natural, oid::int2);
    EXPECT_EQ(codec<std::int16_t>::natural, oid::int2);
    EXPECT_EQ(codec<std::uint16_t>::natural, oid::int4);
    EXPECT_EQ(codec<std::int32_t>::natural, oid::int4);
    EXPECT_EQ(codec<std::uint32_t>::natural, oid::int8);
    EXPECT_EQ(codec<std::int64_t>::natural, oid::int8);
    EXPECT_EQ(codec<std::uint64_t>::natural, oid::int8);
}

TEST(basic_codec, integers_convert_between_widths_when_the_value_fits) {
    expect_value(binary<std::int64_t>("fffe", oid::int2), std::int64_t{-2}, "int2 into int64");
    expect_value(binary<std::int8_t>("0000007f", oid::int4), std::int8_t{127}, "int4 into int8");
    EXPECT_EQ(binary<std::int8_t>("00000080", oid::int4).error, codec_errc::out_of_range);
    EXPECT_EQ(binary<std::uint64_t>("ffffffffffffffff", oid::int8).error, codec_errc::out_of_range);
    EXPECT_EQ(encoded(70000, oid::int2), "out_of_range");
    EXPECT_EQ(encoded(-1, oid::oid), "out_of_range");
    EXPECT_EQ(encoded(std::uint64_t{1} << 63, oid::int8), "out_of_range");
    EXPECT_EQ(encoded(1, oid::float8), "b:3ff0000000000000");
}

TEST(basic_codec, integers_in_text_tell_range_from_form) {
    EXPECT_EQ(text<std::uint32_t>("-1", oid::int4).error, codec_errc::out_of_range);
    EXPECT_EQ(text<std::uint8_t>("256", oid::int4).error, codec_errc::out_of_range);
    EXPECT_EQ(text<std::int64_t>("9223372036854775808").error, codec_errc::out_of_range);
    for (const char* bad : {"", "-", "1x", " 1", "0x1", "1.0"})
        EXPECT_EQ(text<std::int32_t>(bad).error, codec_errc::malformed) << bad;
}

TEST(basic_codec, integers_of_a_wrong_length_are_malformed) {
    for (const char* bad : {"", "00", "0000", "000000", "0000000000"})
        EXPECT_EQ(binary<std::int32_t>(bad).error, codec_errc::malformed) << bad;
    EXPECT_EQ(binary<std::int64_t>("00", oid::int2).error, codec_errc::malformed);
    EXPECT_EQ(binary<std::int16_t>("0000000000", oid::int8).error, codec_errc::malformed);
}

TEST(basic_codec, floating_point) {
    expect_forms(-1.5, "bff8000000000000", "-1.5");
    expect_forms(1.5f, "3fc00000", "1.5");
    EXPECT_EQ(encoded(std::numeric_limits<double>::infinity(), 0), "t:Infinity");
    EXPECT_EQ(encoded(-std::numeric_limits<double>::infinity(), 0), "t:-Infinity");
    EXPECT_EQ(encoded(std::numeric_limits<double>::quiet_NaN(), 0), "t:NaN");
    EXPECT_TRUE(std::isnan(text<double>("NaN").value));
    EXPECT_EQ(text<double>("-Infinity").value, -std::numeric_limits<double>::infinity());
    EXPECT_EQ(encoded(1e300, oid::float4), "out_of_range");
    EXPECT_EQ(text<float>("1e300", oid::float4).error, codec_errc::out_of_range);
    EXPECT_EQ(binary<double>("00").error, codec_errc::malformed);
}

TEST(basic_codec, nothing_is_rounded_silently) {
    EXPECT_FALSE(codec<float>::accepts(oid::float8, true));
    EXPECT_FALSE(codec<double>::accepts(oid::int8, true));
    EXPECT_FALSE(codec<double>::accepts(oid::numeric, true));
    EXPECT_FALSE(codec<std::int64_t>::accepts(oid::numeric, false));
    EXPECT_TRUE(codec<double>::accepts(oid::int4, true));
}

TEST(basic_codec, text_goes_both_ways_unchanged) {
    expect_value(binary<std::string>("68c3a9", oid::text), std::string{"h\xc3\xa9"}, "text");
    expect_value(text<std::string>("2024-01-01", oid::date), std::string{"2024-01-01"}, "any type as text");
    EXPECT_EQ(encoded("abc", oid::varchar), "t:abc");
    EXPECT_EQ(encoded(std::string{}, oid::text), "t:");
    EXPECT_FALSE(codec<std::string>::accepts(oid::timestamptz, true));
    EXPECT_TRUE(codec<std::string>::accepts(oid::timestamptz, false));
}

TEST(basic_codec, text_of_jsonb_loses_its_version_byte) {
    expect_value(binary<std::string>("017b7d", oid::jsonb), std::string{"{}"}, "jsonb");
    EXPECT_EQ(binary<std::string>("027b7d", oid::jsonb).error, codec_errc::malformed);
    EXPECT_EQ(binary<std::string>("", oid::jsonb).error, codec_errc::malformed);
}

TEST(basic_codec, the_zero_char_is_empty_in_both_formats) {
    expect_value(binary<std::string>("00", oid::character), std::string{}, "zero");
    expect_value(binary<std::string>("72", oid::character), std::string{"r"}, "r");
}

TEST(basic_codec, null_is_for_optionals_only) {
    const field_view null{nullptr, -1, oid::int4, true};
    int plain = 7;
    std::optional<int> maybe = 7;
    EXPECT_EQ(decode_field(null, plain), codec_errc::null_value);
    EXPECT_EQ(decode_field(null, maybe), codec_errc::ok);
    EXPECT_FALSE(maybe);
    EXPECT_EQ(encoded(std::optional<int>{}, oid::int4), "null");
    EXPECT_EQ(encoded(std::optional<int>{1}, oid::int4), "b:00000001");
    EXPECT_EQ(encoded(nullptr, oid::int4), "null");
}

} // namespace basic_test
} // namespace tusk
