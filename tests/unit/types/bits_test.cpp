#include "hostile.hpp"

namespace tusk {
namespace bits_test {

using namespace conversion;

bits parsed(std::string_view text) { return bits::parse(text).value(); }

TEST(bits, both_formats) {
    expect_forms(bits{}, "00000000", "");
    expect_forms(parsed("1"), "00000001 80", "1");
    expect_forms(parsed("10110011"), "00000008 b3", "10110011");
    expect_forms(parsed("000000001"), "00000009 0080", "000000001");
    expect_forms(parsed("101"), "00000003 a0", "101", oid::bit);
}

TEST(bits, are_set_one_by_one) {
    bits value{10};
    EXPECT_EQ(value.to_string(), "0000000000");
    value.set(0).set(9);
    EXPECT_EQ(value.to_string(), "1000000001");
    EXPECT_EQ(value.count(), 2u);
    value.set(0, false);
    EXPECT_TRUE(value[9]);
    EXPECT_FALSE(value[0]);
    value.push_back(true);
    EXPECT_EQ(value.to_string(), "00000000011");
    EXPECT_EQ((bits{3, true}).to_string(), "111");
    EXPECT_EQ((bits{3, true}).bytes()[0], std::byte{0xe0});
    bits grown;
    for (int i = 0; i < 17; ++i) grown.push_back(i % 2 == 0);
    EXPECT_EQ(grown.to_string(), "10101010101010101");
}

TEST(bits, from_bytes_ignores_what_is_left_over) {
    const std::byte bytes[] = {std::byte{0xff}, std::byte{0xff}};
    EXPECT_EQ(bits::from_bytes(bytes, 9).to_string(), "111111111");
    EXPECT_EQ(bits::from_bytes(bytes, 9), (bits{9, true}));
    EXPECT_EQ(bits::from_bytes(bytes, 99).size(), 16u);
    EXPECT_TRUE(bits::from_bytes({}, 5).empty());
}

TEST(bits, order_as_on_the_server) {
    const char* ascending[] = {"", "0", "00", "01", "1", "10", "11"};
    for (std::size_t i = 0; i < std::size(ascending); ++i)
        for (std::size_t j = 0; j < std::size(ascending); ++j)
            EXPECT_EQ(parsed(ascending[i]) <=> parsed(ascending[j]), i <=> j)
                << ascending[i] << ' ' << ascending[j];
}

TEST(bits, anything_but_ones_and_zeros_is_malformed) {
    for (const char* bad : {"2", "0b1", "1 ", "b01", "-1"})
        EXPECT_EQ(text<bits>(bad).error, codec_errc::malformed) << bad;
}

TEST(bits, the_count_must_fit_the_bytes) {
    for (const char* bad :
         {"", "000000", "00000001", "00000008 b3 b3", "00000009 b3", "7fffffff b3", "ffffffff", "80000000"}) {
        EXPECT_EQ(binary<bits>(bad).error, codec_errc::malformed) << bad;
        EXPECT_EQ(binary<std::bitset<8>>(bad).error, codec_errc::malformed) << bad;
    }
}

TEST(bitset, both_formats) {
    expect_forms(std::bitset<3>{"101"}, "00000003 a0", "101");
    expect_forms(std::bitset<12>{"101000000001"}, "0000000c a010", "101000000001");
    expect_forms(std::bitset<0>{}, "00000000", "");
    expect_forms(std::bitset<8>{0xb3}, "00000008 b3", "10110011", oid::bit);
}

TEST(bitset, another_length_is_out_of_range) {
    EXPECT_EQ(binary<std::bitset<4>>("00000003 a0").error, codec_errc::out_of_range);
    EXPECT_EQ(text<std::bitset<4>>("101").error, codec_errc::out_of_range);
    EXPECT_EQ(text<std::bitset<4>>("10x1").error, codec_errc::malformed);
}

TEST(bits, arrays) {
    expect_forms(std::vector{parsed("1"), bits{}},
                 "00000001 00000000 0000061a 00000002 00000001 00000005 00000001 80 00000004 00000000",
                 "{1,\"\"}");
    expect_forms(std::vector<std::optional<std::bitset<2>>>{std::bitset<2>{"10"}, std::nullopt},
                 "00000001 00000001 00000618 00000002 00000001 00000005 00000002 80 ffffffff", "{10,NULL}",
                 oid::bit_array);
}

TEST(bits, hostile_bytes) {
    expect_hardened<bits>("0000000c a010", "101000000001");
    expect_hardened<std::bitset<12>>("0000000c a010", "101000000001");
}

} // namespace bits_test
} // namespace tusk
