#include <tusk/observe/fingerprint.hpp>

#include <gtest/gtest.h>

namespace fingerprint_test {

using tusk::observe::fingerprint;
using tusk::observe::fingerprint_id;

TEST(fingerprint, leaves_values_out) {
    EXPECT_EQ(fingerprint("SELECT * FROM users WHERE id = 42"), "select * from users where id = ?");
    EXPECT_EQ(fingerprint("select 'it''s', E'a\\'b', x'1F', 1.5e-3, .5, $1"), "select ?");
    EXPECT_EQ(fingerprint("select $$a 'b'$$ || $tag$c$$d$tag$"), "select ? || ?");
    EXPECT_EQ(fingerprint("update t set a = 'x' where b = -7"), "update t set a = ? where b = -?");
}

TEST(fingerprint, lists_of_any_length_are_alike) {
    EXPECT_EQ(fingerprint("select 1 from t where id in (1, 2,3)"), "select ? from t where id in (?)");
    EXPECT_EQ(fingerprint("select 1 from t where id in ($1)"),
              fingerprint("select 1 from t where id in ($1, $2)"));
    EXPECT_EQ(fingerprint("insert into t values (1, 'a')"), "insert into t values (?)");
}

TEST(fingerprint, spaces_comments_and_case_do_not_count) {
    EXPECT_EQ(fingerprint("  Select\n\t1 -- one\n /* two /* three */ */ From   T ; "), "select ? from t");
    EXPECT_EQ(fingerprint("select 1 -- the end"), "select ?");
}

TEST(fingerprint, names_do_count) {
    EXPECT_EQ(fingerprint("select \"Odd \"\"Name\" from t1"), "select \"Odd \"\"Name\" from t1");
    EXPECT_NE(fingerprint("select a from t1"), fingerprint("select a from t2"));
    EXPECT_EQ(fingerprint("select e, b, x from t"), "select e, b, x from t");
    EXPECT_EQ(fingerprint("select a$1 from é"), "select a$1 from é");
}

TEST(fingerprint, takes_whatever_it_gets) {
    for (const char* text : {"", "'", "\"", "$", "$$", "$a", "/*", "--", "E'\\", "1.", ";", "$$ unfinished"})
        EXPECT_LE(fingerprint(text).size(), std::string_view{text}.size()) << text;
    EXPECT_EQ(fingerprint("select 'unfinished secret"), "select ?");
}

TEST(fingerprint, has_a_number_that_never_changes) {
    EXPECT_EQ(fingerprint_id(""), 0xCBF29CE484222325ULL);
    EXPECT_EQ(fingerprint_id("a"), 0xAF63DC4C8601EC8CULL); // FNV-1a's test vector
}

} // namespace fingerprint_test
