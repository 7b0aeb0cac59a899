#include "hostile.hpp"

namespace tusk {
namespace range_test {

using namespace conversion;
using namespace std::chrono_literals;
using int_range = range<std::int32_t>;
using text_range = range<std::string>;

TEST(range, both_formats) {
    expect_forms(int_range{1, 10}, "02 00000004 00000001 00000004 0000000a", "[1,10)");
    expect_forms(int_range::closed(1, 1), "06 00000004 00000001 00000004 00000001", "[1,1]");
    expect_forms(int_range::open(-1, 10), "00 00000004 ffffffff 00000004 0000000a", "(-1,10)");
    expect_forms(int_range{1, 2, bound::exclusive, bound::inclusive},
                 "04 00000004 00000001 00000004 00000002", "(1,2]");
    expect_forms(int_range{1, std::nullopt}, "12 00000004 00000001", "[1,)");
    expect_forms(int_range{std::nullopt, 1}, "08 00000004 00000001", "(,1)");
    expect_forms(int_range::unbounded(), "18", "(,)");
    expect_forms(int_range{}, "01", "empty");
}

TEST(range, every_built_in_range_has_its_type) {
    EXPECT_EQ(codec<range<std::int32_t>>::natural, oid::int4range);
    EXPECT_EQ(codec<range<std::int64_t>>::natural, oid::int8range);
    EXPECT_EQ(codec<range<numeric>>::natural, oid::numrange);
    EXPECT_EQ(codec<range<std::chrono::local_time<std::chrono::microseconds>>>::natural, oid::tsrange);
    EXPECT_EQ(codec<range<std::chrono::sys_time<std::chrono::microseconds>>>::natural, oid::tstzrange);
    EXPECT_EQ(codec<range<std::chrono::sys_days>>::natural, oid::daterange);
    EXPECT_EQ(codec<range<std::string>>::natural, oid::unspecified);
    EXPECT_EQ(codec<multirange<std::int32_t>>::natural, oid::int4multirange);
    EXPECT_EQ(codec<multirange<std::chrono::sys_days>>::natural, oid::datemultirange);
    EXPECT_EQ(codec<std::vector<int_range>>::natural, oid::int4range_array);
    EXPECT_EQ(codec<std::vector<multirange<numeric>>>::natural, oid::nummultirange_array);
}

TEST(range, bounds_convert_like_values) {
    expect_value(binary<range<std::int64_t>>("02 00000004 00000001 00000004 0000000a", oid::int4range),
                 range<std::int64_t>{1, 10}, "int4range");
    EXPECT_EQ(encoded(range<std::int64_t>{1, 10}, oid::int4range), "b:020000000400000001000000040000000a");
    EXPECT_EQ(encoded(range<std::int64_t>{1, 1LL << 40}, oid::int4range), "out_of_range");
    EXPECT_EQ(binary<range<std::int8_t>>("02 00000004 00000001 00000004 0000ffff", oid::int4range).error,
              codec_errc::out_of_range);
    expect_forms(range<std::chrono::sys_days>{std::chrono::sys_days{2024y / 2 / 29}, infinity},
                 "02 00000004 00002279 00000004 7fffffff", "[2024-02-29,infinity)");
    EXPECT_EQ(text<range<std::chrono::sys_time<std::chrono::microseconds>>>("[\"2024-02-29 00:00:00+00\",)")
                  .value.lower(),
              std::chrono::sys_days{2024y / 2 / 29});
    EXPECT_EQ(encoded(range<std::chrono::sys_days>{std::chrono::sys_days{2024y / 2 / 29}, std::nullopt},
                      oid::tsrange),
              "wrong_type");
}

TEST(range, accepts_what_its_bounds_do) {
    EXPECT_TRUE(accepts_column<int_range>(oid::int4range, true));
    EXPECT_TRUE(accepts_column<int_range>(oid::int8range, false));
    EXPECT_FALSE(accepts_column<int_range>(oid::numrange, false));
    EXPECT_FALSE(accepts_column<int_range>(oid::int4, false));
    EXPECT_TRUE(accepts_column<range<numeric>>(oid::int4range, true));
    EXPECT_TRUE(accepts_column<range<double>>(oid::first_user, false));
    EXPECT_FALSE(accepts_column<range<double>>(oid::first_user, true));
    EXPECT_TRUE(accepts_column<multirange<std::int64_t>>(oid::int4multirange, true));
    EXPECT_FALSE(accepts_column<multirange<std::int64_t>>(oid::int4range, true));
    EXPECT_TRUE(accepts_column<std::vector<range<double>>>(oid::first_user, false));
}

TEST(range, text_bounds_are_quoted_as_the_server_does) {
    // A type that users made goes out as text, so that only the text forms can be compared.
    for (const auto& [bound, quoted] : {std::pair{"a", "a"},
                                        {"", "\"\""},
                                        {"a b", "\"a b\""},
                                        {"a,b", "\"a,b\""},
                                        {"a\"b", "\"a\"\"b\""},
                                        {"a\\b", "\"a\\\\b\""},
                                        {"(", "\"(\""},
                                        {"]", "\"]\""},
                                        {"\t", "\"\t\""},
                                        {"null", "null"},
                                        {"é", "é"}}) {
        EXPECT_EQ(encoded(text_range{bound, std::nullopt}, oid::first_user),
                  "t:[" + std::string{quoted} + ",)");
        expect_value(text<text_range>("[" + std::string{quoted} + ",)"), text_range{bound, std::nullopt},
                     quoted);
        expect_value(text<text_range>("(," + std::string{quoted} + "]"),
                     text_range{std::nullopt, bound, bound::exclusive, bound::inclusive}, quoted);
    }
}

TEST(range, text_may_be_quoted_in_other_ways) {
    expect_value(text<text_range>(R"([a\,b,"c\"d"))"), text_range{"a,b", "c\"d"}, "backslashes");
    expect_value(text<text_range>(R"([a"b,c"d,e))"), text_range{"ab,cd", "e"}, "quotes in the middle");
}

