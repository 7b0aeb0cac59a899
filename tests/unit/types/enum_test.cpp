// C++ enums by label. This also pins the form of `__PRETTY_FUNCTION__` on the compilers that build Tusk.
#include "catalog_fixture.hpp"

namespace outer {
enum class color { red, green = 5, blue = -8, last = 119, beyond = 120, below = -9 };
enum class wide : std::uint64_t { one = 1, two = 2 };
enum class tiny : bool { no, yes };
enum class byte_wide : std::int8_t { low = -8, high = 119 };
enum class state { on, off, in_between };
} // namespace outer

namespace {
enum class hidden { a, b_c };
} // namespace

template <>
struct tusk::enum_labels<outer::state> {
    static constexpr std::array labels{enum_label{outer::state::on, "ON"}, enum_label{outer::state::off, ""},
                                       enum_label{outer::state::in_between, "in, \"between\""}};
};

namespace tusk {
namespace enum_test {

using namespace conversion;
using outer::color;
using outer::state;

template <class E>
std::string labels_of() {
    std::string out;
    for (const auto& [value, label] : enum_labels<E>::labels)
        out += std::string{label} + "=" + std::to_string(static_cast<long long>(value)) + " ";
    return out;
}

TEST(enum_labels, are_the_enumerators_in_the_range) {
    enum class local { here, there };
    EXPECT_EQ(labels_of<color>(), "blue=-8 red=0 green=5 last=119 ");
    EXPECT_EQ(labels_of<outer::wide>(), "one=1 two=2 ");
    EXPECT_EQ(labels_of<outer::tiny>(), "no=0 yes=1 ");
    EXPECT_EQ(labels_of<outer::byte_wide>(), "low=-8 high=119 ");
    EXPECT_EQ(labels_of<hidden>(), "a=0 b_c=1 ");
    EXPECT_EQ(labels_of<local>(), "here=0 there=1 ");
}

TEST(enum_codec, is_the_label_in_both_formats) {
    const type_ref mood = ref(mood_type);
    expect_value(text<color>("green", mood), color::green, "text");
    expect_value(binary<color>("677265656e", mood), color::green, "binary");
    EXPECT_EQ(encoded(color::blue, mood), "b:" + to_hex("blue"));
    EXPECT_EQ(encoded(color::blue, 4711u), "t:blue");
    expect_value(text<state>("in, \"between\"", mood), state::in_between, "own label");
    expect_value(text<state>("", mood), state::off, "empty label");
    EXPECT_EQ(encoded(state::on, oid::text), "b:" + to_hex("ON"));
}

TEST(enum_codec, says_what_is_missing) {
    EXPECT_EQ(text<color>("pink", ref(mood_type)).error, codec_errc::unknown_label);
    auto f = conversion_failure(codec_errc::unknown_label, "column \"c\"", ref(mood_type), "color");
    EXPECT_EQ(f.code(), errc::value_out_of_range);
    for (const char* word : {"\"c\"", "\"pink\"", "public.mood", "color"})
        EXPECT_NE(f.message().find(word), std::string::npos) << f.message();
    EXPECT_EQ(encoded(color::beyond, ref(mood_type)), "unknown_label");
    f = conversion_failure(codec_errc::unknown_label, "argument $1", ref(mood_type), "color");
    EXPECT_NE(f.message().find("120"), std::string::npos) << f.message();
    EXPECT_EQ(text<state>("on", ref(mood_type)).error, codec_errc::unknown_label) << "labels have cases";
}

TEST(enum_codec, is_for_labels_only) {
    EXPECT_TRUE(accepts_column<color>(ref(mood_type), true));
    EXPECT_TRUE(accepts_column<color>(ref(mood_type), false));
    EXPECT_TRUE(accepts_column<color>(oid::text, true));
    EXPECT_FALSE(accepts_column<color>(oid::int4, true));
    EXPECT_FALSE(accepts_column<color>(ref(address_type), false));
    EXPECT_TRUE(accepts_column<std::string>(ref(mood_type), true));
    EXPECT_FALSE(accepts_column<std::string>(ref(address_type), true));
}

TEST(enum_codec, is_an_element_of_arrays_and_ranges) {
    const std::vector<color> two{color::red, color::green};
    const std::string hex =
        "00000001 00000000 00004e20 00000002 00000001 00000003 726564 00000005 677265656e";
    EXPECT_EQ(encoded(two, ref(moods_type)), "b:" + to_hex(from_hex(hex)));
    expect_value(binary<std::vector<color>>(hex, ref(moods_type)), two, "binary");
    expect_value(text<std::vector<color>>("{red,green}", ref(moods_type)), two, "text");
    expect_value(binary<std::vector<std::string>>(hex, ref(moods_type)), {"red", "green"}, "as strings");
    EXPECT_EQ(
        binary<std::vector<color>>("00000001 00000000 00000019 00000000 00000001", ref(moods_type)).error,
        codec_errc::outdated_type);
    const range<color> some{color::red, color::green};
    const std::string wire = encoded(some, ref(mood_range_type));
    EXPECT_EQ(wire, "b:" + to_hex(from_hex("02 00000003 726564 00000005 677265656e")));
    expect_value(binary<range<color>>(wire.substr(2), ref(mood_range_type)), some, "range");
}

} // namespace enum_test
} // namespace tusk
