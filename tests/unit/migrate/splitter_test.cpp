// Where statements begin and end, and of what kind they are.
#include <gtest/gtest.h>

#include <tusk/migrate/splitter.hpp>
#include <tusk/migrate/text.hpp>

namespace tusk::migrate {
namespace splitter_test {

std::vector<std::string> texts(const result<std::vector<statement>>& of) {
    std::vector<std::string> out;
    for (const auto& each : of.value()) out.push_back(each.text);
    return out;
}

using list = std::vector<std::string>;

/// Texts that hold a trap, and their statements.
struct sample {
    const char* sql;
    list statements;
};

const std::vector<sample>& samples() {
    static const std::vector<sample> all{
        {"", {}},
        {" \n\t-- nothing\n/* at all; */ ", {}},
        {"select 1; select 2;", {"select 1;", "select 2;"}},
        {"select 1;\nselect 2", {"select 1;", "select 2"}},
        {"select 'a;b', \"c;d\" from t;", {"select 'a;b', \"c;d\" from t;"}},
        {"select 'it''s; fine'; select 2;", {"select 'it''s; fine';", "select 2;"}},
        {"select E'a\\';b'; select 2;", {"select E'a\\';b';", "select 2;"}},
        {"select 'a\\'; select 2;", {"select 'a\\';", "select 2;"}},
        {"select U&'d\\0061t;a'; select 2;", {"select U&'d\\0061t;a';", "select 2;"}},
        {"select $$a;b$$; select $t$c;$$;d$t$;", {"select $$a;b$$;", "select $t$c;$$;d$t$;"}},
        {"select /* a /* nested; */ one; */ 1; select 2;",
         {"select /* a /* nested; */ one; */ 1;", "select 2;"}},
        {"select 1 -- not; here\n; select 2;", {"select 1 -- not; here\n;", "select 2;"}},
        {"create rule r as on insert to t do also (select 1; select 2); select 3;",
         {"create rule r as on insert to t do also (select 1; select 2);", "select 3;"}},
        {"create function f() returns int begin atomic select 1; select case when true then 1 else 2 end; "
         "end; "
         "select 2;",
         {"create function f() returns int begin atomic select 1; select case when true then 1 else 2 end; "
          "end;",
          "select 2;"}},
        {";;select 1;;", {"select 1;"}},
        {"-- above\nselect 1;", {"select 1;"}},
        {"select 'gr\xC3\xBC\xC3\x9F"
         "e;'; select 2;",
         {"select 'gr\xC3\xBC\xC3\x9F"
          "e;';",
          "select 2;"}},
        {"select a$b$c from t; select 2;", {"select a$b$c from t;", "select 2;"}},
        {"do $$ begin perform 1; end $$; select 2;", {"do $$ begin perform 1; end $$;", "select 2;"}},
    };
    return all;
}

TEST(splitter, finds_the_ends_that_the_server_sees) {
    for (const auto& each : samples())
        EXPECT_EQ(texts(split_statements(each.sql)), each.statements) << each.sql;
}

TEST(splitter, finds_them_without_the_parser_too) {
    for (const auto& each : samples())
        EXPECT_EQ(texts(split_by_lexer(each.sql)), each.statements) << each.sql;
}

TEST(splitter, splits_what_the_parser_does_not_know) {
    const auto* newer =
        "create table t (a int, b int generated always as (a * 2) virtual); select 1; selec 2;";
    EXPECT_EQ(texts(split_statements(newer)),
              (list{"create table t (a int, b int generated always as (a * 2) virtual);", "select 1;",
                    "selec 2;"}));
}

TEST(splitter, keeps_comments_that_stand_right_above) {
    const auto found =
        split_statements("-- of the file\n\n-- atlas:nolint DS103\n-- why\nselect 1;\n/* two */ select 2;")
            .value();
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].comments, (list{"-- atlas:nolint DS103", "-- why"}));
    EXPECT_EQ(found[0].offset, 45u);
    EXPECT_EQ(found[1].comments, (list{"/* two */"}));
}

TEST(splitter, takes_another_delimiter_literally) {
    EXPECT_EQ(texts(split_statements("a; b\n-- end\nc; d\n-- end\n", "\n-- end")), (list{"a; b", "c; d"}));
}