TEST(range, bad_text_is_malformed) {
    for (const char* bad : {"",        "[",       "]",     "[1",     "[1,",    "[1,2",   "1,2)",    "[1,2)x",
                            "[1,2,3)", "[1)",     "[)",    " [1,2)", "[1,2) ", "[1, 2)", "[\"1,2)", "[1,2\")",
                            "[1,2\\",  "[1,\"2)", "Empty", "emptyx", "[a,2)",  "{1,2}",  "[1 2)"})
        EXPECT_EQ(text<int_range>(bad).error, codec_errc::malformed) << bad;
}

TEST(range, bad_bytes_are_malformed) {
    for (const char* bad : {"", "20", "40", "80", "ff", "01 00", "18 00", "02", "02 00000004",
                            "02 00000004 00000001", "12 00000005 00000001", "12 ffffffff",
                            "12 00000003 000001", "12 00000004 00000001 00", "12 7fffffff 00000001"})
        EXPECT_EQ(binary<int_range>(bad).error, codec_errc::malformed) << bad;
}

TEST(range, a_range_without_a_value_is_empty) {
    EXPECT_TRUE((int_range{}).is_empty());
    EXPECT_TRUE((int_range{1, 1}).is_empty());
    EXPECT_TRUE((int_range::open(1, 1)).is_empty());
    EXPECT_FALSE((int_range::closed(1, 1)).is_empty());
    EXPECT_FALSE((int_range::unbounded()).is_empty());
    EXPECT_EQ((int_range{1, 1}), int_range{});
    EXPECT_EQ((int_range{1, 1}).lower(), std::nullopt);
    EXPECT_EQ((int_range::closed(1, std::nullopt)),
              (int_range{1, std::nullopt})); // no infinite bound is inclusive
}

TEST(range, contains_values) {
    const int_range half_open{1, 3};
    EXPECT_FALSE(half_open.contains(0));
    EXPECT_TRUE(half_open.contains(1));
    EXPECT_TRUE(half_open.contains(2));
    EXPECT_FALSE(half_open.contains(3));
    EXPECT_FALSE((int_range::open(1, 3)).contains(1));
    EXPECT_TRUE((int_range::closed(1, 3)).contains(3));
    EXPECT_TRUE((int_range{std::nullopt, 3}).contains(-1000));
    EXPECT_FALSE((int_range{std::nullopt, 3}).contains(3));
    EXPECT_TRUE((int_range{1, std::nullopt}).contains(1000));
    EXPECT_FALSE(int_range{}.contains(1));
}

/// Over a small domain, both bounds of every kind: what ranges say has to agree with their values.
TEST(range, contains_and_overlaps_agree_with_the_values) {
    std::vector<range<double>> all{{}, range<double>::unbounded()};
    for (int a = 0; a < 4; ++a) {
        for (const bound lower : {bound::exclusive, bound::inclusive}) {
            all.push_back({a, std::nullopt, lower, bound::exclusive});
            all.push_back({std::nullopt, a, bound::exclusive, lower});
            for (int b = a; b < 4; ++b)
                for (const bound upper : {bound::exclusive, bound::inclusive})
                    all.push_back({a, b, lower, upper});
        }
    }
    for (const auto& x : all)
        for (const auto& y : all) {
            bool contained = true, overlap = false; // of doubles, a half between two bounds stands for all
            for (double v = -1; v <= 4; v += 0.5) {
                contained = contained && (!y.contains(v) || x.contains(v));
                overlap = overlap || (x.contains(v) && y.contains(v));
            }
            EXPECT_EQ(x.contains(y), contained);
            EXPECT_EQ(x.overlaps(y), overlap);
        }
}

TEST(range, arrays) {
    const std::vector<std::optional<int_range>> all{int_range{1, 2}, std::nullopt, int_range{}};
    EXPECT_EQ(encoded(all, oid::unspecified), "t:{\"[1,2)\",NULL,empty}");
    expect_value(text<std::vector<std::optional<int_range>>>("{\"[1,2)\",NULL,empty}"), all, "text");
    const std::string wire = encoded(all);
    expect_value(binary<std::vector<std::optional<int_range>>>(std::string_view{wire}.substr(2)), all,
                 "binary");
    const std::vector words{text_range{"a\"b", "c d"}};
    const std::string quoted = encoded(words, oid::unspecified);
    EXPECT_EQ(quoted, R"x(t:{"[\"a\"\"b\",\"c d\")"})x");
    expect_value(text<std::vector<text_range>>(std::string_view{quoted}.substr(2), oid::first_user), words,
                 "nested quotes");
}

TEST(range, hostile_bytes) {
    expect_hardened<int_range>("02 00000004 00000001 00000004 0000000a", "[1,10)");
    expect_survives<int_range>(from_hex("01"), oid::int4range, true);
    expect_hardened<range<numeric>>("02 0000000a 0001 0000 0000 0000 0001 0000000a 0001 0000 0000 0000 0002",
                                    "[1.5,2e3)");
    expect_survives<text_range>("[\"a\"\"b\",\"c\\\\d\")", oid::first_user, false);
}

} // namespace range_test
} // namespace tusk
