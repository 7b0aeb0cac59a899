#include "hostile.hpp"

#include <limits>

namespace tusk {
namespace geometry_test {

using namespace conversion;
using geo::box;
using geo::circle;
using geo::line;
using geo::lseg;
using geo::path;
using geo::point;
using geo::polygon;

constexpr const char* one = "3ff0000000000000";
constexpr const char* two = "4000000000000000";
constexpr const char* half = "3fe0000000000000";
constexpr const char* minus_three = "c008000000000000";

std::string hex(std::initializer_list<const char*> parts) {
    std::string out;
    for (const char* part : parts) out += part;
    return out;
}

TEST(geometry, both_formats) {
    expect_forms(point{1, -3}, hex({one, minus_three}), "(1,-3)");
    expect_forms(line{1, 2, 0.5}, hex({one, two, half}), "{1,2,0.5}");
    expect_forms(lseg{{1, 2}, {0.5, -3}}, hex({one, two, half, minus_three}), "[(1,2),(0.5,-3)]");
    expect_forms(box{{1, 2}, {0.5, -3}}, hex({one, two, half, minus_three}), "(1,2),(0.5,-3)");
    expect_forms(circle{{1, 2}, 0.5}, hex({one, two, half}), "<(1,2),0.5>");
    expect_forms(path{{{1, 2}, {0.5, -3}}}, hex({"00 00000002", one, two, half, minus_three}),
                 "[(1,2),(0.5,-3)]");
    expect_forms(path{{{1, 2}}, true}, hex({"01 00000001", one, two}), "((1,2))");
    expect_forms(polygon{{{1, 2}, {0.5, -3}}}, hex({"00000002", one, two, half, minus_three}),
                 "((1,2),(0.5,-3))");
}

TEST(geometry, infinity_nan_and_every_digit) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    expect_value(text<point>("(Infinity,-Infinity)"), point{infinite, -infinite}, "infinities");
    expect_value(text<point>("(0.1,1.7976931348623157e+308)"), point{0.1, std::numeric_limits<double>::max()},
                 "digits");
    EXPECT_EQ(encoded(point{infinite, -infinite}, oid::unspecified), "t:(Infinity,-Infinity)");
    const auto nan = text<circle>("<(NaN,0),NaN>");
    ASSERT_EQ(nan.error, codec_errc::ok);
    EXPECT_NE(nan.value.radius, nan.value.radius);
    EXPECT_EQ(encoded(nan.value, oid::unspecified), "t:<(NaN,0),NaN>");
}

TEST(geometry, bad_text_is_malformed) {
    for (const char* bad : {"", "(", "()", "(1)", "(1,", "(1,2", "(1,2,3)", "(1,2) ", "1,2", "(1 ,2)",
                            "(a,2)", "(,)", "((1,2))", "(1,2)(", "[1,2]"})
        EXPECT_EQ(text<point>(bad).error, codec_errc::malformed) << bad;
    for (const char* bad : {"", "(1,2)", "(1,2),", "(1,2),(3,4", "((1,2),(3,4))", "(1,2);(3,4)"})
        EXPECT_EQ(text<box>(bad).error, codec_errc::malformed) << bad;
    for (const char* bad : {"", "(", "()", "[]", "((1,2)", "[(1,2))", "((1,2)]", "((1,2),)", "((1,2)(3,4))",
                            "((1,2))x", "(1,2)", "((1,2),(3))"}) {
        EXPECT_EQ(text<path>(bad).error, codec_errc::malformed) << bad;
        EXPECT_EQ(text<polygon>(bad).error, codec_errc::malformed) << bad;
    }
    EXPECT_EQ(text<polygon>("[(1,2)]").error, codec_errc::malformed);
    EXPECT_EQ(text<point>("(1e999,2)").error, codec_errc::out_of_range);
}

TEST(geometry, counts_must_fit_the_bytes) {
    const std::string coordinates = hex({one, two});
    for (const char* bad : {"", "000000", "00000000", "00000002", "7fffffff", "ffffffff", "10000001"}) {
        EXPECT_EQ(binary<polygon>(bad + coordinates).error, codec_errc::malformed) << bad;
        EXPECT_EQ(binary<path>("00" + (bad + coordinates)).error, codec_errc::malformed) << bad;
    }
    EXPECT_EQ(binary<path>("02 00000001" + coordinates).error, codec_errc::malformed);
    EXPECT_EQ(binary<polygon>("00000000").error, codec_errc::malformed);
}

TEST(geometry, a_shape_without_points_cannot_be_sent) {
    EXPECT_EQ(encoded(path{}), "out_of_range");
    EXPECT_EQ(encoded(polygon{}), "out_of_range");
    EXPECT_EQ(encoded(path{}, oid::unspecified), "out_of_range");
    EXPECT_EQ(encoded(polygon{}, oid::unspecified), "out_of_range");
}

TEST(geometry, arrays_of_boxes_are_separated_by_semicolons) {
    const std::vector boxes{box{{1, 1}, {0, 0}}, box{{2, 2}, {1, 1}}};
    expect_value(text<std::vector<box>>("{(1,1),(0,0);(2,2),(1,1)}"), boxes, "box[]");
    EXPECT_EQ(encoded(boxes, oid::unspecified), "t:{(1,1),(0,0);(2,2),(1,1)}");
    const std::vector points{point{1, 2}, point{}};
    constexpr const char* printed = "{\"(1,2)\",\"(0,0)\"}";
    expect_value(text<std::vector<point>>(printed), points, "point[]");
    EXPECT_EQ(encoded(points, oid::unspecified), std::string{"t:"} + printed);
    const auto bytes = encoded(boxes);
    expect_value(binary<std::vector<box>>(std::string_view{bytes}.substr(2)), boxes, "binary");
}

TEST(geometry, hostile_bytes) {
    expect_hardened<point>(hex({one, two}), "(1,2)");
    expect_hardened<line>(hex({one, two, half}), "{1,-2e10,0.5}");
    expect_hardened<lseg>(hex({one, two, half, one}), "[(1,2),(0.5,-3)]");
    expect_hardened<box>(hex({one, two, half, one}), "(1,2),(0.5,NaN)");
    expect_hardened<circle>(hex({one, two, half}), "<(1,2),Infinity>");
    expect_hardened<path>(hex({"01 00000002", one, two, half, minus_three}), "((1,2),(0.5,-3))");
    expect_hardened<polygon>(hex({"00000002", one, two, half, minus_three}), "((1,2),(0.5,-3))");
}

} // namespace geometry_test
} // namespace tusk
