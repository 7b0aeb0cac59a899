// Arguments by name: which braces are arguments, and which argument is whose.
#include <tusk/client/named_arguments.hpp>

#include <gtest/gtest.h>

using tusk::errc;
using tusk::detail::match_named;
using tusk::detail::rewrite_named;
using tusk::detail::sql_lexer;

namespace named_arguments_test {

std::string rewritten(std::string_view sql) {
    const auto r = rewrite_named(sql);
    return r ? r->text : "! " + r.error().message();
}

std::string failing(std::string_view sql, const std::vector<std::string_view>& given) {
    const auto r = match_named(rewrite_named(sql).value(), given);
    return r ? "ok" : r.error().message();
}

TEST(named_arguments, become_numbers_in_order_of_appearance) {
    EXPECT_EQ(rewritten("select {a}, {b}, {a} + {c}"), "select $1, $2, $1 + $3");
    EXPECT_EQ(rewrite_named("{b}{a}{b}").value().names, (std::vector<std::string_view>{"b", "a"}));
    EXPECT_EQ(rewritten("{a1}{a2}{a3}{a4}{a5}{a6}{a7}{a8}{a9}{a10}"), "$1$2$3$4$5$6$7$8$9$10");
}

TEST(named_arguments, are_not_looked_for_in_strings_names_and_comments) {
    for (const char* sql :
         {"select '{1,2}'::int[]", "select 'it''s {x}'", "select E'\\'{x}'", "select e'a\\\\' || '{x}'",
          "select E'a'\n  '\\'{x}'", "select E'a' -- {y}\n '\\'{x}'", "select U&'\\0061{x}'",
          "select \"{x}\"", "select \"a\"\"{x}\"", "select $${x}$$", "select $t$ {x} $$ {y} $t$",
          "select 1 -- {x}\n", "select 1 --{x}", "/* {x} /* {y} */ {z} */ select 1",
          "select a$b$c, a$1$b from t", "select j ? 'a', j ?| k, a[1:2], x::text, b'1', x'f', :y from t",
          "select 'a' 'b'", "select $1, $2", ""})
        EXPECT_EQ(rewritten(sql), sql);
}

TEST(named_arguments, are_found_next_to_all_of_that) {
    EXPECT_EQ(rewritten("select 'a'{x}"), "select 'a'$1");
    EXPECT_EQ(rewritten("select E'\\\\'{x}"), "select E'\\\\'$1");
    EXPECT_EQ(rewritten("select 'a\\'{x}"), "select 'a\\'$1");         // no escape: the string is over
    EXPECT_EQ(rewritten("select fooe'a\\'{x}"), "select fooe'a\\'$1"); // a type's name, not E
    EXPECT_EQ(rewritten("select E'a' '\\'{x}"), "select E'a' '\\'$1") << "no continuation on one line";
    EXPECT_EQ(rewritten("$$a$${x}$t$b$t${y}"), "$$a$$$1$t$b$t$$2");
    EXPECT_EQ(rewritten("{x}::text, a[{l}:{u}], j ? {k}"), "$1::text, a[$2:$3], j ? $4");
    EXPECT_EQ(rewritten("-- c\n{x}/* c */{x}--{x}"), "-- c\n$1/* c */$1--{x}");
    EXPECT_EQ(rewritten("a-{x}/{y}*{x}"), "a-$1/$2*$1");
}

TEST(named_arguments, leave_doubled_braces_as_one) {
    EXPECT_EQ(rewritten("select {{x}}, {{{x}}}"), "select {x}, {$1}");
}

TEST(named_arguments, refuse_braces_that_mean_nothing) {
    for (const char* sql : {"select {", "select {}", "select {1}", "select {a b}", "select }", "select {a"})
        EXPECT_NE(rewritten(sql).find("neither an argument"), std::string::npos) << sql;
    for (const char* sql :
         {"select 'a", "select \"a", "select $$a", "select /* /* */", "select E'\\'", "E'\\"})
        EXPECT_NE(rewritten(sql).find("has no end"), std::string::npos) << sql;
    EXPECT_NE(rewritten("select {a}, $1").find("choose one"), std::string::npos);
}

TEST(named_arguments, are_matched_by_name) {
    const auto order = match_named(rewrite_named("{b} {a} {b}").value(), {"a", "b"}).value();
    EXPECT_EQ(order, (std::vector<std::size_t>{1, 0}));
}

TEST(named_arguments, that_do_not_match_are_named) {
    EXPECT_EQ(failing("{a} {b}", {"a"}), "the statement's {b} has no argument; add named(\"b\", …)");
    EXPECT_EQ(failing("{a}", {"a", "c"}), "the argument \"c\" is not used; the statement has {a}");
    EXPECT_EQ(failing("{a}", {"a", "a"}), "the argument \"a\" is given twice");
    EXPECT_EQ(failing("1", {"x"}), "the argument \"x\" is not used; the statement has none");
}

TEST(sql_lexer, works_at_compile_time) {
    constexpr auto names = [] {
        std::size_t n = 0;
        tusk::detail::rewrite_names(
            "select {a}, '{b}', {c}", [](std::string_view) {}, [&](std::string_view) { return ++n; });
        return n;
    }();
    static_assert(names == 2);
    EXPECT_EQ(names, 2U);
}

TEST(sql_lexer, finds_the_ends_of_statements) {
    sql_lexer lexer{"select ';'; -- ;\n/* ; */ insert $$;$$;"};
    sql_lexer::piece p;
    int ends = 0;
    std::vector<bool> code;
    while (lexer.next(p))
        if (p.what == sql_lexer::kind::semicolon)
            ++ends;
        else
            code.push_back(p.is_code);
    EXPECT_EQ(ends, 2);
    EXPECT_EQ(code, (std::vector<bool>{true, true}));
}

} // namespace named_arguments_test
