#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include <gtest/gtest.h>

#include <services/alerthist/console_files.hpp>

namespace console_files_test {

using tusk::alerthist::console_file;
using tusk::alerthist::console_files;

const console_file* find(std::string_view path) {
    for (const auto& one : console_files())
        if (one.path == path) return &one;
    return nullptr;
}

std::string on_disk(std::string_view path) {
    std::ifstream file{std::string{TUSK_CONSOLE_DIST} + "/" + std::string{path}, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

TEST(console_files, are_those_of_the_checkout_byte_for_byte) {
    ASSERT_FALSE(console_files().empty());
    for (const auto& one : console_files()) {
        EXPECT_FALSE(one.content.empty()) << one.path;
        EXPECT_EQ(one.content, on_disk(one.path)) << one.path;
    }
}

TEST(console_files, have_all_that_the_page_asks_for) {
    const auto* page = find("index.html");
    ASSERT_NE(page, nullptr);
    const std::string text{page->content};
    const std::regex reference{R"re((?:src|href)="([^"]*)")re"};
    int found = 0;
    for (std::sregex_iterator at{text.begin(), text.end(), reference}, end; at != end; ++at, ++found)
        EXPECT_NE(find((*at)[1].str()), nullptr) << (*at)[1];
    EXPECT_GE(found, 4); // icon, theme, style, program
}

TEST(console_files, are_compressed_where_that_saves_something) {
    for (const auto& one : console_files()) {
        if (one.gzipped.empty()) continue;
        EXPECT_LT(one.gzipped.size(), one.content.size()) << one.path;
        // RFC 1952: the magic number first, the size of the original, least byte first, at the end.
        ASSERT_GT(one.gzipped.size(), 18U) << one.path;
        EXPECT_EQ(one.gzipped.substr(0, 3), "\x1f\x8b\x08") << one.path;
        std::size_t size = 0;
        for (std::size_t i = 0; i < 4; ++i)
            size |= std::size_t{static_cast<unsigned char>(one.gzipped[one.gzipped.size() - 4 + i])}
                    << (8 * i);
        EXPECT_EQ(size, one.content.size()) << one.path;
    }
    const auto* page = find("index.html");
    ASSERT_NE(page, nullptr);
    EXPECT_FALSE(page->gzipped.empty());
}

TEST(console_files, leave_the_list_of_sums_out) { EXPECT_EQ(find("SHA256SUMS"), nullptr); }

} // namespace console_files_test
