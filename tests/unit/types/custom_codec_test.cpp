// A codec as docs/types.md shows it.
#include "conversion.hpp"

#include "email_codec.hpp"

bool operator==(const email& a, const email& b) { return a.address == b.address; }

namespace tusk {
namespace custom_codec_test {

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

} // namespace custom_codec_test
} // namespace tusk
