#include "conversion.hpp"

namespace tusk {
namespace array_test {

using namespace conversion;
using maybe_int = std::optional<int>;
using maybe_text = std::optional<std::string>;

static_assert(has_codec<std::vector<int>> && has_codec<std::span<const int>> &&
              has_codec<std::array<int, 3>>);
static_assert(!has_codec<std::vector<int*>>);
static_assert(codec<std::vector<std::byte>>::natural == oid::bytea, "bytes are a bytea");

TEST(array_codec, both_formats_as_the_server_writes_them) {
    expect_forms(std::vector<int>{}, "00000001 00000000 00000017 00000000 00000001", "{}");
    expect_forms(std::vector<maybe_int>{1, std::nullopt, 3},
                 "00000001 00000001 00000017 00000003 00000001 00000004 00000001 ffffffff 00000004 00000003",
                 "{1,NULL,3}");
    expect_forms(
        std::vector<std::string>{"a\"b", "", "x y", "NULL", "{", "a\\b", "a,b", "plain", "nu"},
        "00000001 00000000 00000019 00000009 00000001 00000003 612262 00000000 00000003 782079 "
        "00000004 4e554c4c 00000001 7b 00000003 615c62 00000003 612c62 00000005 706c61696e 00000002 6e75",
        R"({"a\"b","","x y","NULL","{","a\\b","a,b",plain,nu})");
}

TEST(array_codec, booleans_have_no_addresses_and_work_all_the_same) {
    const std::vector<bool> flags{true, false};
    const char* const hex = "00000001 00000000 00000010 00000002 00000001 00000001 01 00000001 00";
    expect_value(binary<std::vector<bool>>(hex), flags, "binary");
    expect_value(text<std::vector<bool>>("{t,f}"), flags, "text");
    EXPECT_EQ(encoded(flags, oid::boolean_array), "b:" + to_hex(from_hex(hex)));
    EXPECT_EQ(encoded(flags, oid::unspecified), "t:{true,false}");
}

TEST(array_codec, the_server_sends_an_empty_array_without_dimensions) {
    expect_value(binary<std::vector<int>>("00000000 00000000 00000017"), std::vector<int>{}, "empty");
}

TEST(array_codec, every_element_type) {
    const auto natural = [](auto element, oid_t wanted) {
        using vector = std::vector<decltype(element)>;
        EXPECT_EQ(codec<vector>::natural, wanted);
        const vector value{element, element};
        const std::string wire = encoded(value, wanted);
        ASSERT_EQ(wire.substr(0, 2), "b:") << wire;
        expect_value(binary<vector>(std::string_view{wire}.substr(2), wanted), value, type_name(wanted));
        const std::string plain = encoded(value, oid::unspecified);
        ASSERT_EQ(plain.substr(0, 2), "t:") << plain;
        if constexpr (!std::is_same_v<decltype(element), bool>) // "true" is for the server, which prints "t"
            expect_value(text<vector>(std::string_view{plain}.substr(2), wanted), value, plain);
    };
    natural(true, oid::boolean_array);
    natural(std::int16_t{1}, oid::int2_array);
    natural(std::int64_t{1}, oid::int8_array);
    natural(1.5f, oid::float4_array);
    natural(1.5, oid::float8_array);
    natural(std::string{"a b"}, oid::text_array);
    natural(bytes{std::byte{1}, std::byte{0xff}}, oid::bytea_array);
    natural(uuid{}, oid::uuid_array);
    natural(numeric::parse("1.50").value(), oid::numeric_array);
    natural(std::chrono::sys_time<std::chrono::microseconds>{}, oid::timestamptz_array);
    natural(std::chrono::local_time<std::chrono::microseconds>{}, oid::timestamp_array);
    natural(std::chrono::sys_days{}, oid::date_array);
    natural(time_of_day{}, oid::time_array);
    natural(interval{1, 2, std::chrono::microseconds{3}}, oid::interval_array);
    natural(std::chrono::microseconds{3}, oid::interval_array);
    natural(json_text{R"({"a": [1, "x\"y"]})"}, oid::jsonb_array);
}

TEST(array_codec, arguments_can_be_any_contiguous_range) {
    const std::array<int, 2> fixed{1, 2};
    const std::string wanted = "b:0000000100000000000000170000000200000001000000040000000100000004000000 02";
    const std::string wire = "b:" + to_hex(from_hex(wanted.substr(2)));
    EXPECT_EQ(encoded(fixed, oid::int4_array), wire);
    EXPECT_EQ(encoded(std::span<const int>{fixed}, oid::int4_array), wire);
    EXPECT_EQ(encoded(std::span<const int, 2>{fixed}, oid::int4_array), wire);
    EXPECT_EQ(encoded(std::array<maybe_int, 2>{1, 2}, oid::int4_array), wire);
    EXPECT_EQ(encoded(std::array{"a", "b c"}, 0), R"(t:{a,"b c"})");
    EXPECT_EQ(encoded(std::array{"a"}, oid::text_array),
              "b:" + to_hex(from_hex("00000001 00000000 00000019 00000001 00000001 00000001 61")));
}

