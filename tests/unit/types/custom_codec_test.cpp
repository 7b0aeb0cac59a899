// A codec as docs/types.md shows it.
#include "conversion.hpp"

struct email {
    std::string address;
    friend bool operator==(const email&, const email&) = default;
};

template <>
struct tusk::codec<email> {
    using base = tusk::codec<std::string>;
    static constexpr tusk::oid_t natural = tusk::oid::text;
    static bool accepts(tusk::oid_t type, bool binary) { return base::accepts(type, binary); }
    static bool binary_target(tusk::oid_t type) { return base::binary_target(type); }
    static tusk::codec_errc decode_binary(tusk::oid_t type, const std::byte* p, std::size_t n, email& out) {
        return base::decode_binary(type, p, n, out.address);
    }
    static tusk::codec_errc decode_text(tusk::oid_t type, std::string_view text, email& out) {
        return base::decode_text(type, text, out.address);
    }
    static tusk::codec_errc encode_binary(tusk::value_sink& out, tusk::oid_t type, const email& in) {
        return base::encode_binary(out, type, in.address);
    }
    static tusk::codec_errc encode_text(tusk::value_sink& out, tusk::oid_t type, const email& in) {
        return base::encode_text(out, type, in.address);
    }
};

namespace tusk {
namespace {

using namespace conversion;

TEST(custom_codec, works_as_field_and_argument) {
    expect_value(binary<email>("6140 62"), email{"a@b"}, "binary");
    expect_value(text<email>("a@b"), email{"a@b"}, "text");
    EXPECT_EQ(encoded(email{"a@b"}), "t:a@b");
}

TEST(custom_codec, is_also_an_element_of_arrays) {
    const std::vector<email> all{email{"a@b"}, email{"c d"}};
    EXPECT_EQ(codec<std::vector<email>>::natural, oid::text_array);
    expect_value(text<std::vector<email>>(R"({a@b,"c d"})"), all, "text");
    EXPECT_EQ(encoded(all, oid::text_array), R"(t:{a@b,"c d"})");
    expect_value(binary<std::vector<email>>("00000001 00000000 00000019 00000001 00000001 00000003 614062"),
                 {email{"a@b"}}, "binary");
}

} // namespace
} // namespace tusk
