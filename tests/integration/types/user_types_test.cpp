// Arrays of any shape, composites and enums: what is sent comes back, and the server reads it as its own
// text.
#include "round_trip.hpp"

using namespace types_test;

namespace user_types_test {

enum class mood { sad, happy, so_so };

struct point3 {
    std::optional<double> x;
    std::optional<std::int64_t> y;
    std::string label;
    friend bool operator==(const point3&, const point3&) = default;
};
struct segment {
    point3 begin;
    std::optional<point3> end;
    std::optional<mood> feels;
    friend bool operator==(const segment&, const segment&) = default;
};
struct drawing {
    std::string name;
    std::vector<segment> segments;
    std::vector<std::optional<mood>> moods;
    tusk::numeric price;
    friend bool operator==(const drawing&, const drawing&) = default;
};

class user_types : public tusk::testing::database_test {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create type mood as enum ('sad', 'happy', 'so_so');"
                 "create domain name as text;"
                 "create type point3 as (x float8, y int8, label name);"
                 "create type segment as (begin point3, \"end\" point3, feels mood);"
                 "create domain segments as segment[];"
                 "create type drawing as (name name, segments segments, moods mood[], price numeric)");
        return o;
    }
};

std::string word(std::mt19937_64& random) {
    constexpr std::string_view letters = "ab\"\\(){}, ;'\tN";
    std::string out;
    for (std::size_t left = below(random, 5); left != 0; --left)
        out += letters[below(random, letters.size())];
    return out;
}
template <class T, class F>
std::optional<T> maybe(std::mt19937_64& random, F make) {
    return below(random, 3) == 0 ? std::nullopt : std::optional<T>{make(random)};
}
mood any_mood(std::mt19937_64& random) { return static_cast<mood>(below(random, 3)); }
point3 any_point(std::mt19937_64& random) {
    return {maybe<double>(random, [](auto& r) { return static_cast<double>(r()) / 7; }),
            maybe<std::int64_t>(random, [](auto& r) { return static_cast<std::int64_t>(r()); }),
            word(random)};
}
segment any_segment(std::mt19937_64& random) {
    return {any_point(random), maybe<point3>(random, any_point), maybe<mood>(random, any_mood)};
}
drawing any_drawing(std::mt19937_64& random) {
    drawing out{word(random), {}, {}, tusk::numeric{static_cast<std::int64_t>(random() % 1000)}};
    for (std::size_t n = below(random, 3); n != 0; --n) out.segments.push_back(any_segment(random));
    for (std::size_t n = below(random, 3); n != 0; --n) out.moods.push_back(maybe<mood>(random, any_mood));
    return out;
}

/// Up to three dimensions with any lower bounds; NULLs among the elements.
template <class T, class F>
tusk::array<std::optional<T>> any_array(std::mt19937_64& random, F make) {
    std::vector<tusk::array_dimension> dimensions;
    std::size_t count = 1;
    for (std::size_t n = below(random, 4); n != 0; --n) {
        dimensions.push_back({static_cast<std::int32_t>(below(random, 3)) + 1,
                              static_cast<std::int32_t>(below(random, 5)) - 2});
        count *= static_cast<std::size_t>(dimensions.back().size);
    }
    if (dimensions.empty()) return {};
    std::vector<std::optional<T>> values;
    for (; count != 0; --count) values.push_back(maybe<T>(random, make));
    return {std::span<const tusk::array_dimension>{dimensions}, std::move(values)};
}
template <class T, class F>
void check_arrays(tusk::blocking::connection& db, const std::string& name, tusk::oid_t array, F make) {
    round_trip<tusk::array<std::optional<T>>> all{db, {name + "[]", array}};
    for (const auto& value : drawn(25, [&](auto& random) { return any_array<T>(random, make); }))
        all.check(value);
}

TEST_F(user_types, arrays_of_every_family_in_any_shape) {
    using namespace std::chrono;
    auto db = connect();
    const auto integer = [](auto& r) { return static_cast<std::int32_t>(r()); };
    check_arrays<std::int32_t>(db, "int4", tusk::oid::int4_array, integer);
    check_arrays<double>(db, "float8", tusk::oid::float8_array,
                         [](auto& r) { return static_cast<double>(r()) / 3; });
    check_arrays<std::string>(db, "text", tusk::oid::text_array, word);
    check_arrays<tusk::numeric>(db, "numeric", tusk::oid::numeric_array,
                                [](auto& r) { return tusk::numeric{static_cast<std::int64_t>(r())}; });
    check_arrays<sys_time<microseconds>>(db, "timestamptz", tusk::oid::timestamptz_array, [](auto& r) {
        return sys_time<microseconds>{microseconds{static_cast<std::int64_t>(r() >> 12)}};
    });
    check_arrays<tusk::bytes>(db, "bytea", tusk::oid::bytea_array,
                              [](auto& r) { return tusk::bytes(below(r, 4), static_cast<std::byte>(r())); });
    check_arrays<tusk::geo::box>(db, "box", tusk::oid::box_array, [](auto& r) {
        const auto n = static_cast<double>(below(r, 9));
        return tusk::geo::box{{n + 1, n + 1}, {n, n}};
    });
    check_arrays<tusk::range<std::int32_t>>(db, "int4range", tusk::oid::int4range_array, [](auto& r) {
        const auto n = static_cast<std::int32_t>(below(r, 99));
        return tusk::range<std::int32_t>{n, n + 5};
    });
    check_arrays<mood>(db, "mood", 0, any_mood);
    check_arrays<point3>(db, "point3", 0, any_point);
}

TEST_F(user_types, vectors_of_vectors) {
    auto db = connect();
    using cube = std::vector<std::vector<std::vector<int>>>;
    round_trip<cube> cubes{db, {"int4[]", tusk::oid::int4_array}};
    cubes.check({{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}});
    cubes.check({});
    cubes.check({{}, {}}, {});
}

TEST_F(user_types, enums) {
    auto db = connect();
    check_all(db, {"mood"}, std::vector{mood::sad, mood::happy, mood::so_so});
}

TEST_F(user_types, composites_three_deep) {
    auto db = connect();
    check_all(db, {"point3"}, drawn(50, any_point));
    check_all(db, {"segment"}, drawn(50, any_segment));
    round_trip<drawing> drawings{db, {"drawing"}};
    for (const auto& d : drawn(60, any_drawing)) drawings.check(d);
}

} // namespace user_types_test
