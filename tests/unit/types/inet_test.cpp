#include "hostile.hpp"

#include <unordered_set>

namespace tusk {
namespace inet_test {

using namespace conversion;

inet parsed(std::string_view text) { return inet::parse(text).value(); }

TEST(inet, both_formats) {
    expect_forms(parsed("192.168.0.1"), "02 20 00 04 c0a80001", "192.168.0.1");
    expect_forms(parsed("10.1.2.3/8"), "02 08 00 04 0a010203", "10.1.2.3/8");
    expect_forms(parsed("0.0.0.0/0"), "02 00 00 04 00000000", "0.0.0.0/0");
    expect_forms(parsed("2001:db8::1"), "03 80 00 10 20010db8000000000000000000000001", "2001:db8::1");
    expect_forms(parsed("fe80::/10"), "03 0a 00 10 fe800000000000000000000000000000", "fe80::/10");
}

TEST(inet, a_cidr_prints_its_prefix_always) {
    const auto got = binary<inet>("02 20 01 04 c0a80001", oid::cidr);
    ASSERT_EQ(got.error, codec_errc::ok);
    EXPECT_TRUE(got.value.is_cidr());
    EXPECT_EQ(got.value.to_string(), "192.168.0.1/32");
    EXPECT_EQ(got.value.address(), "192.168.0.1");
    EXPECT_TRUE(text<inet>("10.0.0.0/8", oid::cidr).value.is_cidr());
    EXPECT_FALSE(text<inet>("10.0.0.0/8").value.is_cidr());
    EXPECT_EQ(got.value, parsed("192.168.0.1"));
    EXPECT_EQ(encoded(parsed("10.0.0.0/8"), oid::cidr), "b:020801040a000000");
    EXPECT_EQ(encoded(parsed("10.0.0.1/8"), oid::cidr), "out_of_range");
    EXPECT_EQ(encoded(parsed("10.0.0.1/8").network(), oid::cidr), "b:020801040a000000");
}

TEST(inet, ipv6_is_shortened_as_the_server_does) {
    for (const char* text :
         {"::", "::1", "1::", "::ffff:1.2.3.4", "::1.2.3.4", "::ffff:0:1.2.3.4", "1:2:3:4:5:6:7:8", "1::8",
          "1:0:3::8", "1::4:0:0:8", "0:1::", "1:0:2:0:3:0:4:0", "::2:3:4:5:6:7:8"}) {
        const auto address = inet::parse(text);
        ASSERT_TRUE(address) << text;
        const auto back = inet::parse(address->to_string());
        ASSERT_TRUE(back) << address->to_string();
        EXPECT_EQ(*back, *address) << text;
    }
    EXPECT_EQ(parsed("0:0:0:0:0:0:0:0").to_string(), "::");
    EXPECT_EQ(parsed("0:0:0:0:0:0:0:1").to_string(), "::1");
    EXPECT_EQ(parsed("0:0:0:0:0:ffff:102:304").to_string(), "::ffff:1.2.3.4");
    EXPECT_EQ(parsed("1:0:0:4:0:0:0:8").to_string(), "1:0:0:4::8");
    EXPECT_EQ(parsed("1:0:0:4:5:0:0:8").to_string(), "1::4:5:0:0:8");
    EXPECT_EQ(parsed("ABCD:0:0:0:0:0:0:0").to_string(), "abcd::");
    EXPECT_EQ(parsed("0:2:3:4:5:6:7:8").to_string(), "0:2:3:4:5:6:7:8");
}

TEST(inet, parse_refuses_everything_else) {
    for (const char* bad : {"",
                            "/",
                            "1",
                            "1.2.3",
                            "1.2.3.4.5",
                            "1.2.3.",
                            ".1.2.3",
                            "256.1.1.1",
                            "1.2.3.4/33",
                            "1.2.3.4/",
                            "1.2.3.4/x",
                            "1.2.3.4/8/8",
                            "1.2.3.4 ",
                            "1..2.3",
                            "1.2.3.0004",
                            ":",
                            ":::",
                            "1:",
                            ":1",
                            "1:2:3:4:5:6:7",
                            "1:2:3:4:5:6:7:8:9",
                            "1::2::3",
                            "1:2:3:4:5:6:7::8:9",
                            "::12345",
                            "::g",
                            "1g::",
                            "::1/129",
                            "::1%eth0",
                            "1:2:3:4:5:6:7:1.2.3.4",
                            "::1.2.3",
                            "1.2.3.4::",
                            "1:2:3:4:5:6:7:8::",
                            "::1:2:3:4:5:6:7:8",
                            "1:::2"}) {
        EXPECT_FALSE(inet::parse(bad)) << bad;
        EXPECT_EQ(text<inet>(bad).error, codec_errc::malformed) << bad;
    }
}

TEST(inet, bad_bytes_are_malformed) {
    for (const char* bad :
         {"01 20 00 04 c0a80001", "04 20 00 04 c0a80001", "02 21 00 04 c0a80001", "02 20 00 10 c0a80001",
          "03 80 00 04 c0a80001", "03 81 00 10 20010db8000000000000000000000001"})
        EXPECT_EQ(binary<inet>(bad).error, codec_errc::malformed) << bad;
}

TEST(inet, a_cidr_with_bits_behind_its_prefix_is_malformed) {
    EXPECT_EQ(binary<inet>("02 08 01 04 0a000001", oid::cidr).error, codec_errc::malformed);
    EXPECT_EQ(text<inet>("10.0.0.1/8", oid::cidr).error, codec_errc::malformed);
}

TEST(inet, a_prefix_longer_than_the_address_cannot_be_sent) {
    const inet bad{inet::v4_bytes{1, 2, 3, 4}, 33};
    EXPECT_FALSE(bad.ok());
    EXPECT_EQ(encoded(bad), "out_of_range");
    EXPECT_EQ(encoded(bad, oid::text), "out_of_range");
    EXPECT_FALSE(bad.contains(bad));
}

TEST(inet, bytes_go_in_and_out) {
    const inet v4{inet::v4_bytes{127, 0, 0, 1}};
    EXPECT_EQ(v4.to_string(), "127.0.0.1");
    EXPECT_EQ(v4.to_v4_bytes(), (inet::v4_bytes{127, 0, 0, 1}));
    EXPECT_EQ(v4.to_v6_bytes(), std::nullopt);
    inet::v6_bytes loopback{};
    loopback[15] = 1;
    const inet v6{loopback, 64};
    EXPECT_EQ(v6.to_string(), "::1/64");
    EXPECT_EQ(v6.to_v6_bytes(), loopback);
    EXPECT_EQ(v6.to_v4_bytes(), std::nullopt);
    EXPECT_EQ(v6.bytes().size(), 16u);
    EXPECT_EQ(inet{}, parsed("0.0.0.0"));
}

TEST(inet, networks_contain_addresses) {
    EXPECT_TRUE(parsed("10.0.0.0/8").contains(parsed("10.1.2.3")));
    EXPECT_TRUE(parsed("10.0.0.0/8").contains(parsed("10.1.0.0/16")));
    EXPECT_FALSE(parsed("10.1.0.0/16").contains(parsed("10.0.0.0/8")));
    EXPECT_FALSE(parsed("10.0.0.0/8").contains(parsed("11.0.0.0")));
    EXPECT_FALSE(parsed("0.0.0.0/0").contains(parsed("::1")));
    EXPECT_TRUE(parsed("192.168.4.0/23").contains(parsed("192.168.5.255")));
    EXPECT_EQ(parsed("192.168.5.255/23").network().to_string(), "192.168.4.0/23");
}

TEST(inet, orders_by_family_network_and_prefix) {
    const char* ascending[] = {"0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/8", "10.0.0.0/16",
                               "10.0.0.0",  "11.0.0.0/8", "::/0",       "::1"};
    for (std::size_t i = 0; i < std::size(ascending); ++i)
        for (std::size_t j = 0; j < std::size(ascending); ++j)
            EXPECT_EQ(parsed(ascending[i]) <=> parsed(ascending[j]), i <=> j)
                << ascending[i] << ' ' << ascending[j];
}

TEST(inet, hashes) {
    const std::unordered_set<inet> set{parsed("10.0.0.1"), parsed("10.0.0.2"), parsed("10.0.0.1")};
    EXPECT_EQ(set.size(), 2u);
}

TEST(inet, hostile_bytes) {
    expect_hardened<inet>("02 18 00 04 c0a80001", "192.168.0.1/24");
    expect_hardened<inet>("03 40 00 10 20010db8000000000000ffff00000001", "2001:db8::ffff:0:1/64");
    expect_survives<inet>("1:2:3:4:5:6:10.11.12.13", oid::inet, false);
}

TEST(macaddr, both_formats) {
    expect_forms(macaddr::parse("08:00:2b:01:02:03").value(), "08002b010203", "08:00:2b:01:02:03");
    expect_forms(macaddr8::parse("08:00:2b:01:02:03:04:ff").value(), "08002b01020304ff",
                 "08:00:2b:01:02:03:04:ff");
}

TEST(macaddr, parse_takes_every_form_that_the_server_takes) {
    for (const char* form : {"08:00:2b:01:02:03", "08-00-2b-01-02-03", "08002b:010203", "08002b-010203",
                             "0800.2b01.0203", "0800-2b01-0203", "08002b010203", "08:00:2B:01:02:03"}) {
        const auto address = macaddr::parse(form);
        ASSERT_TRUE(address) << form;
        EXPECT_EQ(address->to_string(), "08:00:2b:01:02:03");
    }
    EXPECT_EQ(macaddr8::parse("08002b01:02030405"), std::nullopt);
    EXPECT_EQ(macaddr8::parse("0800.2b01.0203.0405")->to_string(), "08:00:2b:01:02:03:04:05");
}

TEST(macaddr, parse_refuses_everything_else) {
    for (const char* bad :
         {"", "08:00:2b:01:02", "08:00:2b:01:02:03:04", "08:00:2b:01:02:0", "08:00-2b:01:02:03",
          "08:002b:01:02:03", "08.00.2b.01.02.03", "0800:2b01:0203", "08002b.010203", ":08002b010203",
          "08:00:2b:01:02:03:", "g8:00:2b:01:02:03", "08:00:2b:010203", "08002b01:0203"}) {
        EXPECT_FALSE(macaddr::parse(bad)) << bad;
        EXPECT_EQ(text<macaddr>(bad).error, codec_errc::malformed) << bad;
    }
}

TEST(macaddr, becomes_eui_64) {
    EXPECT_EQ(macaddr8{macaddr::parse("08:00:2b:01:02:03").value()}.to_string(), "08:00:2b:ff:fe:01:02:03");
}

TEST(macaddr, orders_and_hashes_by_its_bytes) {
    const macaddr low = macaddr::parse("00:00:00:00:00:ff").value();
    const macaddr high = macaddr::parse("ff:00:00:00:00:00").value();
    EXPECT_LT(low, high);
    EXPECT_EQ((std::unordered_set<macaddr>{low, high, low}.size()), 2u);
}

TEST(macaddr, hostile_bytes) {
    expect_hardened<macaddr>("08002b010203", "08:00:2b:01:02:03");
    expect_hardened<macaddr8>("08002b01020304ff", "08:00:2b:01:02:03:04:ff");
}

TEST(network, arrays) {
    expect_forms(std::vector{parsed("1.2.3.4"), parsed("::1")},
                 "00000001 00000000 00000365 00000002 00000001 00000008 02200004 01020304 00000014 03800010 "
                 "00000000000000000000000000000001",
                 "{1.2.3.4,::1}");
    expect_forms(std::vector<std::optional<macaddr8>>{macaddr8{}, std::nullopt},
                 "00000001 00000001 00000306 00000002 00000001 00000008 0000000000000000 ffffffff",
                 "{00:00:00:00:00:00:00:00,NULL}");
    EXPECT_TRUE(text<std::vector<inet>>("{10.0.0.0/8}", oid::cidr_array).value[0].is_cidr());
}

} // namespace inet_test
} // namespace tusk
