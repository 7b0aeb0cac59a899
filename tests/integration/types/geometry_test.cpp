#include "round_trip.hpp"

#include <bit>
#include <cmath>
#include <limits>

using namespace types_test;

namespace geometry_test {

namespace geo = tusk::geo;
namespace oid = tusk::oid;

/// Small ones, every exponent, and the special ones.
double random_double(std::mt19937_64& random) {
    switch (below(random, 8)) {
    case 0: return std::numeric_limits<double>::infinity();
    case 1: return std::numeric_limits<double>::quiet_NaN();
    case 2: return -0.0;
    case 3:
    case 4: return static_cast<double>(below(random, 2001)) / 8 - 100;
    default: {
        const double any = std::bit_cast<double>(random());
        return std::isnan(any) ? 0.1 : any;
    }
    }
}
double finite_double(std::mt19937_64& random) {
    const double out = random_double(random);
    return std::isfinite(out) ? out : 1.25;
}
geo::point random_point(std::mt19937_64& random) { return {random_double(random), random_double(random)}; }
std::vector<geo::point> random_points(std::mt19937_64& random) {
    std::vector<geo::point> out;
    for (std::size_t left = below(random, 6) + 1; left != 0; --left) out.push_back(random_point(random));
    return out;
}
/// As the server keeps it.
geo::box random_box(std::mt19937_64& random) {
    const double x = finite_double(random), y = finite_double(random), u = finite_double(random),
                 v = finite_double(random);
    return {{std::max(x, u), std::max(y, v)}, {std::min(x, u), std::min(y, v)}};
}

TEST_F(types, points_lines_segments_boxes_and_circles) {
    auto db = connect();
    check_all(db, {"point", oid::point}, drawn(200, random_point));
    check_all(db, {"lseg", oid::lseg},
              drawn(200, [](auto& r) { return geo::lseg{random_point(r), random_point(r)}; }));
    check_all(db, {"line", oid::line},
              drawn(200, [](auto& r) { return geo::line{2.5, random_double(r), random_double(r)}; }));
    check_all(db, {"box", oid::box}, drawn(200, random_box));
    check_all(db, {"circle", oid::circle},
              drawn(200, [](auto& r) { return geo::circle{random_point(r), std::abs(random_double(r))}; }));
}

TEST_F(types, paths_and_polygons) {
    auto db = connect();
    check_all(db, {"path", oid::path},
              drawn(200, [](auto& r) { return geo::path{random_points(r), below(r, 2) == 0}; }));
    check_all(db, {"polygon", oid::polygon},
              drawn(200, [](auto& r) { return geo::polygon{random_points(r)}; }));
    const std::vector<geo::point> many(20'000, {0.1, 0.2});
    round_trip<geo::path>{db, {"path", oid::path}}.check(geo::path{many});
    round_trip<geo::polygon>{db, {"polygon", oid::polygon}}.check(geo::polygon{many});
}

TEST_F(types, a_box_comes_back_with_its_corners_in_order) {
    auto db = connect();
    round_trip<geo::box>{db, {"box", oid::box}}.check({{1, 5}, {3, 2}}, {{3, 5}, {1, 2}});
}

TEST_F(types, a_domain_over_box_has_arrays_with_semicolons) {
    auto db = connect();
    db.script("create domain area as box");
    const std::vector<geo::box> boxes{{{1, 1}, {0, 0}}, {{2, 2}, {1, 1}}};
    EXPECT_EQ(db.one<std::vector<geo::box>>("select $1::area[]::box[]", boxes), boxes);
}

} // namespace geometry_test
