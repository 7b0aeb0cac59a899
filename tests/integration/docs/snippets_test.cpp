// Every piece of C++ in the documentation stands in a program that is compiled: in a test, or in an example.
#include <gtest/gtest.h>

#include "snippets.hpp"

using namespace docs_test;

namespace snippets_test {

const std::filesystem::path root{TUSK_SOURCE};

TEST(documentation, every_snippet_of_the_documentation_is_compiled) {
    std::vector<std::vector<std::string>> sources;
    for (const char* folder : {"tests", "examples"})
        for (const auto& file : files_below(root / folder, {".cpp", ".hpp"}))
            sources.push_back(lines_of(contents(file)));
    auto pages = files_below(root / "docs", {".md"});
    pages.push_back(root / "README.md");
    pages.push_back(root / "CONTRIBUTING.md");
    std::size_t found = 0;
    for (const auto& page : pages)
        for (const auto& what : snippets_of(contents(page))) {
            ++found;
            const bool compiled = std::any_of(sources.begin(), sources.end(),
                                              [&](const auto& source) { return shows(source, what); });
            EXPECT_TRUE(compiled) << page.lexically_relative(root).string() << ':' << what.line
                                  << ": no file below tests/ or examples/ has this code";
        }
    EXPECT_GT(found, 0U);
}

TEST(documentation, a_snippet_is_its_lines_without_blanks_and_includes) {
    const auto found = snippets_of("text\n```cpp\n#include <a.hpp>  // or <b.hpp>\n\n  int  a;   // one\n"
                                   "\tint b;\n```\n```sh\nls\n```\n\n```cpp\nf();\n```\n");
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].line, 2U);
    EXPECT_EQ(found[0].includes, (std::vector<std::string>{"#include <a.hpp>"}));
    EXPECT_EQ(found[0].lines, (std::vector<std::string>{"int a; // one", "int b;"}));
    EXPECT_EQ(found[1].line, 12U);
    EXPECT_THROW(snippets_of("```cpp\nf();\n"), std::runtime_error);
}

TEST(documentation, a_snippet_that_is_not_compiled_as_it_stands_is_noticed) {
    const auto source = lines_of("#include <a.hpp>\nvoid f() {\n    int a;\n\n    int b;\n    int c;\n}\n");
    const auto shown = [&](const std::string& code) {
        return shows(source, snippets_of("```cpp\n" + code + "\n```\n").at(0));
    };
    EXPECT_TRUE(shown("int a;\nint   b;"));
    EXPECT_TRUE(shown("#include <a.hpp>\n\nint b;\n\nint c;"));
    EXPECT_FALSE(shown("#include <b.hpp>\n\nint b;\n\nint c;"));
    EXPECT_FALSE(shown("int a;\nint c;"));
    EXPECT_FALSE(shown("int b;\nint a;"));
    EXPECT_FALSE(shown("int d;"));
    EXPECT_FALSE(shown("int b; // b"));
}

} // namespace snippets_test
