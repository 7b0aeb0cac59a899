// SQLSTATE in an int: packing, the class, and the error category.
#include <tusk/core/sqlstate.hpp>

#include <gtest/gtest.h>

#include <set>

using tusk::sqlstate;
using namespace tusk::literals;

TEST(sqlstate, packs_and_unpacks_every_character) {
    const std::string digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::set<std::int32_t> seen;
    for (std::size_t place = 0; place < 5; ++place)
        for (const char c : digits) {
            std::string text = "00000";
            text[place] = c;
            const auto s = sqlstate::parse(text);
            ASSERT_TRUE(s.has_value());
            EXPECT_EQ(std::string{s->text().data()}, text);
            EXPECT_EQ(sqlstate::from_packed(s->packed()), *s);
            EXPECT_GE(s->packed(), 0);
            seen.insert(s->packed());
        }
    EXPECT_EQ(seen.size(), 35U * 5 + 1) << "each has a number of its own";
    EXPECT_EQ(sqlstate::parse("00000")->packed(), 0);
}

TEST(sqlstate, parses_nothing_else) {
    for (const char* text : {"", "2350", "235055", "2350x", "23 05", "23-05", "2350\x80", "2350@", "2350["})
        EXPECT_FALSE(sqlstate::parse(text).has_value()) << text;
    EXPECT_FALSE(sqlstate::parse(std::string_view{"2350\0", 5}).has_value());
}

TEST(sqlstate, has_a_class_of_two_characters) {
    EXPECT_EQ("23505"_sqlstate.error_class(), "23000"_sqlstate.error_class());
    EXPECT_NE("23505"_sqlstate.error_class(), "22000"_sqlstate.error_class());
    EXPECT_NE("23505"_sqlstate.error_class(), "2F000"_sqlstate.error_class());
}

TEST(sqlstate, travels_in_an_error_code) {
    const std::error_code code = "40001"_sqlstate;
    EXPECT_STREQ(code.category().name(), "postgresql");
    EXPECT_EQ(code.message(), "SQLSTATE 40001");
    EXPECT_EQ(tusk::to_sqlstate(code), "40001"_sqlstate);
    EXPECT_EQ(tusk::to_sqlstate(std::make_error_code(std::errc::timed_out)), std::nullopt);
    EXPECT_FALSE(std::error_code{"00000"_sqlstate}) << "success is no error";
}
