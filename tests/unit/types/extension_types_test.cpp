#include "hostile.hpp"

namespace tusk {
namespace extension_types_test {

using namespace conversion;

constexpr oid_t some_type = oid::first_user + 7;
constexpr const char* pairs_hex = "00000003 00000000 00000001 78 00000001 61 ffffffff 00000002 225c 00000000";
constexpr const char* pairs_text = R"(""=>"x", "\"\\"=>"", "a"=>NULL)";

const hstore pairs{{"", "x"}, {"a", std::nullopt}, {"\"\\", ""}};

TEST(hstore, is_text_as_an_argument) {
    EXPECT_EQ(encoded(pairs, some_type), std::string{"t:"} + pairs_text);
    EXPECT_EQ(encoded(hstore{}, some_type), "t:");
    EXPECT_EQ(encoded(std::vector{pairs, {}}, some_type),
              R"(t:{"\"\"=>\"x\", \"\\\"\\\\\"=>\"\", \"a\"=>NULL",""})");
}

TEST(hstore, reads_both_formats) {
    expect_value(text<hstore>(pairs_text, some_type), pairs, "text");
    expect_value(text<hstore>("", some_type), hstore{}, "empty");
    expect_value(text<hstore>(R"( "a" => "1" ,"b"=>NULL)", some_type),
                 hstore{{"a", "1"}, {"b", std::nullopt}}, "spaces");
    expect_value(text<hstore>(R"("a"=>"NULL")", some_type), hstore{{"a", "NULL"}}, "a word");
    expect_value(binary<hstore>(pairs_hex, some_type), pairs, "binary");
    expect_value(binary<hstore>("00000000", some_type), hstore{}, "empty");
    value_sink out;
    EXPECT_EQ(codec<hstore>::encode_binary(out, some_type, pairs), codec_errc::ok);
    expect_value(decode<hstore>({reinterpret_cast<const char*>(out.data()), out.size()}, some_type, true),
                 pairs, "binary again");
}

TEST(hstore, the_first_of_equal_keys_counts) {
    expect_value(text<hstore>(R"("a"=>"1", "a"=>"2")", some_type), hstore{{"a", "1"}}, "text");
}

TEST(hstore, bad_text_is_malformed) {
    for (const char* bad : {"a=>1", "\"a\"", "\"a\"=>", "\"a\"=>1", "\"a\"=>\"1", "\"a=>1", "\"a\"->\"1\"",
                            "\"a\"=>\"1\",", ",\"a\"=>\"1\"", "\"a\"=>\"1\" \"b\"=>\"2\"", "\"a\"=>NULLx",
                            "NULL=>\"a\"", "\"a\\", "\"a\"=>\"1\"\"2\""})
        EXPECT_EQ(text<hstore>(bad, some_type).error, codec_errc::malformed) << bad;
}

TEST(hstore, a_promised_count_allocates_nothing) {
    for (const char* bad :
         {"", "00000001", "7fffffff 00000000 ffffffff", "ffffffff 00000000 ffffffff",
          "00000001 ffffffff ffffffff", "00000001 00000001 61", "00000001 00000000 fffffffe",
          "00000001 00000009 61 00000000", "00000001 00000000 ffffffff 00", "00000000 00"})
        EXPECT_EQ(binary<hstore>(bad, some_type).error, codec_errc::malformed) << bad;
}

TEST(hstore, is_of_a_type_that_users_made) {
    EXPECT_TRUE(accepts_column<hstore>(some_type, false));
    EXPECT_FALSE(accepts_column<hstore>(oid::text, false));
    EXPECT_FALSE(accepts_column<hstore>(oid::json, true));
    EXPECT_FALSE(has_binary_codec(some_type));
    expect_value(text<std::vector<hstore>>(R"({"\"a\"=>\"1\""})", some_type), {hstore{{"a", "1"}}}, "array");
}

TEST(ltree, reads_both_formats) {
    expect_value(text<ltree>("Top.Science", some_type), ltree{"Top.Science"}, "text");
    expect_value(binary<ltree>("01 546f70", some_type), ltree{"Top"}, "binary");
    expect_value(binary<ltree>("01", some_type), ltree{}, "root");
    expect_value(text<lquery>("*.Science{1,}", some_type), lquery{"*.Science{1,}"}, "lquery");
    expect_value(text<ltxtquery>("Europe & Russia*@", some_type), ltxtquery{"Europe & Russia*@"},
                 "ltxtquery");
    EXPECT_EQ(encoded(ltree{"Top.Science"}, some_type), "t:Top.Science");
    EXPECT_EQ(encoded(std::vector{ltree{"a.b"}, ltree{}}, some_type), "t:{a.b,\"\"}");
    value_sink out;
    EXPECT_EQ(codec<lquery>::encode_binary(out, some_type, lquery{"*"}), codec_errc::ok);
    EXPECT_EQ(to_hex({reinterpret_cast<const char*>(out.data()), out.size()}), "012a");
    EXPECT_EQ(binary<ltree>("", some_type).error, codec_errc::malformed);
    EXPECT_EQ(binary<ltree>("02 546f70", some_type).error, codec_errc::malformed);
    EXPECT_FALSE(accepts_column<ltree>(oid::text, false));
}

TEST(ltree, has_labels) {
    const ltree path{"Top.Science.Astronomy"};
    EXPECT_EQ(path.labels(), (std::vector<std::string_view>{"Top", "Science", "Astronomy"}));
    EXPECT_TRUE(ltree{}.labels().empty());
    EXPECT_TRUE(ltree{"Top.Science"}.is_ancestor_of(path));
    EXPECT_TRUE(path.is_ancestor_of(path));
    EXPECT_TRUE(ltree{}.is_ancestor_of(path));
    EXPECT_FALSE(ltree{"Top.Sci"}.is_ancestor_of(path));
    EXPECT_FALSE(path.is_ancestor_of(ltree{"Top"}));
}

TEST(extension_types, hostile_bytes) {
    expect_hardened<hstore>(pairs_hex, pairs_text, some_type);
    expect_survives<ltree>(from_hex("01 546f70"), some_type, true);
}

} // namespace extension_types_test
} // namespace tusk
