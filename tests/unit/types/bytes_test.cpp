#include "conversion.hpp"

#include <algorithm>

namespace tusk {
namespace bytes_test {

using namespace conversion;

bytes octets(std::string_view hex) {
    const std::string raw = from_hex(hex);
    bytes out(raw.size());
    std::transform(raw.begin(), raw.end(), out.begin(), [](char c) { return static_cast<std::byte>(c); });
    return out;
}

TEST(bytea_codec, both_formats) {
    expect_forms(bytes{}, "", "\\x");
    expect_forms(octets("00ff415c27"), "00ff415c27", "\\x00ff415c27");
}

TEST(bytea_codec, hexadecimal_text_takes_either_case) {
    expect_value(text<bytes>("\\xDEadBEef"), octets("deadbeef"), "mixed case");
}

TEST(bytea_codec, old_escape_format) {
    expect_value(text<bytes>(R"(\000\377A\\')"), octets("00ff415c27"), "as bytea_output = escape prints it");
    expect_value(text<bytes>(""), bytes{}, "empty");
}

TEST(bytea_codec, bad_text_is_malformed) {
    for (const char* bad : {"\\x0", "\\xzz", "\\x 00", "\\", "\\1", "\\12", "\\400", "\\389", "a\\"})
        EXPECT_EQ(text<bytes>(bad).error, codec_errc::malformed) << bad;
}

TEST(bytea_codec, spans_and_arrays_are_arguments) {
    bytes value = octets("0102");
    EXPECT_EQ(encoded(std::span<const std::byte>{value}, oid::bytea), "b:0102");
    EXPECT_EQ(encoded(std::span<std::byte>{value}, oid::bytea), "b:0102");
    EXPECT_EQ(encoded(std::span<const std::byte, 2>{value}, oid::bytea), "b:0102");
    EXPECT_EQ(encoded(std::array{std::byte{7}, std::byte{8}}, oid::bytea), "b:0708");
}

TEST(bytea_codec, a_span_views_the_receive_buffer) {
    const exact_bytes block{"abc"};
    const field_view field = block.field(oid::bytea, true);
    std::span<const std::byte> view;
    ASSERT_EQ(decode_field(field, view), codec_errc::ok);
    EXPECT_EQ(view.data(), field.data);
    EXPECT_EQ(view.size(), 3u);
    EXPECT_TRUE(accepts_column<std::span<const std::byte>>(oid::bytea, true));
    EXPECT_FALSE(accepts_column<std::span<const std::byte>>(oid::bytea, false));
}

TEST(bytea_codec, a_fixed_array_wants_its_length) {
    using pair = std::array<std::byte, 2>;
    const pair wanted{std::byte{1}, std::byte{2}};
    expect_value(binary<pair>("0102"), wanted, "binary");
    expect_value(text<pair>("\\x0102"), wanted, "text");
    EXPECT_EQ(binary<pair>("01").error, codec_errc::out_of_range);
    EXPECT_EQ(binary<pair>("010203").error, codec_errc::out_of_range);
    EXPECT_EQ(text<pair>("\\x010203").error, codec_errc::out_of_range);
    EXPECT_EQ(text<pair>("\\x010").error, codec_errc::malformed);
}

TEST(bytea_codec, only_bytea_columns) {
    EXPECT_TRUE(accepts_column<bytes>(oid::bytea, false));
    EXPECT_FALSE(accepts_column<bytes>(oid::text, false));
    EXPECT_FALSE(accepts_column<bytes>(oid::bytea_array, true));
}

} // namespace bytes_test
} // namespace tusk
