#include "hostile.hpp"

namespace tusk {
namespace tsvector_test {

using namespace conversion;

constexpr const char* fat_cat_hex = "00000002 63617400 0001 0003 66617400 0002 0002 c004";
constexpr const char* fat_cat_text = "'cat':3 'fat':2,4A";

tsvector fat_cat() {
    return tsvector{
        {lexeme{"cat", {{3, ts_weight::d}}}, lexeme{"fat", {{2, ts_weight::d}, {4, ts_weight::a}}}}};
}

TEST(tsvector, both_formats) {
    expect_forms(fat_cat(), fat_cat_hex, fat_cat_text);
    expect_forms(tsvector{}, "00000000", "");
    expect_forms(tsvector{{lexeme{"it's a \\"}}}, "00000001 6974277320 61205c00 0000", R"('it''s a \\')");
    expect_forms(tsvector{{lexeme{
                     "w", {{1, ts_weight::a}, {2, ts_weight::b}, {3, ts_weight::c}, {16383, ts_weight::d}}}}},
                 "00000001 7700 0004 c001 8002 4003 3fff", "'w':1A,2B,3C,16383");
}

TEST(tsvector, is_put_in_order_and_merged) {
    const tsvector made{{lexeme{"fat", {{4, ts_weight::a}}}, lexeme{"cat", {{3, ts_weight::d}}},
                         lexeme{"fat", {{2, ts_weight::d}, {4, ts_weight::b}}}, lexeme{"cat"}}};
    EXPECT_EQ(made, fat_cat());
    EXPECT_EQ(made.to_string(), fat_cat_text);
    expect_value(text<tsvector>("'fat':4A 'cat':3 'fat':2,4B"), made, "text in another order");
    expect_value(binary<tsvector>("00000003 66617400 0002 c004 0002 63617400 0001 0003 66617400 0001 0002"),
                 made, "bytes in another order");
    EXPECT_EQ(tsvector::parse("'b' 'ab' 'a' 'B' 'ü'")->to_string(), "'B' 'a' 'ab' 'b' 'ü'");
}

TEST(tsvector, finds_words) {
    const tsvector value = fat_cat();
    ASSERT_NE(value.find("fat"), nullptr);
    EXPECT_EQ(value.find("fat")->positions.size(), 2u);
    EXPECT_EQ(value.find("rat"), nullptr);
    EXPECT_EQ(value.find(""), nullptr);
    EXPECT_EQ(tsvector{}.find("fat"), nullptr);
    EXPECT_EQ(value.size(), 2u);
}

TEST(tsvector, bad_text) {
    for (const char* bad :
         {"'", "fat", "'fat", "'fat' ", " 'fat'", "'fat':", "'fat':x", "'fat':1,", "'fat':1E", "'fat':1AA",
          "'fat':1 2", "'fat''", "'fat\\'", "'fat'  'cat'", "'fat''cat", "'fat':-1", "'fat'x"}) {
        EXPECT_EQ(text<tsvector>(bad).error, codec_errc::malformed) << bad;
        EXPECT_EQ(tsvector::parse(bad), std::nullopt) << bad;
    }
    EXPECT_EQ(tsvector::parse(std::string_view{"'a\0b'", 5}), std::nullopt) << "a zero byte";
    EXPECT_EQ(text<tsvector>("'fat':16384").error, codec_errc::out_of_range);
    EXPECT_EQ(text<tsvector>("'fat':99999").error, codec_errc::out_of_range);
}

TEST(tsvector, a_promised_count_allocates_nothing) {
    for (const char* bad : {"", "00000001", "7fffffff 6100 0000", "ffffffff 6100 0000", "00000002 6100 0000",
                            "00000001 61 0000", "00000001 6100 0001", "00000001 6100 ffff 0001",
                            "00000001 6100 0000 00", "00000000 00"})
        EXPECT_EQ(binary<tsvector>(bad).error, codec_errc::malformed) << bad;
}

TEST(tsvector, what_the_format_cannot_hold_is_not_sent) {
    EXPECT_EQ(encoded(tsvector{{lexeme{"a", {{16384, ts_weight::d}}}}}), "out_of_range");
    EXPECT_EQ(encoded(tsvector{{lexeme{std::string("a\0b", 3)}}}), "out_of_range");
}

TEST(tsquery, travels_as_text) {
    const tsquery query{"'fat' & ( 'rat':AB | !'cat' )"};
    expect_value(text<tsquery>(query.text()), query, "text");
    EXPECT_EQ(encoded(query), "t:" + query.text());
    EXPECT_FALSE(accepts_column<tsquery>(oid::tsquery, true));
    EXPECT_FALSE(accepts_column<tsquery>(oid::text, false));
    EXPECT_EQ(encoded(std::vector{query}), "t:{\"" + query.text() + "\"}");
    EXPECT_EQ(binary<tsquery>("00000000").error, codec_errc::wrong_type);
}

TEST(tsvector, arrays) {
    const std::vector all{fat_cat(), tsvector{}};
    EXPECT_EQ(encoded(all, oid::unspecified), "t:{\"'cat':3 'fat':2,4A\",\"\"}");
    const std::string wire = encoded(all);
    expect_value(binary<std::vector<tsvector>>(std::string_view{wire}.substr(2)), all, "binary");
}

TEST(tsvector, hostile_bytes) { expect_hardened<tsvector>(fat_cat_hex, fat_cat_text); }

} // namespace tsvector_test
} // namespace tusk
