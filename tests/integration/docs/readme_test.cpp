#include <cstdio>

#include <gtest/gtest.h>

#include <tusk/testing/database.hpp>

#include "snippets.hpp"

using docs_test::contents;

namespace readme_test {

TEST(readme, shows_the_example_that_is_compiled) {
    const auto readme = contents(TUSK_SOURCE "/README.md");
    const auto example = contents(TUSK_SOURCE "/examples/quickstart.cpp");
    ASSERT_FALSE(example.empty());
    EXPECT_NE(readme.find("```cpp\n" + example + "```"), std::string::npos)
        << "README.md and examples/quickstart.cpp differ";
}

TEST(readme, the_example_prints_what_it_should) {
    const auto db = tusk::testing::database::create();
    const std::string command = std::string{TUSK_QUICKSTART} + " '" + db.url() + "'";
    FILE* pipe = ::popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::string printed;
    char buffer[4096];
    for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) printed.append(buffer, n);
    EXPECT_EQ(::pclose(pipe), 0);
    EXPECT_EQ(printed, "1 Ann 30\n2 Bob -\none row was expected, the statement returned none (not found)\n");
}

} // namespace readme_test
