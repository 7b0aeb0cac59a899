// Structs and tuples as composites, in both formats, and what a hostile server makes of them.
#include "catalog_fixture.hpp"
#include "hostile.hpp"

#include <tusk/types/row.hpp>

namespace composite_test {

struct address {
    std::optional<int> number; // not in the order of the attributes
    std::string street;
    friend bool operator==(const address&, const address&) = default;
};
struct person {
    std::string name;
    std::optional<address> home;
    friend bool operator==(const person&, const person&) = default;
};
struct with_view {
    std::string_view street;
    int number;
};
struct not_a_composite {
    int a;
};

} // namespace composite_test

template <>
inline constexpr bool tusk::is_composite<composite_test::not_a_composite> = false;

namespace tusk {
namespace composite_test {

using namespace conversion;
using namespace ::composite_test;

static_assert(struct_row<address> && !scalar_row<address>, "a struct is a row where rows are wanted");
static_assert(tuple_row<std::tuple<int>> && !scalar_row<std::tuple<int>>);
static_assert(scalar_row<std::optional<address>> && scalar_row<std::vector<address>>);
static_assert(has_codec<address> && has_codec<std::pair<int, int>> && !has_codec<not_a_composite>);
static_assert(!has_codec<std::array<int*, 2>> && codec<std::array<std::byte, 2>>::natural == oid::bytea);

constexpr const char* street_5 = "00000002 00000019 00000002 6162 00004e24 00000004 00000005";
const address ab5{5, "ab"};

TEST(composite_codec, takes_attributes_by_name_in_the_types_order) {
    const type_ref type = ref(address_type);
    expect_value(binary<address>(street_5, type), ab5, "binary");
    expect_value(text<address>("(ab,5)", type), ab5, "text");
    EXPECT_EQ(encoded(ab5, type), "b:" + to_hex(from_hex(street_5)));
    EXPECT_EQ(encoded(address{std::nullopt, ""}, type),
              "b:" + to_hex(from_hex("00000002 00000019 00000000 00004e24 ffffffff")));
    expect_value(text<address>("(\"\",)", type), address{std::nullopt, ""}, "NULL and empty");
}

TEST(composite_codec, takes_tuples_by_position) {
    using pair = std::pair<std::string, int>;
    expect_value(binary<pair>(street_5, ref(address_type)), pair{"ab", 5}, "pair");
    EXPECT_EQ(encoded(std::tuple{"ab", 5}, ref(address_type)), "b:" + to_hex(from_hex(street_5)));
    EXPECT_EQ(encoded(std::tuple{"ab", nullptr}, 4711u), "t:(ab,)");
    expect_value(text<pair>("(a,1)", oid::record), pair{"a", 1}, "record");
    EXPECT_EQ(text<pair>("(a,1,2)", oid::record).error, codec_errc::wrong_type);
    static_cast<void>(detail::take_note());
}

TEST(composite_codec, nests) {
    const person ann{"Ann", ab5};
    const std::string wire = encoded(ann, ref(person_type));
    ASSERT_EQ(wire.substr(0, 2), "b:");
    expect_value(binary<person>(std::string_view{wire}.substr(2), ref(person_type)), ann, "binary");
    expect_value(text<person>("(Ann,\"(ab,5)\")", ref(person_type)), ann, "text");
    EXPECT_EQ(encoded(ann, oid::unspecified), "t:(Ann,\"(5,ab)\")") << "without a type by position";
    const std::vector<address> two{ab5, {std::nullopt, "a \"b\"\\,()"}};
    const std::string array = encoded(two, ref(addresses_type));
    ASSERT_EQ(array.substr(0, 2), "b:");
    expect_value(binary<std::vector<address>>(std::string_view{array}.substr(2), ref(addresses_type)), two,
                 "array");
    expect_value(
        text<std::vector<address>>(R"_({"(ab,5)","(\"a \"\"b\"\"\\\\,()\",)"})_", ref(addresses_type)), two,
        "array as text");
}

TEST(composite_codec, text_is_quoted_and_unquoted_as_the_server_does_it) {
    using one = std::tuple<std::string>;
    for (const char* value : {"", "a", " a ", "a,b", "a\"b", "a\\b", "(a)", "\t", "NULL", "a\"\"\\\\b"}) {
        value_sink out;
        ASSERT_EQ(codec<one>::encode_text(out, 0, one{value}), codec_errc::ok);
        const std::string printed{reinterpret_cast<const char*>(out.data()), out.size()};
        expect_value(text<one>(printed, oid::record), one{value}, printed);
    }
    expect_value(text<one>(R"_(("a""b\"c\d" e"f"))_", oid::record), one{R"_(a"b"cd ef)_"}, "mixed");
}

TEST(composite_codec, refuses_types_that_do_not_fit) {
    EXPECT_FALSE(accepts_column<address>(oid::int4, true));
    EXPECT_FALSE(accepts_column<address>(ref(mood_type), false));
    EXPECT_FALSE(accepts_column<address>(ref(person_type), true));
    EXPECT_FALSE((accepts_column<std::pair<int, int>>(ref(address_type), true)));
    EXPECT_NE(detail::take_note().detail, "");
    EXPECT_TRUE(accepts_column<address>(ref(address_type), true));
    EXPECT_FALSE(accepts_column<address>(oid::record, true)) << "records travel as text";
    EXPECT_TRUE(accepts_column<address>(oid::record, false));
    EXPECT_EQ(encoded(std::tuple{1}, ref(address_type)), "wrong_type");
}

TEST(composite_codec, views_are_for_binary_values) {
    EXPECT_TRUE(accepts_column<with_view>(ref(address_type), true));
    EXPECT_FALSE(accepts_column<with_view>(ref(address_type), false));
    EXPECT_EQ(text<with_view>("(ab,5)", ref(address_type)).error, codec_errc::wrong_type);
    const exact_bytes block{from_hex(street_5)};
    with_view out{};
    ASSERT_EQ(decode_field(block.field(ref(address_type), true), out), codec_errc::ok);
    EXPECT_EQ(out.street, "ab");
}

TEST(composite_codec, names_the_attribute) {
    EXPECT_EQ((binary<std::pair<std::string, int>>("00000002 00000019 00000000 00004e24 ffffffff",
                                                   ref(address_type))
                   .error),
              codec_errc::null_value);
    const auto f = conversion_failure(codec_errc::null_value, "column \"c\"", ref(address_type), "pair");
    EXPECT_NE(f.message().find("column \"c\", attribute \"number\" is NULL"), std::string::npos)
        << f.message();
}

TEST(composite_codec, an_altered_type_is_told_from_bad_bytes) {
    for (const char* altered : {
             "00000001 00000019 00000002 6162",                                         // one fewer
             "00000003 00000019 00000000 00004e24 00000004 00000005 00000019 ffffffff", // one more
             "00000002 00000019 00000000 00000017 00000004 00000005",                   // another type
         })
        EXPECT_EQ(binary<address>(altered, ref(address_type)).error, codec_errc::outdated_type) << altered;
    EXPECT_EQ(text<address>("(a,1,2)", ref(address_type)).error, codec_errc::outdated_type);
    for (const char* bad :
         {"", "000000", "ffffffff", "7fffffff 00000019 00000000",
          "00000002 00000019 00000000 00004e24 00000004 000000",
          "00000002 00000019 00000000 00004e24 fffffffe", "00000002 00000019 00000000 00004e24 ffffffff 00"})
        EXPECT_EQ(binary<address>(bad, ref(address_type)).error, codec_errc::malformed) << bad;
    for (const char* bad : {"", "(", ")", "()x", "(a,1", "a,1)", "(a,\"1)", "(a,1\\", "(a,1))"})
        EXPECT_NE(text<address>(bad, ref(address_type)).error, codec_errc::ok) << bad;
    static_cast<void>(detail::take_note());
}

TEST(composite_codec, hostile_bytes) {
    expect_survives<person>(from_hex("00000002 00000019 00000003 416e6e 00004e22 0000001a") +
                                from_hex(street_5),
                            ref(person_type), true);
    expect_survives<person>(R"_(("A ""n""","(""a,\\b"",5)"))_", ref(person_type), false);
    expect_survives<std::vector<address>>(R"_({"(ab,5)","(\"x y\",)"})_", ref(addresses_type), false);
}

} // namespace composite_test
} // namespace tusk