TEST(array_codec, elements_convert_like_values_do) {
    EXPECT_EQ(encoded(std::vector<std::int64_t>{70000}, oid::int2_array), "out_of_range");
    EXPECT_EQ(encoded(std::vector<int>{1}, oid::int8_array),
              "b:" +
                  to_hex(from_hex("00000001 00000000 00000014 00000001 00000001 00000008 0000000000000001")));
    // numeric is sent as text by an int, and so is an array of them.
    EXPECT_EQ(encoded(std::vector<int>{1, 2}, oid::numeric_array), "t:{1,2}");
    EXPECT_EQ(encoded(std::vector<std::string>{"1", "2"}, oid::int4_array), "t:{1,2}");
    EXPECT_EQ(encoded(std::vector<std::string>{"{}"}, oid::jsonb_array), R"(t:{"{}"})");
    EXPECT_EQ(encoded(std::vector<std::string>{"ab"}, oid::character_array), "t:{ab}");
    EXPECT_EQ(encoded(std::vector<bytes>{bytes{std::byte{1}}}, 0), R"(t:{"\\x01"})");
    expect_value(binary<std::vector<std::int64_t>>(
                     "00000001 00000000 00000017 00000001 00000001 00000004 ffffffff", oid::int4_array),
                 std::vector<std::int64_t>{-1}, "int4[] into int64");
}

TEST(array_codec, a_value_of_another_type_is_no_array) {
    EXPECT_EQ(encoded(std::vector<int>{1}, oid::int4), "wrong_type");
    EXPECT_EQ(encoded(std::vector<int>{1}, oid::text), "wrong_type");
    EXPECT_EQ(encoded(std::vector<std::string>{"a"}, oid::jsonb), "wrong_type");
    EXPECT_EQ(encoded(std::vector<std::uint8_t>{1}, oid::bytea), "wrong_type");
    EXPECT_FALSE(accepts_column<std::vector<int>>(oid::int4, true));
    EXPECT_FALSE(accepts_column<std::vector<int>>(oid::text_array, true));
    EXPECT_FALSE(accepts_column<std::vector<std::string>>(oid::text, false));
    EXPECT_TRUE(accepts_column<std::vector<int>>(oid::int4_array, true));
    EXPECT_TRUE(accepts_column<std::vector<maybe_int>>(oid::int8_array, false));
    EXPECT_FALSE(accepts_column<std::vector<std::string>>(oid::timestamptz_array, true));
    EXPECT_TRUE(accepts_column<std::vector<std::string>>(oid::timestamptz_array, false));
}

TEST(array_codec, arrays_of_user_types_are_read_as_text) {
    constexpr oid_t mood_array = 16390;
    EXPECT_TRUE(accepts_column<std::vector<std::string>>(mood_array, false));
    EXPECT_FALSE(accepts_column<std::vector<std::string>>(mood_array, true));
    EXPECT_FALSE(accepts_column<std::vector<int>>(mood_array, false));
    expect_value(text<std::vector<std::string>>("{sad,\"not so\"}", mood_array), {"sad", "not so"}, "enums");
    EXPECT_EQ(encoded(std::vector<std::string>{"sad", "not so"}, mood_array), "t:{sad,\"not so\"}");
}

TEST(array_codec, null_elements_need_an_optional) {
    EXPECT_EQ(text<std::vector<int>>("{1,NULL}").error, codec_errc::null_value);
    EXPECT_EQ(binary<std::vector<int>>("00000001 00000001 00000017 00000001 00000001 ffffffff").error,
              codec_errc::null_value);
    expect_value(text<std::vector<maybe_text>>(R"({NULL,"NULL",null})"),
                 std::vector<maybe_text>{std::nullopt, "NULL", std::nullopt}, "words");
}

TEST(array_codec, text_unescapes) {
    expect_value(text<std::vector<std::string>>(R"({"a\"b\\c","\d",é,"{x,y}",""})"),
                 std::vector<std::string>{"a\"b\\c", "d", "é", "{x,y}", ""}, "quoted");
}

TEST(array_codec, boxes_are_separated_by_semicolons) {
    const std::vector<std::string> boxes{"(1,1),(0,0)", "(2,2),(0,0)"};
    expect_value(text<std::vector<std::string>>("{(1,1),(0,0);(2,2),(0,0)}", oid::box_array), boxes, "box[]");
    EXPECT_EQ(encoded(boxes, oid::box_array), "t:{(1,1),(0,0);(2,2),(0,0)}");
}

TEST(array_codec, lower_bounds_are_ignored) {
    expect_value(text<std::vector<int>>("[5:6]={7,8}"), std::vector<int>{7, 8}, "text");
    expect_value(text<std::vector<int>>("[-1:0]={7,8}"), std::vector<int>{7, 8}, "below zero");
    expect_value(binary<std::vector<int>>("00000001 00000000 00000017 00000001 80000000 00000004 00000007"),
                 std::vector<int>{7}, "binary");
}

