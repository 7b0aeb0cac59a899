#include "conversion.hpp"

#include <unordered_set>

namespace tusk {
namespace uuid_test {

using namespace conversion;

constexpr const char* canonical = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";

TEST(uuid, both_formats) {
    expect_forms(uuid::parse(canonical).value(), "a0eebc999c0b4ef8bb6d6bb9bd380a11", canonical);
    expect_forms(uuid{}, "00000000000000000000000000000000", "00000000-0000-0000-0000-000000000000");
}

TEST(uuid, parse_takes_every_form_that_the_server_takes) {
    for (const char* form : {"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
                             "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
                             "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}"}) {
        const auto parsed = uuid::parse(form);
        ASSERT_TRUE(parsed) << form;
        EXPECT_EQ(parsed->to_string(), canonical);
    }
}

TEST(uuid, parse_refuses_everything_else) {
    for (const char* bad :
         {"", "{", "{}", "a0eebc99", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
          "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a112", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
          "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "a0e-ebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
          "a0-eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11",
          "-a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc999c0b4ef8bb6d6bb9bd380a11-",
          "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", " a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}) {
        EXPECT_FALSE(uuid::parse(bad)) << bad;
        EXPECT_EQ(text<uuid>(bad).error, codec_errc::malformed) << bad;
    }
}

TEST(uuid, binary_has_sixteen_bytes) {
    EXPECT_EQ(binary<uuid>("").error, codec_errc::malformed);
    EXPECT_EQ(binary<uuid>("a0eebc999c0b4ef8bb6d6bb9bd380a").error, codec_errc::malformed);
    EXPECT_EQ(binary<uuid>("a0eebc999c0b4ef8bb6d6bb9bd380a1100").error, codec_errc::malformed);
}

TEST(uuid, orders_by_its_bytes) {
    const auto low = uuid::parse("00000000-0000-0000-0000-0000000000ff").value();
    const auto high = uuid::parse("ff000000-0000-0000-0000-000000000000").value();
    EXPECT_LT(low, high);
    EXPECT_LT(uuid{}, low);
    EXPECT_TRUE(uuid{}.is_nil());
    EXPECT_FALSE(low.is_nil());
}

TEST(uuid, hashes_tell_neighbours_apart) {
    std::unordered_set<std::size_t> hashes;
    for (int i = 0; i < 1000; ++i) {
        std::array<std::byte, 16> octets{};
        octets[15] = static_cast<std::byte>(i & 255);
        octets[0] = static_cast<std::byte>(i >> 8);
        hashes.insert(std::hash<uuid>{}(uuid{octets}));
    }
    EXPECT_EQ(hashes.size(), 1000u);
}

} // namespace uuid_test
} // namespace tusk
