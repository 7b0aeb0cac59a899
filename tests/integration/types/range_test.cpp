#include "round_trip.hpp"

using namespace types_test;

namespace range_test {

using tusk::bound;
using tusk::multirange;
using tusk::numeric;
using tusk::range;
namespace oid = tusk::oid;
using std::chrono::microseconds;

/// Multiranges, and infinite numerics.
bool before_14() { return tusk::testing::test_server::shared().major_version() < 14; }

/// Two values in order, each of which may be missing; discrete types get the bounds that the server makes.
template <class T, class F>
range<T> random_range(std::mt19937_64& random, bool discrete, F value) {
    if (below(random, 10) == 0) return {};
    std::optional<T> lower{value(random)}, upper{value(random)};
    if (*upper < *lower) std::swap(lower, upper);
    if (below(random, 6) == 0) lower.reset();
    if (below(random, 6) == 0) upper.reset();
    if (discrete) return {std::move(lower), std::move(upper)};
    const auto kind = [&] { return below(random, 2) == 0 ? bound::inclusive : bound::exclusive; };
    const bound lower_bound = kind();
    return {std::move(lower), std::move(upper), lower_bound, kind()};
}

/// Ranges of one family, then multiranges: the server's own form of random ones.
template <class T, class F>
void check_family(tusk::blocking::connection& db, const std::string& prefix, bool discrete, F value) {
    using tusk::detail::range_family;
    const auto ranges = drawn(200, [&](auto& random) { return random_range<T>(random, discrete, value); });
    check_all(db, {prefix + "range", tusk::codec<range<T>>::natural}, ranges);
    if (before_14()) GTEST_SKIP() << "multiranges came with PostgreSQL 14";
    std::vector<multirange<T>> canonical{{}};
    for (std::size_t i = 0; i < ranges.size();) {
        multirange<T> some;
        for (std::size_t left = i % 5 + 1; left != 0 && i < ranges.size(); --left)
            some.push_back(ranges[i++]);
        canonical.push_back(db.one<multirange<T>>("select $1::" + prefix + "multirange", some));
        for (const range<T>& one : some)
            EXPECT_TRUE(!one.lower_inclusive() || canonical.back().contains(*one.lower()));
    }
    check_all(db, {prefix + "multirange", tusk::codec<multirange<T>>::natural}, canonical);
}

numeric random_numeric(std::mt19937_64& random) {
    if (below(random, 20) == 0 && !before_14()) return numeric::infinity();
    return numeric::parse(std::to_string(static_cast<std::int64_t>(random()) >> below(random, 64)) + "." +
                          std::to_string(below(random, 1000)))
        .value();
}

TEST_F(types, integer_ranges) {
    auto db = connect();
    check_family<std::int32_t>(db, "int4", true,
                               [](auto& random) { return static_cast<std::int32_t>(random()); });
    check_family<std::int64_t>(db, "int8", true, [](auto& random) {
        return static_cast<std::int64_t>(random()) >> below(random, 63);
    });
}

TEST_F(types, numeric_ranges) {
    auto db = connect();
    check_family<numeric>(db, "num", false, random_numeric);
}

TEST_F(types, ranges_of_days_and_times) {
    auto db = connect();
    check_family<std::chrono::sys_days>(db, "date", true, [](auto& random) {
        if (below(random, 8) == 0) return std::chrono::sys_days{tusk::infinity};
        return std::chrono::sys_days{
            std::chrono::days{static_cast<int>(below(random, 4'000'000)) - 2'000'000}};
    });
    const auto since = [](std::mt19937_64& random) {
        return microseconds{static_cast<std::int64_t>(random()) >> (7 + below(random, 40))};
    };
    check_family<std::chrono::local_time<microseconds>>(
        db, "ts", false, [&](auto& random) { return std::chrono::local_time<microseconds>{since(random)}; });
    check_family<std::chrono::sys_time<microseconds>>(db, "tstz", false, [&](auto& random) {
        if (below(random, 8) == 0) return std::chrono::sys_time<microseconds>{-tusk::infinity};
        return std::chrono::sys_time<microseconds>{since(random)};
    });
}

TEST_F(types, ranges_that_users_make) {
    auto db = connect();
    db.script(std::string{"create type floatrange as range (subtype = float8);"
                          "create type wordrange as range (subtype = text, collation = \"C\""} +
              (before_14() ? ")" : ", multirange_type_name = wordmultirange)"));
    const auto word = [](std::mt19937_64& random) {
        constexpr std::string_view letters = "ab\"\\()[]{}, \t'";
        std::string out;
        for (std::size_t left = below(random, 5); left != 0; --left)
            out += letters[below(random, letters.size())];
        return out;
    };
    const auto words =
        drawn(300, [&](auto& random) { return random_range<std::string>(random, false, word); });
    check_all(db, {"wordrange"}, words);
    check_all(db, {"floatrange"}, drawn(100, [&](auto& random) {
                  return random_range<double>(
                      random, false, [](auto& r) { return static_cast<double>(below(r, 1000)) / 7; });
              }));
    EXPECT_EQ(db.one<std::string>("select $1::wordrange::text", range<std::string>{"a\"b", "c d"}),
              text_of(range<std::string>{"a\"b", "c d"}, 0));
    if (before_14()) GTEST_SKIP() << "multiranges came with PostgreSQL 14";
    std::vector<multirange<std::string>> all;
    for (const auto& one : words)
        all.push_back(one.is_empty() ? multirange<std::string>{} : multirange<std::string>{{one}});
    check_all(db, {"wordmultirange"}, all);
}

TEST_F(types, whole_numbers_come_back_half_open) {
    auto db = connect();
    round_trip<range<std::int32_t>>{db, {"int4range", oid::int4range}}.check(
        range<std::int32_t>::closed(1, 5), {1, 6});
    round_trip<range<std::int32_t>>{db, {"int4range", oid::int4range}}.check(range<std::int32_t>::open(1, 2),
                                                                             {});
}

TEST_F(types, ranges_relate_as_the_server_says) {
    auto db = connect();
    const auto small = [](std::mt19937_64& random) { return numeric{static_cast<int>(below(random, 6))}; };
    const auto all = drawn(200, [&](auto& random) { return random_range<numeric>(random, false, small); });
    for (std::size_t i = 1; i < all.size(); ++i) {
        const auto [contains, overlaps, has] = db.one<std::tuple<bool, bool, bool>>(
            "select $1::numrange @> $2::numrange, $1::numrange && $2::numrange, $1::numrange @> $3::numeric",
            all[i - 1], all[i], numeric{3});
        EXPECT_EQ(all[i - 1].contains(all[i]), contains) << i;
        EXPECT_EQ(all[i - 1].overlaps(all[i]), overlaps) << i;
        EXPECT_EQ(all[i - 1].contains(numeric{3}), has) << i;
    }
}

} // namespace range_test