TEST(array_codec, more_dimensions_are_an_error) {
    EXPECT_EQ(text<std::vector<int>>("{{1,2},{3,4}}").error, codec_errc::wrong_dimensions);
    EXPECT_EQ(text<std::vector<int>>("[0:0][0:0]={{1}}").error, codec_errc::wrong_dimensions);
    EXPECT_EQ(binary<std::vector<int>>(
                  "00000002 00000000 00000017 00000001 00000001 00000001 00000001 00000004 00000007")
                  .error,
              codec_errc::wrong_dimensions);
}

TEST(array_codec, bad_bytes_are_malformed) {
    for (const char* bad : {
             "", "00000001", "00000000 00000000",
             "00000000 00000000 00000017 00",                                  // bytes after an empty array
             "00000007 00000000 00000017",                                     // seven dimensions
             "ffffffff 00000000 00000017 00000000 00000001",                   // minus one
             "00000001 00000002 00000017 00000000 00000001",                   // flags
             "00000001 00000000 00000014 00000000 00000001",                   // elements of another type
             "00000001 00000000 00000000 00000000 00000001",                   // of no type
             "00000001 00000000 00000017 00000000",                            // half a dimension
             "00000001 00000000 00000017 7fffffff 00000001",                   // a count that cannot be
             "00000001 00000000 00000017 ffffffff 00000001 00000004 00000001", // a negative one
             "00000001 00000000 00000017 00000002 00000001 00000004 00000001", // one too few
             "00000001 00000000 00000017 00000001 00000001 00000004 00000001 00", // a byte too many
             "00000001 00000000 00000017 00000001 00000001 00000005 00000001",    // longer than the rest
             "00000001 00000000 00000017 00000001 00000001 fffffffe 00000001",    // length -2
             "00000001 00000000 00000017 00000001 00000001 00000002 0001",        // not an int4
         })
        EXPECT_EQ(binary<std::vector<int>>(bad).error, codec_errc::malformed) << bad;
}

TEST(array_codec, a_promised_count_allocates_nothing) {
    const exact_bytes block{from_hex("00000001 00000000 00000017 7fffffff 00000001 00000004 00000001")};
    std::vector<int> out;
    EXPECT_EQ(decode_field(block.field(oid::int4_array, true), out), codec_errc::malformed);
    EXPECT_EQ(out.capacity(), 0u);
}

TEST(array_codec, bad_text_is_malformed) {
    for (const char* bad : {"",           "{",
                            "}",          "1",
                            "{1",         "1}",
                            "{1,}",       "{,1}",
                            "{,}",        "{1}x",
                            "{1 }",       "{ 1}",
                            "{\"1}",      "{\"1\\",
                            "{\"1\"2}",   "{1\"2\"}",
                            "{1\\2}",     "{1{2}",
                            "{1;2}",      "[1:2]",
                            "[1:2={1,2}", "[1:2]{1,2}",
                            "[a]={1}",    "={1}",
                            "{1,2}}",     "[1:1][1:1][1:1][1:1][1:1][1:1][1:1]={1}"})
        EXPECT_EQ(text<std::vector<int>>(bad).error, codec_errc::malformed) << bad;
}

TEST(array_codec, views_point_into_a_binary_array) {
    const exact_bytes block{from_hex("00000001 00000000 00000019 00000001 00000001 00000002 6162")};
    const field_view field = block.field(oid::text_array, true);
    std::vector<std::string_view> out;
    ASSERT_EQ(decode_field(field, out), codec_errc::ok);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0], "ab");
    EXPECT_EQ(reinterpret_cast<const std::byte*>(out[0].data()), field.data + 24);
    EXPECT_FALSE(accepts_column<std::vector<std::string_view>>(oid::text_array, false));
    EXPECT_EQ(text<std::vector<std::string_view>>("{ab}").error, codec_errc::wrong_type);
}

TEST(array_codec, a_vector_is_filled_anew) {
    const exact_bytes block{"{3}"};
    std::vector<int> out{1, 2};
    ASSERT_EQ(decode_field(block.field(oid::int4_array, false), out), codec_errc::ok);
    EXPECT_EQ(out, std::vector<int>{3});
}

TEST(array_codec, large_arrays_keep_their_header) {
    std::vector<std::string> words;
    for (int i = 0; i < 1000; ++i)
        words.push_back(std::string(static_cast<std::size_t>(i % 50), '"') + std::to_string(i));
    const std::string wire = encoded(words, oid::text_array);
    expect_value(binary<std::vector<std::string>>(std::string_view{wire}.substr(2)), words, "binary");
    const std::string plain = encoded(words, oid::unspecified);
    expect_value(text<std::vector<std::string>>(std::string_view{plain}.substr(2)), words, "text");
}

} // namespace array_test
} // namespace tusk
