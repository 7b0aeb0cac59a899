#include "hostile.hpp"

namespace tusk {
namespace multirange_test {

using namespace conversion;
using int_range = range<std::int32_t>;
using ints = multirange<std::int32_t>;
using words = multirange<std::string>;

const ints two{{int_range{1, 2}, int_range{5, std::nullopt}}};

TEST(multirange, both_formats) {
    expect_forms(ints{}, "00000000", "{}");
    expect_forms(two,
                 "00000002 00000011 02 00000004 00000001 00000004 00000002 00000009 12 00000004 00000005",
                 "{[1,2),[5,)}");
    expect_forms(ints{{int_range{}}}, "00000001 00000001 01", "{empty}");
}

TEST(multirange, text_bounds_may_hold_anything) {
    const words all{{range<std::string>{"a}", "b)"}, range<std::string>{"\"", "\\"}}};
    const std::string printed = encoded(all, oid::first_user);
    EXPECT_EQ(printed, "t:{[a},\"b)\"),[\"\"\"\",\"\\\\\")}");
    expect_value(text<words>(std::string_view{printed}.substr(2), oid::first_user), all, printed);
    expect_value(text<words>("{[a\\),b)}", oid::first_user), words{{range<std::string>{"a)", "b"}}},
                 "backslash");
}

TEST(multirange, is_a_sequence_of_ranges) {
    EXPECT_EQ(two.size(), 2u);
    EXPECT_EQ(two[0], (int_range{1, 2}));
    EXPECT_TRUE(ints{}.empty());
    EXPECT_TRUE(two.contains(1));
    EXPECT_FALSE(two.contains(2));
    EXPECT_TRUE(two.contains(500));
    ints grown;
    for (const int_range& one : two) grown.push_back(one);
    EXPECT_EQ(grown, two);
}

TEST(multirange, bad_text_is_malformed) {
    for (const char* bad : {"", "{", "}", "{}x", "{,}", "{[1,2)", "{[1,2),}", "{[1,2)[3,4)}", "{[1,2);[3,4)}",
                            "[1,2)", "{1}", "{[1,2}", "{[\"1,2)}", "{[1,2\\", "{\\", "{[1,2)}}", "{ [1,2)}"})
        EXPECT_EQ(text<ints>(bad).error, codec_errc::malformed) << bad;
}

TEST(multirange, a_promised_count_allocates_nothing) {
    for (const char* bad : {"", "000000", "00000001", "7fffffff 00000001 01", "ffffffff 00000001 01",
                            "00000002 00000001 01 00000001", "00000001 00000002 01", "00000001 ffffffff 01",
                            "00000001 00000000 01", "00000001 00000001 01 00"})
        EXPECT_EQ(binary<ints>(bad).error, codec_errc::malformed) << bad;
}

TEST(multirange, arrays) {
    const std::vector all{two, ints{}};
    EXPECT_EQ(encoded(all, oid::unspecified), R"(t:{"{[1,2),[5,)}","{}"})");
    expect_value(text<std::vector<ints>>(R"({"{[1,2),[5,)}","{}"})"), all, "text");
    const std::string wire = encoded(all);
    expect_value(binary<std::vector<ints>>(std::string_view{wire}.substr(2)), all, "binary");
}

TEST(multirange, hostile_bytes) {
    expect_hardened<ints>(
        "00000002 00000011 02 00000004 00000001 00000004 00000002 00000009 12 00000004 00000005",
        "{[1,2),[5,)}");
    expect_survives<words>("{[a,\"b)\"),[\"\"\"\",\"\\\\\")}", oid::first_user, false);
}

} // namespace multirange_test
} // namespace tusk
