#include <tusk/protocol/saslprep.hpp>

#include <gtest/gtest.h>

namespace saslprep_test {

using tusk::protocol::saslprep;

struct preparation {
    const char* name;
    std::string given;
    std::optional<std::string> expected;
};

void PrintTo(const preparation& p, std::ostream* out) { *out << p.name; }

class saslprep_of : public testing::TestWithParam<preparation> {};

TEST_P(saslprep_of, gives_what_rfc_4013_says) { EXPECT_EQ(saslprep(GetParam().given), GetParam().expected); }

std::string named(const testing::TestParamInfo<preparation>& info) { return info.param.name; }

// RFC 4013, section 3.
INSTANTIATE_TEST_SUITE_P(
    rfc_examples, saslprep_of,
    testing::Values(preparation{"soft_hyphen_goes", "I\u00ADX", "IX"},
                    preparation{"no_change", "user", "user"}, preparation{"case_stays", "USER", "USER"},
                    preparation{"ordinal_a_becomes_a", "\u00AA", "a"},
                    preparation{"roman_nine_becomes_letters", "\u2168", "IX"},
                    preparation{"bell_is_prohibited", "\x07", std::nullopt},
                    preparation{"arabic_and_digit_fail_bidi", "\u0627\u0031", std::nullopt}),
    named);

INSTANTIATE_TEST_SUITE_P(mapping, saslprep_of,
                         testing::Values(preparation{"no_break_space_becomes_space", "a\u00A0b", "a b"},
                                         preparation{"ideographic_space_becomes_space", "\u3000", " "},
                                         preparation{"zero_width_space_is_a_space_first", "a\u200Bb", "a b"},
                                         preparation{"joiner_and_byte_order_mark_go", "\uFEFFa\u200D\u00E9",
                                                     "aé"},
                                         preparation{"nothing_left", "\u00AD\u200D", std::nullopt},
                                         preparation{"empty", "", std::nullopt}),
                         named);

INSTANTIATE_TEST_SUITE_P(normalisation, saslprep_of,
                         testing::Values(preparation{"composes", "e\u0301", "\u00E9"},
                                         preparation{"orders_marks", "a\u0301\u0323", "\u1EA1\u0301"},
                                         preparation{"ligature_falls_apart", "\uFB01", "fi"},
                                         preparation{"hangul_composes", "\u1112\u1161\u11AB", "\uD55C"},
                                         preparation{"half_width_becomes_full", "\uFF76\uFF9E", "\u30AC"},
                                         preparation{"one_character_becomes_eighteen", "\uFDFA",
                                                     "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 "
                                                     "\u0639\u0644\u064A\u0647 \u0648\u0633\u0644\u0645"},
                                         preparation{"corrected_after_unicode_3_2",
                                                     "\U0002F868\U0002F874\U0002F91F\U0002F95F\U0002F9BF",
                                                     "\u36FC\u5F53\U000243AB\u7AEE\u45D7"},
                                         preparation{"beyond_the_basic_plane", "\U0001D400\U00020000",
                                                     "A\U00020000"}),
                         named);

INSTANTIATE_TEST_SUITE_P(prohibition, saslprep_of,
                         testing::Values(preparation{"control", "é\x7F", std::nullopt},
                                         preparation{"nul", std::string{"\u00E9\0x", 4}, std::nullopt},
                                         preparation{"c1_control", "\u0085", std::nullopt},
                                         preparation{"private_use", "\uE000", std::nullopt},
                                         preparation{"not_a_character", "\uFFFE", std::nullopt},
                                         preparation{"replacement_character", "\uFFFD", std::nullopt},
                                         preparation{"direction_mark", "é\u200E", std::nullopt},
                                         preparation{"tag", "\U000E0041", std::nullopt},
                                         preparation{"unassigned_in_unicode_3_2", "\u0221", std::nullopt},
                                         preparation{"emoji_of_later_unicode", "\U0001F600", std::nullopt},
                                         // Would be allowed after NFKC; PostgreSQL looks before it.
                                         preparation{"deprecated_tone_mark", "a\u0340", std::nullopt}),
                         named);

INSTANTIATE_TEST_SUITE_P(direction, saslprep_of,
                         testing::Values(preparation{"right_to_left_alone", "\u0627\u0628", "\u0627\u0628"},
                                         preparation{"digit_inside", "\u0627\u0031\u0628",
                                                     "\u0627\u0031\u0628"},
                                         preparation{"digit_first", "1\u0627", std::nullopt},
                                         preparation{"letter_inside", "\u0627a\u0628", std::nullopt}),
                         named);

INSTANTIATE_TEST_SUITE_P(broken_utf8, saslprep_of,
                         testing::Values(preparation{"lone_continuation", "\x80", std::nullopt},
                                         preparation{"cut_short", "a\xC3", std::nullopt},
                                         preparation{"no_continuation", "\xC3(", std::nullopt},
                                         preparation{"overlong_two", "\xC0\xAF", std::nullopt},
                                         preparation{"overlong_three", "\xE0\x80\xAF", std::nullopt},
                                         preparation{"overlong_four", "\xF0\x80\x80\xAF", std::nullopt},
                                         preparation{"surrogate", "\xED\xA0\x80", std::nullopt},
                                         preparation{"past_the_last", "\xF4\x90\x80\x80", std::nullopt},
                                         preparation{"latin1", "caf\xE9", std::nullopt}),
                         named);

TEST(saslprep, leaves_all_printable_ascii_alone) {
    std::string all;
    for (char c = ' '; c <= '~'; ++c) all.push_back(c);
    EXPECT_EQ(saslprep(all), all);
}

TEST(saslprep, takes_long_passwords) {
    std::string given;
    std::string expected;
    for (int i = 0; i < 20'000; ++i) {
        given += "\u2168";
        expected += "IX";
    }
    EXPECT_EQ(saslprep(given), expected);
}

} // namespace saslprep_test
