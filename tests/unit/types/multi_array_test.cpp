// Arrays of any shape: `tusk::array` and vectors of vectors.
#include <array>

#include "catalog_fixture.hpp"
#include "hostile.hpp"

namespace tusk {
namespace multi_array_test {

using namespace conversion;
using maybe_int = std::optional<int>;
using matrix = std::vector<std::vector<int>>;

array<int> shaped(std::vector<array_dimension> dimensions, std::vector<int> values) {
    return array<int>{std::span<const array_dimension>{dimensions}, std::move(values)};
}

constexpr const char* two_by_two = "00000002 00000000 00000017 00000002 00000001 00000002 00000001 "
                                   "00000004 00000001 00000004 00000002 00000004 00000003 00000004 00000004";

TEST(multi_array, both_formats_as_the_server_writes_them) {
    expect_forms(shaped({{2}, {2}}, {1, 2, 3, 4}), two_by_two, "{{1,2},{3,4}}");
    expect_forms(matrix{{1, 2}, {3, 4}}, two_by_two, "{{1,2},{3,4}}");
    expect_forms(array<int>{}, "00000000 00000000 00000017", "{}");
    expect_forms(matrix{}, "00000000 00000000 00000017", "{}");
    expect_forms(shaped({{1, 0}, {2, -1}}, {1, 2}),
                 "00000002 00000000 00000017 00000001 00000000 00000002 ffffffff 00000004 00000001 00000004 "
                 "00000002",
                 "[0:0][-1:0]={{1,2}}");
    expect_forms(array<maybe_int>{std::vector<maybe_int>{1, std::nullopt}},
                 "00000001 00000001 00000017 00000002 00000001 00000004 00000001 ffffffff", "{1,NULL}");
    expect_forms(std::vector<std::vector<std::string>>{{"a b"}, {"NULL"}},
                 "00000002 00000000 00000019 00000002 00000001 00000001 00000001 00000003 612062 00000004 "
                 "4e554c4c",
                 R"({{"a b"},{"NULL"}})");
}

TEST(multi_array, has_subscripts_as_in_sql) {
    auto a = shaped({{2}, {3, 0}}, {1, 2, 3, 4, 5, 6});
    EXPECT_EQ(a.at(1, 0), 1);
    EXPECT_EQ(a.at(2, 2), 6);
    a.at(2, 0) = 40;
    EXPECT_EQ(a.values()[3], 40);
    EXPECT_EQ(a.dimensions(), 2u);
    EXPECT_EQ(a.dimension(1), (array_dimension{3, 0}));
    EXPECT_THROW(a.at(0, 0), error);
    EXPECT_THROW(a.at(1, 3), error);
    EXPECT_THROW(a.at(1), error);
    EXPECT_THROW(shaped({{2}, {2}}, {1, 2, 3}), error);
    EXPECT_THROW(shaped({{1}, {1}, {1}, {1}, {1}, {1}, {1}}, {1}), error);
    EXPECT_THROW(shaped({{-1}, {-1}}, {1}), error);
    EXPECT_EQ(shaped({{0}, {5}}, {}), array<int>{});
}

TEST(multi_array, vectors_have_to_be_rectangular) {
    EXPECT_EQ(encoded(matrix{{1, 2}, {3}}, oid::int4_array), "not_rectangular");
    EXPECT_EQ(encoded(matrix{{}, {3}}, oid::int4_array), "not_rectangular");
    EXPECT_EQ(encoded(matrix{{}, {}}, oid::unspecified), "t:{}");
    using cube = std::vector<matrix>;
    EXPECT_EQ(encoded(cube{{{1}, {2}}, {{3}, {4}}}, oid::unspecified), "t:{{{1},{2}},{{3},{4}}}");
    EXPECT_EQ(encoded(cube{{{1}, {2}}, {{3}}}, oid::unspecified), "not_rectangular");
}

TEST(multi_array, dimensions_have_to_be_those_of_the_vectors) {
    EXPECT_EQ(text<matrix>("{1,2}").error, codec_errc::wrong_dimensions);
    EXPECT_EQ(text<matrix>("{{{1}}}").error, codec_errc::wrong_dimensions);
    EXPECT_EQ(binary<matrix>("00000001 00000000 00000017 00000001 00000001 00000004 00000001").error,
              codec_errc::wrong_dimensions);
    expect_value(text<matrix>("[5:5][7:8]={{1,2}}"), matrix{{1, 2}}, "lower bounds are ignored");
    expect_value(text<array<int>>("{1,2}"), array<int>{std::vector{1, 2}}, "an array takes any shape");
}

TEST(multi_array, bad_text_is_malformed) {
    for (const char* bad : {"",
                            "{",
                            "{{1}",
                            "{{1},2}",
                            "{1,{2}}",
                            "{{1},{2,3}}",
                            "{{}}",
                            "{{},{}}",
                            "{{1},}",
                            "{,{1}}",
                            "{{1}{2}}",
                            "{{1},{2}}x",
                            "[1:2][1:1]={{1}}",
                            "[1:1]={{1}}",
                            "[1:1][1:1]={1}",
                            "[2:1]={}",
                            "[1:1]={}",
                            "{{{{{{{1}}}}}}}",
                            "[0:9999999999]={1}",
                            "{{1}},{2}",
                            "{{1},{{2}}}"})
        EXPECT_EQ(text<array<int>>(bad).error, codec_errc::malformed) << bad;
}

TEST(multi_array, bad_bytes_are_malformed_and_allocate_nothing) {
    for (const char* bad : {
             "00000007 00000000 00000017",
             "00000002 00000000 00000017 00000001 00000001",                   // half the dimensions
             "00000002 00000000 00000017 7fffffff 00000001 7fffffff 00000001", // a product past 64 bits' half
             "00000006 00000000 00000017 7fffffff 00000001 7fffffff 00000001 7fffffff 00000001 7fffffff "
             "00000001 "
             "7fffffff 00000001 7fffffff 00000001",
             "00000002 00000000 00000017 ffffffff 00000001 00000001 00000001",
             "00000001 00000000 00000017 00000001 80000000 00000004 00000001 00", // a byte too many
             "00000001 00000000 00000017 00000002 7fffffff 00000004 00000001 00000004 00000001", // bounds
             "00000002 00000000 00000017 00000001 00000001 00000001 00000001 00000004 000000",
             "00000002 00000000 00000017 00000000 00000001 00000001 00000001 00",
             "00000002 00000000 00000019 00000001 00000001 00000001 00000001 00000004 00000001",
         })
        EXPECT_EQ(binary<array<int>>(bad).error, codec_errc::malformed) << bad;
}

TEST(multi_array, elements_can_be_of_types_that_users_made) {
    using words = std::vector<std::vector<std::string>>;
    const words moods{{"sad", "happy"}};
    const std::string wire = encoded(moods, ref(moods_type));
    ASSERT_EQ(wire.substr(0, 2), "b:");
    expect_value(binary<words>(std::string_view{wire}.substr(2), ref(moods_type)), moods, "enums");
    const std::string numbers = encoded(matrix{{1}}, ref(positives_type));
    EXPECT_EQ(numbers.substr(0, 26), "b:000000020000000000004e24") << "the header names the domain";
    expect_value(binary<matrix>(std::string_view{numbers}.substr(2), ref(positives_type)), matrix{{1}},
                 "domain");
    auto points = row_of(20100, "_geometry", "a", 20101);
    points.delimiter = ":";
    type_catalog other;
    other.add({points, row_of(20101, "geometry", "b")});
    expect_value(text<words>("{{a,b:c}}", other.resolve(20100)), words{{"a,b", "c"}}, "another delimiter");
    EXPECT_EQ(encoded(words{{"a,b", "c"}}, other.resolve(20100)), "t:{{a,b:c}}");
}

TEST(multi_array, hostile_bytes) {
    expect_survives<array<int>>(from_hex(two_by_two), oid::int4_array, true);
    expect_survives<array<maybe_int>>("[0:1][1:2]={{1,NULL},{3,4}}", oid::int4_array, false);
    expect_survives<matrix>("{{1,2},{3,4}}", oid::int4_array, false);
}

} // namespace multi_array_test
} // namespace tusk
