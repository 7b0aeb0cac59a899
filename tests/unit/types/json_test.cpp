#include "conversion.hpp"

#include <cmath>
#include <limits>

#include <boost/json.hpp>

namespace tusk {
namespace json_test {

using namespace conversion;
namespace json = boost::json;

TEST(json_codec, json_is_text_and_jsonb_has_a_version_byte) {
    const json::value value{{"a", 1}};
    expect_forms(value, "01 7b2261223a317d", R"({"a":1})", oid::jsonb);
    expect_forms(value, "7b2261223a317d", R"({"a":1})", oid::json);
    expect_value(binary<json::value>("01 7b2261223a20317d"), value, "with the server's spaces");
}

TEST(json_codec, every_kind_of_value) {
    for (const char* plain : {"null", "true", "-1", "18446744073709551615", R"("a\"b\u0000c")", "[]", "{}",
                              R"([1,[2,{"x":null}],"é"])"}) {
        const auto got = text<json::value>(plain);
        ASSERT_EQ(got.error, codec_errc::ok) << plain;
        const auto back = text<json::value>(encoded(got.value, oid::unspecified).substr(2));
        EXPECT_TRUE(back.value == got.value) << plain;
    }
}

TEST(json_codec, long_documents_are_written_whole) {
    json::array numbers;
    for (int i = 0; i < 5000; ++i) numbers.push_back(i);
    const json::value value = numbers;
    EXPECT_EQ(encoded(value, oid::json), "b:" + to_hex(json::serialize(value)));
}

TEST(json_codec, bad_values_are_malformed) {
    for (const char* bad :
         {"", " ", "{", "[1,]", "{\"a\"}", "nul", "1 2", "\"\xff\"", "'a'", "[1] // comment"})
        EXPECT_EQ(text<json::value>(bad, oid::json).error, codec_errc::malformed) << bad;
    EXPECT_EQ(binary<json::value>("").error, codec_errc::malformed);
    EXPECT_EQ(binary<json::value>("02 7b7d").error, codec_errc::malformed);
    EXPECT_EQ(binary<json_text>("").error, codec_errc::malformed);
    EXPECT_EQ(binary<json_text>("00 7b7d").error, codec_errc::malformed);
}

TEST(json_codec, a_bad_value_leaves_the_target_alone) {
    const exact_bytes block{"{"};
    json::value value = 7;
    EXPECT_EQ(decode_field(block.field(oid::json, true), value), codec_errc::malformed);
    EXPECT_TRUE(value == json::value(7));
}

TEST(json_codec, depth_is_limited) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_EQ(text<json::value>(nested(json_max_depth)).error, codec_errc::ok);
    EXPECT_EQ(text<json::value>(nested(json_max_depth + 1)).error, codec_errc::out_of_range);
    EXPECT_EQ(text<json::value>(std::string(100'000, '[')).error, codec_errc::out_of_range);
}

TEST(json_codec, numbers_past_the_largest_double_are_out_of_range) {
    for (const char* far : {"1e400", "[0,-5555555555e550]", R"({"a":[1e99999]})", "1e99999999999"})
        EXPECT_EQ(text<json::value>(far).error, codec_errc::out_of_range) << far;
    const double infinite = std::numeric_limits<double>::infinity();
    EXPECT_EQ(encoded(json::value(infinite), oid::jsonb), "out_of_range");
    EXPECT_EQ(encoded(json::value{{"a", json::array{-infinite}}}, oid::json), "out_of_range");
    EXPECT_EQ(encoded(json::value(std::nan("")), oid::unspecified), "out_of_range");
    EXPECT_EQ(encoded(json::value(1.5), oid::json), "b:" + to_hex("1.5E0"));
}

TEST(json_codec, json_text_passes_through_as_it_is) {
    const json_text value{R"({ "n": 1.000000000000000000001 })"};
    expect_forms(value, "01" + to_hex(value.text()), value.text(), oid::jsonb);
    expect_forms(value, to_hex(value.text()), value.text(), oid::json);
    EXPECT_TRUE(accepts_column<json_text>(oid::jsonb, true));
    EXPECT_FALSE(accepts_column<json_text>(oid::text, false));
    EXPECT_FALSE(accepts_column<json::value>(oid::text, false));
}

TEST(json_codec, a_plain_string_is_an_argument_too) { EXPECT_EQ(encoded("{}", oid::jsonb), "t:{}"); }

TEST(json_codec, arrays_of_documents) {
    const std::vector<json::value> documents{json::value{{"a", 1}}, json::value("x")};
    const std::string wire = encoded(documents, oid::jsonb_array);
    const auto back = binary<std::vector<json::value>>(std::string_view{wire}.substr(2), oid::jsonb_array);
    expect_value(back, documents, "jsonb[]");
    EXPECT_EQ(encoded(documents, oid::unspecified), R"(t:{"{\"a\":1}","\"x\""})");
}

} // namespace json_test
} // namespace tusk