TEST(splitter, says_where_something_without_an_end_begins) {
    const auto string = split_statements("select 1;\nselect 'open;");
    ASSERT_FALSE(string);
    EXPECT_TRUE(
        std::string_view{string.error().text()}.starts_with("2:8: a string that begins here has no end"))
        << string.error().text();
    EXPECT_TRUE(split_statements("select /* /* */ 1;").error().text().starts_with("1:8: a comment"));
    EXPECT_TRUE(split_statements("select $a$ $b$").error().text().starts_with("1:8: a string"));
}

TEST(statement_kind, is_told_by_the_first_words) {
    using enum statement_kind;
    const std::vector<std::pair<const char*, statement_kind>> all{
        {"select 1", ordinary},
        {"create index i on t (a)", ordinary},
        {"CREATE /* x */ UNIQUE INDEX concurrently i on t (a)", create_index},
        {"drop index concurrently if exists i", drop_index},
        {"reindex table concurrently t", reindex},
        {"reindex (concurrently, verbose) table t", reindex},
        {"reindex table t", ordinary},
        {"vacuum analyze t", repeatable},
        {"alter system set work_mem = '8MB'", repeatable},
        {"create database d", outside},
        {"alter database d set work_mem = '1MB'", ordinary},
        {"alter database d set tablespace s", outside},
        {"alter table t detach partition p concurrently", outside},
        {"alter table t detach partition p", ordinary},
        {"begin", transaction_control},
        {"START TRANSACTION", transaction_control},
        {"commit;", transaction_control},
        {"prepare transaction 'x'", transaction_control},
        {"prepare p as select 1", ordinary},
        {"copy t from stdin", copy_from_client},
        {"copy t from '/tmp/x'", ordinary},
        {"\\connect other", client_command},
    };
    for (const auto& [sql, kind] : all) EXPECT_EQ(kind_of(sql), kind) << sql;
}

TEST(statement_kind, finds_the_names_of_an_index) {
    auto names = index_names_of(
        "create unique index concurrently if not exists \"By Name\" on only shop.users (name)");
    EXPECT_EQ(names.index, "\"By Name\"");
    EXPECT_EQ(names.table, "shop.users");
    names = index_names_of("create index concurrently on users (name)");
    EXPECT_EQ(names.index, "");
    EXPECT_EQ(names.table, "users");
    names = index_names_of("drop index concurrently shop.by_name");
    EXPECT_EQ(names.schema, "shop");
    EXPECT_EQ(names.index, "by_name");
    EXPECT_EQ(index_names_of("drop index concurrently a, b").index, "");
}

TEST(statement_kind, compares_indexes_by_what_they_are) {
    EXPECT_EQ(comparable_index("CREATE INDEX CONCURRENTLY IF NOT EXISTS by_name ON users (name ASC, \"id\")"),
              comparable_index("CREATE INDEX by_name ON public.users USING btree (name, id)"));
    EXPECT_NE(comparable_index("create index by_name on users (name)"),
              comparable_index("create unique index by_name on users (name)"));
    EXPECT_NE(comparable_index("create index by_name on users (name) where id is not null"),
              comparable_index("create index by_name on users (name) where id is null"));
}

TEST(text, counts_characters_and_not_bytes) {
    const std::string text = "a\n\xC3\xA4\xE2\x82\xAC!x";
    EXPECT_EQ(position_of(text, text.find('!')), (text_position{2, 3}));
    EXPECT_EQ(offset_of_character(text, 4), text.find('!'));
    EXPECT_EQ(with_caret(text, text.find('!')), "\xC3\xA4\xE2\x82\xAC!x\n  ^");
    EXPECT_EQ(position_of("", 5), (text_position{1, 1}));
}

TEST(text, finds_what_is_not_utf8) {
    EXPECT_EQ(find_invalid_utf8("ok \xC3\xA4"), std::string_view::npos);
    EXPECT_EQ(find_invalid_utf8("ab\xE4"), 2u);
    EXPECT_EQ(find_invalid_utf8("\xC0\x80"), 0u);
    EXPECT_EQ(find_invalid_utf8("\xED\xA0\x80"), 0u);
}

} // namespace splitter_test
} // namespace tusk::migrate
