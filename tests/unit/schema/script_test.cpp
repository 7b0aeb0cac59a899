#include <gtest/gtest.h>

#include <tusk/schema/identifier.hpp>
#include <tusk/schema/script.hpp>

namespace script_test {

using namespace tusk;
using namespace tusk::schema;

std::vector<std::string> texts_of(std::string_view sql) {
    std::vector<std::string> out;
    for (const auto& each : split_script(sql)) {
        auto text = each.text;
        text.erase(0, text.find_first_not_of(" \n"));
        out.push_back(std::move(text));
    }
    return out;
}

TEST(identifiers, are_quoted_only_where_they_have_to_be) {
    EXPECT_EQ(quote_identifier("users"), "users");
    EXPECT_EQ(quote_identifier("Users"), "\"Users\"");
    EXPECT_EQ(quote_identifier("user"), "\"user\"");
    EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
    EXPECT_EQ(quote_identifier(""), "\"\"");
    EXPECT_EQ(qualified_name("public", "a.b"), "public.\"a.b\"");
}

TEST(identifiers, are_read_back_as_the_server_reads_them) {
    std::string_view text = "\"a\"\"b\".Rest";
    EXPECT_EQ(take_identifier(text), "a\"b");
    EXPECT_EQ(text, ".Rest");
    text.remove_prefix(1);
    EXPECT_EQ(take_identifier(text), "rest");
    EXPECT_TRUE(text.empty());
}

TEST(literals, keep_quotes_and_backslashes) {
    EXPECT_EQ(quote_literal("it's"), "'it''s'");
    EXPECT_EQ(quote_literal("a\\b"), "E'a\\\\b'");
}

TEST(scripts, are_split_at_semicolons_that_end_statements) {
    EXPECT_EQ(texts_of("select 1; select ';' ; -- ; \n select $$;$$;"),
              (std::vector<std::string>{"select 1", "select ';' ", "-- ; \n select $$;$$"}));
    EXPECT_EQ(texts_of("select /* ; /* ; */ */ 1;; ;\n").size(), 1u);
    EXPECT_EQ(texts_of("create rule r as on insert to t do also (select 1; select 2);").size(), 1u);
}

TEST(scripts, keep_atomic_bodies_whole) {
    const auto all =
        texts_of("create function f() returns int begin atomic select case when true then 1 end; select 2; "
                 "end; select 3;");
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[1], "select 3");
}

TEST(scripts, leave_out_lines_of_psql) {
    EXPECT_EQ(texts_of("\\restrict abc\nselect 1;\n\\connect db\n"), (std::vector<std::string>{"select 1"}));
}

TEST(scripts, know_the_line_of_a_statement) {
    const auto all = split_script("-- first\n\nselect 1;\n\n  select\n2;");
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].line, 3u);
    EXPECT_EQ(all[1].line, 5u);
}

rename_hint only_hint(std::string_view sql) {
    const auto all = rename_hints(split_script(sql));
    EXPECT_EQ(all.size(), 1u) << sql;
    return all.empty() ? rename_hint{} : all.front();
}

TEST(hints, of_a_column_stand_behind_it) {
    for (const auto* sql : {"create table t (\n  a int, -- tusk:renamed from=b\n  c int\n);",
                            "create table t (\n  a int /* @renamed from=b */, c int\n);",
                            "create table t (\n  c int,\n  a int -- @renamed from=b\n);",
                            "create table t (\n  c int,\n  -- tusk:renamed from=b\n  a int\n);"}) {
        const auto hint = only_hint(sql);
        EXPECT_EQ(hint.kind, object_kind::column) << sql;
        EXPECT_EQ(hint.table, "t") << sql;
        EXPECT_EQ(hint.name, "a") << sql;
        EXPECT_EQ(hint.from, "b") << sql;
    }
}

TEST(hints, may_name_something_quoted) {
    const auto hint = only_hint("create table t (\n  \"New\" text -- @renamed from=\"old.name\"\n);");
    EXPECT_EQ(hint.name, "New");
    EXPECT_EQ(hint.from, "old.name");
}

TEST(hints, of_a_table_stand_at_its_head) {
    for (const auto* sql : {"create table s.t ( -- @renamed from=old\n a int);",
                            "create table s.t /* @renamed from=old */ (a int);",
                            "-- tusk:renamed from=old\ncreate table s.t (a int);"}) {
        const auto hint = only_hint(sql);
        EXPECT_EQ(hint.kind, object_kind::table) << sql;
        EXPECT_EQ(hint.schema, "s") << sql;
        EXPECT_EQ(hint.name, "t") << sql;
        EXPECT_EQ(hint.from, "old") << sql;
    }
}

TEST(hints, of_a_value_name_the_type) {
    const auto hint = only_hint("create type s as enum (\n 'minor', -- @renamed from=low\n 'high');");
    EXPECT_TRUE(hint.is_value);
    EXPECT_EQ(hint.table, "s");
    EXPECT_EQ(hint.name, "minor");
    EXPECT_EQ(hint.from, "low");
}

TEST(hints, of_a_type_count_before_as_only) {
    EXPECT_EQ(only_hint("create type s -- @renamed from=o\nas enum ('a');").from, "o");
    EXPECT_EQ(only_hint("create type s as enum ( /* @renamed from=o */ 'a');").from, "o");
    EXPECT_TRUE(rename_hints(split_script("create type s as /* @renamed from=o */ enum ('a');")).empty());
}

} // namespace script_test
