// The SQL of typed COPY: names are quoted, queries are left alone.
#include <gtest/gtest.h>

#include <tusk/client/copy.hpp>

using namespace tusk;
using detail::copy_in_texts;
using detail::copy_out_texts;

TEST(table_names, are_quoted_part_by_part) {
    EXPECT_EQ(table_name{"users"}.quoted(), "\"users\"");
    EXPECT_EQ(table_name{"public.users"}.quoted(), "\"public\".\"users\"");
    EXPECT_EQ(table_name{"Say \"hi\""}.quoted(), "\"Say \"\"hi\"\"\"");
    EXPECT_EQ((table_name{"a.b", "c.d"}.quoted()), "\"a.b\".\"c.d\"");
    EXPECT_EQ((table_name{"", "c.d"}.quoted()), "\"c.d\"");
    EXPECT_EQ(table_name{"public.users"}.display(), "public.users");
}

TEST(copy_relations, with_white_space_or_parentheses_are_queries) {
    for (const char* query : {"select 1", "values(1)", "table t", "  select\n1 ; ", "-- why\nselect 1"})
        EXPECT_FALSE(copy_relation{query}.is_table()) << query;
    for (const char* table : {"users", " users ", "public.users", "users;"})
        EXPECT_TRUE(copy_relation{table}.is_table()) << table;
    EXPECT_TRUE(copy_relation{table_name{"two words"}}.is_table());
    EXPECT_EQ(copy_relation{" select 1 ; "}.sql(), "select 1");
}

TEST(copy_texts, of_a_table_name_its_columns_when_there_are_some) {
    const auto all = copy_in_texts("t", columns{}, false);
    EXPECT_EQ(all.copy, "copy \"t\" from stdin (format binary)");
    EXPECT_EQ(all.shape, "select * from \"t\"");
    const auto two = copy_in_texts("s.t", columns("a", std::string{"B"}), true);
    EXPECT_EQ(two.copy, "copy \"s\".\"t\" (\"a\", \"B\") from stdin (format binary, freeze)");
    EXPECT_EQ(two.shape, "select \"a\", \"B\" from \"s\".\"t\"");
}

TEST(copy_texts, of_a_query_hold_it_on_lines_of_its_own) {
    EXPECT_EQ(copy_out_texts("select 1 -- one", {}).copy,
              "copy (select 1 -- one\n) to stdout (format binary)");
    EXPECT_EQ(copy_out_texts("t", {"a", "b"}).copy,
              "copy (select \"a\", \"b\" from \"t\"\n) to stdout (format binary)");
    EXPECT_EQ(copy_out_texts("t", {}).shape, "select * from \"t\"");
    EXPECT_EQ(copy_out_texts("select 1", {"a"}).shape, "select 1") << "a query names its columns itself";
}

TEST(copy_options, keep_chunks_within_reason) {
    EXPECT_EQ(copy_options{}.chunk_size(), 64U * 1024);
    EXPECT_EQ(copy_options{}.chunk(0).chunk_size(), 1024U);
    EXPECT_EQ(copy_options{}.chunk(SIZE_MAX).chunk_size(), 16U * 1024 * 1024);
    EXPECT_EQ(copy_options{options{}.table("x")}.call_options().table(), "x");
}
